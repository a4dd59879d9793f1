"""Stand by for the partitions that others own, so that to take one over takes no restore."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Final

import structlog

from strowger.matching.following import Following
from strowger.matching.offsets import Offsets
from strowger.matching.position import StateTooNew

log = structlog.get_logger(__name__)

PAUSE_SECONDS: Final = 10.0
"""Between a following that failed and the next, which reads all from the beginning."""


class Standbys:
    """What this process follows: a task a partition, for as long as it doesn't own that."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._offsets = Offsets(bootstrap)
        self._followings: dict[int, Following] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def begin(self, partitions: Iterable[int]) -> None:
        """Restore partitions, then follow them.

        Raises:
            Exception: one cannot be restored; whoever stood by for it would not be one.
        """
        await self._offsets.start()
        for partition in partitions:
            self._followings[partition] = self._new(partition)
        async with asyncio.TaskGroup() as tasks:
            for following in self._followings.values():
                tasks.create_task(following.catch_up())
        for following in list(self._followings.values()):
            self.follow(following)

    def follow(self, following: Following) -> None:
        """Follow a partition on from where it was followed to."""
        partition = following.partition
        self._followings[partition] = following
        self._tasks[partition] = asyncio.create_task(self._keep_up(partition))

    def begin_anew(self, partition: int) -> None:
        """Follow a partition from its beginning; restoring it goes on beside all else."""
        self.follow(self._new(partition))

    async def take(self, partition: int) -> Following:
        """Give up a partition, with what was followed of it so far."""
        task = self._tasks.pop(partition, None)
        if task is not None:
            self._followings[partition].wanted.set()
            await task
        following = self._followings.pop(partition, None)
        return following or self._new(partition)

    async def stop(self) -> None:
        """Follow nothing any more."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for following in self._followings.values():
            await following.stop()
        await self._offsets.stop()

    def _new(self, partition: int) -> Following:
        return Following(self._bootstrap, partition, self._offsets)

    async def _keep_up(self, partition: int) -> None:
        """Follow until wanted; what fails here is tried anew, and stops nothing that is owned."""
        wanted = self._followings[partition].wanted
        while not wanted.is_set():
            following = self._followings[partition]
            try:
                await following.catch_up()
                await following.keep_up()
            except StateTooNew as newer:
                # In the middle of an upgrade: what we own goes on, and this we leave to others.
                log.error("standby follows no more", partition=partition, reason=str(newer))  # noqa: TRY400 - expected
                await wanted.wait()
            except Exception:
                log.exception("standby failed", partition=partition, again_in_seconds=PAUSE_SECONDS)
                await following.stop()
                following = self._followings[partition] = self._new(partition)
                following.wanted = wanted
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PAUSE_SECONDS):
                        await wanted.wait()
