from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import ConsumerStoppedError

from strowger.broker import connections, provisioning
from strowger.broker.consuming import Record
from strowger.contract.topics import Topic
from strowger.matching.ahead import ReadingAhead
from tests.support import eventually, unique


@asynccontextmanager
async def _reading(
    bootstrap: str, most_records: int = 100
) -> AsyncIterator[tuple[AIOKafkaProducer, ReadingAhead, TopicPartition]]:
    """Give what writes to a topic of its own, and what reads it ahead."""
    topic = Topic(unique("ahead"), key="any", writers=(), readers=(), purpose="a test")
    await provisioning.apply(bootstrap, [topic])
    place = TopicPartition(topic.name, 0)
    async with AsyncExitStack() as while_reading:
        enter = while_reading.enter_async_context
        producer = await enter(connections.producer(bootstrap, client_id="test"))
        consumer = await enter(connections.consumer(bootstrap, client_id="test", start="none"))
        consumer.assign([place])
        consumer.seek(place, 0)
        yield producer, await enter(ReadingAhead(consumer, most_records)), place


async def _write(producer: AIOKafkaProducer, place: TopicPartition, values: Iterable[int]) -> None:
    """Write one after the other, so that a fetch may come between any two."""
    for value in values:
        await producer.send_and_wait(place.topic, b"%d" % value)


def _values(records: Iterable[Record]) -> list[int]:
    return [int(record.value or b"") for record in records]


async def test_a_batch_is_all_that_came_since_the_last(bootstrap: str) -> None:
    """However many fetches it took."""
    async with _reading(bootstrap) as (producer, ahead, place):
        await _write(producer, place, range(20))
        await eventually(lambda: ahead.waiting(place) == 20)
        assert _values((await ahead.take(10))[place]) == list(range(20))
        assert await ahead.take(0.01) == {}


async def test_what_comes_is_waited_for(bootstrap: str) -> None:
    """The first of it ends the wait."""
    async with _reading(bootstrap) as (producer, ahead, place):
        assert await ahead.take(0.01) == {}
        await _write(producer, place, [1])
        assert _values((await ahead.take(10))[place]) == [1]


async def test_no_more_is_read_than_there_is_room_for(bootstrap: str) -> None:
    """Until it is taken; then it goes on where it was."""
    async with _reading(bootstrap, most_records=3) as (producer, ahead, place):
        await _write(producer, place, range(3))
        await eventually(lambda: ahead.waiting(place) >= 3)
        read = ahead.waiting(place)
        await _write(producer, place, range(3, 9))
        assert ahead.waiting(place) == read
        found = _values((await ahead.take(10))[place])
        while len(found) < 9:
            found += _values((await ahead.take(10))[place])
        assert found == list(range(9))


async def test_a_partition_that_is_let_go_is_forgotten(bootstrap: str) -> None:
    """What was read of it is not taken any more."""
    async with _reading(bootstrap) as (producer, ahead, place):
        await _write(producer, place, [1])
        await eventually(lambda: ahead.waiting(place))
        ahead.forget(place)
        assert await ahead.take(0.01) == {}
        await _write(producer, place, [2])
        assert _values((await ahead.take(10))[place]) == [2]


async def test_whoever_takes_learns_why_nothing_is_read_any_more(bootstrap: str) -> None:
    """A reading that failed in silence would let matching stand still."""
    async with connections.consumer(bootstrap, client_id="test", start="none") as consumer:
        await consumer.stop()
        async with ReadingAhead(consumer, 1) as ahead:
            with pytest.raises(ConsumerStoppedError):
                await ahead.take(10)
