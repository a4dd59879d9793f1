import asyncio
import gc

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import NoOffsetForPartitionError, ProducerFenced

from strowger.broker import connections, provisioning
from strowger.broker.access import Bootstrap, access_of
from strowger.broker.errors import BrokerUnavailable
from strowger.contract.topics import Topic
from tests.support import eventually, unique


async def _write(producer: AIOKafkaProducer, topic: str, value: bytes) -> None:
    async with producer.transaction():
        await producer.send_and_wait(topic, value)


@pytest.fixture
async def topic(bootstrap: str) -> str:
    """Give a topic of the test's own."""
    name = unique("connections")
    made = Topic(name, key="any", writers=(), readers=(), purpose="a test")
    await provisioning.apply(bootstrap, [made])
    return name


async def test_a_second_transactional_producer_fences_the_first(bootstrap: str, topic: str) -> None:
    """Of two owners of one id only the later one can write."""
    owner = unique("matching")
    async with (
        connections.transactional_producer(bootstrap, transactional_id=owner) as first,
        connections.transactional_producer(bootstrap, transactional_id=owner) as second,
    ):
        with pytest.raises(ProducerFenced):
            await _write(first, topic, b"too late")
        await _write(second, topic, b"in time")

    async with connections.consumer(bootstrap, topic, client_id="test") as consumer:
        assert (await consumer.getone()).value == b"in time"


async def test_a_transaction_that_was_begun_ahead_is_the_next_one(
    bootstrap: str, topic: str
) -> None:
    """What is written in it counts once it is committed, with what was written before it."""
    place = TopicPartition(topic, 0)
    async with connections.transactional_producer(
        bootstrap, transactional_id=unique("matching")
    ) as producer:
        await _write(producer, topic, b"before")
        await producer.begin_ahead([place])
        await _write(producer, topic, b"ahead")
        await producer.begin_ahead([place])
        async with producer.transaction():
            pass
        await _write(producer, topic, b"after")

    async with connections.consumer(bootstrap, topic, client_id="test") as consumer:
        read = [(await consumer.getone()).value for _ in range(3)]
    assert read == [b"before", b"ahead", b"after"]


async def test_who_was_fenced_after_beginning_ahead_can_write_nothing(
    bootstrap: str, topic: str
) -> None:
    """A transaction that is open and empty is ended by a newer producer like any other."""
    owner, place = unique("matching"), TopicPartition(topic, 0)
    async with connections.transactional_producer(bootstrap, transactional_id=owner) as first:
        await _write(first, topic, b"before")
        await first.begin_ahead([place])
        async with connections.transactional_producer(bootstrap, transactional_id=owner) as second:
            with pytest.raises(ProducerFenced):
                await _write(first, topic, b"too late")
            await _write(second, topic, b"in time")

    async with connections.consumer(bootstrap, topic, client_id="test") as consumer:
        read = [(await consumer.getone()).value for _ in range(2)]
    assert read == [b"before", b"in time"]


async def test_what_was_aborted_is_not_read(bootstrap: str, topic: str) -> None:
    """A consumer reads committed records alone unless told otherwise."""
    async with connections.transactional_producer(
        bootstrap, transactional_id=unique("matching")
    ) as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"aborted")
        await producer.abort_transaction()
        await _write(producer, topic, b"committed")

    async with connections.consumer(bootstrap, topic, client_id="test") as committed:
        assert (await committed.getone()).value == b"committed"
    async with connections.consumer(
        bootstrap, topic, client_id="test", read_committed=False
    ) as uncommitted:
        assert (await uncommitted.getone()).value == b"aborted"


async def test_a_group_goes_on_after_what_it_committed_and_only_that(
    bootstrap: str, topic: str
) -> None:
    """Nothing is committed unless told so: what was read and not committed is read again."""
    async with connections.producer(bootstrap, client_id="test") as producer:
        for value in (b"1", b"2"):
            await producer.send_and_wait(topic, value)
    group = unique("group")

    for expected, commit in ((b"1", False), (b"1", True), (b"2", False)):
        async with connections.consumer(
            bootstrap, topic, client_id="test", group_id=group
        ) as member:
            assert (await member.getone()).value == expected
            if commit:
                await member.commit()


async def test_a_reader_that_must_not_guess_its_start_is_told_so(
    bootstrap: str, topic: str
) -> None:
    """With start "none" a missing position is an error, not a silent choice."""
    async with connections.consumer(
        bootstrap, topic, client_id="test", group_id=unique("group"), start="none"
    ) as reader:
        with pytest.raises(NoOffsetForPartitionError):
            await asyncio.wait_for(reader.getone(), timeout=10)


async def test_a_broker_that_falls_silent_is_given_up_without_a_leak(bootstrap: str) -> None:
    """A server that greets and then says no more is told as no Kafka, its connections closed.

    A connection left open would be a ResourceWarning at collection, which fails a test.
    """
    host, _, port = bootstrap.partition(":")

    handled: list[bool] = []

    async def greet_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handled.append(False)
        if greeting := await reader.read(65_536):
            behind_reader, behind_writer = await asyncio.open_connection(host, int(port))
            behind_writer.write(greeting)
            writer.write(await behind_reader.read(65_536))
            while await reader.read(65_536):
                pass
            behind_writer.close()
            await behind_writer.wait_closed()
        writer.close()
        await writer.wait_closed()
        handled[handled.index(False)] = True

    server = await asyncio.start_server(greet_only, host="127.0.0.1", port=0)
    async with server:
        silent = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(BrokerUnavailable, match=silent):
            await connections.wait_for_broker(silent, timeout_seconds=0.1)
        await eventually(lambda: all(handled), because="every connection was closed by the client")
    gc.collect()


async def test_one_server_of_several_is_enough(bootstrap: str) -> None:
    """A cluster is there while any of its bootstrap servers answers."""
    several = Bootstrap(f"127.0.0.1:9,{bootstrap}", access_of(bootstrap))
    await connections.wait_for_broker(several, timeout_seconds=5)


async def test_a_partition_does_not_wait_for_the_fetch_of_another(bootstrap: str) -> None:
    """After long work on a partition's records its next ones come at once.

    Else a fetch of the other partitions alone is under way by then, and the broker holds it for
    `max_wait_ms`, as they have nothing.
    """
    topic = Topic(unique("busy"), key="none", writers=(), readers=(), purpose="test", partitions=2)
    await provisioning.apply(bootstrap, [topic])
    places = [TopicPartition(topic.name, each) for each in range(2)]
    async with (
        connections.producer(bootstrap, client_id="test") as producer,
        connections.consumer(
            bootstrap, client_id="test", group_id=unique("group"), max_wait_ms=20_000
        ) as consumer,
    ):
        consumer.assign(places)
        for place in places:
            consumer.seek(place, 0)
        await producer.send_and_wait(topic.name, b"first", partition=0)
        # As a slow batch before it would: aiokafka waits 0.1 s for what it fetched to be taken.
        await asyncio.sleep(0.5)
        for value in (b"first", b"second"):
            async with asyncio.timeout(10):
                read = await consumer.getmany(timeout_ms=10_000)
            assert [record.value for record in read[places[0]]] == [value]
            await producer.send_and_wait(topic.name, b"second", partition=0)
