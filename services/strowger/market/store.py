"""The core's memory: rows by key, a journal that takes changes back, watchers that follow them.

Every index is a watcher, so that a change, its rollback and a restore all keep it right by one way.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, NamedTuple, get_args

from strowger.market.entities import Entity, Key, Offer
from strowger.market.packing import pack, unpack

Row = tuple[Key, Entity]


class Change(NamedTuple):
    """One row that changed: what it was and what it is; none where there was, or is, no row."""

    key: Key
    old: Entity | None
    new: Entity | None


class Watcher(ABC):
    """Something derived from the rows of some kinds; a row is of one kind all its life."""

    kinds: ClassVar[tuple[type[Entity], ...]]

    @abstractmethod
    def watch(self, key: Key, old: Entity | None, new: Entity | None) -> None:
        """Follow one change of a row."""

    def load(self, rows: Sequence[Row]) -> None:
        """Follow rows of one kind that were not there before; `settle` is to come."""
        for key, entity in rows:
            self.watch(key, None, entity)

    def settle(self) -> Iterator[None]:
        """Put in order what was loaded, some milliseconds between two steps."""
        return iter(())


class _Entry(NamedTuple):
    """One change as the journal keeps it: what was there, read from what was kept."""

    key: Key
    old: Entity | None


_Kept = Entity | bytes


class Store:
    """Rows of one market.

    Offers are kept packed, a third of the size of objects, and are unpacked when they are read:
    most of a large book is not looked at between two changes of it.
    """

    def __init__(self, *watchers: Watcher) -> None:
        self._rows: dict[Key, _Kept] = {}
        self._watchers = watchers
        self._watching = {
            kind: tuple(watcher for watcher in watchers if kind in watcher.kinds)
            for kind in get_args(Entity)
        }
        self._journal: list[_Entry] = []
        self._names: dict[Key, Key] = {}
        self._last: tuple[Key, bytes, Offer] | None = None
        """The offer that was unpacked last: one command reads the same several times."""

    def get(self, key: Key) -> Entity | None:
        """Give the row under the key, or none."""
        kept = self._rows.get(key)
        if not isinstance(kept, bytes):
            return kept
        last = self._last
        if last is None or last[1] is not kept or last[0] != key:
            last = self._last = (key, kept, unpack(key, kept))
        return last[2]

    def put(self, key: Key, entity: Entity) -> None:
        """Write the row under the key."""
        old = self.get(key)
        self._journal.append(_Entry(key, old))
        self._set(key, old, entity)

    def delete(self, key: Key) -> None:
        """Take the row under the key out; it must be there."""
        if key not in self._rows:
            raise KeyError(key)
        old = self.get(key)
        self._journal.append(_Entry(key, old))
        self._set(key, old, None)

    def load(self, rows: Iterable[Row]) -> None:
        """Put restored rows in place, all of them new: no changes to be written again.

        Nothing may be read before `settle` was exhausted.
        """
        of_kind: defaultdict[type[Entity], list[Row]] = defaultdict(list)
        kept, shared = self._rows, self._shared
        before = len(kept)
        for given, entity in rows:
            key = shared(given)
            kept[key] = pack(entity) if isinstance(entity, Offer) else entity
            of_kind[type(entity)].append((key, entity))
        if len(kept) - before != sum(map(len, of_kind.values())):
            raise ValueError("a row was restored twice")
        for kind, found in of_kind.items():
            for watcher in self._watching[kind]:
                watcher.load(found)

    def settle(self) -> Iterator[None]:
        """Put in order what was loaded, some milliseconds between two steps."""
        for watcher in self._watchers:
            yield from watcher.settle()

    def follow(self, key: Key, entity: Entity | None) -> Entity | None:
        """Take over how a row was written elsewhere, or that it was deleted; give what it was."""
        old = self.get(key)
        if old is not None or entity is not None:
            self._set(key, old, entity)
        return old

    def savepoint(self) -> int:
        """Mark a place to roll back to."""
        return len(self._journal)

    def rollback(self, savepoint: int) -> None:
        """Take back every change since the savepoint, last first."""
        while len(self._journal) > savepoint:
            entry = self._journal.pop()
            self._set(entry.key, self.get(entry.key), entry.old)

    def drain(self) -> list[Change]:
        """Give the changes since the last drain, one a row, in the order of first touch.

        All are told as they are kept: an encoder leaves out the very default that a field was made
        with, and writes an equal one, so a row has one encoding only once it was packed.
        """
        first: dict[Key, Entity | None] = {}
        for entry in self._journal:
            first.setdefault(entry.key, entry.old)
        self._journal.clear()
        changes = (Change(key, old, self.get(key)) for key, old in first.items())
        return [change for change in changes if change.old != change.new]

    def rows(self) -> Iterator[tuple[Key, Entity]]:
        """Give every row, in no promised order."""
        for key, kept in self._rows.items():
            yield key, unpack(key, kept) if isinstance(kept, bytes) else kept

    def _set(self, key: Key, old: Entity | None, new: Entity | None) -> None:
        if new is None:
            self._rows.pop(key, None)
        else:
            if old is None:
                key = self._shared(key)
            self._rows[key] = pack(new) if isinstance(new, Offer) else new
        for watcher in self._watching[type(old if new is None else new)]:
            watcher.watch(key, old, new)

    def _shared(self, key: Key) -> Key:
        """Give a key whose names, but for the last, are those of other keys: there are few."""
        names = key[:-1]
        return (*self._names.setdefault(names, names), key[-1])
