"""What simulated providers do: offers of few names, so that they replace each other's revisions."""

import asyncio
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

from strowger.contract.fields import from_millis
from strowger.contract.inbound import (
    BookRequested,
    CapacityPublished,
    OfferPublished,
    OfferWithdrawn,
)
from strowger.contract.voice import VoiceTermination
from tests.simulation.loop import now_ms
from tests.simulation.mailbox import Participant

_PREFIXES: Final = ("44", "4420", "4420", "44207", "1")
_NAMES: Final = ("a", "b", "c")


class Provider(Participant):
    """Publishes, replaces, schedules and withdraws a few offers; reads the book; sends garbage."""

    _revision = 0

    async def live(self, until_seconds: float) -> None:
        """Do one thing after the other."""
        loop = asyncio.get_running_loop()
        await self._capacity()
        for name in _NAMES[:2]:
            await self.ask(self._offer(name, scheduled=False))
        while loop.time() < until_seconds:
            await asyncio.sleep(self.random.choice((0.05, 0.3, 1.0, 2.0)))
            await self.random.choice(
                (self._publish,) * 5
                + (self._withdraw, self._schedule, self._capacity, self._read_book, self._garbage)
            )()

    async def _publish(self) -> None:
        event = self._offer(self.random.choice(_NAMES), scheduled=False)
        if self.random.random() < 0.3:
            self.send(event)
            # Another content under the same revision, or an older revision after a newer one.
            self.send(self._offer(event.offer_id, scheduled=False, revision=event.revision))
        else:
            await self.ask(event)

    async def _schedule(self) -> None:
        await self.ask(self._offer(self.random.choice(_NAMES), scheduled=True))

    async def _withdraw(self) -> None:
        self._revision += 1
        await self.ask(
            OfferWithdrawn(
                market=self.market,
                offer_id=self.random.choice(_NAMES),
                revision=self._revision,
                effective_at=self._later() if self.random.random() < 0.3 else None,
            )
        )

    async def _capacity(self) -> None:
        self._revision += 1
        period: Literal["total", "month"] = self.random.choice(("total", "month"))
        await self.ask(
            CapacityPublished(
                market=self.market,
                pool="pool",
                revision=self._revision,
                units=self.random.choice((100, 250, 1000)),
                period=period,
            )
        )

    async def _read_book(self) -> None:
        after = None
        for _ in range(3):
            read = BookRequested(market=self.market, read_id=self.new_id(), most=2, after=after)
            answer = await self.ask(read)
            if answer is None or answer["type"] != "book-read" or answer["next"] is None:
                return
            after = answer["next"]

    async def _garbage(self) -> None:
        """Send what is no event: broken words, broken envelopes, events in another's name."""
        value, headers = self.random.choice(
            (
                (b"\xff\xfe", [("ce_specversion", b"1.0")]),
                (b"{}", []),
                (None, []),
                (b'{"market":"voice"}', self._headers("strowger.offer-published.v1")),
                (b'{"market":"nowhere"}', self._headers("strowger.offer-published.v1")),
                (b"[" * 5000, self._headers("strowger.offer-published.v1")),
                (b"{}", self._headers("strowger.offer-accepted.v1")),
            )
        )
        self.write("offer-published", self.random.randrange(2), value, headers)

    def _headers(self, kind: str) -> list[tuple[str, bytes]]:
        return [
            ("ce_specversion", b"1.0"),
            ("ce_id", self.new_id().encode()),
            ("ce_source", b"/participants/" + self.name.encode()),
            ("ce_type", kind.encode()),
            ("ce_time", from_millis(now_ms()).isoformat().encode()),
        ]

    def _offer(
        self, offer_id: str, *, scheduled: bool, revision: int | None = None
    ) -> OfferPublished:
        self._revision += 1
        chance = self.random
        return OfferPublished(
            market=self.market,
            offer_id=offer_id,
            revision=revision or self._revision,
            currency="EUR",
            service=VoiceTermination(
                prefix=chance.choice(_PREFIXES),
                deck=chance.choice(("standard", "standard", "premium")),
                rate_per_minute=Decimal(chance.randint(1, 9)) / 100,
                capacity_minutes=chance.choice((None, 100, 200, 500)),
                asr_percent=chance.choice((None, Decimal(40), Decimal(70))),
            ),
            effective_at=self._later() if scheduled else None,
            firmness=chance.choice(("firm", "firm", "firm", "budgetary")),
            pool=chance.choice((None, None, "pool")),
            audience=chance.choice((None, None, None, ("globex",))),
        )

    def _later(self) -> datetime:
        return from_millis(now_ms() + self.random.choice((-1000, 500, 2000, 8000)))
