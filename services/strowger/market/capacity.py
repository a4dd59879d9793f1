"""Capacity: what an offer alone and its shared pool have left, and what a sale takes of it."""

from datetime import UTC

import msgspec

from strowger.contract.fields import from_millis
from strowger.market.book import Book
from strowger.market.entities import Offer, Pool, Revised


def units_left(book: Book, offer: Offer, revised: Revised, *, holder: bool = False) -> int | None:
    """Give the units left of the offer and its pool, whichever is less; none: unlimited.

    For a `holder`, for whom some is held, what is held counts as left.
    """
    left = []
    if revised.terms is not None and revised.terms.capacity is not None:
        held = 0 if holder else offer.held
        left.append(max(0, revised.terms.capacity - offer.sold - held))
    if revised.pool is not None:
        units, _ = pool_left(book, offer.provider, revised.pool, holder=holder)
        left += [] if units is None else [units]
    return min(left) if left else None


def channels_left(
    book: Book, provider: str, revised: Revised, *, holder: bool = False
) -> int | None:
    """Give the channels left of the offer's pool; none where they are not counted."""
    if revised.pool is None:
        return None
    return pool_left(book, provider, revised.pool, holder=holder)[1]


def pool_left(
    book: Book, provider: str, name: str, *, holder: bool = False
) -> tuple[int | None, int | None]:
    """Give a pool's units and channels left; none: unlimited, not counted."""
    pool = book.pool(provider, name)
    if pool is None:
        return None, None
    held, channels_held = (0, 0) if holder else (pool.held, pool.channels_held)
    units = None if pool.units is None else max(0, pool.units - _sold(book, pool) - held)
    channels = None
    if pool.channels is not None:
        channels = max(0, pool.channels - pool.channels_sold - channels_held)
    return units, channels


def take(book: Book, offer: Offer, revised: Revised, units: int, channels: int) -> Offer:
    """Take what a sale needs; the offer as it is then."""
    taken = msgspec.structs.replace(offer, sold=offer.sold + units)
    book.put_offer(taken)
    pool = _pool(book, offer.provider, revised)
    if pool is not None:
        book.put_pool(
            msgspec.structs.replace(
                pool,
                sold=pool.sold + units,
                month=_month(book),
                month_sold=_sold_this_month(book, pool) + units,
                channels_sold=pool.channels_sold + channels,
            )
        )
    return taken


def _pool(book: Book, provider: str, revised: Revised) -> Pool | None:
    return None if revised.pool is None else book.pool(provider, revised.pool)


def _sold(book: Book, pool: Pool) -> int:
    """Give what is sold of the pool's present period."""
    return _sold_this_month(book, pool) if pool.period == "month" else pool.sold


def _sold_this_month(book: Book, pool: Pool) -> int:
    return pool.month_sold if pool.month == _month(book) else 0


def _month(book: Book) -> str:
    """Name the calendar month of market time, `2026-11`, in UTC."""
    return f"{from_millis(book.clock_ms).astimezone(UTC):%Y-%m}"
