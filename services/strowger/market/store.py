"""The core's memory: rows by key, a journal that takes changes back, watchers that follow them.

Every index is a watcher, so that a change, its rollback and a restore all keep it right by one way.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from strowger.market.entities import Entity, Key


class Change(NamedTuple):
    """One row that changed: what it was and what it is; none where there was, or is, no row."""

    key: Key
    old: Entity | None
    new: Entity | None


class Watcher(Protocol):
    """Something derived from the rows."""

    def watch(self, key: Key, old: Entity | None, new: Entity | None) -> None:
        """Follow one change of a row."""


class Store:
    """Rows of one market."""

    def __init__(self, *watchers: Watcher) -> None:
        self._rows: dict[Key, Entity] = {}
        self._watchers = watchers
        self._journal: list[Change] = []

    def get(self, key: Key) -> Entity | None:
        """Give the row under the key, or none."""
        return self._rows.get(key)

    def put(self, key: Key, entity: Entity) -> None:
        """Write the row under the key."""
        self._journal.append(Change(key, self._rows.get(key), entity))
        self._set(key, entity)

    def delete(self, key: Key) -> None:
        """Take the row under the key out; it must be there."""
        self._journal.append(Change(key, self._rows[key], None))
        self._set(key, None)

    def load(self, key: Key, entity: Entity) -> None:
        """Put a restored row in place: no change to be written again."""
        self._set(key, entity)

    def savepoint(self) -> int:
        """Mark a place to roll back to."""
        return len(self._journal)

    def rollback(self, savepoint: int) -> None:
        """Take back every change since the savepoint, last first."""
        while len(self._journal) > savepoint:
            change = self._journal.pop()
            self._set(change.key, change.old)

    def drain(self) -> list[Change]:
        """Give the changes since the last drain, one a row, in the order of first touch."""
        first: dict[Key, Entity | None] = {}
        for change in self._journal:
            first.setdefault(change.key, change.old)
        self._journal.clear()
        changes = (Change(key, old, self._rows.get(key)) for key, old in first.items())
        return [change for change in changes if change.old is not change.new]

    def rows(self) -> Iterator[tuple[Key, Entity]]:
        """Give every row, in no promised order."""
        return iter(self._rows.items())

    def _set(self, key: Key, new: Entity | None) -> None:
        old = self._rows.get(key)
        if new is None:
            self._rows.pop(key, None)
        else:
            self._rows[key] = new
        for watcher in self._watchers:
            watcher.watch(key, old, new)
