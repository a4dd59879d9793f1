"""Read and write topics of the run's broker, as tests do it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer, TopicPartition

from strowger.broker import connections
from strowger.broker.consuming import Record
from strowger.contract import commands
from strowger.contract.commands import AnyCommand, Origin
from strowger.contract.envelope import Envelope, participant_source
from strowger.contract.topics import DEAD_LETTERS, MARKET_LOG
from tests.support import unique

Headers = Sequence[tuple[str, bytes | None]]

SENT_AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def headers(
    event_type: str, sender: str = "acme", event_id: str | None = None
) -> list[tuple[str, bytes]]:
    """Give the headers of a participant's event."""
    identity = event_id or unique("e")
    return Envelope(identity, participant_source(sender), event_type, SENT_AT).to_headers()


@asynccontextmanager
async def producing(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    """Give a producer."""
    async with connections.producer(bootstrap, client_id="test") as producer:
        yield producer


async def records_of(bootstrap: str, topic: str) -> list[Record]:
    """Read a topic from its start to its present end."""
    async with connections.consumer(bootstrap, client_id="test") as consumer:
        await consumer._client._wait_on_metadata(topic)  # noqa: SLF001 - else the partitions are not known
        places = [TopicPartition(topic, each) for each in consumer.partitions_for_topic(topic)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        found: list[Record] = []
        for place, end in ends.items():
            while await consumer.position(place) < end:
                for records in (await consumer.getmany(place, timeout_ms=200)).values():
                    found.extend(records)
        return found


async def read_from(bootstrap: str, topic: str, partition: int, start: int = 0) -> list[Record]:
    """Read what is committed in a partition now, from an offset on."""
    place = TopicPartition(topic, partition)
    records: list[Record] = []
    async with connections.consumer(bootstrap, client_id="test") as consumer:
        consumer.assign([place])
        consumer.seek(place, start)
        end = (await consumer.end_offsets([place]))[place]
        while await consumer.position(place) < end:
            for fetched in (await consumer.getmany(timeout_ms=200)).values():
                records += fetched
    return records


async def send(
    bootstrap: str,
    topic: str,
    *records: tuple[list[tuple[str, bytes]], bytes | None],
    partition: int = 0,
) -> list[Origin]:
    """Write records to one partition in this order, and say where they are."""
    async with producing(bootstrap) as producer:
        acknowledged = [
            await producer.send_and_wait(topic, value, key=b"k", partition=partition, headers=given)
            for given, value in records
        ]
    return [Origin(each.topic, each.partition, each.offset) for each in acknowledged]


def logged(bootstrap: str, market: str, count: int) -> Callable[[], Awaitable[list[AnyCommand]]]:
    """Read a market's commands; not before there are that many."""

    async def read() -> list[AnyCommand]:
        records = await records_of(bootstrap, MARKET_LOG.name)
        found = [each for each in records if each.key == market.encode()]
        assert len(found) >= count
        return [commands.decode(each.value or b"") for each in found]

    return read


def dead(bootstrap: str, origin: Origin) -> Callable[[], Awaitable[list[Record]]]:
    """Read the dead letters of one record."""
    identity = f"{origin.topic}/{origin.partition}/{origin.offset}".encode()

    async def read() -> list[Record]:
        records = await records_of(bootstrap, DEAD_LETTERS.name)
        return [each for each in records if ("ce_id", identity) in list(each.headers)]

    return read
