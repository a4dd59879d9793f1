"""Where offers apply: revisions by scope, then by provider and deck, for as long as they stand."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar, Final, NamedTuple

import numpy as np

from strowger.contract.normal import Terms
from strowger.market.buckets import Bucket
from strowger.market.columns import DECK, FROM, Layout
from strowger.market.entities import Entity, Key, Offer, Revised
from strowger.market.families import Family
from strowger.market.registry import FAMILIES
from strowger.market.store import Row, Watcher

_NARROW: Final = 16
"""So many rows of a scope are put in one by one; most scopes have fewer, and no more comes."""

_AT_ONCE: Final = 2_000
"""So many buckets and rows of them are filled in one go: some milliseconds."""

Deck = tuple[str, str]
"""A provider and one of its decks: within it the most specific scope wins."""


class Item(NamedTuple):
    """One revision of an offer that has terms: in force from `revised.from_ms` until `until_ms`."""

    key: Key
    revised: Revised
    until_ms: int | None

    @property
    def provider(self) -> str:
        """Give whose offer it is."""
        return self.key[2]

    @property
    def offer_id(self) -> str:
        """Give which offer it is."""
        return self.key[3]

    @property
    def standing(self) -> tuple[int, int, str, str]:
        """Give what ties are broken by: how long it stands, then its names; no two are equal."""
        return self.revised.from_ms, self.revised.since, self.provider, self.offer_id


class Viewer(NamedTuple):
    """For whom, and when, offers are looked up."""

    buyer: str
    clock_ms: int
    excluded: frozenset[str] = frozenset()

    def sees(self, item: Item) -> bool:
        """Say whether a revision is in force and meant for this buyer, and its provider wanted."""
        revised = item.revised
        return (
            revised.from_ms <= self.clock_ms
            and (item.until_ms is None or self.clock_ms < item.until_ms)
            and (revised.audience is None or self.buyer in revised.audience)
            and item.provider not in self.excluded
        )


class Shelf:
    """All revisions of a family's offers: its buckets by scope, and of each deck its scopes."""

    def __init__(self, family: Family) -> None:
        self.layout = Layout(family)
        self.buckets: dict[str, Bucket] = {}
        self.decks: dict[int, dict[str, int]] = {}
        """By deck, how many rows it has in each of its scopes."""
        self.loaded: defaultdict[str, bytearray] = defaultdict(bytearray)
        """By scope, the rows that are to be put into its bucket at once."""
        self.stamps = np.zeros(0, np.int64)
        """By deck, the last search that found a more specific scope of it: see `finer`."""
        self._searches = 0

    def count(self, deck: int, scope: str) -> None:
        """Count a row of a deck in."""
        scopes = self.decks.get(deck)
        if scopes is None:
            scopes = self.decks[deck] = {}
        scopes[scope] = scopes.get(scope, 0) + 1

    def next_search(self) -> int:
        """Count a search that marks decks; there is a stamp for each of them then."""
        self._searches += 1
        missing = len(self.layout.decks.names) - len(self.stamps)
        if missing > 0:
            more = np.zeros(missing + len(self.stamps) // 8, np.int64)
            self.stamps = np.concatenate([self.stamps, more])
        return self._searches


class Scopes(Watcher):
    """Every revision that is or will be in force, by where it applies.

    `row` gives the row of an offer: what is not in the index is read there.
    """

    kinds: ClassVar = (Offer,)

    def __init__(self, row: Callable[[Key], Entity | None]) -> None:
        self._row = row
        self.shelves: dict[str, Shelf] = {}

    def watch(self, key: Key, old: Entity | None, new: Entity | None) -> None:
        """Follow one change of a row."""
        before, after = _spans(old), _spans(new)
        if len(before) == len(after) == 1 and isinstance(new, Offer):
            (was, _), (revised, until_ms) = *before, *after
            if _stays(was, revised):
                self._replace(key, was, new, revised, until_ms)
                return
        self._rearrange(key, new, _by_start(before), _by_start(after))

    def _rearrange(
        self, key: Key, new: Entity | None, before: "_Revisions", after: "_Revisions"
    ) -> None:
        for from_ms, (revised, _) in before.items():
            follower = after.get(from_ms)
            if follower is None or not _stays(revised, follower[0]):
                self._remove(key, revised)
        for from_ms, (revised, until_ms) in after.items():
            leader = before.get(from_ms)
            if not isinstance(new, Offer):
                raise TypeError("no revisions without an offer")
            if leader is None or not _stays(leader[0], revised):
                self._add(key, new, revised, until_ms)
            else:
                self._replace(key, leader[0], new, revised, until_ms)

    def load(self, rows: Sequence[Row]) -> None:
        """Follow rows that were not there before; `settle` is to come."""
        for key, offer in rows:
            if not isinstance(offer, Offer):
                raise TypeError("no revisions without an offer")
            for revised, until_ms in _spans(offer):
                shelf, bucket = self._home(revised)
                row = shelf.layout.row(offer, revised, _terms(revised), until_ms)
                if len(bucket.keys) >= _NARROW:
                    bucket.load(key, row)
                    shelf.loaded[bucket.scope].extend(shelf.layout.packed(*row))
                else:
                    bucket.add(key, row)
                shelf.count(row[DECK], bucket.scope)

    def settle(self) -> Iterator[None]:
        """Put what was loaded into its buckets, each of them in one go."""
        settled = 0
        for shelf in self.shelves.values():
            while shelf.loaded:
                scope, rows = shelf.loaded.popitem()
                bucket = shelf.buckets[scope]
                bucket.settle(rows)
                settled += 1 + len(bucket.keys)
                if settled >= _AT_ONCE:
                    settled = 0
                    yield

    def select(
        self, family: str, lookups: Sequence[Sequence[str]], viewer: Viewer
    ) -> Iterator[Item]:
        """Give what applies: of each deck, the offers of the most specific scope that it has."""
        decided: set[Deck] = set()
        shelf = self.shelves.get(family)
        for equals in lookups if shelf else ():
            found: set[Deck] = set()
            for key in equals:
                for item in self._items(shelf.buckets.get(key)) if shelf else ():
                    deck = (item.provider, _terms(item.revised).deck)
                    if deck not in decided and viewer.sees(item):
                        found.add(deck)
                        yield item
            decided |= found

    def scopes_of(self, family: str, deck: Deck) -> Iterator[str]:
        """Give every scope that a deck has offers for, in no promised order."""
        shelf = self.shelves.get(family)
        if shelf is None:
            return iter(())
        return iter(shelf.decks.get(shelf.layout.decks.known(deck), {}))

    def at(self, family: str, key: str, deck: Deck) -> tuple[Item, ...]:
        """Give a deck's revisions for one scope."""
        shelf = self.shelves.get(family)
        bucket = shelf.buckets.get(key) if shelf else None
        if shelf is None or bucket is None:
            return ()
        decks = bucket.block[DECK, : len(bucket.keys)]
        places = (decks == shelf.layout.decks.known(deck)).nonzero()[0]
        return tuple(self.item(bucket, place) for place in places.tolist())

    def item(self, bucket: Bucket, place: int) -> Item:
        """Give the revision of a row."""
        key = bucket.keys[place]
        revised, until_ms = _by_start(_spans(self._row(key)))[int(bucket.block[FROM, place])]
        return Item(key, revised, until_ms)

    def _items(self, bucket: Bucket | None) -> Iterator[Item]:
        places = range(len(bucket.keys)) if bucket else ()
        return (self.item(bucket, place) for place in places if bucket)

    def _add(self, key: Key, offer: Offer, revised: Revised, until_ms: int | None) -> None:
        shelf, bucket = self._home(revised)
        row = shelf.layout.row(offer, revised, _terms(revised), until_ms)
        bucket.add(key, row)
        shelf.count(row[DECK], bucket.scope)

    def _home(self, revised: Revised) -> tuple[Shelf, Bucket]:
        """Give the bucket that a revision belongs in, a new one for a new scope."""
        terms = _terms(revised)
        shelf = self.shelves.get(terms.family)
        if shelf is None:
            shelf = self.shelves[terms.family] = Shelf(FAMILIES[terms.family])
        scope = shelf.layout.family.key(terms.scope)
        bucket = shelf.buckets.get(scope)
        if bucket is None:
            bucket = shelf.buckets[scope] = Bucket(shelf.layout, scope)
        return shelf, bucket

    def _replace(
        self, key: Key, old: Revised, offer: Offer, revised: Revised, until_ms: int | None
    ) -> None:
        terms = _terms(revised)
        shelf = self.shelves[terms.family]
        row = shelf.layout.row(offer, revised, terms, until_ms)
        bucket = shelf.buckets[shelf.layout.family.key(terms.scope)]
        bucket.replace(key, old.since, old.from_ms, row)

    def _remove(self, key: Key, revised: Revised) -> None:
        terms = _terms(revised)
        shelf = self.shelves[terms.family]
        scope = shelf.layout.family.key(terms.scope)
        bucket = shelf.buckets[scope]
        bucket.remove(key, revised.since, revised.from_ms)
        if not bucket.keys:
            del shelf.buckets[scope]
        deck = shelf.layout.decks.known((key[2], terms.deck))
        scopes = shelf.decks[deck]
        scopes[scope] -= 1
        if not scopes[scope]:
            del scopes[scope]
        if not scopes:
            del shelf.decks[deck]


_Span = tuple[Revised, int | None]
"""A revision that has terms, and when the next one ends it."""

_Revisions = dict[int, _Span]
"""Revisions by their start."""


def _spans(entity: Entity | None) -> Sequence[_Span]:
    if not isinstance(entity, Offer):
        return ()
    revisions = entity.revisions
    if len(revisions) == 1:
        (revised,) = revisions
        return () if revised.terms is None else ((revised, None),)
    untils = (*(later.from_ms for later in revisions[1:]), None)
    spans = zip(revisions, untils[: len(revisions)], strict=True)
    return [(revised, until_ms) for revised, until_ms in spans if revised.terms is not None]


def _by_start(spans: Sequence[_Span]) -> _Revisions:
    return {span[0].from_ms: span for span in spans}


def _terms(revised: Revised) -> Terms:
    if revised.terms is None:
        raise TypeError("a closure applies nowhere")
    return revised.terms


def _stays(was: Revised, revised: Revised) -> bool:
    """Say whether two revisions of an offer belong in one bucket, under one deck."""
    old, new = _terms(was), _terms(revised)
    return old.scope == new.scope and old.deck == new.deck and old.family == new.family
