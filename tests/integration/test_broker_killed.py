"""The broker is killed, and not only stopped: what it leaves open is never taken for decided."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from strowger.broker import connections, provisioning
from strowger.broker.appending import Append, Appender, partition_of
from strowger.broker.consuming import Record
from strowger.broker.embedded import EmbeddedBroker
from strowger.contract.commands import encode
from strowger.contract.decision import Decision
from strowger.contract.topics import ALL, DECISIONS, MARKET_LOG
from strowger.matching.owner import Owner
from strowger.settings import Settings
from tests.commands import Commands


@pytest.fixture
async def killable() -> AsyncIterator[EmbeddedBroker]:
    """Give a broker of the test's own."""
    with tempfile.TemporaryDirectory(prefix="strowger-test-") as home:
        broker = EmbeddedBroker.from_settings(Settings(home=Path(home)))
        await asyncio.to_thread(broker.start)
        try:
            yield broker
        finally:
            await asyncio.to_thread(broker.stop)


async def _read(bootstrap: str, topic: str, partition: int) -> list[Record]:
    place = TopicPartition(topic, partition)
    records: list[Record] = []
    async with connections.consumer(bootstrap, client_id="test") as consumer:
        consumer.assign([place])
        consumer.seek(place, 0)
        end = (await consumer.end_offsets([place]))[place]
        while await consumer.position(place) < end:
            for fetched in (await consumer.getmany(timeout_ms=200)).values():
                records += fetched
    return records


async def _leave_open(bootstrap: str, partition: int) -> AIOKafkaProducer:
    """Begin a batch as matching's own producer, and do not end it."""
    producer = connections.transactional_producer(
        bootstrap, transactional_id=f"matching-{partition}"
    )
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(DECISIONS.name, b"half a batch", partition=partition)
    return producer


async def test_half_a_batch_is_not_decided_when_the_broker_was_killed(
    killable: EmbeddedBroker,
) -> None:
    """Records of a transaction that was open then are never seen by readers of committed ones.

    Kafka itself loses the marker that ends it: the next batch would commit them with its own.
    """
    market = Commands(sent_at_ms=time.time_ns() // 1_000_000)
    key = market.market.encode()
    partition = partition_of(key, MARKET_LOG.partitions)
    status = killable.status()
    first = killable.as_root()
    assert status.pid is not None
    await provisioning.apply(first, ALL)
    command = encode(market.declare())
    async with connections.producer(first, client_id="test") as producer:
        await Appender(producer).append([Append(MARKET_LOG.name, partition, key, command)])
    hanging = await _leave_open(first, partition)
    try:
        os.kill(status.pid, signal.SIGKILL)
        bootstrap = await asyncio.to_thread(killable.start)
        owner = await Owner.take_over(bootstrap, partition)
        try:
            await owner.decide(await _read(bootstrap, MARKET_LOG.name, partition))
        finally:
            await owner.release()
    finally:
        await hanging.stop()
    (decided,) = await _read(bootstrap, DECISIONS.name, partition)
    assert Decision.model_validate_json(decided.value or b"").event.type == "market-declared"
