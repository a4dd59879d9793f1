"""Notices: what the exchange tells a participant unasked."""

import asyncio
from collections import deque
from typing import Final, Self

from strowger.client.errors import NoticesLost
from strowger.contract.outbound import SessionEnded
from strowger.contract.sales import OfferSold

Notice = SessionEnded | OfferSold

CAPACITY: Final = 10_000
"""How many unread notices an iterator holds."""


class Notices:
    """The notices that came since it was made, in the inbox's order; ends when its client closes.

    Each has its own reading place. One that falls behind by more than `capacity` raises
    `NoticesLost` with the count that is gone, once, and then goes on: nothing is dropped silently,
    and a slow reader never holds up the answers in the same inbox.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._unread: deque[Notice] = deque()
        self._capacity = capacity
        self._lost = 0
        self._end: Exception | None = None
        self._changed = asyncio.Event()

    def put(self, notice: Notice) -> None:
        """Add one; the oldest gives way when it is full, and is counted."""
        if len(self._unread) == self._capacity:
            self._unread.popleft()
            self._lost += 1
        self._unread.append(notice)
        self._changed.set()

    def end(self, reason: Exception | None = None) -> None:
        """End after what is unread: by raising `reason`, or quietly without one."""
        self._end = reason or StopAsyncIteration()
        self._changed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Notice:
        while True:
            if self._lost:
                lost, self._lost = self._lost, 0
                raise NoticesLost(lost)
            if self._unread:
                return self._unread.popleft()
            if self._end is not None:
                raise self._end
            self._changed.clear()
            await self._changed.wait()
