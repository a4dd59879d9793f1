"""Run services of the exchange inside a test, on the real broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from strowger.life import Life
from strowger.matching.deciding import Restored
from strowger.matching.following import Following
from strowger.service import load
from strowger.settings import Settings


@asynccontextmanager
async def running(settings: Settings, *names: str) -> AsyncIterator[None]:
    """Run services until the block ends; a service that fails fails the test."""
    lives = [Life() for _ in names]
    async with asyncio.TaskGroup() as tasks:
        for name, life in zip(names, lives, strict=True):
            tasks.create_task(_run(name, settings, life), name=name)
        try:
            async with asyncio.timeout(60):
                for life in lives:
                    await life.is_ready.wait()
            yield
        finally:
            for life in lives:
                life.stop.set()


async def _run(name: str, settings: Settings, life: Life) -> None:
    await load(name)(settings, life)


async def restored(bootstrap: str, partition: int) -> Restored:
    """Give a partition's markets as its books have them now, proven whole."""
    following = Following(bootstrap, partition)
    try:
        return await following.prove()
    finally:
        await following.stop()
