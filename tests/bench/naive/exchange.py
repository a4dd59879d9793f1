"""The naive exchange on a cluster of three, with the same casts, faults and proxy as ours."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from strowger.contract.market_terms import MarketTerms
from tests.bench.naive.workers import TOPICS, working
from tests.faults.exchange import READY_SECONDS, Exchange, casts, clocks_from, provision, stage


@dataclass(frozen=True)
class NaiveExchange(Exchange):
    """It knows no markets and keeps no log: whoever names a market trades in it."""

    async def declare(self, terms: MarketTerms) -> None:
        """Declare nothing."""

    async def audit(self) -> dict[str, Any]:
        """Say that nothing can be audited."""
        return {"sound": True, "audited": "nothing: there is no log to decide again"}


@asynccontextmanager
async def naive_exchange(*, side_by_side: int) -> AsyncIterator[NaiveExchange]:
    """Start a cluster and the naive exchange's workers on it; leave nothing behind."""
    async with stage() as (settings, cluster, proxy, doors), AsyncExitStack() as stack:
        everybody = casts(side_by_side)
        await provision(settings, cluster, everybody, TOPICS)
        clocks, log_path = settings.home / "clocks", settings.home / "services.log"
        clocks.mkdir()
        stack.enter_context(clocks_from(clocks))
        log = stack.enter_context(log_path.open("a", encoding="utf-8"))
        workers = await stack.enter_async_context(
            working(settings.home, cluster.servers, settings.secrets_dir, log)
        )
        await workers.ready(READY_SECONDS)
        yield NaiveExchange(settings, cluster, proxy, doors, workers, clocks, log_path, everybody)
