"""The naive exchange as processes, started again when they end, on the same cluster as ours."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Final

from strowger.contract.topics import INBOUND_TOPICS, Topic
from tests.bench.naive.app import APP, COMMANDS, PARTITIONS, TABLES
from tests.support import eventually

WORKERS: Final = ("worker-1", "worker-2")
_BACK_SECONDS: Final = 0.2


def _topic(name: str, **config: str) -> Topic:
    return Topic(
        name,
        key="market",
        writers=(),
        readers=(),
        purpose="the naive exchange",
        partitions=PARTITIONS,
        config=config,
    )


TOPICS: Final = (
    _topic(COMMANDS),
    *(_topic(f"{APP}-{table}-changelog", **{"cleanup.policy": "compact"}) for table in TABLES),
)
GROUPS: Final = tuple((APP, topic) for topic in (*INBOUND_TOPICS, TOPICS[0]))


class Workers:
    """The two workers."""

    def __init__(self, home: Path, bootstrap: str, secrets: Path, log: IO[str]) -> None:
        self._home, self._bootstrap, self._secrets, self._log = home, bootstrap, secrets, log
        self._running: dict[str, asyncio.subprocess.Process] = {}

    @property
    def names(self) -> Sequence[str]:
        """Give the names of both."""
        return WORKERS

    def pid(self, name: str) -> int | None:
        """Give a worker's process id; none while it waits to be started again."""
        process = self._running.get(name)
        return process.pid if process is not None and process.returncode is None else None

    async def ready(self, timeout_seconds: float) -> None:
        """Wait until both have started."""
        await eventually(
            lambda: all(self._is_ready(name) for name in WORKERS),
            timeout_seconds=timeout_seconds,
            because="both workers are ready",
        )

    def _is_ready(self, name: str) -> bool:
        try:
            said = self._ready(name).read_text(encoding="ascii")
        except FileNotFoundError:
            return False
        return said == str(self.pid(name))

    def _ready(self, name: str) -> Path:
        return self._home / f"{name}.ready"

    async def keep(self, name: str) -> None:
        """Start a worker, again and again, until cancelled."""
        while True:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.bench.naive.app", name),
                *(self._bootstrap, str(self._secrets), str(self._ready(name))),
                stdin=asyncio.subprocess.PIPE,
                stdout=self._log,
                stderr=self._log,
                start_new_session=True,
            )
            self._running[name] = process
            try:
                await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
            await asyncio.sleep(_BACK_SECONDS)


@asynccontextmanager
async def working(
    home: Path, bootstrap: str, secrets: Path, log: IO[str]
) -> AsyncIterator[Workers]:
    """Run both until the block is left."""
    workers = Workers(home, bootstrap, secrets, log)
    keeping = [asyncio.create_task(workers.keep(name)) for name in WORKERS]
    try:
        yield workers
    finally:
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)
