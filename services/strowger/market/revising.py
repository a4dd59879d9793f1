"""How a revision enters an offer, and terms a pool: pure changes of a row, used now and later."""

from itertools import pairwise

import msgspec

from strowger.market.book import Book
from strowger.market.entities import Offer, PastRevision, Pool, PoolTerms, Revised
from strowger.market.rules import CLOCK_SKEW_MS, HORIZON_MS, PAST_REVISIONS


def with_revision(book: Book, offer: Offer, revised: Revised) -> Offer:
    """Give the offer with a revision put in: those scheduled for then or later are dropped."""
    standing = [
        each for each in _still_seen(book, offer.revisions) if each.from_ms < revised.from_ms
    ]
    gone = [each for each in offer.revisions if each not in standing]
    closes_at_ms = None
    if revised.terms is None:
        closes_at_ms = max(book.remember_until_ms, revised.from_ms + HORIZON_MS + CLOCK_SKEW_MS)
    return msgspec.structs.replace(
        offer,
        revisions=(*standing, revised),
        past=with_past(book, offer, gone),
        forget_at_ms=closes_at_ms,
    )


def with_pool_terms(book: Book, pool: Pool, terms: PoolTerms) -> Pool:
    """Give the pool with what its provider says of it; what was sold stays sold."""
    return msgspec.structs.replace(
        pool,
        revision=terms.revision,
        digest=terms.digest,
        units=terms.units,
        period=terms.period,
        channels=terms.channels,
        log_offset=terms.log_offset,
        past=with_past_of_pool(book, pool, pool.revision, pool.digest) if pool.revision else (),
    )


def _still_seen(book: Book, revisions: tuple[Revised, ...]) -> list[Revised]:
    """Give the revisions that stand, will stand, or that a session's snapshot holds."""
    seen = [
        each
        for each, later in pairwise(revisions)
        if later.from_ms > book.clock_ms or book.in_a_snapshot(each.from_ms, later.from_ms)
    ]
    return [*seen, *revisions[-1:]]


def with_past(book: Book, offer: Offer, gone: list[Revised]) -> tuple[PastRevision, ...]:
    """Give the revisions to remember once some are gone, the greatest first."""
    until_ms = book.remember_until_ms
    replaced = [
        PastRevision(each.revision, each.digest, each.terms is None, until_ms, each.from_ms)
        for each in gone
    ]
    remembered = (past for past in offer.past if past.forget_at_ms > book.clock_ms)
    by_number = sorted((*replaced, *remembered), key=lambda past: -past.revision)
    return tuple(by_number[:PAST_REVISIONS])


def with_past_of_pool(
    book: Book, pool: Pool, revision: int, digest: str
) -> tuple[PastRevision, ...]:
    """Give the revisions to remember once another of a pool is gone, the greatest first."""
    until_ms = book.remember_until_ms
    replaced = PastRevision(revision, digest, withdrawn=False, forget_at_ms=until_ms)
    remembered = (past for past in pool.past if past.forget_at_ms > book.clock_ms)
    by_number = sorted((replaced, *remembered), key=lambda past: -past.revision)
    return tuple(by_number[:PAST_REVISIONS])
