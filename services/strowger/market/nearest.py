"""The nearest misses of a request, found by columns: only those that may be among them are tested.

Columns give each row a bound of its nearness (measured or not, by how much, how long it stands);
rows are tested exactly from the least bound on, until no bound that is left can come before.
"""

from bisect import insort
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from strowger.contract.commands import SubmitRequest
from strowger.market import columns
from strowger.market.buckets import POOLED, Bucket
from strowger.market.columns import Places
from strowger.market.eligible import Eligible
from strowger.market.meters import Ints
from strowger.market.placing import Placing
from strowger.market.scopes import Shelf
from strowger.market.sieves import CEILING, FLOOR, Mask, Sieve

_PARTS: Final = 1_000_000
_UNMEASURED: Final = 1 << 61
"""The bound of a miss without a measure: behind all that have one."""

_VAST: Final = 9 * 10**12
_LESS: Final = 1 - 1e-9

Nearness = tuple[int, int, int, int, str, str]
"""What misses are ordered by: measured or not, by how much, from when, since, and whose."""


class Near(NamedTuple):
    """A row that misses by one clause, and how nearly."""

    nearness: Nearness
    bucket: Bucket
    place: int


Test = Callable[[Bucket, int], Nearness | None]
"""Say how nearly a row misses; none where it is able, or fails more than one clause."""


def nearest(
    shelf: Shelf, command: SubmitRequest, eligible: Eligible, placing: Placing, test: Test
) -> list[Near]:
    """Give the rows nearest to being able, the nearest first: as many as are wanted."""
    wanted = command.wish.near_misses
    bounds: list[npt.NDArray[np.int64]] = []
    rows: list[tuple[Bucket, Places]] = []
    for number, (bucket, places) in enumerate(_selected(shelf, command, eligible)):
        left, bound = _bounded(command, eligible, placing, bucket, places)
        block = bucket.block
        standing = (block[columns.FROM].take(left), block[columns.SINCE].take(left))
        which = np.full(len(left), number, np.int64)
        bounds.append(np.stack((bound, *standing, which, np.arange(len(left)))))
        rows.append((bucket, left))
    if not bounds:
        return []
    return _settled(np.concatenate(bounds, axis=1), rows, wanted, test)


def _settled(
    bounds: npt.NDArray[np.int64], rows: list[tuple[Bucket, Places]], wanted: int, test: Test
) -> list[Near]:
    best: list[Near] = []
    for bound, from_ms, since, which, at in _by_bound(bounds):
        least = (int(bound >= _UNMEASURED), 0 if bound >= _UNMEASURED else bound, from_ms, since)
        if len(best) == wanted and least > best[-1].nearness[:4]:
            break
        bucket, places = rows[which]
        place = int(places[at])
        nearness = test(bucket, place)
        if nearness is not None:
            insort(best, Near(nearness, bucket, place), key=lambda near: near.nearness)
            del best[wanted:]
    return best


def _by_bound(bounds: npt.NDArray[np.int64]) -> Iterator[tuple[int, int, int, int, int]]:
    """Give rows from the least bound on; sorted in portions, as few are ever looked at."""
    portion = 256
    left = bounds
    while left.shape[1]:
        size = min(portion, left.shape[1])
        limit = np.partition(left[0], size - 1)[size - 1]
        near = left[0] <= limit
        now = left[:, near]
        for at in np.lexsort((now[2], now[1], now[0])).tolist():
            bound, from_ms, since, which, place = now[:, at].tolist()
            yield bound, from_ms, since, which, place
        left = left[:, ~near]
        portion *= 8


def _selected(
    shelf: Shelf, command: SubmitRequest, eligible: Eligible
) -> Iterator[tuple[Bucket, Places]]:
    """Give what is visible of each deck's most specific scope, bucket by bucket."""
    decided = np.zeros(len(shelf.layout.decks.names), np.bool_)
    for equals in shelf.layout.family.lookups(command.service):
        found = []
        for key in equals:
            bucket = shelf.buckets.get(key)
            if bucket is None:
                continue
            visible = eligible.seen(bucket)
            places = np.arange(len(bucket.keys)) if visible is None else visible
            decks = bucket.block[columns.DECK].take(places)
            found.append(decks)
            places = eligible.asked(bucket, places[~decided.take(decks)])
            if len(places):
                yield bucket, places
        for decks in found:
            decided[decks] = True


def _bounded(
    command: SubmitRequest, eligible: Eligible, placing: Placing, bucket: Bucket, places: Places
) -> tuple[Places, Ints]:
    """Give the places that fail just one clause by their columns, and bounds of their nearness."""
    fails = np.zeros(len(places), np.int64)
    bounds = np.zeros(len(places), np.int64)
    short: Mask = np.zeros(len(places), np.bool_)
    for sieve in eligible.sieves(bucket):
        column = bucket.block[sieve.column].take(places)
        failed = ~sieve.mask(column)
        fails += failed
        if sieve.column == columns.MOST:
            short = failed
            if eligible.hazy:
                continue
        bounds[failed] = _shortfalls(sieve, column[failed])
    rated = eligible.rated(bucket, places)
    if rated is not None:
        fails += ~rated
        bounds[~rated] = _UNMEASURED
    if bucket.traits & POOLED:
        units, channels, taken = eligible.room(bucket, places)
        # Short of its own capacity and of its pool's, an offer fails one clause: capacity.
        lacks = (units < taken) & ~short
        fails += lacks
        bounds[lacks] = _parts(taken[lacks] - units[lacks], taken[lacks])
        wanted = command.service.channels
        fails += channels < wanted
        narrow = channels < wanted
        bounds[narrow] = _parts(wanted - channels[narrow], wanted)
        bounds[short & (units < taken)] = 0
    near = fails == 1
    if command.wish.max_cost_nano is not None:
        whole = fails == 0
        dear = whole.copy()
        dear[whole] = ~np.isin(places[whole], placing.affordable(bucket, places[whole]))
        bounds[dear] = _too_dear(command.wish.max_cost_nano, placing, bucket, places[dear])
        near |= dear
    return places[near], bounds[near]


def _shortfalls(sieve: Sieve, values: Ints) -> Ints:
    if sieve.test not in {FLOOR, CEILING}:
        return np.full(len(values), _UNMEASURED, np.int64)
    given = np.abs(values) < columns.FAR
    short = np.where(given, np.abs(values - sieve.value), 0)
    return np.where(given, _parts(short, sieve.value), _UNMEASURED)


def _parts(short: Ints, asked: Ints | int) -> Ints:
    """Give a shortfall in millionths of what was asked; a lower one where it is vast."""
    parts: Ints = np.minimum(short, _VAST) * _PARTS // np.maximum(asked, 1)
    return parts


def _too_dear(most_nano: int, placing: Placing, bucket: Bucket, places: Places) -> Ints:
    over = (placing.bounds(bucket, places) - most_nano) * (_PARTS / max(most_nano, 1))
    bounds: Ints = np.clip(over * _LESS - 1, 0, _VAST).astype(np.int64)
    return bounds
