"""The feed of a market's book: what is told of each offer as it enters, changes and leaves force.

The feed lists an offer exactly as a provider could read it, and each row says what was told last,
so that a restored market goes on where it was. What is told follows from the rows and market time.
"""

import heapq
from typing import Any, ClassVar, Final, Literal, NamedTuple

import msgspec

from strowger.contract.book import AnyFeedEvent, BookMarked, OfferDelisted, OfferListed
from strowger.contract.fields import from_millis
from strowger.market.entities import Entity, FeedState, Key, MarketState, Offer, Revised
from strowger.market.entries import entry
from strowger.market.store import Watcher

FEEDING: Final = frozenset({"open", "snapshot"})
"""The policies under which providers may always read the whole book, and so follow it."""

OPEN: Final = frozenset({"whole", "behind"})


class Told(NamedTuple):
    """One record of the feed: of an offer under its key, else under the market's own.

    Without an event it is a tombstone.
    """

    key: tuple[str, ...]
    event: AnyFeedEvent | None


class Feed(Watcher):
    """What is told and not taken yet, and the offers by when the feed has to hear of them next.

    Entries of rows that changed since are left behind and recognised as spent when they surface.
    """

    kinds: ClassVar = (Offer,)

    def __init__(self) -> None:
        self.told: list[Told] = []
        self._heap: list[tuple[int, Key]] = []

    def watch(self, key: Key, old: Entity | None, new: Entity | None) -> None:
        """Follow one change of a row."""
        del old
        if isinstance(new, Offer):
            due_ms = next_ms(new)
            if due_ms is not None:
                heapq.heappush(self._heap, (due_ms, key))

    def due(self, as_of_ms: int) -> tuple[int, Key] | None:
        """Give the first offer whose time has come, and that time; the row may have changed."""
        if self._heap and self._heap[0][0] <= as_of_ms:
            return self._heap[0]
        return None

    def done(self) -> None:
        """Drop the first offer: it has been seen to."""
        heapq.heappop(self._heap)


def next_ms(offer: Offer) -> int | None:
    """Say from when an offer is other than the feed was told; none if it never will be."""
    if offer.fed is None:
        return None
    return next((each.from_ms for each in offer.revisions if each.revision > offer.fed), None)


def listing(
    market: str, state: MarketState, offer: Offer, as_of_ms: int, told: list[Told]
) -> tuple[MarketState, Offer]:
    """Tell an open feed what an offer has become, if new; give market and offer with it noted."""
    present = offer.in_force(as_of_ms)
    revision = 0 if present is None else present.revision
    if offer.fed is not None and revision <= offer.fed:
        return state, offer
    offer = msgspec.structs.replace(offer, fed=revision)
    if present is None or not _is_public(present):
        return delisting(market, state, offer, told) if offer.feed_number else (state, offer)
    feed = state.feed
    number = feed.number + 1
    feed = msgspec.structs.replace(
        feed,
        number=number,
        offers=feed.offers + (offer.feed_number == 0),
        sum_of_numbers=feed.sum_of_numbers + number - offer.feed_number,
    )
    state = msgspec.structs.replace(state, feed=feed)
    listed = entry(offer.provider, offer.offer_id, present)
    event = OfferListed(**_head(market, state), entry=listed)
    told.append(Told(_key(market, offer), event))
    return state, msgspec.structs.replace(offer, feed_number=number)


def delisting(
    market: str, state: MarketState, offer: Offer, told: list[Told]
) -> tuple[MarketState, Offer]:
    """Tell that a listed offer is gone; give market and offer with it noted.

    The number stands under the market's own key, so that the last record of a market is always one
    that says how many offers are listed: compaction keeps it.
    """
    feed = state.feed
    feed = msgspec.structs.replace(
        feed,
        number=feed.number + 1,
        offers=feed.offers - 1,
        sum_of_numbers=feed.sum_of_numbers - offer.feed_number,
    )
    state = msgspec.structs.replace(state, feed=feed)
    event = OfferDelisted(**_head(market, state), provider=offer.provider, offer_id=offer.offer_id)
    told += (clearing(market, offer), Told((market,), event))
    return state, msgspec.structs.replace(offer, feed_number=0)


def clearing(market: str, offer: Offer) -> Told:
    """Give the tombstone of an offer."""
    return Told(_key(market, offer), None)


def marking(
    market: str,
    state: MarketState,
    feed: FeedState,
    because: Literal["policy", "market"] | None,
    told: list[Told],
) -> MarketState:
    """Tell that the feed stands otherwise; give the market with it noted."""
    feed = msgspec.structs.replace(feed, number=feed.number + 1)
    state = msgspec.structs.replace(state, feed=feed)
    told.append(Told((market,), BookMarked(**_head(market, state), because=because)))
    return state


def _is_public(revised: Revised) -> bool:
    return revised.terms is not None and revised.audience is None


def _key(market: str, offer: Offer) -> tuple[str, ...]:
    return market, offer.provider, offer.offer_id


def _head(market: str, state: MarketState) -> dict[str, Any]:
    feed = state.feed
    return {
        "market": market,
        "number": feed.number,
        "at": from_millis(state.clock_ms),
        "standing": feed.standing if feed.standing in OPEN else "closed",
        "offers": feed.offers,
        "sum_of_numbers": feed.sum_of_numbers,
    }
