"""The simulated log keeps the promises of Kafka's that our services rest on."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, ProducerFenced

from strowger.broker.appending import Append
from strowger.contract.topics import DECISIONS, MARKET_LOG, OFFER_BOOK
from strowger.life import Life
from tests.simulation.cluster import Cluster
from tests.simulation.loop import Stuck, VirtualLoop, running
from tests.simulation.process import CURRENT, Chance, Incarnation, Process

PLACE = TopicPartition(DECISIONS.name, 0)


async def _nothing(_life: Life) -> None:
    """Do nothing."""


def _play(script: Callable[[Cluster], Awaitable[None]]) -> None:
    """Run a script on a cluster where nothing goes wrong."""
    chance = Chance(Random(1), 0, 0, 0)  # noqa: S311 - reproducible, guarding nothing
    cluster = Cluster((DECISIONS, MARKET_LOG, OFFER_BOOK), chance)

    async def play() -> None:
        CURRENT.set(Incarnation(Process("test", _nothing, cluster.chance), 0))
        await script(cluster)

    with running(VirtualLoop()) as loop:
        loop.run_until_complete(play())


async def _write(cluster: Cluster, value: bytes, *, commit: bool) -> None:
    producer = cluster.transactional_producer("", transactional_id="writer")
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(DECISIONS.name, partition=0, key=b"k", value=value)
    await (producer.commit_transaction if commit else producer.abort_transaction)()
    await asyncio.sleep(1)


async def _read(cluster: Cluster, *, committed: bool = True) -> list[bytes | None]:
    consumer = cluster.consumer("", read_committed=committed, start="none")
    consumer.assign([PLACE])
    consumer.seek(PLACE, 0)
    found = []
    end = (await consumer.end_offsets([PLACE]))[PLACE]
    while await consumer.position(PLACE) < end:
        for records in (await consumer.getmany(timeout_ms=1)).values():
            found += [record.value for record in records]
    return found


def test_what_is_aborted_is_read_by_nobody_who_reads_committed_records() -> None:
    """Others see it, as Kafka shows it to them."""

    async def script(cluster: Cluster) -> None:
        await _write(cluster, b"aborted", commit=False)
        await _write(cluster, b"committed", commit=True)
        assert await _read(cluster) == [b"committed"]
        assert await _read(cluster, committed=False) == [b"aborted", b"committed"]

    _play(script)


def test_an_open_transaction_holds_up_whoever_reads_committed_records() -> None:
    """Nothing behind it is read before it is ended, even what no transaction wrote."""

    async def script(cluster: Cluster) -> None:
        producer = cluster.transactional_producer("", transactional_id="writer")
        await producer.start()
        await producer.begin_transaction()
        await producer.send_and_wait(DECISIONS.name, partition=0, key=b"k", value=b"open")
        cluster.log.append(DECISIONS.name, 0, [Append(DECISIONS.name, 0, b"k", b"behind")])
        assert await _read(cluster) == []
        await producer.commit_transaction()
        await asyncio.sleep(1)
        assert await _read(cluster) == [b"open", b"behind"]

    _play(script)


def test_a_new_producer_fences_the_old_one_and_ends_what_it_left_open() -> None:
    """The old one can neither write nor commit any more."""

    async def script(cluster: Cluster) -> None:
        old = cluster.transactional_producer("", transactional_id="writer")
        await old.start()
        await old.begin_transaction()
        await old.send_and_wait(DECISIONS.name, partition=0, key=b"k", value=b"zombie")
        new = cluster.transactional_producer("", transactional_id="writer")
        await new.start()
        with pytest.raises(ProducerFenced):
            await old.send_and_wait(DECISIONS.name, partition=0, key=b"k", value=b"again")
        with pytest.raises(ProducerFenced):
            await old.commit_transaction()
        assert await _read(cluster) == []

    _play(script)


def test_a_transaction_that_is_left_open_is_aborted_in_time() -> None:
    """Its producer may not commit it after that."""

    async def script(cluster: Cluster) -> None:
        producer = cluster.transactional_producer("", transactional_id="writer")
        await producer.start()
        await producer.begin_transaction()
        await producer.send_and_wait(DECISIONS.name, partition=0, key=b"k", value=b"late")
        await asyncio.sleep(11)
        with pytest.raises(ProducerFenced):
            await producer.commit_transaction()
        assert await _read(cluster) == []

    _play(script)


def test_offsets_count_with_their_transaction() -> None:
    """Those of one that is aborted were never committed."""

    async def script(cluster: Cluster) -> None:
        producer = cluster.transactional_producer("", transactional_id="writer")
        await producer.start()
        for offset, commit in ((5, True), (9, False)):
            await producer.begin_transaction()
            offsets = {PLACE: _Offset(offset)}
            await producer.send_offsets_to_transaction(offsets, "group")
            await (producer.commit_transaction if commit else producer.abort_transaction)()
            await asyncio.sleep(1)
        assert cluster.groups.committed("group") == {PLACE: 5}

    _play(script)


class _Offset:
    def __init__(self, offset: int) -> None:
        self.offset = offset


def test_a_compacted_table_keeps_the_last_row_of_each_key() -> None:
    """Offsets stay as they were, and so do keys that were written once."""

    async def script(cluster: Cluster) -> None:
        rows = [(b"a", b"1"), (b"b", b"1"), (b"a", b"2"), (b"a", None)]
        table = cluster.log.partition(OFFER_BOOK.name, 0)
        for key, value in rows:
            cluster.log.append(OFFER_BOOK.name, 0, [Append(OFFER_BOOK.name, 0, key, value)])
        cluster.log.compact()
        records, end = table.read(0, 10, committed=True)
        assert [(record.offset, record.key, record.value) for record in records] == [
            (1, b"b", b"1"),
            (3, b"a", None),
        ]
        assert end == len(rows)

    _play(script)


def test_a_group_deals_out_every_partition_once_and_fences_who_is_gone() -> None:
    """Two members share them; one that is not heard of loses its own, and may not commit them."""

    async def script(cluster: Cluster) -> None:
        first, second = (cluster.consumer("", group_id="g") for _ in range(2))
        for each in (first, second):
            each.subscribe([MARKET_LOG.name])
            await each.start()
        await asyncio.sleep(5)
        assert not first.assignment() & second.assignment()
        both = {TopicPartition(MARKET_LOG.name, each) for each in range(MARKET_LOG.partitions)}
        assert first.assignment() | second.assignment() == both
        theirs = dict.fromkeys(second.assignment(), 1)
        await second.commit(theirs)
        await second.stop()
        await asyncio.sleep(5)
        assert first.assignment() == both
        with pytest.raises(CommitFailedError):
            await second.commit(theirs)
        await first.stop()

    _play(script)


def test_where_everybody_waits_for_ever_is_told() -> None:
    """A simulation that hangs does not hang whoever runs it."""
    with pytest.raises(Stuck), running(VirtualLoop()) as loop:
        loop.run_until_complete(loop.create_future())
