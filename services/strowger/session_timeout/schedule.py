"""Which open sessions are due, and when to say so again. Pure: time is always an argument."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FIRST_RETRY_MS: Final = 1_000
MAX_RETRY_MS: Final = 30_000
"""A close that showed no effect is sent again after this long at most."""


@dataclass(slots=True)
class _Waiting:
    deadline_ms: int
    due_ms: int
    retry_ms: int = FIRST_RETRY_MS


class Schedule:
    """The open sessions of one partition of `session-book`, each named by its row's key.

    While the book is reread, only sessions known before it may become due: an old row that shows a
    session open may be followed by the one that shows it ended.
    """

    def __init__(self) -> None:
        self._waiting: dict[bytes, _Waiting] = {}
        self._queue: list[tuple[int, bytes]] = []
        self._reread: dict[bytes, int | None] | None = None

    def __len__(self) -> int:
        """Say how many sessions are taken for open."""
        return len(self._waiting)

    def sessions(self) -> set[bytes]:
        """Give the sessions that are taken for open."""
        return set(self._waiting)

    def deadline_ms(self, session: bytes) -> int | None:
        """Give the deadline of a session; none if it is not taken for open."""
        waiting = self._waiting.get(session)
        return None if waiting is None else waiting.deadline_ms

    @property
    def is_rereading(self) -> bool:
        """Whether the book is being reread."""
        return self._reread is not None

    def begin_reread(self, known_deadlines_ms: Mapping[bytes, int]) -> None:
        """Start anew from the sessions known so far; the book comes next, from its start."""
        self._waiting.clear()
        self._queue.clear()
        self._reread = {}
        for session, deadline_ms in known_deadlines_ms.items():
            self._open(session, deadline_ms)

    def show(self, session: bytes, deadline_ms: int | None) -> None:
        """Take in one row of the book: a session open until its deadline, or none: not open."""
        if self._reread is not None:
            self._reread[session] = deadline_ms
        if deadline_ms is None:
            self._waiting.pop(session, None)
        elif self._reread is None:
            self._open(session, deadline_ms)

    def end_reread(self) -> None:
        """Keep just the sessions that the book showed open last; what it no longer has is gone."""
        if self._reread is None:
            return
        shown, self._reread = self._reread, None
        for session in self._waiting.keys() - shown.keys():
            del self._waiting[session]
        for session, deadline_ms in shown.items():
            self.show(session, deadline_ms)

    def due(self, now_ms: int) -> list[bytes]:
        """Give the sessions to close now, earliest first; each comes again after its back-off."""
        sessions = []
        while self._queue and self._queue[0][0] <= now_ms:
            due_ms, session = heapq.heappop(self._queue)
            waiting = self._waiting.get(session)
            if waiting is None or waiting.due_ms != due_ms:
                continue  # it ended, or got another deadline, since it was queued
            sessions.append(session)
            waiting.due_ms = now_ms + waiting.retry_ms
            waiting.retry_ms = min(waiting.retry_ms * 2, MAX_RETRY_MS)
            heapq.heappush(self._queue, (waiting.due_ms, session))
        return sessions

    def _open(self, session: bytes, deadline_ms: int) -> None:
        """Queue a session, unless it already waits for this deadline: its back-off goes on."""
        waiting = self._waiting.get(session)
        if waiting is None or waiting.deadline_ms != deadline_ms:
            self._waiting[session] = _Waiting(deadline_ms, due_ms=deadline_ms)
            heapq.heappush(self._queue, (deadline_ms, session))
