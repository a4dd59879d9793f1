"""What a supervisor tells over HTTP: of every service that it keeps, and their metrics as one page.

Each service serves its own on a port of this machine that it was given, and its heartbeat names it.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol

import aiohttp
import structlog
from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from strowger.telemetry.exposition import merged, page
from strowger.telemetry.lag import PATIENCE_SECONDS

log = structlog.get_logger(__name__)

SUPERVISOR: Final = "supervisor"

_SCRAPE: Final = aiohttp.ClientTimeout(total=2 * PATIENCE_SECONDS)


class Supervised(Protocol):
    """What a supervisor knows of the services that it keeps."""

    @property
    def names(self) -> Sequence[str]:
        """Name them."""

    def is_ready(self, name: str) -> bool:
        """Say whether a service serves."""

    def since(self, name: str) -> float | None:
        """Give when its process was started, in seconds since 1970; none before the first."""

    def pid(self, name: str) -> int | None:
        """Give its process; none while it is down."""

    def restarts(self, name: str) -> int:
        """Say how often it was started again."""

    def http_port(self, name: str) -> int | None:
        """Give where it tells of itself; none if that is not known."""


class OfSupervisor:
    """All services of a supervisor."""

    def __init__(self, supervisor: Supervised) -> None:
        self._supervisor = supervisor
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(_Kept(supervisor))

    def waiting(self) -> list[str]:
        """Name the services that do not serve."""
        return [name for name in self._supervisor.names if not self._supervisor.is_ready(name)]

    def health(self) -> Mapping[str, object]:
        """Say of each service its state, its process, how often it was restarted, since when."""
        return {"services": {name: self._of(name) for name in self._supervisor.names}}

    def _of(self, name: str) -> Mapping[str, object]:
        since = self._supervisor.since(name)
        return {
            "state": self._state(name),
            "pid": self._supervisor.pid(name),
            "restarts": self._supervisor.restarts(name),
            "since": None if since is None else datetime.fromtimestamp(since, UTC).isoformat(),
        }

    def _state(self, name: str) -> str:
        if self._supervisor.is_ready(name):
            return "serving"
        if self._supervisor.since(name) is None:
            return "waiting for the others"
        return "down" if self._supervisor.pid(name) is None else "not serving"

    async def metrics(self) -> str:
        """Give the pages of all; one that can't be had is left out, and logged."""
        async with aiohttp.ClientSession(timeout=_SCRAPE) as session:
            names = self._supervisor.names
            pages = await asyncio.gather(*(self._page(session, name) for name in names))
        return merged((page(SUPERVISOR, self._registry), *pages))

    async def _page(self, session: aiohttp.ClientSession, name: str) -> str:
        port = self._supervisor.http_port(name)
        if port is None:
            return ""
        try:
            async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                answer.raise_for_status()
                return await answer.text()
        except (aiohttp.ClientError, TimeoutError) as problem:
            log.warning("metrics missing", of=name, reason=repr(problem))
            return ""


class _Kept(Collector):
    """Which services serve, and how often each was started again."""

    def __init__(self, supervisor: Supervised) -> None:
        self._supervisor = supervisor

    def describe(self) -> Iterator[Metric]:
        """Give nothing to register: nobody else has these names."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Ask the supervisor."""
        serving = GaugeMetricFamily(
            "strowger_service_ready", "Whether a service serves: 1 or 0.", labels=["service"]
        )
        restarts = CounterMetricFamily(
            "strowger_service_restarts",
            "How often a service was started again after it had ended.",
            labels=["service"],
        )
        for name in self._supervisor.names:
            serving.add_metric([name], self._supervisor.is_ready(name))
            restarts.add_metric([name], self._supervisor.restarts(name))
        yield from (serving, restarts)
