"""The offers of a market in the order of their names, so that the stored set is read in pages."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import ClassVar, Final

from sortedcontainers import SortedDict, SortedList

from strowger.market.entities import Entity, Key, Offer
from strowger.market.store import Row, Watcher

_AT_ONCE: Final = 4_000
"""So many keys of a provider are sorted in one go: some milliseconds."""


class Shelf(Watcher):
    """Keys of offer rows, sorted; the very tuples that the rows are kept under."""

    kinds: ClassVar = (Offer,)

    def __init__(self) -> None:
        self._keys: SortedDict = SortedDict()
        """By provider, its keys, sorted."""
        self._loaded: dict[str, list[Key]] = {}
        """By provider, keys that are to be sorted in."""

    def watch(self, key: Key, old: Entity | None, new: Entity | None) -> None:
        """Follow one change of a row."""
        provider = key[2]
        if old is None:
            self._of(provider).add(key)
        elif new is None:
            keys = self._of(provider)
            keys.remove(key)
            if not keys:
                del self._keys[provider]

    def load(self, rows: Sequence[Row]) -> None:
        """Follow rows that were not there before; `settle` is to come."""
        for key, _ in rows:
            loaded = self._loaded.setdefault(key[2], [])
            loaded.append(key)
            if len(loaded) == _AT_ONCE:
                self._of(key[2]).update(loaded)
                loaded.clear()

    def settle(self) -> Iterator[None]:
        """Sort in what was loaded, provider by provider."""
        while self._loaded:
            provider, loaded = self._loaded.popitem()
            self._of(provider).update(loaded)
            yield

    def __len__(self) -> int:
        """Count the offers."""
        return sum(map(len, self._keys.values()))

    def __iter__(self) -> Iterator[Key]:
        """Give all keys, in order."""
        return chain.from_iterable(self._keys.values())

    def after(self, key: Key) -> Iterator[Key]:
        """Give the keys behind one that need not be there, in order."""
        for provider in self._keys.irange(key[2]):
            yield from self._keys[provider].irange(key, inclusive=(False, True))

    def _of(self, provider: str) -> SortedList:
        keys = self._keys.get(provider)
        if keys is None:
            keys = self._keys[provider] = SortedList()
        return keys
