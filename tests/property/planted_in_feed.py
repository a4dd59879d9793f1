"""Bugs to plant in the feed of the book."""

from typing import Any, Final

import msgspec
import pytest

from strowger.market import book, feed, feeding, ruling, sessions
from strowger.market.book import Book
from strowger.market.entities import FeedState, Offer
from strowger.market.feed import Feed
from tests.property.planted_in_rules import Plant


def tell_what_is_to_come(patch: pytest.MonkeyPatch) -> None:
    """Tell a revision as soon as it is stored, whenever it takes effect."""
    real = feed.listing

    def listing(market: str, state: Any, offer: Offer, as_of_ms: int, told: Any) -> Any:  # noqa: ANN401 - handed on
        return real(market, state, offer, as_of_ms + 400 * 86_400_000, told)

    patch.setattr(book, "listing", listing)


def tell_of_time_never(patch: pytest.MonkeyPatch) -> None:
    """Leave untold what takes effect by itself."""
    patch.setattr(Feed, "due", lambda *_: None)


def tell_what_is_for_some(patch: pytest.MonkeyPatch) -> None:
    """List offers that have an audience."""
    patch.setattr(feed, "_is_public", lambda revised: revised.terms is not None)


def list_for_ever(patch: pytest.MonkeyPatch) -> None:
    """Leave offers listed that are no more in force."""
    patch.setattr(feed, "delisting", lambda _, state, offer, __: (state, offer))


def leave_no_tombstone(patch: pytest.MonkeyPatch) -> None:
    """Say that an offer is gone, but not under its own key."""
    real = feed.delisting

    def delisting(*given: Any) -> Any:  # noqa: ANN401 - handed on
        done = real(*given)
        given[3][:] = [each for each in given[3] if each.event is not None]
        return done

    patch.setattr(feed, "delisting", delisting)


def forget_without_a_word(patch: pytest.MonkeyPatch) -> None:
    """Forget the row of a listed offer, and leave it listed."""
    patch.setattr(ruling, "forgetting", lambda *_: None)


def seal_under_an_open_feed(patch: pytest.MonkeyPatch) -> None:
    """Let a policy come into force without closing the feed."""
    patch.setattr(sessions, "clear", lambda *_: True)
    patch.setattr(ruling, "keep_up", lambda *_: None)


def follow_under_any_policy(patch: pytest.MonkeyPatch) -> None:
    """Tell the feed of books that nobody may read."""
    everywhere = frozenset({"open", "snapshot", "guarded", "sealed"})
    patch.setattr(feeding, "FEEDING", everywhere)
    patch.setattr(sessions, "FEEDING", everywhere)


def open_an_empty_feed(patch: pytest.MonkeyPatch) -> None:
    """List nothing of what stands when a feed is opened."""
    patch.setattr(feeding, "_next_keys", lambda *_: [])


def begin_again_at_one(patch: pytest.MonkeyPatch) -> None:
    """Count from the first number again when a feed is closed."""
    real = feed.marking

    def marking(market: str, state: Any, fed: FeedState, *given: Any) -> Any:  # noqa: ANN401 - handed on
        if fed.standing == "clearing":
            fed = msgspec.structs.replace(fed, number=0)
        return real(market, state, fed, *given)

    patch.setattr(feeding, "marking", marking)


def count_the_listed_twice(patch: pytest.MonkeyPatch) -> None:
    """Count an offer anew whenever it is listed."""
    real = feed.listing

    def listing(market: str, state: Any, offer: Offer, as_of_ms: int, told: Any) -> Any:  # noqa: ANN401 - handed on
        if offer.fed and offer.feed_number:
            offer = msgspec.structs.replace(offer, feed_number=0)
        return real(market, state, offer, as_of_ms, told)

    patch.setattr(book, "listing", listing)


def lag_a_millisecond(patch: pytest.MonkeyPatch) -> None:
    """Tell what takes effect at once with the next command only."""
    patch.setattr(Book, "put_offer", _put_later(Book.put_offer))


def _put_later(real: Any) -> Any:  # noqa: ANN401 - handed on
    def put_offer(self: Book, offer: Offer) -> None:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Book, "earliest_effect_ms", property(lambda here: here.clock_ms - 1))
            real(self, offer)

    return put_offer


PLANTED: Final[tuple[Plant, ...]] = (
    tell_what_is_to_come,
    tell_of_time_never,
    tell_what_is_for_some,
    list_for_ever,
    leave_no_tombstone,
    forget_without_a_word,
    seal_under_an_open_feed,
    follow_under_any_policy,
    open_an_empty_feed,
    begin_again_at_one,
    count_the_listed_twice,
    lag_a_millisecond,
)
