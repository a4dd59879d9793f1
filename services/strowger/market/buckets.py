"""Buckets of the index: the rows of all revisions that share one scope, column by column."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from strowger.market.coarse import WIDE, Coarse
from strowger.market.columns import (
    AUDIENCE,
    CURRENCY,
    FAR,
    FIRM,
    FROM,
    KIND,
    MOST,
    NONE,
    ONE_OFF,
    POOL,
    RECURRING,
    SHORTEST,
    SINCE,
    STEP_MONTHS,
    UNTIL,
    Block,
    Layout,
    Places,
)
from strowger.market.entities import Key

(ENDING, AUDIENCED, POOLED, LIMITED, TERMED, SOFT, CHARGED, FOREIGN, TIERED) = (
    1 << n for n in range(9)
)
"""Traits of a bucket: that some row may end, has an audience, names a pool, is limited in quantity,
is had under a term only, is not firm, has charges beside usage, is in other than the first currency
of its market, is only bounded by its columns. One that no row has need not be looked at."""

_FEW: Final = 64

_TRAITS_OF_KIND: Final = (SOFT, 0, SOFT | TIERED, TIERED)
"""By the kind of a row: neither firm nor manifold, firm, manifold, both."""


class Bucket:
    """Rows of one scope: `block[column, place]`, and the key of each row's offer.

    Rows stand in no promised order. No row starts later than `latest_ms`, and none has a trait that
    `traits` leaves out.
    """

    __slots__ = ("_layout", "block", "coarse", "keys", "latest_ms", "scope", "traits")

    def __init__(self, layout: Layout, scope: str) -> None:
        self._layout = layout
        self.scope = scope
        """What its rows are indexed under."""
        self.block: Block = layout.empty
        self.coarse: Coarse | None = None
        """The attributes of the rows in bytes; none while they are few."""
        self.keys: list[Key] = []
        self.latest_ms = 0
        self.traits = 0

    def add(self, key: Key, row: Sequence[int]) -> None:
        """Put a row in."""
        count = len(self.keys)
        if count == self.block.shape[1]:
            self._widen(count + (count >> 3) + 1)
            if self.coarse is not None:
                self.coarse.widen(self.block.shape[1])
        self.block[:, count] = row
        self.keys.append(key)
        self._follow(row)
        if count + 1 >= (WIDE if self.coarse is None else self.coarse.outgrown):
            self.coarse = Coarse(self._layout, self.block, count + 1)
        elif self.coarse is not None:
            self.coarse.put(count, row)

    def load(self, key: Key, row: Sequence[int]) -> None:
        """Announce a row that `settle` is to put in."""
        self.keys.append(key)
        self._follow(row)

    def settle(self, rows: bytearray) -> None:
        """Put the announced rows in, one behind the other as their columns are."""
        loaded = np.frombuffer(rows, np.int64).reshape(-1, self._layout.width)
        count = len(self.keys)
        first = count - len(loaded)
        self._widen(count + (count >> 4))
        self.block[:, first:count] = loaded.T
        if count >= WIDE:
            self.coarse = Coarse(self._layout, self.block, count)

    def replace(self, key: Key, since: int, from_ms: int, row: Sequence[int]) -> None:
        """Put a row in the place of another."""
        place = self._place(key, since, from_ms)
        self.block[:, place] = row
        self._follow(row)
        if self.coarse is not None:
            self.coarse.put(place, row)

    def remove(self, key: Key, since: int, from_ms: int) -> None:
        """Take a row out; the last one takes its place."""
        place = self._place(key, since, from_ms)
        last = len(self.keys) - 1
        self.block[:, place] = self.block[:, last]
        if self.coarse is not None:
            self.coarse.block[:, place] = self.coarse.block[:, last]
        self.keys[place] = self.keys[last]
        self.keys.pop()

    def _place(self, key: Key, since: int, from_ms: int) -> int:
        keys, count = self.keys, len(self.keys)
        if count <= _FEW and keys.count(key) == 1:
            return keys.index(key)
        places: list[int] = (self.block[SINCE, :count] == since).nonzero()[0].tolist()
        for place in places:
            if keys[place] == key and self.block[FROM, place] == from_ms:
                return place
        raise KeyError(key)

    def _widen(self, room: int) -> None:
        width, before = self.block.shape
        wider = np.empty((width, room), np.int64)
        if before:
            wider[:, :before] = self.block
        self.block = wider

    def _follow(self, row: Sequence[int]) -> None:
        self.latest_ms = max(self.latest_ms, row[FROM])
        traits = self.traits
        if row[UNTIL] != FAR:
            traits |= ENDING
        if row[AUDIENCE] != NONE:
            traits |= AUDIENCED
        if row[POOL] != NONE:
            traits |= POOLED
        if row[MOST] != FAR:
            traits |= LIMITED
        if row[SHORTEST] > 0:
            traits |= TERMED
        if row[ONE_OFF] > 0 or row[RECURRING] != 0 or row[STEP_MONTHS] != FAR:
            traits |= CHARGED
        if row[CURRENCY] > 0:
            traits |= FOREIGN
        if row[KIND] != FIRM:
            traits |= _TRAITS_OF_KIND[row[KIND]]
        self.traits = traits


Some = tuple[Bucket, Places]
"""Some rows of a bucket."""
