"""What one service tells of itself: over HTTP, and as spans."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from strowger.life import Life
from strowger.settings import Settings
from strowger.telemetry import metrics
from strowger.telemetry.exposition import page
from strowger.telemetry.serving import telling
from strowger.telemetry.tracing import traced

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class OfService:
    """One service, as its life says."""

    name: str
    life: Life

    def waiting(self) -> list[str]:
        """Name the service while it does not serve yet, or stops."""
        serves = self.life.is_ready.is_set() and not self.life.stop.is_set()
        return [] if serves else [self.name]

    def health(self) -> Mapping[str, object]:
        """Say its state, its process, and since when it runs."""
        return {
            "service": self.name,
            "state": self._state(),
            "pid": os.getpid(),
            "since": datetime.fromtimestamp(self.life.since, UTC).isoformat(),
        }

    def _state(self) -> str:
        if self.life.stop.is_set():
            return "stopping"
        return "serving" if self.life.is_ready.is_set() else "starting"

    async def metrics(self) -> str:
        """Give what it has counted, and how far it is behind now."""
        await metrics.LAG.refresh()
        return page(self.name)


@asynccontextmanager
async def observed(name: str, settings: Settings, life: Life) -> AsyncIterator[None]:
    """Tell of a service within the block, as the settings say.

    Raises:
        SettingsError: nothing can listen there, or spans can't be sent.
    """
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(traced(name, settings.traces_endpoint))
        if settings.http_port is not None:
            told = OfService(name, life)
            telling_there = telling(told, settings.http_host, settings.http_port)
            life.http_port = await stack.enter_async_context(telling_there)
            log.info("health and metrics", host=settings.http_host, port=life.http_port)
        yield
