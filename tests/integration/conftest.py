"""The exchange's own services, run in this process for the tests that trade."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from strowger.broker import provisioning
from strowger.contract import topics
from strowger.service import SERVICES
from strowger.settings import Settings
from tests.integration.trading import Place, market_at
from tests.running import running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange(bootstrap: str, settings: Settings) -> AsyncIterator[str]:
    """Run the exchange, and give the broker's address."""
    await provisioning.apply(bootstrap, topics.ALL)
    names = [name for name in SERVICES if name.startswith("gateway-")]
    serving, done = asyncio.Event(), asyncio.Event()

    # In one task from beginning to end, which a fixture that yields is not.
    async def serve() -> None:
        async with running(settings, "matching", "notifier", *names):
            serving.set()
            await done.wait()

    task = asyncio.create_task(serve())
    first = asyncio.create_task(serving.wait())
    await asyncio.wait([task, first], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    yield bootstrap
    done.set()
    await task


@pytest_asyncio.fixture(loop_scope="module")
async def place(exchange: str) -> Place:
    """Give a market of the test's own."""
    return await market_at(exchange)
