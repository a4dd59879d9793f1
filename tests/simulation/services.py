"""The exchange's own services on a simulated cluster, and the little of them that is replaced."""

import asyncio
import contextlib
from collections.abc import Callable, Generator, Iterator
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

import aiosqlite
import structlog

from strowger.broker import connections
from strowger.gateways import brake, gateway, offer_published
from strowger.gateways.authentication import Verified
from strowger.matching.owner import Owner
from strowger.service import SERVICES, load
from strowger.settings import Settings
from tests.simulation.cluster import Cluster
from tests.simulation.process import CURRENT, Process
from tests.simulation.timeout import SessionTimeout

TWICE: Final = ("matching", "gateway-offer-accepted")
"""So many processes of these run that partitions change hands, and old owners wake up."""

_OTHERWISE: Final = ("session-timeout",)


@contextlib.contextmanager
def connected(cluster: Cluster, events_per_second: int | None = None) -> Iterator[None]:
    """Let our services reach this cluster, and no other, by the doors that they have.

    Nobody is authenticated there; so many events a second are taken of each name all the same.
    """
    with contextlib.ExitStack() as patches:
        for name in ("consumer", "producer", "transactional_producer"):
            patches.enter_context(patch.object(connections, name, getattr(cluster, name)))
        patches.enter_context(
            patch.object(offer_published, "asking_the_group", cluster.asking_the_group)
        )
        if events_per_second is not None:
            anybody = Verified("", events_per_second)
            patches.enter_context(patch.object(gateway, "ANYBODY", anybody))
        patches.enter_context(patch.object(brake, "time", SimpleNamespace(monotonic=_seconds)))
        take_over = vars(Owner)["take_over"].__func__
        patches.enter_context(patch.object(take_over, "__defaults__", (None, _seconds)))
        patches.enter_context(patch.multiple(aiosqlite.Connection, **_INLINE))
        patches.callback(structlog.configure, **structlog.get_config())
        structlog.configure(processors=[_silence], cache_logger_on_first_use=False)
        yield


def processes(cluster: Cluster, settings: Settings, clock_off_ms: int) -> list[Process]:
    """Give the processes of a whole exchange."""
    made: list[Process] = []
    for name in SERVICES:
        if name in _OTHERWISE:
            continue
        titles = [f"{name} 1", f"{name} 2"] if name in TWICE else [name]
        twins = [Process(title, _runner(name, settings), cluster.chance) for title in titles]
        for each in twins:
            each.twins = [other for other in twins if other is not each]
        made += twins
    timeout = SessionTimeout(cluster, clock_off_ms)
    return [*made, Process("session-timeout", timeout.run, cluster.chance)]


def _runner(name: str, settings: Settings) -> Callable[[Any], Any]:
    run = load(name)
    return lambda life: run(settings, life)


def _seconds() -> float:
    return asyncio.get_running_loop().time()


def _silence(*_: object) -> dict[str, object]:
    raise structlog.DropEvent


# aiosqlite runs SQLite on a thread. Here it runs where it is called, a step of its process each.


async def _execute(self: aiosqlite.Connection, function: Any, *given: Any, **named: Any) -> Any:  # noqa: ANN401 - aiosqlite's signature
    if not self._running or self._connection is None:
        raise ValueError("Connection closed")
    await CURRENT.get().step("asking its database")
    return function(*given, **named)


async def _connect(self: aiosqlite.Connection) -> aiosqlite.Connection:
    self._connection = self._connector()
    return self


def _await(self: aiosqlite.Connection) -> Generator[Any, None, aiosqlite.Connection]:
    return _connect(self).__await__()


async def _close(self: aiosqlite.Connection) -> None:
    self._running = False
    if self._connection is not None:
        self._connection.close()
        self._connection = None


_INLINE: Final[dict[str, Any]] = {
    "_execute": _execute,
    "_connect": _connect,
    "__await__": _await,
    "close": _close,
}
