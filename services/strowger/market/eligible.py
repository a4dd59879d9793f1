"""Who may see a stored row and whether it passes a request, by columns: one row or many at once."""

from collections.abc import Sequence

import numpy as np

from strowger.contract.commands import SubmitRequest
from strowger.market import columns
from strowger.market.book import Book
from strowger.market.buckets import (
    AUDIENCED,
    ENDING,
    FOREIGN,
    LIMITED,
    POOLED,
    SOFT,
    TERMED,
    Bucket,
)
from strowger.market.capacity import pool_left
from strowger.market.columns import FAR, NONE, Places
from strowger.market.meters import Ints
from strowger.market.scopes import Shelf
from strowger.market.sieves import CEILING, COVER, FLOOR, Mask, Sieve, passes, sieve
from strowger.market.sifting import sift

Lists = Sequence[Sequence[int]]
"""Columns of some rows, as lists."""


class Eligible:
    """One request's say on rows: visible to the buyer now, and passing all but the cost ceiling."""

    def __init__(self, book: Book, shelf: Shelf, command: SubmitRequest) -> None:
        self._book = book
        self._layout = layout = shelf.layout
        self._family = layout.family
        self._need = need = command.service
        self._wish = wish = command.wish
        self._buyer = command.participant
        state = book.state
        self._clock_ms = book.view_ms(command.participant, command.session_id)
        self._excluded = book.unwanted(command)
        self._rates = [state.rate_nano(str(name)) for name in layout.currencies.names]
        undetermined = wish.undetermined_passes
        self._clauses = [sieve(layout, asked, undetermined=undetermined) for asked in need.clauses]
        self._particular = bool(self._excluded) or None in self._rates
        """Whether some providers are not wanted, or some currencies not known."""
        self._hearing: dict[int, bool] = {NONE: True}
        self._pools: dict[int, tuple[int, int]] = {}

    @property
    def hazy(self) -> bool:
        """Say whether the column of what an offer can take tells no single limit."""
        return self._family.takes_metered()

    def seen_of_few(self, bucket: Bucket, lists: Lists) -> Sequence[int]:
        """Give the places of what is in force and meant for the buyer."""
        left: Sequence[int] = range(len(bucket.keys))
        for each in self._visible(bucket):
            left = each.left(lists[each.column], left)
        if bucket.traits & AUDIENCED:
            heard = lists[columns.AUDIENCE]
            left = [at for at in left if self._hears(heard[at])]
        return left

    def passing_of_few(self, bucket: Bucket, lists: Lists, left: Sequence[int]) -> Sequence[int]:
        """Give those of some places that pass."""
        sieves = self.sieves(bucket)
        passing = [at for at in left if passes(lists, at, sieves)]
        if passing and (self._particular or bucket.traits & POOLED):
            passing = [at for at in passing if self._can(bucket, lists, at)]
        return passing

    def seen(self, bucket: Bucket) -> Places | None:
        """Give the places of what is in force and meant for the buyer; none: all are."""
        visible = self._visible(bucket)
        if not visible and not bucket.traits & AUDIENCED:
            return None
        places = sift(bucket, visible)
        if bucket.traits & AUDIENCED:
            audiences = bucket.block[columns.AUDIENCE].take(places)
            heard = [number for number in np.unique(audiences).tolist() if self._hears(number)]
            places = places[np.isin(audiences, heard)]
        return places

    def passing(self, bucket: Bucket, visible: Places | None) -> Places:
        """Give the places of what passes, of the visible ones; none: all are."""
        places = sift(bucket, self.sieves(bucket), visible)
        places = self._wanted(bucket, places)
        return self._with_room(bucket, places) if bucket.traits & POOLED else places

    def _visible(self, bucket: Bucket) -> list[Sieve]:
        """Give what lets through what is in force."""
        if not bucket.traits & ENDING and bucket.latest_ms <= self._clock_ms:
            return []
        return [
            Sieve(columns.FROM, CEILING, self._clock_ms),
            Sieve(columns.UNTIL, FLOOR, self._clock_ms + 1),
        ]

    def sieves(self, bucket: Bucket) -> list[Sieve]:
        """Give what lets through what passes the clauses and limits that a column tells."""
        sieves = self._clauses.copy()
        if bucket.traits & LIMITED:
            sieves.append(Sieve(columns.MOST, FLOOR, self._need.quantity))
        if bucket.traits & TERMED:
            sieves.append(Sieve(columns.SHORTEST, CEILING, self._wish.max_term_months))
        if bucket.traits & SOFT and self._wish.firm_only:
            sieves.append(Sieve(columns.KIND, COVER, columns.FIRM))
        return sieves

    def _hears(self, number: int) -> bool:
        if number not in self._hearing:
            names = self._layout.audiences.names[number]
            self._hearing[number] = isinstance(names, tuple) and self._buyer in names
        return self._hearing[number]

    def _can(self, bucket: Bucket, lists: Sequence[Sequence[int]], at: int) -> bool:
        """Say whether the provider is wanted, the currency known, the pool large enough."""
        if bucket.keys[at][2] in self._excluded:
            return False
        if self._rates[lists[columns.CURRENCY][at]] is None:
            return False
        pool = lists[columns.POOL][at]
        if pool == NONE:
            return True
        units, channels = self._left(pool)
        taken = self._need.quantity
        if self._family.takes_metered():
            taken = lists[columns.METERING][at]
        return units >= taken and channels >= self._need.channels

    def asked(self, bucket: Bucket, places: Places) -> Places:
        """Leave out the providers that the buyer excludes, and those that are suspended."""
        if not self._excluded:
            return places
        decks_of = self._layout.decks_of
        decks = [deck for provider in self._excluded for deck in decks_of.get(provider, ())]
        return places[~np.isin(bucket.block[columns.DECK].take(places), decks)]

    def rated(self, bucket: Bucket, places: Places) -> Mask | None:
        """Say of which the currency has a rate; none: all have."""
        if not bucket.traits & FOREIGN and self._rates[0] is not None:
            return None
        known = np.array([rate is not None for rate in self._rates])
        rated: Mask = known.take(bucket.block[columns.CURRENCY].take(places))
        return rated

    def room(self, bucket: Bucket, places: Places) -> tuple[Ints, Ints, Ints]:
        """Give what pools have left of units and of channels, and the units that a sale takes."""
        pools = bucket.block[columns.POOL].take(places)
        named, which = np.unique(pools, return_inverse=True)
        left = [(FAR, FAR) if pool == NONE else self._left(pool) for pool in named.tolist()]
        units, channels = np.array(left, np.int64).reshape(-1, 2).T
        if self._family.takes_metered():
            taken = bucket.block[columns.METERING].take(places)
        else:
            taken = np.full(len(places), self._need.quantity, np.int64)
        return units.take(which), channels.take(which), taken

    def _wanted(self, bucket: Bucket, places: Places) -> Places:
        """Leave out the providers that the buyer excludes, and currencies without a rate."""
        places = self.asked(bucket, places)
        rated = self.rated(bucket, places)
        return places if rated is None else places[rated]

    def _with_room(self, bucket: Bucket, places: Places) -> Places:
        """Leave out what draws on a pool that has too little left."""
        units, channels, taken = self.room(bucket, places)
        return places[(units >= taken) & (channels >= self._need.channels)]

    def _left(self, pool: int) -> tuple[int, int]:
        if pool not in self._pools:
            name = self._layout.pools.names[pool]
            if not isinstance(name, tuple):
                raise TypeError(f"{name!r} is no pool")
            left = pool_left(self._book, *name)
            units, channels = (FAR if each is None else each for each in left)
            self._pools[pool] = units, channels
        return self._pools[pool]
