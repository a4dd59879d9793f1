"""Read topics as an operator does: from place to place, or from now on. Nothing is committed."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from strowger.broker.connections import consumer, wait_for_broker
from strowger.cli.shared.place import PATIENCE_SECONDS
from strowger.contract.topics import ALL

Places = Mapping[TopicPartition, int]
"""An offset for each partition: where to begin, or where to end."""

_POLL_MS: Final = 250
_PARTITIONS: Final = {topic.name: topic.partitions for topic in ALL}


@asynccontextmanager
async def _reader(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    await wait_for_broker(bootstrap, timeout_seconds=PATIENCE_SECONDS)
    client = consumer(bootstrap, client_id="strowger-reader")
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


async def ends(bootstrap: str, topics: Iterable[str]) -> dict[TopicPartition, int]:
    """Give where each partition of these topics ends now; a topic that isn't there has none."""
    async with _reader(bootstrap) as client:
        places: dict[TopicPartition, int] = await client.end_offsets(
            await _partitions(client, topics)
        )
        return places


async def starts(bootstrap: str, topics: Iterable[str]) -> dict[TopicPartition, int]:
    """Give where each partition of these topics begins now."""
    async with _reader(bootstrap) as client:
        places: dict[TopicPartition, int] = await client.beginning_offsets(
            await _partitions(client, topics)
        )
        return places


async def read(bootstrap: str, since: Places, until: Places) -> AsyncIterator[ConsumerRecord]:
    """Give every committed record from `since` up to `until`, in each partition's order."""
    async with _reader(bootstrap) as client:
        waiting = {place for place, end in until.items() if since.get(place, 0) < end}
        client.assign(list(waiting))
        for place in waiting:
            client.seek(place, since.get(place, 0))
        while waiting:
            for records in (await client.getmany(timeout_ms=_POLL_MS)).values():
                for record in records:
                    if record.offset < until[TopicPartition(record.topic, record.partition)]:
                        yield record
            waiting = {place for place in waiting if await client.position(place) < until[place]}


async def follow(bootstrap: str, since: Places) -> AsyncIterator[ConsumerRecord]:
    """Give every committed record from `since` on, as they come, without end."""
    async with _reader(bootstrap) as client:
        client.assign(list(since))
        for place, offset in since.items():
            client.seek(place, offset)
        async for record in client:
            yield record


async def _partitions(client: AIOKafkaConsumer, topics: Iterable[str]) -> list[TopicPartition]:
    there = await client.topics()
    return [
        TopicPartition(topic, number)
        for topic in topics
        if topic in there
        for number in range(_PARTITIONS[topic])
    ]
