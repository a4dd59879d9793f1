"""What time brings: sessions that fall due, and rows that may be forgotten."""

import heapq
from typing import ClassVar

from strowger.market.entities import (
    Entity,
    Key,
    Offer,
    Remembered,
    Request,
    Session,
)
from strowger.market.store import Watcher


class Deadlines(Watcher):
    """Open sessions by deadline, the earliest first, equal ones by key.

    Entries are left behind when a session ends and recognised as spent when they surface, so that a
    rollback only has to add.
    """

    kinds: ClassVar = (Session,)

    def __init__(self) -> None:
        self._heap: list[tuple[int, Key]] = []

    def watch(self, key: Key, old: Entity | None, new: Entity | None) -> None:
        """Follow one change of a row."""
        del old
        if isinstance(new, Session) and new.ended_at_ms is None:
            heapq.heappush(self._heap, (new.deadline_ms, key))

    def due(self, clock_ms: int) -> Key | None:
        """Give the first session whose deadline has come, which may have ended since; or none."""
        if self._heap and self._heap[0][0] <= clock_ms:
            return self._heap[0][1]
        return None

    def done(self) -> None:
        """Drop the first session: it has been seen to."""
        heapq.heappop(self._heap)


class Forgetting(Watcher):
    """Rows by the time that they may be forgotten, the earliest first, equal ones by key.

    Entries of rows that changed since are left behind, as with deadlines.
    """

    kinds: ClassVar = (Offer, Session, Request, Remembered)

    def __init__(self) -> None:
        self._heap: list[tuple[int, Key]] = []

    def watch(self, key: Key, old: Entity | None, new: Entity | None) -> None:
        """Follow one change of a row."""
        del old
        forget_at_ms = forget_at(new)
        if forget_at_ms is not None:
            heapq.heappush(self._heap, (forget_at_ms, key))

    def due(self, clock_ms: int) -> tuple[int, Key] | None:
        """Give the first row whose time has come, and that time; the row may have changed since."""
        if self._heap and self._heap[0][0] <= clock_ms:
            return self._heap[0]
        return None

    def done(self) -> None:
        """Drop the first row: it has been seen to."""
        heapq.heappop(self._heap)


def forget_at(entity: Entity | None) -> int | None:
    """Say when a row may be forgotten: none while it must be kept."""
    if isinstance(entity, Offer | Session | Request | Remembered):
        return entity.forget_at_ms
    return None
