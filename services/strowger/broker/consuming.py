"""Consume at least once: settle what was read, commit it soon after, and before handing over."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from strowger.broker import lenient

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Record:
    """What is used of aiokafka's `ConsumerRecord`, which has no types; it has these fields, too."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    """Milliseconds since 1970-01-01T00:00Z, the broker's append time where the topic says so."""
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


Fetched = Mapping[TopicPartition, list[Record]]
Positions = dict[TopicPartition, int]
Settle = Callable[[Fetched], Awaitable[Positions]]

_POLL_MS: Final = 200
_COMMIT_SECONDS: Final = 0.25
"""How long after a commit the next one waits: one a batch would be a quarter of all round trips."""

_HELD_BACK_SECONDS: Final = 0.1


class _HandOver(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Keeps a partition until the records in hand are settled and committed.

    aiokafka gives out no records from before it calls this until the new assignment stands.
    """

    def __init__(self, in_hand: asyncio.Lock, settled: "_Settled") -> None:
        self._in_hand = in_hand
        self._settled = settled

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002 - aiokafka names it
        async with self._in_hand:
            await self._settled.commit()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Take them: the next records come by themselves."""


class _Settled:
    """How far was settled and is not committed yet; at a failure it is read and settled again."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._positions: Positions = {}
        self._commit_at = 0.0

    async def add(self, positions: Positions) -> None:
        """Note how far was settled, and commit it unless the last commit was a moment ago."""
        self._positions.update(positions)
        if asyncio.get_running_loop().time() >= self._commit_at:
            await self.commit()

    async def commit(self) -> None:
        """Commit what was settled since the last commit."""
        positions, self._positions = self._positions, {}
        if positions:
            await self._consumer.commit(positions)
            self._commit_at = asyncio.get_running_loop().time() + _COMMIT_SECONDS


async def consume(
    consumer: AIOKafkaConsumer,
    topic: str,
    settle: Settle,
    *,
    stop: asyncio.Event,
    ready: Callable[[], None],
) -> None:
    """Start the consumer, settle batch after batch and commit until `stop`, and close it.

    `settle` returns the offset to go on from in each partition it was given records of. One below
    the end of those records holds the rest back: they are read again a little later.

    Raises:
        Exception: whatever `settle` or Kafka raised; what was read is then not committed.
    """
    in_hand = asyncio.Lock()
    settled = _Settled(consumer)
    consumer.subscribe([topic], listener=_HandOver(in_hand, settled))

    async def go_back() -> None:
        async with in_hand:
            await settled.commit()
        await _read_again(consumer)

    async with consumer:
        ready()
        while not stop.is_set():
            fetched = await read_some(consumer, topic, go_back)
            if not fetched:
                async with in_hand:
                    await settled.commit()
                continue
            async with in_hand:
                positions = await settle(fetched)
                await settled.add(positions)
                held_back = _hold_back(consumer, fetched, positions)
            if held_back:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_HELD_BACK_SECONDS):
                        await stop.wait()
        async with in_hand:
            await settled.commit()


async def read_some(
    consumer: AIOKafkaConsumer, topic: str, go_back: Callable[[], Awaitable[None]]
) -> Fetched:
    """Give what comes next, whatever its headers are named; nothing if nothing comes.

    The first name that is not UTF-8 takes what was read along: `go_back` then has it read again.
    """
    try:
        found: Fetched = await consumer.getmany(timeout_ms=_POLL_MS)
    except UnicodeDecodeError:
        log.warning("header name is not utf-8, reading on", topic=topic)
        lenient.tolerate_any_header_name()
        await go_back()
        return {}
    return found


def _hold_back(consumer: AIOKafkaConsumer, fetched: Fetched, positions: Positions) -> bool:
    """Go back to the first record that was not settled, wherever there is one."""
    back = {
        place: positions[place]
        for place, records in fetched.items()
        if positions[place] <= records[-1].offset
    }
    for place, offset in back.items():
        consumer.seek(place, offset)
    return bool(back)


async def _read_again(consumer: AIOKafkaConsumer) -> None:
    """Go back to what was committed: a read that failed drops what it had parsed, everywhere."""
    for place, committed in (await consumer.seek_to_committed()).items():
        if committed is None:
            consumer.seek(place, (await consumer.beginning_offsets([place]))[place])
