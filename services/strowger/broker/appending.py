"""Append many records cheaply and in order: hand-filled record batches, one a partition in flight.

`send()` costs a future and a wake-up a record; a batch costs one for all of its records.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder


class Append(NamedTuple):
    """One record to be written, and where."""

    topic: str
    partition: int
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


def partition_of(key: bytes, partitions: int) -> int:
    """Give the partition that Kafka's default partitioner puts a key in (murmur2, as in Java)."""
    hashed: int = murmur2(key)
    return (hashed & 0x7FFFFFFF) % partitions


class Appender:
    """Appends through a producer that somebody else starts, stops and shares with nobody."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def append(self, records: Iterable[Append]) -> None:
        """Write the records, each partition's in the order given; return when all are acknowledged.

        A partition's next batch is sent only after the one before was acknowledged, so a failure
        leaves no gap behind it: what was written of a partition is always a beginning of it.

        Raises:
            KafkaError: a batch was not acknowledged; every record may have to be appended again.
        """
        waiting: dict[tuple[str, int], deque[Append]] = {}
        for record in records:
            waiting.setdefault((record.topic, record.partition), deque()).append(record)
        while waiting:
            await self._send(waiting)
            waiting = {place: queue for place, queue in waiting.items() if queue}

    async def _send(self, waiting: Mapping[tuple[str, int], deque[Append]]) -> None:
        """Send each partition one batch and see all of them acknowledged."""
        sent: list[asyncio.Future[object]] = []
        try:
            for (topic, partition), queue in waiting.items():
                batch = self._fill(queue)
                sent.append(await self._producer.send_batch(batch, topic, partition=partition))
        finally:
            # What went wrong first is told, rather than what a later batch made of it.
            for outcome in await asyncio.gather(*sent, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome

    def _fill(self, queue: deque[Append]) -> BatchBuilder:
        """Move as many records from the queue's head as one batch holds; the first always fits."""
        batch = self._producer.create_batch()
        while queue:
            record = queue[0]
            if (
                batch.append(
                    timestamp=None, key=record.key, value=record.value, headers=list(record.headers)
                )
                is None
            ):
                break
            queue.popleft()
        return batch
