"""What parts a, c and d read: written into one partition of a topic, once, before any worker."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from strowger import keys
from strowger.broker import connections
from strowger.broker.access import Bootstrap
from strowger.broker.appending import Append, Appender
from strowger.contract.commands import AnyCommand, encode
from strowger.contract.envelope import Envelope, participant_source
from strowger.contract.inbound import RequestSubmitted
from strowger.contract.topics import MARKET_LOG, REQUEST_SUBMITTED
from strowger.contract.voice import VoiceDemand
from strowger.settings import Settings
from tests.bench.path.exchange import BUYER, MARKET
from tests.bench.path.trade import trade
from tests.commands import Commands

_SEED: Final = 1


async def fill_requests(settings: Settings, root: Bootstrap, records: int) -> None:
    """Write requests that their buyer signed."""
    key = keys.kept_or_new(settings.keys_dir, BUYER)
    await _fill(
        root,
        (
            Append(REQUEST_SUBMITTED.name, 0, b"k", value, [*headers, key.sign(*said)])
            for said in _requests(records)
            for _, headers, value in (said,)
        ),
    )


async def fill_offers(root: Bootstrap, offers: int) -> None:
    """Write a market's declaration and so many offers into the log."""
    make = Commands(MARKET, sent_at_ms=_now_ms())
    codes = (f"{44 + index % 50}{index // 50 % 1000:03d}" for index in range(offers))
    commands = (
        make.publish(f"of-{index}", prefix=code, deck=f"d-{index % 7}", capacity_minutes=10_000)
        for index, code in enumerate(codes)
    )
    await _fill_log(
        root, (command for source in ((make.declare(),), commands) for command in source)
    )


async def fill_trade(root: Bootstrap, records: int) -> Counter[str]:
    """Write a market's trade into the log; give how many there are of each command."""
    # Made at once: it is played for that, and a client that is kept waiting is disconnected.
    commands = list(trade(MARKET, records, seed=_SEED, sent_at_ms=_now_ms()))
    await _fill_log(root, commands)
    return Counter(type(command).__name__ for command in commands)


async def _fill_log(root: Bootstrap, commands: Iterable[AnyCommand]) -> None:
    key = MARKET.encode()
    await _fill(root, (Append(MARKET_LOG.name, 0, key, encode(command)) for command in commands))


async def _fill(root: Bootstrap, appends: Iterable[Append]) -> None:
    async with connections.producer(root, client_id="bench-fill") as producer:
        appender = Appender(producer)
        waiting: list[Append] = []
        for append in appends:
            waiting.append(append)
            if len(waiting) == 5000:
                await appender.append(waiting)
                waiting.clear()
        await appender.append(waiting)


def _requests(records: int) -> Iterator[tuple[str, list[tuple[str, bytes]], bytes]]:
    service = VoiceDemand(destination="+442079460000", minutes=100)
    for index in range(records):
        event = RequestSubmitted(market=MARKET, request_id=f"r-{index}", service=service)
        envelope = Envelope(f"e-{index}", participant_source(BUYER), event.TYPE, datetime.now(UTC))
        value = event.model_dump_json(exclude_none=True).encode()
        yield REQUEST_SUBMITTED.name, envelope.to_headers(), value


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
