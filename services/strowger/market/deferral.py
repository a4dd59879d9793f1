"""What a market's policy makes of a provider's change: at once, later, or no (claims 5 and 6).

`guarded`: what an open session was shown waits until none that was shown it is open. `sealed`:
everything waits, or is refused, while any session is open. A change that waits is checked when it
is taken, against what its provider sent before, and cannot fail when it takes effect.
"""

from typing import Literal

import msgspec

from strowger.market.book import Book
from strowger.market.entities import (
    DeferredRevision,
    Key,
    Offer,
    PastRevision,
    Pool,
    PoolTerms,
    Revised,
)
from strowger.market.revising import with_past, with_past_of_pool, with_pool_terms, with_revision

Denial = Literal["defer", "refuse"]


def denial(book: Book, key: Key) -> Denial | None:
    """Say what becomes of a change to an offer or a pool now; none: it takes effect at once."""
    match book.state.policy:
        case "guarded":
            return "defer" if _guarded(book, key) else None
        case "sealed" if book.sittings.any_open:
            return "refuse" if book.state.denied_changes == "refuse" else "defer"
    return None


def tells_nothing(book: Book) -> bool:
    """Say whether changes are answered alike, whatever sessions are open."""
    state = book.state
    return state.policy == "guarded" or (
        state.policy == "sealed" and state.denied_changes == "defer"
    )


def withholds(book: Book) -> bool:
    """Say whether sales in sessions are told to nobody but the buyer before the session's end."""
    return book.state.policy in {"guarded", "sealed"}


def deferring(book: Book, offer: Offer, revised: Revised) -> Offer:
    """Give the offer with one more revision waiting; what it overtakes waits no more.

    As in a schedule, those that would take effect then or later are dropped and remembered, so that
    not many wait however many are sent; the wait counts from the first of them.
    """

    def effect_ms(each: Revised) -> int:
        return max(book.clock_ms, each.from_ms)

    kept = [each for each in offer.deferred if effect_ms(each.revised) < effect_ms(revised)]
    gone = offer.deferred[len(kept) :]
    taken_ms = min((each.taken_ms for each in gone), default=book.clock_ms)
    return msgspec.structs.replace(
        offer,
        forget_at_ms=None,  # what waits is not forgotten with a withdrawn offer
        deferred=(*kept, DeferredRevision(revised, taken_ms)),
        past=with_past(book, offer, [each.revised for each in gone]),
    )


def deferring_pool(book: Book, pool: Pool, terms: PoolTerms) -> Pool:
    """Give the pool with terms waiting; what they overtake is a past revision at once.

    So that not many wait, however many are sent; the wait counts from the first of them.
    """
    if not pool.deferred or not book.rules.keeps_last_of_pool:
        return msgspec.structs.replace(pool, deferred=(*pool.deferred, terms))
    first, last = pool.deferred[0], pool.deferred[-1]
    since_first = msgspec.structs.replace(terms, taken_ms=first.taken_ms, since=first.since)
    past = with_past_of_pool(book, pool, last.revision, last.digest)
    return msgspec.structs.replace(pool, deferred=(since_first,), past=past)


def projected(book: Book, offer: Offer) -> Offer:
    """Give an offer as it will be once its waiting changes have taken effect, if that were now."""
    if not offer.deferred:
        return offer
    standing = max((each.revision for each in offer.revisions), default=0)
    for waiting in offer.deferred:
        offer = with_revision(book, offer, _from_now(book, waiting.revised))
    past = tuple(_past_from_now(book, each, standing) for each in offer.past)
    return msgspec.structs.replace(offer, deferred=(), past=past)


def projected_pool(book: Book, pool: Pool) -> Pool:
    """Give a pool as it will be once its waiting changes have taken effect."""
    for waiting in pool.deferred:
        pool = with_pool_terms(book, pool, waiting)
    return msgspec.structs.replace(pool, deferred=()) if pool.deferred else pool


def release(book: Book) -> None:
    """Let every waiting change take effect that nothing denies any more, in the order they came.

    Within one offer that order is the offer's own; between offers nothing turns on it, as all take
    effect at the same market time and ties are broken by when each was taken.
    """
    for key in book.waiting.rows():
        if denial(book, key) is not None:
            continue
        entity = book.store.get(key)
        if isinstance(entity, Offer):
            book.note_change()
            book.put_offer(projected(book, entity))
        elif isinstance(entity, Pool):
            book.put_pool(projected_pool(book, entity))


def _guarded(book: Book, key: Key) -> bool:
    if key[0] == "offer":
        return book.sittings.is_shown(key)
    # A pool is what its provider's offers sell from: it waits with any of them.
    return book.sittings.shows_any_of(key[2])


def _from_now(book: Book, revised: Revised) -> Revised:
    return msgspec.structs.replace(revised, from_ms=max(book.clock_ms, revised.from_ms))


def _past_from_now(book: Book, past: PastRevision, standing: int) -> PastRevision:
    """Date what was overtaken while it waited, which is all that was sent after what stands."""
    if past.revision <= standing or past.from_ms >= book.clock_ms:
        return past
    return msgspec.structs.replace(past, from_ms=book.clock_ms)
