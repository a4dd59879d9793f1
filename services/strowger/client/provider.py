"""The provider's side of the exchange."""

import time
from collections.abc import AsyncGenerator, Callable, Iterable
from datetime import datetime
from typing import Literal

from strowger.broker.access import as_user
from strowger.client.bulk import Bulk, DeliveryReport
from strowger.client.feed import BookFeed
from strowger.client.identifiers import fresh
from strowger.client.participant import Participant
from strowger.contract.book import BookEntry, BookRead
from strowger.contract.families import OfferedService
from strowger.contract.inbound import (
    BookRequested,
    CapacityPublished,
    Firmness,
    OfferPublished,
    OfferWithdrawn,
)
from strowger.contract.outbound import CapacityStored, ChangeTaken, OfferRemoved, OfferStored
from strowger.contract.topics import BOOK_REQUESTED, OFFER_PUBLISHED

Period = Literal["total", "month"]


class ProviderClient(Participant):
    """A provider: keeps its offers, says what its pools hold, and reads the stored set.

    Where a market's policy may make a change wait, it is answered by `ChangeTaken`, alike whatever
    sessions are open; elsewhere by what it did.

    >>> async with ProviderClient("acme", bootstrap="localhost:9092") as provider:  # doctest: +SKIP
    ...     service = VoiceTermination(prefix="44", rate_per_minute=Decimal("0.0125"))
    ...     await provider.publish("voice", "uk", currency="EUR", service=service)
    """

    _last_revision = 0

    def next_revision(self) -> int:
        """Give a revision greater than any given before: the milliseconds since 1970, or more."""
        self._last_revision = max(self._last_revision + 1, time.time_ns() // 1_000_000)
        return self._last_revision

    async def publish(
        self,
        market: str,
        offer_id: str,
        *,
        currency: str,
        service: OfferedService,
        revision: int | None = None,
        effective_at: datetime | None = None,
        firmness: Firmness = "firm",
        pool: str | None = None,
        audience: Iterable[str] | None = None,
    ) -> OfferStored | ChangeTaken:
        """Store an offer, or replace the one of this id; without a revision, `next_revision()`.

        It is in force from `effective_at` by market time, else at once; until then the revision
        before it stands. `pool` is a pool of `capacity` that it sells from, `audience` the buyers
        that it is for. Again with the same revision and content gives the same answer.

        Raises:
            Refused: for example `refused.CurrencyMismatch`, `refused.NoticeTooShort`.
            OutcomeUnknown: no answer came in time; publish it again.
            pydantic.ValidationError: a field can't be sent.
        """
        event = OfferPublished(
            market=market,
            offer_id=offer_id,
            revision=self._revision(revision),
            currency=currency,
            service=service,
            effective_at=effective_at,
            firmness=firmness,
            pool=pool,
            audience=None if audience is None else tuple(audience),
        )
        return await self._link.ask(
            OFFER_PUBLISHED, event, (OfferStored, ChangeTaken), key=offer_id, about=offer_id
        )

    async def withdraw(
        self,
        market: str,
        offer_id: str,
        *,
        revision: int | None = None,
        effective_at: datetime | None = None,
    ) -> OfferRemoved | ChangeTaken:
        """Take an offer out of the book, at once or from `effective_at`; what was sold stays sold.

        Raises:
            Refused: for example `refused.OfferUnknown`, `refused.NoticeTooShort`.
            OutcomeUnknown: no answer came in time; withdraw it again.
        """
        event = OfferWithdrawn(
            market=market,
            offer_id=offer_id,
            revision=self._revision(revision),
            effective_at=effective_at,
        )
        return await self._link.ask(
            OFFER_PUBLISHED, event, (OfferRemoved, ChangeTaken), key=offer_id, about=offer_id
        )

    async def capacity(
        self,
        market: str,
        pool: str,
        *,
        units: int | None = None,
        period: Period = "total",
        channels: int | None = None,
        revision: int | None = None,
    ) -> CapacityStored | ChangeTaken:
        """Say how much a pool holds, for all offers that name it; again to change it.

        `units` are of the family, for good or anew each calendar month; `channels` are concurrent;
        none of either: unlimited. What was sold stays sold when a pool shrinks.

        Raises:
            Refused: for example `refused.StaleRevision`.
            OutcomeUnknown: no answer came in time; publish it again.
            pydantic.ValidationError: a field can't be sent.
        """
        event = CapacityPublished(
            market=market,
            pool=pool,
            revision=self._revision(revision),
            units=units,
            period=period,
            channels=channels,
        )
        return await self._link.ask(
            OFFER_PUBLISHED, event, (CapacityStored, ChangeTaken), key=pool, about=pool
        )

    async def publish_many(
        self,
        offers: Iterable[OfferPublished | OfferWithdrawn],
        *,
        on_report: Callable[[DeliveryReport], None] | None = None,
    ) -> list[DeliveryReport]:
        """Publish and withdraw many offers at once; give one report each, in the order given.

        No more than 2,000 are unanswered at a time, and `offers` is read no faster than that.
        `on_report` is called as each report comes, in the order of the answers. Nothing is sent
        twice: a report other than `stored`, `removed` and `taken` says what to do.

        Raises:
            InboxFailed: the inbox can't be read any more.
        """
        return await Bulk(self._link, on_report).run(offers)

    async def book(self, market: str, *, page: int = 200) -> AsyncGenerator[BookEntry, None]:
        """Read the stored set: every offer in force, by provider and offer id, all of one state.

        Raises:
            refused.BookSealed: a session is open, and the market seals its book meanwhile.
            refused.BookChanged: it changed before the last page; read it from the start.
            OutcomeUnknown: no answer came in time; read it again.
            pydantic.ValidationError: `page` is not 1 to 500 entries.

        >>> async for entry in provider.book("voice"):  # doctest: +SKIP
        ...     print(entry.provider, entry.offer_id, entry.prices.usage)
        """
        async for read in self.book_pages(market, page=page):
            for entry in read.entries:
                yield entry

    async def book_pages(self, market: str, *, page: int = 200) -> AsyncGenerator[BookRead, None]:
        """Read the stored set as `book` does, in pages, which also say whether offers are withheld.

        Raises:
            Refused: as `book`.
            OutcomeUnknown: no answer came in time; read it again.
        """
        after: str | None = None
        while True:
            event = BookRequested(market=market, read_id=fresh(), most=page, after=after)
            read = await self._link.ask(
                BOOK_REQUESTED, event, BookRead, key=event.read_id, about=event.read_id
            )
            yield read
            if read.next is None:
                return
            after = read.next

    def follow(self, market: str) -> BookFeed:
        """Follow the stored set of an open or a snapshot market, in `async with`.

        >>> async with provider.follow("voice") as feed:  # doctest: +SKIP
        ...     for entry in (await feed.caught_up()).values():
        ...         print(entry.provider, entry.offer_id, entry.prices.usage)
        ...     async for event in feed:
        ...         print(event.type, len(feed.offers))
        """
        return BookFeed(market, as_user(self._bootstrap, self.participant), self.participant)

    def _revision(self, said: int | None) -> int:
        return self.next_revision() if said is None else said
