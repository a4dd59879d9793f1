"""The offers of a market in the order of their names, so that the stored set is read in pages."""

from sortedcontainers import SortedList

from strowger.market.entities import Entity, Key, Offer


class Shelf:
    """Keys of offer rows, sorted; the very tuples that the rows are kept under."""

    def __init__(self) -> None:
        self.keys: SortedList = SortedList()

    def watch(self, key: Key, old: Entity | None, new: Entity | None) -> None:
        """Follow one change of a row."""
        if old is None and isinstance(new, Offer):
            self.keys.add(key)
        elif new is None and isinstance(old, Offer):
            self.keys.remove(key)
