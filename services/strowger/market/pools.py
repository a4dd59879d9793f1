"""Rules of capacity pools: a provider says how much its offers share."""

from strowger.contract.commands import PublishCapacity
from strowger.contract.outbound import CapacityStored, ChangeTaken, Event
from strowger.contract.refusals import Refusal
from strowger.market.book import Book
from strowger.market.deferral import deferring_pool, denial, projected_pool, tells_nothing
from strowger.market.digests import content_digest
from strowger.market.entities import Pool, PoolTerms
from strowger.market.revising import with_pool_terms
from strowger.market.tallies import reached
from strowger.market.verdict import Denied, Granted, Verdict


def publish_capacity(book: Book, command: PublishCapacity) -> Verdict:
    """Store how much a pool holds; what was sold of it stays sold."""
    digest = content_digest(command)
    stored = _answer(book, command)
    key = ("pool", book.market, command.participant, command.pool)
    standing = book.pool(command.participant, command.pool)
    standing = standing or Pool(command.participant, command.pool, 0, "", None, "total", None)
    pool = projected_pool(book, standing)
    known = _known(pool, command.revision)
    if known is not None:
        if known == digest:
            return Granted(stored, repeat=True)
        detail = f"revision {command.revision} was sent with other content"
        return Denied(Refusal.ID_REUSED, detail)
    if command.revision < pool.revision:
        return Denied(Refusal.STALE_REVISION, f"revision {pool.revision} stands")
    most = book.state.max_stored_offers
    if not standing.revision and reached(most, book.tallies.pools(command.participant)):
        return Denied(Refusal.TOO_MANY_OFFERS, f"{most} pools of yours are stored")
    terms = PoolTerms(
        revision=command.revision,
        digest=digest,
        units=command.units,
        period=command.period,
        channels=command.channels,
        taken_ms=book.clock_ms,
        since=book.state.sequence,
        log_offset=book.log_offset,
    )
    # A pool that is new holds nothing that anybody was shown; and unheard of, it would not bound.
    match denial(book, key) if standing.revision else None:
        case "refuse":
            return Denied(Refusal.BOOK_SEALED, "nothing changes while a session is open")
        case "defer":
            book.put_pool(deferring_pool(book, standing, terms))
        case None:
            book.put_pool(with_pool_terms(book, pool, terms))
    return Granted(stored)


def _answer(book: Book, command: PublishCapacity) -> Event:
    if tells_nothing(book):
        subject = f"capacity {command.pool}"
        return ChangeTaken(**book.stamp(command), subject=subject, revision=command.revision)
    return CapacityStored(**book.stamp(command), pool=command.pool, revision=command.revision)


def _known(pool: Pool, revision: int) -> str | None:
    if revision == pool.revision:
        return pool.digest
    return next((past.digest for past in pool.past if past.revision == revision), None)
