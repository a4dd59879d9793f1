"""Read on while the batch before is committed, so that the next one is all that has come since."""

import asyncio
import contextlib
from typing import Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from strowger.broker.consuming import Fetched, Record

_POLL_MS: Final = 200


class ReadingAhead:
    """What a consumer has read and nobody has taken yet: so many records at most, and a read more.

    aiokafka fetches once ahead, and again only when that was taken: what it then gives came while
    the batch before last was committed, and one record makes a transaction of its own however many
    wait behind it.
    """

    def __init__(self, consumer: AIOKafkaConsumer, most_records: int) -> None:
        self._consumer = consumer
        self._most_records = most_records
        self._waiting: dict[TopicPartition, list[Record]] = {}
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to read."""
        self._reading = asyncio.create_task(self._read())
        self._reading.add_done_callback(lambda _: self._news.set())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Read no more; what nobody has taken is forgotten."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])

    async def take(self, within_seconds: float) -> Fetched:
        """Give all that was read, or what comes first within the time.

        Raises:
            Exception: whatever ended the reading.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                await self._news.wait()
        if self._reading is not None and self._reading.done():
            self._reading.result()
        taken, self._waiting = self._waiting, {}
        self._news.clear()
        self._room.set()
        return taken

    def waiting(self, partition: TopicPartition) -> int:
        """Count what was read of a partition and is not taken yet."""
        return len(self._waiting.get(partition, ()))

    def forget(self, partition: TopicPartition) -> None:
        """Forget what was read of a partition: it is to be read anew, by whoever owns it then."""
        self._waiting.pop(partition, None)

    async def _read(self) -> None:
        while True:
            await self._room.wait()
            # Nothing happens between its return and the next await: what is forgotten stays so.
            fetched: Fetched = await self._consumer.getmany(timeout_ms=_POLL_MS)
            for partition, records in fetched.items():
                self._waiting.setdefault(partition, []).extend(records)
            if self._waiting:
                self._news.set()
            if sum(map(self.waiting, self._waiting)) >= self._most_records:
                self._room.clear()
