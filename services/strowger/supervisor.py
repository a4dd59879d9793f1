"""Run services on this machine, each its own process: start, restart with back-off, stop.

Children stop when their standard input ends, which the operating system sees to when this process
is gone in whatever way: none outlives its supervisor, on Linux and macOS alike.
"""

import asyncio
import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import structlog

from strowger.child import Child, Sink
from strowger.ordering import awaited, in_order_of_start, in_order_of_stop
from strowger.service import (
    MAX_HEARTBEAT_AGE_SECONDS,
    RUNNABLE,
    SERVICES,
    http_port,
    is_healthy,
    pid_if_alive,
)
from strowger.settings import PREFIX, Settings

log = structlog.get_logger(__name__)

MAX_START_WAIT_SECONDS: Final = 30.0
"""So long gateways wait for the others to serve."""

_LOOK_SECONDS: Final = 0.05


class AlreadySupervised(Exception):
    """Somebody keeps a service running in this home already; the message names it."""


def to_stderr(name: str, line: str) -> None:
    """Write one log line of a service to standard error, under its name."""
    sys.stderr.write(f"{name:<25} | {line}\n")
    sys.stderr.flush()


class Supervisor:
    """Keeps the named services running while it is entered; stops all of them when left."""

    def __init__(
        self, settings: Settings, names: Iterable[str] = tuple(SERVICES), *, sink: Sink = to_stderr
    ) -> None:
        wanted = set(names)
        if unknown := wanted - set(RUNNABLE):
            raise ValueError(f"no such service: {', '.join(sorted(unknown))}")
        environment = environment_of(_told_here(settings))
        self._run_dir = settings.run_dir
        self._children = {
            name: Child(name, self._run_dir, environment, sink)
            for name in RUNNABLE
            if name in wanted
        }
        self._tasks: list[asyncio.Task[None]] = []
        self._claims = contextlib.ExitStack()

    async def __aenter__(self) -> Self:
        """Start the services; gateways once those that decide and tell serve, or after 30 s.

        Raises:
            AlreadySupervised: another supervisor keeps one of them running in this home; two would
                write one heartbeat and one ledger.
        """
        self._run_dir.mkdir(parents=True, exist_ok=True)
        try:
            for name in self._children:
                self._claims.enter_context(claimed(self._run_dir, name))
            first, then = in_order_of_start(self._children)
            for name in first:
                await self._start(name)
            self._tasks.append(asyncio.create_task(self._start_when_ready(first, then)))
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Tell them to stop, who takes events in first; kill what takes over 15 s to finish."""
        await self._stop()

    async def _start(self, name: str) -> None:
        child = self._children[name]
        process = await child.start()
        self._tasks.append(asyncio.create_task(child.keep(process), name=name))

    async def _start_when_ready(self, first: list[str], then: list[str]) -> None:
        awaiting = [name for name in first if awaited(name)]
        try:
            await self._ready(awaiting, MAX_START_WAIT_SECONDS)
        except TimeoutError as late:
            # Events can wait in the log as well as before it; whoever is down is named there.
            log.warning("gateways start without all others", reason=str(late))
        for name in then:
            child = self._children[name]
            self._tasks.append(asyncio.create_task(child.start_and_keep(), name=name))

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for stage in in_order_of_stop(self._children):
            await asyncio.gather(*(self._children[name].stop() for name in stage))
        self._claims.close()

    @property
    def names(self) -> tuple[str, ...]:
        """Name the services that it keeps."""
        return tuple(self._children)

    async def ready(self, timeout_seconds: float = 60) -> None:
        """Wait until every service serves.

        Raises:
            TimeoutError: some did not in time; the message names them.
        """
        await self._ready(self.names, timeout_seconds)

    async def _ready(self, names: Iterable[str], timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while waiting := [name for name in names if not self.is_ready(name)]:
            if time.monotonic() > deadline:
                starts = ", ".join(f"{name} ({self.restarts(name)} restarts)" for name in waiting)
                raise TimeoutError(f"not ready within {timeout_seconds:g} s: {starts}")
            await asyncio.sleep(_LOOK_SECONDS)

    def is_ready(self, name: str) -> bool:
        """Say whether the service's present process serves."""
        alive = pid_if_alive(self._run_dir, name, MAX_HEARTBEAT_AGE_SECONDS)
        return alive == self.pid(name) is not None and is_healthy(self._run_dir, name)

    def pid(self, name: str) -> int | None:
        """Give the service's process id; none while it waits to be started again."""
        return self._children[name].pid

    def restarts(self, name: str) -> int:
        """Say how often the service was started again after it had ended."""
        return self._children[name].restarts

    def since(self, name: str) -> float | None:
        """Say when the service's process was started last, in seconds since 1970; none: never."""
        return self._children[name].since

    def http_port(self, name: str) -> int | None:
        """Give the port that the service's present process tells of itself on, if it does."""
        alive = pid_if_alive(self._run_dir, name, MAX_HEARTBEAT_AGE_SECONDS)
        here = alive == self.pid(name) is not None
        return http_port(self._run_dir, name) if here else None

    def kill(self, name: str) -> None:
        """End the service at once with SIGKILL, as a power cut would; it is started again."""
        pid = self.pid(name)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def claimed(run_dir: Path, name: str) -> Iterator[None]:
    """Hold a service's claim in a home; it ends with this process, in whatever way that ends.

    Raises:
        AlreadySupervised: a supervisor of this home, or a command that needs it stopped, holds it.
    """
    with (run_dir / f"{name}.claim").open("w") as claim:
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadySupervised(
                f"{name} is kept running already in {run_dir.parent}: stop that first, or give "
                f"this one a home of its own with {PREFIX}HOME"
            ) from None
        yield


def environment_of(settings: Settings) -> dict[str, str]:
    """Give the environment in which a child reads just these settings, but root's password."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    given = {
        PREFIX + name.upper(): str(value)
        for name, value in settings.model_dump().items()
        if value is not None and name != "root_password"
    }
    return kept | given


async def supervise(
    settings: Settings, names: Iterable[str] = tuple(SERVICES), *, sink: Sink = to_stderr
) -> None:
    """Run the services until SIGTERM or SIGINT: what `strowger run all` does."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    supervisor = Supervisor(settings, names, sink=sink)
    async with told(supervisor, settings), supervisor:
        announcing = asyncio.create_task(_announce(supervisor))
        await stop.wait()
        announcing.cancel()


@contextlib.asynccontextmanager
async def told(supervisor: Supervisor, settings: Settings) -> AsyncIterator[int | None]:
    """Serve health and metrics of all services over HTTP, where the settings say so.

    Raises:
        SettingsError: nothing can listen there.
    """
    if settings.http_port is None:
        yield None
        return
    # Here, since the command line by itself does not bring in what these need.
    from strowger.telemetry.of_supervisor import OfSupervisor  # noqa: PLC0415
    from strowger.telemetry.serving import telling  # noqa: PLC0415

    here = telling(OfSupervisor(supervisor), settings.http_host, settings.http_port)
    async with here as port:
        log.info("health and metrics", host=settings.http_host, port=port)
        yield port


def _told_here(settings: Settings) -> Settings:
    """Let services tell the supervisor, on this machine alone, where it tells the world."""
    if settings.http_port is None:
        return settings
    return settings.model_copy(update={"http_port": 0, "http_host": "127.0.0.1"})


async def _announce(supervisor: Supervisor) -> None:
    await supervisor.ready(float("inf"))
    log.info("every service is ready")
