"""The first of a request's ranking: as many rows as a page shows, and one more."""

from bisect import insort
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple

import numpy as np

from strowger.market import columns
from strowger.market.buckets import Bucket, Some
from strowger.market.columns import Places
from strowger.market.meters import Ints
from strowger.market.ranking import Order

_TIED: Final = 64
"""So many with a cost that may be on the page are worth sorting by how long they stand first."""


class Row(NamedTuple):
    """A row of the index and its offer's place in the ranking."""

    order: Order
    bucket: Bucket
    place: int


class Ranked(NamedTuple):
    """How many are able; the rows of the page, in order; whether more follow."""

    able: int
    page: list[Row]
    more: bool


_order = attrgetter("order")


class Best:
    """The first rows found so far behind a page's start: as many as are shown, and one more."""

    def __init__(self, size: int | None, last: Order | None) -> None:
        self._size = size
        self._last = last
        self._rows: list[Row] = []

    def closed_to(self, bound: tuple[float, ...]) -> bool:
        """Say whether nothing of at least this bound can still be among the first."""
        if self._size is None or len(self._rows) <= self._size:
            return False
        last: tuple[Any, ...] = self._rows[-1].order[: len(bound)]
        return bool(bound > last)

    def take(self, row: Row) -> None:
        """Take a row in, if it is among the first."""
        if self._last is not None and not row.order > self._last:
            return
        insort(self._rows, row, key=_order)
        if self._size is not None:
            del self._rows[self._size + 1 :]

    def take_cheapest(self, some: Sequence[Some], costs_nano: Ints) -> None:
        """Take in what is among the first by its exact cost, of rows that are ranked by it.

        `costs_nano` are those of all the rows, in their order.
        """
        most = None if self._size is None else self._size + 1
        chosen = None
        if self._last is not None:
            chosen, same = _behind(some, costs_nano, self._last)
            costs_nano = costs_nano.take(chosen)
            most = None if most is None else most + same
        if most is not None and len(costs_nano) > most:
            limit = np.partition(costs_nano, most - 1)[most - 1]
            near = (costs_nano <= limit).nonzero()[0]
            costs_nano = costs_nano.take(near)
            chosen = near if chosen is None else chosen.take(near)
            if len(near) > most + _TIED:
                near = _first_of_tied(some, chosen, costs_nano, most)
                costs_nano, chosen = costs_nano.take(near), chosen.take(near)
        at = range(len(costs_nano)) if chosen is None else chosen.tolist()
        rows = _rows(some, at, costs_nano.tolist())
        if self._last is not None:
            last = self._last
            rows = [row for row in rows if row.order > last]
        self._rows += rows
        self._rows.sort(key=_order)
        if self._size is not None:
            del self._rows[self._size + 1 :]

    def ranked(self, able: int) -> Ranked:
        """Give the page."""
        page = self._rows[: self._size]
        return Ranked(able, page, len(page) < len(self._rows))


def _rows(some: Sequence[Some], at: Sequence[int], costs_nano: Sequence[int]) -> list[Row]:
    """Make rows of those at some positions, in order, among all of some buckets' places."""
    rows = []
    buckets = iter(some)
    bucket, places = next(buckets)
    begin, end = 0, len(places)
    for position, cost_nano in zip(at, costs_nano, strict=True):
        while position >= end:
            bucket, places = next(buckets)
            begin, end = end, end + len(places)
        place = places.item(position - begin)
        block, key = bucket.block, bucket.keys[place]
        standing = (block.item(columns.FROM, place), block.item(columns.SINCE, place))
        rows.append(Row((cost_nano, *standing, key[2], key[3]), bucket, place))
    return rows


def _behind(some: Sequence[Some], costs_nano: Ints, last: Order) -> tuple[Places, int]:
    """Give the positions of what may be behind a place, and of how many only names tell that."""
    cost_nano, last_from_ms, last_since = map(int, last[:3])
    chosen = (costs_nano >= cost_nano).nonzero()[0]
    from_ms, since = _standing(some, chosen)
    tied = costs_nano.take(chosen) == cost_nano
    longer = (from_ms < last_from_ms) | ((from_ms == last_from_ms) & (since < last_since))
    same = tied & (from_ms == last_from_ms) & (since == last_since)
    return chosen[~(tied & longer)], int(np.count_nonzero(same))


def _first_of_tied(some: Sequence[Some], chosen: Places, costs_nano: Ints, most: int) -> Places:
    """Give, in order, the positions of those that may be among the first `most` of `chosen`.

    Of equal costs the one that stands longer is first; where that is equal too, names decide, and
    all that are equal are given.
    """
    from_ms, since = _standing(some, chosen)
    order = np.lexsort((since, from_ms, costs_nano))
    last = order[most - 1]
    first = (costs_nano == costs_nano[last]) & (from_ms == from_ms[last]) & (since == since[last])
    first[order[:most]] = True
    positions: Places = first.nonzero()[0]
    return positions


def _standing(some: Sequence[Some], chosen: Places) -> tuple[Ints, Ints]:
    """Give from when the rows at some positions are in force, and since when they are stored."""
    from_ms, since = (
        np.concatenate([bucket.block[column].take(places) for bucket, places in some]).take(chosen)
        for column in (columns.FROM, columns.SINCE)
    )
    return from_ms, since
