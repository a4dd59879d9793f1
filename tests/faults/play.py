"""Participants who trade in a market of their own, through the SDK, until they are told to stop."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Final, Literal, TypedDict

from strowger.client import BuyerClient, OutcomeUnknown, ProviderClient, Refused, Session
from strowger.client.matches import ShownOffer
from strowger.client.participant import Participant
from strowger.contract.market_terms import MarketTerms
from strowger.contract.sales import AcceptanceConfirmed
from strowger.contract.voice import VoiceTermination
from tests.faults.exchange import Cast, Exchange

CAPACITY_MINUTES: Final = 120
NUMBER: Final = "+442079460000"
ANSWER_SECONDS: Final = 30
POLICIES: Final[tuple[Literal["open", "guarded", "sealed", "snapshot"], ...]] = (
    *("open", "guarded", "sealed", "snapshot"),
)
LONGEST_SESSION_SECONDS: Final = 6


class _Access(TypedDict):
    """What a client of the SDK is made with."""

    bootstrap: str
    timeout: float
    key: Path


@dataclass
class Told:
    """What participants were told by the calls that they made."""

    seen: Counter[str] = field(default_factory=Counter)
    confirmed: dict[tuple[str, str], str] = field(default_factory=dict)
    """The contract's id, by buyer and acceptance."""

    otherwise: list[str] = field(default_factory=list)
    """Where the same acceptance was answered by two contracts."""

    unknown: list[tuple[str, str]] = field(default_factory=list)
    """Acceptances whose answer did not come in time: buyer and id."""

    def confirm(self, sale: AcceptanceConfirmed) -> None:
        """Note that a sale was confirmed to its buyer."""
        key = (str(sale.buyer), str(sale.acceptance_id))
        if self.confirmed.setdefault(key, sale.contract_id) != sale.contract_id:
            self.otherwise.append(f"{key} was told {self.confirmed[key]}, then {sale.contract_id}")
        self.seen["confirmed"] += 1


class Play:
    """One market, its cast, and what they were told; everything drawn from one seed."""

    def __init__(self, seed: int, market: str, cast: Cast, exchange: Exchange) -> None:
        self.seed, self.market, self.cast = seed, market, cast
        self.told = Told()
        self.over = asyncio.Event()
        self._exchange = exchange

    def terms(self) -> MarketTerms:
        """Give the terms that the market is declared under."""
        chance = self._chance("terms")
        return MarketTerms(
            market=self.market,
            policy=chance.choice(POLICIES),
            currency="EUR",
            sessions=chance.choice(("required", "optional")),
            max_ttl_seconds=LONGEST_SESSION_SECONDS,
            match_validity_seconds=5,
            hold_capacity=chance.random() < 0.3,
            max_deferral_seconds=60,
        )

    async def run(self) -> None:
        """Trade until `over` is set; then return when every call was answered or given up."""
        async with asyncio.TaskGroup() as playing:
            for name in self.cast.providers:
                playing.create_task(self._provide(name))
            for name in self.cast.buyers:
                playing.create_task(self._buy(name))

    async def ask_what_became(self) -> None:
        """Ask after every acceptance whose answer did not come, as the SDK says one should."""
        for buyer, acceptance_id in self.told.unknown:
            async with BuyerClient(buyer, **self._as(buyer)) as client:
                with suppress(Refused):
                    self.told.confirm(await client.outcome(acceptance_id, self.market))

    def _as(self, name: str) -> "_Access":
        return {
            "bootstrap": self._exchange.met_by(name),
            "timeout": ANSWER_SECONDS,
            "key": self._exchange.key(name),
        }

    def _chance(self, who: str) -> Random:
        return Random(f"{self.seed} {who}")  # noqa: S311 - a script

    async def _provide(self, name: str) -> None:
        """Publish offers, replace them, and withdraw one now and then."""
        chance = self._chance(name)
        async with ProviderClient(name, **self._as(name)) as provider:
            while not self.over.is_set():
                await self._try(lambda: self._change(provider, chance))
                await self._pause(chance.random() / 2)

    async def _change(self, provider: ProviderClient, chance: Random) -> None:
        offer_id = f"of-{chance.randrange(3)}"
        if chance.random() < 0.1:
            await provider.withdraw(self.market, offer_id)
            return
        service = VoiceTermination(
            prefix=chance.choice(("44", "4420", "4420")),
            deck=offer_id,
            rate_per_minute=Decimal(chance.randrange(1, 99)) / 1000,
            capacity_minutes=CAPACITY_MINUTES,
        )
        await provider.publish(self.market, offer_id, currency="EUR", service=service)

    async def _buy(self, name: str) -> None:
        """Hold session after session; leave some of them to time."""
        chance = self._chance(name)
        async with BuyerClient(name, **self._as(name)) as buyer:
            while not self.over.is_set():
                await self._try(lambda: self._hold_session(buyer, chance))
                await self._pause(chance.random() / 4)

    async def _hold_session(self, buyer: BuyerClient, chance: Random) -> None:
        ttl_seconds = chance.choice((1, 2, 4, LONGEST_SESSION_SECONDS))
        session = await buyer.open_session(self.market, ttl=ttl_seconds)
        self.told.seen["session"] += 1
        for _ in range(chance.randrange(1, 4)):
            matches = await session.request(to=NUMBER, minutes=chance.choice((1, 2, 5, 10)))
            if not matches:
                await self._pause(0.2)
                continue
            if ttl_seconds <= 2 and chance.random() < 0.5:
                await self._wait_for_the_end(session)
            await self._accept_twice(buyer, session, chance.choice(matches), chance)
        if chance.random() < 0.7:
            await session.close()

    async def _wait_for_the_end(self, session: Session) -> None:
        """Let a session all but end, so that what follows meets its deadline."""
        if session.deadline is not None:
            left = session.deadline - datetime.now(UTC)
            await self._pause(max(0.0, left.total_seconds() - 0.01))

    async def _accept_twice(
        self, buyer: Participant, session: Session, shown: ShownOffer, chance: Random
    ) -> None:
        """Send the same acceptance twice at once; ask later what became of it if need be."""
        acceptance_id = f"{self.market}~{chance.getrandbits(64):x}"
        twice = (session.accept(shown, acceptance_id=acceptance_id) for _ in range(2))
        for told in await asyncio.gather(*twice, return_exceptions=True):
            match told:
                case Refused():
                    self.told.seen[str(told.refusal)] += 1
                case OutcomeUnknown():
                    self.told.seen["unknown"] += 1
                    self.told.unknown.append((buyer.participant, acceptance_id))
                case BaseException():
                    raise told
                case _:
                    self.told.confirm(told)

    async def _try(self, what: Callable[[], Awaitable[None]]) -> None:
        """Do something that may be refused, or not be answered while faults last."""
        try:
            await what()
        except Refused as refused:
            self.told.seen[str(refused.refusal)] += 1
        except OutcomeUnknown:
            self.told.seen["unknown"] += 1

    async def _pause(self, seconds: float) -> None:
        """Pace what is sent, or learn that the play is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.over.wait()
