"""Where the claims are tried: two providers and a buyer, a market for each, and races in it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from strowger.cli.shared.declaring import declare
from strowger.client import BuyerClient, ProviderClient, Refused
from strowger.client.identifiers import fresh_acceptance
from strowger.contract import commands
from strowger.contract.commands import AcceptOffer, AnyCommand
from strowger.contract.market_terms import MarketTerms
from strowger.contract.outbound import ChangeTaken, OfferStored
from strowger.contract.sales import AcceptanceConfirmed
from strowger.contract.topics import MARKET_LOG
from strowger.contract.voice import VoiceTermination
from tests.e2e.conftest import Exchange
from tests.integration.topics import records_of
from tests.support import unique

NUMBER: Final = "+442079460000"
"""In the range that Ofcom keeps for drama: nobody's number."""

RACERS: Final = 4


class Floor:
    """Two providers and a buyer who were added to a running exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self.bootstrap = exchange.bootstrap
        self._met_by = exchange.met_by
        self._key = exchange.key
        # In the order in which the stored set is read.
        self.acme, self.zeta = sorted(exchange.newcomer("provider") for _ in range(2))
        self.globex = exchange.newcomer("buyer")

    async def market(self, **terms: Any) -> str:
        """Declare a market that nobody else trades in, with calls of a minute; give its name."""
        own = {"market": unique("market"), "currency": "EUR", "default_call_seconds": 60}
        declared = await declare(self.bootstrap, MarketTerms.model_validate({**own, **terms}))
        return declared.market

    @asynccontextmanager
    async def trading(self) -> AsyncIterator[tuple[ProviderClient, ProviderClient, BuyerClient]]:
        """Give a client of each, connected."""
        async with (
            ProviderClient(
                self.acme, bootstrap=self._met_by(self.acme), key=self._key(self.acme)
            ) as acme,
            ProviderClient(
                self.zeta, bootstrap=self._met_by(self.zeta), key=self._key(self.zeta)
            ) as zeta,
            BuyerClient(
                self.globex, bootstrap=self._met_by(self.globex), key=self._key(self.globex)
            ) as globex,
        ):
            yield acme, zeta, globex

    async def log(self, market: str) -> list["Logged"]:
        """Read a market's commands in the order that decides."""
        return [
            Logged(commands.decode(record.value or b""), record.offset, record.timestamp)
            for record in await records_of(self.bootstrap, MARKET_LOG.name)
            if record.key == market.encode()
        ]


@dataclass(frozen=True)
class Logged:
    """A command, where the log has it, and the market time at which the log took it."""

    command: AnyCommand
    offset: int
    at_ms: int


@dataclass(frozen=True)
class Raced:
    """The acceptances that several racers sent until the exchange said no, and what each heard."""

    confirmed: frozenset[str]
    refused: frozenset[str]

    def in_log(self, log: list[Logged]) -> tuple[list[Logged], list[Logged]]:
        """Give those confirmed and those refused, as the log has them: every one, each once."""
        found = {
            each.command.acceptance_id: each
            for each in reversed(log)  # the first counts, where a record was delivered twice
            if isinstance(each.command, AcceptOffer)
        }
        return [found[each] for each in self.confirmed], [found[each] for each in self.refused]


async def race(
    market: str,
    accept: Callable[[str], Awaitable[AcceptanceConfirmed]],
    until: type[Refused],
    *,
    after_first: Callable[[], Awaitable[None]] | None = None,
) -> Raced:
    """Accept again and again, several at a time, until each racer was refused `until`.

    `after_first` is done beside them once the first acceptance is confirmed.
    """
    confirmed: set[str] = set()
    refused: set[str] = set()
    begun = asyncio.Event()

    async def run() -> None:
        while True:
            acceptance_id = fresh_acceptance(market)
            try:
                await accept(acceptance_id)
            except until:
                refused.add(acceptance_id)
                return
            confirmed.add(acceptance_id)
            begun.set()

    async with asyncio.TaskGroup() as racers:
        for _ in range(RACERS):
            racers.create_task(run())
        if after_first is not None:
            await begun.wait()
            await after_first()
    assert confirmed
    assert len(refused) == RACERS
    return Raced(frozenset(confirmed), frozenset(refused))


async def publish(
    provider: ProviderClient, market: str, offer_id: str, rate: str
) -> OfferStored | ChangeTaken:
    """Publish calls to London at this price a minute, in a deck of the offer's own."""
    service = VoiceTermination(prefix="4420", deck=offer_id, rate_per_minute=Decimal(rate))
    return await provider.publish(market, offer_id, currency="EUR", service=service)


async def stored(provider: ProviderClient, market: str, page: int = 200) -> list[tuple[str, str]]:
    """Read the stored set; give each offer's id and its price a minute."""
    return [
        (entry.offer_id, str(entry.prices.usage))
        async for entry in provider.book(market, page=page)
    ]
