"""When the feed speaks: it opens and closes with the policy, and follows what time brings.

A command tells of `FEED_PER_COMMAND` offers at most beside those that it changes itself, so that a
large book is listed, or cleared, over many commands and never in one transaction.
"""

from itertools import islice
from typing import Literal

import msgspec

from strowger.market.book import Book
from strowger.market.entities import FeedState, Key, Offer
from strowger.market.feed import FEEDING, OPEN, clearing, delisting, marking, next_ms
from strowger.market.rules import FEED_PER_COMMAND

_START = ("", "")


def keep_up(book: Book) -> None:
    """Open or close the feed as the market now stands; tell what has taken effect by now."""
    state = book.state
    if state.feed.standing == "clearing":
        if state.next_policy is None:  # else it is the policy's turn, when it settles
            clear(book, "policy")
        return
    if state.policy not in FEEDING or state.providers_hidden or state.standing == "closed":
        clear(book, "market" if state.policy in FEEDING else "policy")
        return
    if state.feed.standing == "closed":
        _set_feed(book, msgspec.structs.replace(state.feed, standing="behind", cursor=_START))
    left = _take_effect(book, _list_more(book, FEED_PER_COMMAND))
    _mark(book, is_whole=left > 0)


def clear(book: Book, because: Literal["policy", "market"]) -> bool:
    """Close the feed if it is open, and clear some of it; say whether nothing is left."""
    state = book.state
    if state.feed.standing == "closed":
        return True
    if state.feed.standing in OPEN:
        closed = FeedState(standing="clearing", number=state.feed.number, cursor=_START)
        book.state = marking(book.market, state, closed, because, book.feed.told)
    keys = _next_keys(book, FEED_PER_COMMAND)
    for key in keys:
        offer = book.store.get(key)
        if isinstance(offer, Offer) and offer.fed is not None:
            if offer.feed_number:
                book.feed.told.append(clearing(book.market, offer))
            book.store.put(key, msgspec.structs.replace(offer, fed=None, feed_number=0))
    feed = book.state.feed
    if len(keys) < FEED_PER_COMMAND:
        _set_feed(book, msgspec.structs.replace(feed, standing="closed", cursor=None))
        return True
    _set_feed(book, msgspec.structs.replace(feed, cursor=keys[-1][2:]))
    return False


def forgetting(book: Book, key: Key) -> None:
    """Take an offer out of the feed whose row is about to be forgotten.

    Time may have brought both at once: its end, and the end of the horizon after that.
    """
    offer = book.store.get(key)
    if not isinstance(offer, Offer) or not offer.feed_number:
        return
    if book.state.feed.standing in OPEN:
        book.state, _ = delisting(book.market, book.state, offer, book.feed.told)
    else:
        book.feed.told.append(clearing(book.market, offer))


def _list_more(book: Book, most: int) -> int:
    """List the next offers of a feed that is being opened; give how many more may be told of."""
    feed = book.state.feed
    if feed.cursor is None:
        return most
    keys = _next_keys(book, most)
    for key in keys:
        offer = book.store.get(key)
        if isinstance(offer, Offer) and offer.fed is None:
            book.put_offer(offer)
    cursor = keys[-1][2:] if len(keys) == most else None
    _set_feed(book, msgspec.structs.replace(book.state.feed, cursor=cursor))
    return most - len(keys)


def _take_effect(book: Book, most: int) -> int:
    """Tell of the offers of which the feed must hear by now; give how many more it could have."""
    left = most
    while left:
        due = book.feed.due(book.earliest_effect_ms)
        if due is None:
            break
        due_ms, key = due
        offer = book.store.get(key)
        if isinstance(offer, Offer) and next_ms(offer) == due_ms:
            # Only rows count: after a restore there are no spent entries to come by.
            book.put_offer(offer)
            left -= 1
        book.feed.done()
    return left


def _mark(book: Book, *, is_whole: bool) -> None:
    feed = book.state.feed
    standing = "whole" if is_whole else "behind"
    if feed.standing != standing:
        feed = msgspec.structs.replace(feed, standing=standing)
        book.state = marking(book.market, book.state, feed, None, book.feed.told)


def _next_keys(book: Book, most: int) -> list[Key]:
    after = ("offer", book.market, *(book.state.feed.cursor or _START))
    return list(islice(book.shelf.after(after), most))


def _set_feed(book: Book, feed: FeedState) -> None:
    book.state = msgspec.structs.replace(book.state, feed=feed)
