"""Ours: the core's own store and index, as a market that applies commands has them.

A change is what publishing and withdrawing write: the whole row, its journal, every index.
"""

from itertools import islice

from strowger.market.best import Ranked
from strowger.market.book import Book
from strowger.market.entities import MarketState, Offer, Revised
from strowger.market.markets import ROWS_A_STEP
from strowger.market.pages import Start
from strowger.market.searching import search
from strowger.market.selecting import Found, find
from tests.bench.matching.shape import (
    CALL_SECONDS,
    CURRENCY,
    MARKET,
    START_MS,
    Answer,
    Asking,
    Stored,
)


class Ours:
    """A book of offers, all in force."""

    name = "ours"

    def __init__(self) -> None:
        self.book = Book(MARKET)
        self.book.state = MarketState(
            policy="open",
            currency=CURRENCY,
            sessions="optional",
            min_ttl_seconds=1,
            max_ttl_seconds=3600,
            match_validity_seconds=60,
            default_call_seconds=CALL_SECONDS,
            public_buyer=False,
            declared_at_ms=START_MS,
            clock_ms=START_MS + 10**9,
            sequence=0,
        )

    def load(self, offers: list[Stored]) -> None:
        """Store the offers as a restore does."""
        rows = (
            (("offer", MARKET, offer.provider_id, offer.offer_id), entity(offer))
            for offer in offers
        )
        while some := list(islice(rows, ROWS_A_STEP)):
            self.book.store.load(some)
        for _ in self.book.store.settle():
            pass

    def put(self, offer: Stored) -> None:
        """Write the offer's row, and what is written with it."""
        self.book.put_offer(entity(offer))
        self.book.store.drain()

    def remove(self, offer: Stored) -> None:
        """Write the row of an offer that is withdrawn."""
        state = self.book.state
        closure = Revised(2, "0" * 16, state.clock_ms, 0)
        self.book.put_offer(Offer(offer.provider_id, offer.offer_id, (closure,)))
        self.book.store.drain()

    def ask(self, asking: Asking) -> Ranked | None:
        """Rank the offers able to satisfy the request."""
        return search(self.book, asking.command, Start())

    def told(self, answered: Ranked | None) -> Answer:
        """Read numbers out of names.

        Raises:
            TypeError: the index could not tell: then what was timed is not what is measured here.
        """
        if answered is None:
            raise TypeError("the index did not answer")
        first = []
        for row in answered.page:
            *_, provider, offer_id = row.order
            first.append((int(row.order[0]), _number(provider), _number(offer_id)))
        return Answer(answered.able, tuple(first))


class InLines:
    """Ours with what a market does next: every shown offer read, and costed line by line."""

    def __init__(self, ours: Ours) -> None:
        self._book = ours.book

    def ask(self, asking: Asking) -> Found:
        """Find the offers able to satisfy the request."""
        return find(self._book, asking.command, Start())


def _number(name: int | str) -> int:
    return int(str(name).rpartition("-")[2])


def entity(offer: Stored) -> Offer:
    """Give an offer as publishing stores it."""
    revised = Revised(
        revision=offer.since + 1,
        digest=f"{offer.since:016x}",
        from_ms=offer.from_ms,
        since=offer.since,
        currency=CURRENCY,
        terms=offer.terms,
    )
    return Offer(offer.provider_id, offer.offer_id, (revised,))
