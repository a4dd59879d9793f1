"""The more specific scopes of a request: of a deck that has one, a less specific does not count."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from strowger.market.buckets import Bucket
from strowger.market.columns import DECK, Places
from strowger.market.meters import Ints
from strowger.market.scopes import Shelf

_LOOK: Final = 200
"""Marking so many decks takes as long as looking one up among its scopes."""


class Finer:
    """Scopes that were looked at, and what of them was seen.

    Which decks have a row there is told by a mark on each of those decks, or, where few rows ask
    and many would have to be marked, by the scopes of each deck that asks.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._scopes: list[str] = []
        """Of which all rows were seen."""
        self._unmarked: list[tuple[Bucket, Places | None]] = []
        self._rows = 0
        """How many of them are not marked yet."""
        self._hidden = False
        """Whether some rows were not seen."""
        self._stamp = 0

    def see(self, scope: str, bucket: Bucket, visible: Places | None) -> None:
        """Add a scope, and what of it was seen; none: all."""
        self._unmarked.append((bucket, visible))
        self._rows += len(bucket.keys) if visible is None else len(visible)
        self._scopes.append(scope)
        self._hidden |= visible is not None

    def leading(self, bucket: Bucket, places: Places) -> Places:
        """Leave out the rows of decks that have a row in a more specific scope."""
        if not self._scopes or not len(places):
            return places
        decks = bucket.block[DECK].take(places)
        if not self._hidden and len(places) * _LOOK < self._rows:
            scopes_of, scopes = self._shelf.decks, self._scopes
            alone = [_has_none(scopes_of[deck], scopes) for deck in decks.tolist()]
            leading: Places = places[np.array(alone)]
            return leading
        stamps = self._marked()
        led: Places = places[stamps.take(decks) != self._stamp]
        return led

    def _marked(self) -> Ints:
        """Give, by deck, the last search that found a row of it: this one is `_stamp`."""
        shelf = self._shelf
        if not self._stamp:
            self._stamp = shelf.next_search()
        for bucket, visible in self._unmarked:
            decks = bucket.block[DECK]
            seen = decks[: len(bucket.keys)] if visible is None else decks.take(visible)
            shelf.stamps[seen] = self._stamp
        self._unmarked.clear()
        self._rows = 0
        return shelf.stamps


def _has_none(scopes_of: Mapping[str, int], scopes: Sequence[str]) -> bool:
    return all([scope not in scopes_of for scope in scopes])  # noqa: C419 - quicker
