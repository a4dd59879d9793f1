"""Parts b and e: what a buyer waits for, against a bare round trip, and while offers are loaded."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from aiokafka import TopicPartition

from strowger.broker import connections, provisioning
from strowger.broker.access import Bootstrap
from strowger.client import BuyerClient
from strowger.contract.inbound import OfferPublished
from strowger.contract.topics import Topic
from strowger.contract.voice import VoiceTermination
from tests.bench.path.exchange import MARKET, Exchange

_R0: Final = Topic("bench-r0", key="none", writers=(), readers=(), purpose="A bare round trip.")
_SHOWN: Final = 10
_PAYLOAD: Final = b"x" * 400
_AT_ONCE: Final = 16


@dataclass
class Waits:
    """Seconds of each thing waited for."""

    r0: list[float] = field(default_factory=list)
    asks: list[float] = field(default_factory=list)
    accepts: list[float] = field(default_factory=list)

    def calls(self) -> list[float]:
        """Give requests and acceptances alike."""
        return self.asks + self.accepts


def quantile_ms(seconds: list[float], part: float) -> float:
    """Give a quantile in milliseconds."""
    ordered = sorted(seconds)
    return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * part))]


async def ready_to_trade(exchange: Exchange) -> None:
    """Declare the market, publish the offers that are shown, and make the topic of R0."""
    await exchange.declare()
    await provisioning.apply(exchange.root, [_R0])
    async with exchange.provider() as provider:
        await provider.publish_many(offers("shown", _SHOWN, prefix="4420"))


def offers(name: str, count: int, prefix: str | None = None) -> Iterator[OfferPublished]:
    """Give offers of voice; without a prefix, on dial codes that nobody asks of."""
    for index in range(count):
        code = prefix or f"{49 + index % 40}{index // 40 % 10_000:04d}"
        rate = Decimal("0.01") + Decimal(index % 1000) / 100_000
        service = VoiceTermination(prefix=code, deck=f"{name}-{index % 11}", rate_per_minute=rate)
        yield OfferPublished(
            market=MARKET,
            offer_id=f"{name}-{index}",
            revision=1,
            currency="EUR",
            service=service,
        )


async def alternate(exchange: Exchange, rate: float, seconds: float) -> Waits:
    """Measure R0, trade, trade, R0, each at so many events a second."""
    waits = Waits()
    async with exchange.buyer() as buyer:
        await trade(buyer, Waits(), rate, 1)
        await round_trips(exchange.root, waits, rate, seconds)
        await trade(buyer, waits, rate, seconds)
        await trade(buyer, waits, rate, seconds)
        await round_trips(exchange.root, waits, rate, seconds)
    return waits


async def trade(buyer: BuyerClient, waits: Waits, rate: float, seconds: float) -> None:
    """Request and accept what ranks first, so that `rate` events a second are submitted."""
    await _at_rate(rate / 2, seconds, lambda: _request_and_accept(buyer, waits))


async def greatest(exchange: Exchange, seconds: float) -> float:
    """Give the events a second that are answered where some are always waited for."""
    waits = Waits()
    until = time.perf_counter() + seconds
    async with exchange.buyer() as buyer:

        async def on_and_on() -> None:
            while time.perf_counter() < until:
                await _request_and_accept(buyer, waits)

        started = time.perf_counter()
        await asyncio.gather(*(on_and_on() for _ in range(_AT_ONCE)))
    return len(waits.calls()) / (time.perf_counter() - started)


async def loading(
    exchange: Exchange, count: int, rate: float, seconds: float
) -> tuple[Waits, Waits, float]:
    """Trade, then trade on while offers come in; give the waits and the offers a second."""
    before, during = Waits(), Waits()
    async with exchange.buyer() as buyer, exchange.provider() as provider:
        await trade(buyer, Waits(), rate, 1)
        await trade(buyer, before, rate, seconds)
        started = time.perf_counter()
        load = asyncio.create_task(provider.publish_many(offers("load", count)))
        while not load.done():
            await trade(buyer, during, rate, 1)
        reports = await load
    stored = sum(report.outcome == "stored" for report in reports)
    if stored != count:
        raise AssertionError(f"{count - stored} of {count} offers were not stored")
    return before, during, count / (time.perf_counter() - started)


async def _request_and_accept(buyer: BuyerClient, waits: Waits) -> None:
    started = time.perf_counter()
    matches = await buyer.request(MARKET, to="+442079460000", minutes=10)
    shown = time.perf_counter()
    waits.asks.append(shown - started)
    await buyer.accept(matches[0])
    waits.accepts.append(time.perf_counter() - shown)


async def round_trips(bootstrap: Bootstrap, waits: Waits, rate: float, seconds: float) -> None:
    """Measure a bare produce and consume with the same client settings, one process, one topic."""
    place = TopicPartition(_R0.name, 0)
    async with (
        connections.producer(bootstrap, client_id="bench-r0") as producer,
        connections.consumer(bootstrap, client_id="bench-r0", start="none") as consumer,
    ):
        consumer.assign([place])
        consumer.seek(place, (await consumer.end_offsets([place]))[place])
        expected = len(waits.r0) + int(rate * seconds)

        async def reading() -> None:
            while len(waits.r0) < expected:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    now = time.perf_counter_ns()
                    waits.r0 += [(now - int(record.key)) / 1e9 for record in records]

        async def send() -> None:
            key = str(time.perf_counter_ns()).encode()
            await producer.send(_R0.name, key=key, value=_PAYLOAD, partition=0)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reading())
            await _at_rate(rate, seconds, send)


async def _at_rate(rate: float, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    """Start one after the other at even times, whether those before are done or not."""
    started = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for index in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, started + index / rate - time.perf_counter()))
            tasks.create_task(_await(act))


async def _await(act: Callable[[], Awaitable[None]]) -> None:
    await act()
