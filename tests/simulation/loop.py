"""An event loop whose time is made up: where nothing is ready, it jumps to the next timer."""

import asyncio
import contextvars
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

EPOCH_SECONDS = 1_800_000_000
"""When every simulation begins: 2027-01-15T08:00:00Z."""


class Stuck(Exception):
    """Nothing is ready and no timer is set: everybody waits for ever."""


class _Selector:
    """Waits for nothing but time, and takes none."""

    def __init__(self) -> None:
        self.now_seconds = 0.0

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise Stuck("nothing is ready and no timer is set")
        self.now_seconds += max(0.0, timeout)
        return []

    def close(self) -> None:
        """Let go of nothing."""


class VirtualLoop(asyncio.BaseEventLoop):
    """A loop without files and sockets; callbacks run in the order they became ready."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Selector()

    def time(self) -> float:
        """Give the seconds since the simulation began."""
        return self._selector.now_seconds

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody sleeps who would have to be woken."""


def now_ms() -> int:
    """Give true time, in milliseconds since 1970: that of a machine whose clock is right."""
    return int((EPOCH_SECONDS + asyncio.get_running_loop().time()) * 1000)


@contextmanager
def running(loop: VirtualLoop) -> Iterator[VirtualLoop]:
    """Give a loop, and end what still runs on it at the end."""
    try:
        yield loop
    finally:
        _end(loop)
        loop.close()


def _end(loop: VirtualLoop) -> None:
    while tasks := asyncio.all_tasks(loop):
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())


def spawn(
    coroutine: Callable[[], Any], context: contextvars.Context | None = None
) -> "asyncio.Task[Any]":
    """Start a coroutine as a task of the running loop."""
    return asyncio.get_running_loop().create_task(coroutine(), context=context)
