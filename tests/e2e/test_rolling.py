"""A rolling restart under load: every service is stopped and started, and nobody is turned away."""

import asyncio
import os
import signal
from collections import Counter
from decimal import Decimal
from typing import Final

import pytest

from strowger.broker.appending import partition_of
from strowger.client import BuyerClient, ProviderClient
from strowger.contract.decision import Decision
from strowger.contract.topics import DECISIONS, MARKET_LOG
from strowger.contract.voice import VoiceTermination
from strowger.service import SERVICES, is_healthy, pid_if_alive
from tests.e2e.conftest import Exchange
from tests.integration.topics import read_from
from tests.support import eventually, unique

NUMBER: Final = "+442079460000"
ANSWER_SECONDS: Final = 60


class _Traders:
    """A provider and buyers who trade until told to stop; any refusal ends the test."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.market = unique("rolling")
        self.over = asyncio.Event()
        self.published = 0
        self.bought: set[str] = set()
        self.sales = 0

    async def provide(self, name: str) -> None:
        """Publish one offer anew again and again; each must be stored."""
        key, place = self.exchange.key(name), self.exchange.met_by(name)
        async with ProviderClient(
            name, bootstrap=place, timeout=ANSWER_SECONDS, key=key
        ) as provider:
            while not self.over.is_set():
                # Of a deck that nobody buys from: a buyer's offer changes only where it may.
                service = VoiceTermination(
                    prefix="4930", deck="moving", rate_per_minute=Decimal(1 + self.published) / 1000
                )
                await provider.publish(self.market, "moving", currency="EUR", service=service)
                self.published += 1

    async def buy(self, name: str) -> None:
        """Open a session, ask, accept and close, again and again; each must be granted."""
        key, place = self.exchange.key(name), self.exchange.met_by(name)
        async with BuyerClient(name, bootstrap=place, timeout=ANSWER_SECONDS, key=key) as buyer:
            while not self.over.is_set():
                async with buyer.session(self.market, ttl=300) as session:
                    matches = await session.request(to=NUMBER, minutes=1)
                    confirmed = await session.accept(matches[0])
                self.bought.add(confirmed.contract_id)
                self.sales += 1


async def _restart(exchange: Exchange, name: str) -> None:
    """Stop a service as an upgrade does, and wait until its successor serves."""
    run_dir = exchange.settings.run_dir
    before = pid_if_alive(run_dir, name, float("inf"))
    assert before is not None
    os.kill(before, signal.SIGTERM)
    await eventually(
        lambda: pid_if_alive(run_dir, name, float("inf")) != before and is_healthy(run_dir, name),
        timeout_seconds=60,
        because=f"{name} serves again",
    )


@pytest.mark.timeout(300)
async def test_every_service_is_restarted_under_load_and_no_event_is_refused(
    exchange: Exchange,
) -> None:
    """Whoever trades meanwhile waits for a moment, and is told everything, once."""
    traders = _Traders(exchange)
    market = traders.market
    exchange.command("market", "declare", market, "--currency", "EUR")
    (name, moving), buyers = (
        [exchange.newcomer("provider") for _ in range(2)],
        [exchange.newcomer("buyer") for _ in range(2)],
    )
    async with ProviderClient(
        name, bootstrap=exchange.met_by(name), timeout=ANSWER_SECONDS, key=exchange.key(name)
    ) as provider:
        service = VoiceTermination(prefix="4420", rate_per_minute=Decimal("0.01"))
        await provider.publish(market, "standing", currency="EUR", service=service)
    at_each: list[tuple[int, int]] = []
    async with asyncio.TaskGroup() as trading:
        for task in (traders.provide(moving), *map(traders.buy, buyers)):
            trading.create_task(task)
        try:
            for name in SERVICES:
                await _restart(exchange, name)
                at_each.append((traders.published, traders.sales))
                await eventually(
                    lambda: traders.published > at_each[-1][0] and traders.sales > at_each[-1][1],
                    timeout_seconds=ANSWER_SECONDS,
                    because=f"trade goes on after {name} was restarted",
                )
        finally:
            traders.over.set()
    assert len(traders.bought) == traders.sales >= len(SERVICES)
    partition = partition_of(market.encode(), MARKET_LOG.partitions)
    decided = [
        Decision.model_validate_json(record.value or b"")
        for record in await read_from(exchange.bootstrap, DECISIONS.name, partition)
        if record.key == market.encode()
    ]
    told = Counter(each.event.type for each in decided if not each.repeat)
    assert "event-refused" not in told
    assert told["acceptance-confirmed"] == traders.sales
    assert told["offer-stored"] == traders.published + 1
