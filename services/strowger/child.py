"""One service's process under a supervisor: started, started again with back-off, and stopped."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from strowger.service import STOP_SECONDS

log = structlog.get_logger(__name__)

FIRST_BACKOFF_SECONDS: Final = 0.2
MAX_BACKOFF_SECONDS: Final = 10.0
WELL_AFTER_SECONDS: Final = 30.0
"""A service that ran this long was well: the next back-off starts small again."""

_CHUNK_BYTES: Final = 65_536

Sink = Callable[[str, str], None]


class Child:
    """One service's process, and the one after it."""

    def __init__(self, name: str, directory: Path, environment: dict[str, str], sink: Sink) -> None:
        self.name = name
        self._directory = directory
        self.restarts = 0
        self.since: float | None = None
        self._environment = environment
        self._sink = sink
        self._process: asyncio.subprocess.Process | None = None
        self._forwarding: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Give the process id; none while there is no process."""
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
        self.since = time.time()
        self._forwarding = asyncio.create_task(self._forward(process))
        return process

    async def start_and_keep(self) -> None:
        """Start the process, and again whenever it ends."""
        await self.keep(await self._start_surely())

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
            process = await self._start_surely()

    async def _start_surely(self) -> asyncio.subprocess.Process:
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
