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
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import structlog

from strowger.service import (
    MAX_HEARTBEAT_AGE_SECONDS,
    RUNNABLE,
    SERVICES,
    STOP_SECONDS,
    is_healthy,
    pid_if_alive,
)
from strowger.settings import PREFIX, Settings

log = structlog.get_logger(__name__)

FIRST_BACKOFF_SECONDS: Final = 0.2
MAX_BACKOFF_SECONDS: Final = 10.0
WELL_AFTER_SECONDS: Final = 30.0
"""A service that ran this long was well: the next back-off starts small again."""

_LOOK_SECONDS: Final = 0.05
_CHUNK_BYTES: Final = 65_536

Sink = Callable[[str, str], None]


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
        environment = environment_of(settings)
        self._run_dir = settings.run_dir
        self._children = {
            name: _Child(name, self._run_dir, environment, sink)
            for name in RUNNABLE
            if name in wanted
        }
        self._tasks: list[asyncio.Task[None]] = []
        self._claims = contextlib.ExitStack()

    async def __aenter__(self) -> Self:
        """Start every service, in the registry's order, each without waiting for the last.

        Raises:
            AlreadySupervised: another supervisor keeps one of them running in this home; two would
                write one heartbeat and one ledger.
        """
        self._run_dir.mkdir(parents=True, exist_ok=True)
        try:
            for name in self._children:
                self._claims.enter_context(_claimed(self._run_dir, name))
            for child in self._children.values():
                process = await child.start()
                self._tasks.append(asyncio.create_task(child.keep(process), name=child.name))
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
        """Tell all to stop, wait 15 s for them to finish what they have in hand, then kill."""
        await self._stop()

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(child.stop() for child in self._children.values()))
        self._claims.close()

    async def ready(self, timeout_seconds: float = 60) -> None:
        """Wait until every service serves.

        Raises:
            TimeoutError: some did not in time; the message names them.
        """
        deadline = time.monotonic() + timeout_seconds
        while waiting := [name for name in self._children if not self.is_ready(name)]:
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

    def kill(self, name: str) -> None:
        """End the service at once with SIGKILL, as a power cut would; it is started again."""
        pid = self.pid(name)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def _claimed(run_dir: Path, name: str) -> Iterator[None]:
    """Hold a service's claim in a home; it ends with this process, in whatever way that ends."""
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
    async with Supervisor(settings, names, sink=sink) as supervisor:
        announcing = asyncio.create_task(_announce(supervisor))
        await stop.wait()
        announcing.cancel()


async def _announce(supervisor: Supervisor) -> None:
    await supervisor.ready(float("inf"))
    log.info("every service is ready")


class _Child:
    """One service's process, and the one after it."""

    def __init__(self, name: str, directory: Path, environment: dict[str, str], sink: Sink) -> None:
        self.name = name
        self._directory = directory
        self.restarts = 0
        self._environment = environment
        self._sink = sink
        self._process: asyncio.subprocess.Process | None = None
        self._forwarding: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        if self._process is None or self._process.returncode is not None:
            return None
        return self._process.pid

    async def start(self) -> asyncio.subprocess.Process:
        """Start the process in a session of its own: a Ctrl-C is ours to pass on, once."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "strowger.service",
            self.name,
            "--supervised",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._environment,
            cwd=self._directory,
            start_new_session=True,
        )
        self._process = process
        self._forwarding = asyncio.create_task(self._forward(process))
        return process

    async def keep(self, process: asyncio.subprocess.Process) -> None:
        """Start the process again whenever it ends, later each time that it does not last."""
        backoff_seconds = FIRST_BACKOFF_SECONDS
        while True:
            started = time.monotonic()
            code = await process.wait()
            if time.monotonic() - started >= WELL_AFTER_SECONDS:
                backoff_seconds = FIRST_BACKOFF_SECONDS
            log.warning(
                "service ended", service=self.name, code=code, again_in_seconds=backoff_seconds
            )
            await asyncio.sleep(backoff_seconds)
            backoff_seconds = min(backoff_seconds * 2, MAX_BACKOFF_SECONDS)
            self.restarts += 1
            process = await self._start_again()

    async def _start_again(self) -> asyncio.subprocess.Process:
        while True:
            try:
                return await self.start()
            except OSError:  # the machine has no memory or no process left for now
                log.exception("service cannot be started", service=self.name)
                await asyncio.sleep(MAX_BACKOFF_SECONDS)

    async def stop(self) -> None:
        """End the process and take in the last of its log."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself just now
                process.terminate()
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                log.warning("service killed", service=self.name, after_seconds=STOP_SECONDS)
                process.kill()
                await process.wait()
        if self._forwarding is not None:
            await self._forwarding

    async def _forward(self, process: asyncio.subprocess.Process) -> None:
        """Hand on the log line by line, however long a line is."""
        if process.stdout is None:
            raise TypeError("the process was started without a pipe to read its log from")
        rest = b""
        while chunk := await process.stdout.read(_CHUNK_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._sink(self.name, line.decode(errors="replace"))
        if rest:
            self._sink(self.name, rest.decode(errors="replace"))
