"""Does one participant's flood slow another's trade? Round trips while it rests and while it sends.

Phases are interleaved (rest, flood, flood, rest), so that what the machine does otherwise falls on
both. At the end the same by a participant without limits or quotas, for comparison.
"""

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from pathlib import Path
from typing import Final

from aiokafka import TopicPartition

from strowger.broker import connections, quotas
from strowger.client import BuyerClient, OutcomeUnknown, ProviderClient
from strowger.client.session import Session
from strowger.contract.outbound import EventRefused
from strowger.contract.refusals import Refusal
from strowger.contract.topics import DEAD_LETTERS, inbox
from strowger.contract.voice import VoiceTermination
from tests.bench.flood.flooder import GO, REST
from tests.e2e.conftest import Exchange
from tests.integration.topics import records_of
from tests.support import unique

ROUNDS: Final = 2
PHASE_SECONDS: Final = 8.0
_PAUSE_SECONDS: Final = 0.03
_SETTLE_SECONDS: Final = 1.5
_OFFERS: Final = 20
_GOAL: Final = 2.0


class Flooder:
    """A process that floods as a participant."""

    def __init__(self, exchange: Exchange, name: str) -> None:
        files = (exchange.credentials(name), exchange.key(name))
        words = map(str, (exchange.bootstrap, *files, exchange.market, name))
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "tests.bench.flood.flooder", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()

    def say(self, word: str) -> None:
        """Let it go, or rest."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def rest(self) -> float:
        """Let it rest; give how many events a second the broker took of it."""
        self.say(REST)
        return float(self._read())

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


async def _round_trips(session: Session, phase: str) -> list[float]:
    """Ask again and again, a little apart; give how long each answer took, in ms.

    One that nobody answers took as long as the client waits: it ends its phase.
    """
    took: list[float] = []
    until = time.monotonic() + PHASE_SECONDS
    while time.monotonic() < until:
        began = time.perf_counter()
        with contextlib.suppress(OutcomeUnknown):
            await session.request(to="+442079460000", minutes=100)
        took.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(_PAUSE_SECONDS)
    _say(f"{phase}: p50 {statistics.median(took):.1f} ms, longest {max(took):.0f} ms, {len(took)}")
    return took


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a tool prints


@contextlib.asynccontextmanager
async def _unless_unknown(opening: AbstractAsyncContextManager[Session]) -> AsyncIterator[Session]:
    """Give a session whose end may go unanswered: it waits behind what the last flood left."""
    with contextlib.suppress(OutcomeUnknown):
        async with opening as session:
            yield session


async def _flooded(session: Session, flooder: Flooder, phase: str) -> tuple[list[float], float]:
    flooder.say(GO)
    await asyncio.sleep(_SETTLE_SECONDS)
    took = await _round_trips(session, phase)
    rate = await asyncio.to_thread(flooder.rest)
    await asyncio.sleep(_SETTLE_SECONDS)
    return took, rate


async def _dead_letters(bootstrap: str) -> int:
    place = TopicPartition(DEAD_LETTERS.name, 0)
    async with connections.consumer(bootstrap, client_id="bench-flood") as consumer:
        ends: dict[TopicPartition, int] = await consumer.end_offsets([place])
        return ends[place]


async def _refused(bootstrap: str, name: str) -> int:
    kind, told = EventRefused.TYPE.encode(), f'"{Refusal.TOO_MANY_EVENTS}"'.encode()
    records = await records_of(bootstrap, inbox(name).name)
    return sum(
        dict(each.headers).get("ce_type") == kind and told in (each.value or b"")
        for each in records
    )


async def measure(exchange: Exchange) -> dict[str, float]:
    """Trade and be flooded; give the figures."""
    acme, globex, loud, boundless = (unique(each) for each in ("acme", "globex", "loud", "free"))
    exchange.command("participant", "add", acme, globex, loud)
    exchange.command("participant", "add", boundless, "--events-per-second", "1000000000")
    await quotas.put(exchange.bootstrap, [boundless], {})
    async with ProviderClient(
        acme, bootstrap=exchange.met_by(acme), key=exchange.key(acme)
    ) as provider:
        for number in range(_OFFERS):
            service = VoiceTermination(
                prefix="44", deck=f"d-{number}", rate_per_minute=Decimal(number + 1) / 1000
            )
            await provider.publish(exchange.market, f"of-{number}", currency="EUR", service=service)
    flooder = await asyncio.to_thread(Flooder, exchange, loud)
    free = await asyncio.to_thread(Flooder, exchange, boundless)
    quiet: list[list[float]] = []
    flooded: list[list[float]] = []
    rates: list[float] = []
    try:
        async with (
            BuyerClient(
                globex, bootstrap=exchange.met_by(globex), key=exchange.key(globex)
            ) as buyer,
            _unless_unknown(buyer.session(exchange.market, ttl=600)) as session,
        ):
            await _round_trips(session, "warming up")
            before = await _dead_letters(exchange.bootstrap)
            for _ in range(ROUNDS):
                quiet.append(await _round_trips(session, "quiet"))
                for _ in range(2):
                    took, rate = await _flooded(session, flooder, "flooded")
                    flooded.append(took)
                    rates.append(rate)
                quiet.append(await _round_trips(session, "quiet"))
            dead = await _dead_letters(exchange.bootstrap) - before
            unlimited, unlimited_rate = await _flooded(session, free, "without limits")
    finally:
        flooder.close()
        free.close()
    quiet_p50 = statistics.median(each for phase in quiet for each in phase)
    flood_p50 = statistics.median(each for phase in flooded for each in phase)
    return {
        "quiet_p50_ms": round(quiet_p50, 2),
        "flood_p50_ms": round(flood_p50, 2),
        "p50_flood_over_quiet": round(flood_p50 / quiet_p50, 2),
        "flooded_events_per_second": round(statistics.median(rates)),
        "refused": await _refused(exchange.bootstrap, loud),
        "dead_lettered": dead,
        "without_limits_p50_ms": round(statistics.median(unlimited), 2),
        "without_limits_over_quiet": round(statistics.median(unlimited) / quiet_p50, 2),
        "without_limits_events_per_second": round(unlimited_rate),
    }


def main() -> int:
    """Start an exchange of its own, measure, and end with the figures as one line of JSON."""
    with tempfile.TemporaryDirectory(prefix="strowger-flood-") as home:
        exchange = Exchange(Path(home))
        try:
            exchange.start()
            exchange.command(
                *("market", "declare", exchange.market, "--currency", "EUR"),
                *("--sessions", "optional", "--max-session-requests", "0"),
            )
            figures = asyncio.run(measure(exchange))
        finally:
            exchange.stop()
    _say(json.dumps(figures))
    return 0 if figures["p50_flood_over_quiet"] <= _GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
