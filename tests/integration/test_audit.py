"""The audit, on a broker of its own: what is sound is proven, what was forged is named."""

import asyncio
import gzip
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from strowger.audit import reading
from strowger.audit.auditing import audit
from strowger.audit.errors import CheckpointUnusable, LogCut, TopicsMissing, TransactionOpen
from strowger.audit.findings import Finding
from strowger.audit.report import Audited, Report
from strowger.broker import connections, provisioning
from strowger.broker.appending import Append, Appender, partition_of
from strowger.broker.consuming import Record
from strowger.broker.embedded import EmbeddedBroker
from strowger.contract import commands
from strowger.contract.commands import AnyCommand
from strowger.contract.topics import (
    ACCEPTANCE_CONFIRMED,
    ALL,
    DEAD_LETTERS,
    DECISIONS,
    MARKET_BOOK,
    MARKET_LOG,
)
from strowger.matching.deciding import Deciding
from strowger.matching.output import Output
from strowger.matching.owner import Owner
from strowger.settings import Settings
from tests.commands import Commands
from tests.running import restored
from tests.support import unique

Doctor = Callable[[list[Append]], list[Append]]


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, _no_settings_from_outside: None
) -> Iterator[str]:
    """Start a broker of these tests' own: what they forge is nobody else's to stumble over."""
    own = EmbeddedBroker.from_settings(Settings(home=tmp_path_factory.mktemp("audited")))
    own.start(wipe=True)
    try:
        address = own.as_root()
        asyncio.run(provisioning.apply(address, ALL))
        yield address
    finally:
        own.stop()


class Partition:
    """One partition of the log: commands go in, and an owner decides them."""

    def __init__(self, bootstrap: str, number: int) -> None:
        self._bootstrap = bootstrap
        self.number = number
        self.next = 0
        names = (unique("market") for _ in iter(int, 1))
        market = next(name for name in names if _partition(name) == number)
        self.make = Commands(market, sent_at_ms=time.time_ns() // 1_000_000)

    async def log(self, *written: AnyCommand | bytes) -> list[Record]:
        """Append to the log, and read it back as matching does."""
        key = self.make.market.encode()
        values = [each if isinstance(each, bytes) else commands.encode(each) for each in written]
        async with connections.producer(self._bootstrap, client_id="test") as producer:
            await Appender(producer).append(
                Append(MARKET_LOG.name, self.number, key, value) for value in values
            )
        return [record async for record in self._read(MARKET_LOG.name, self.next)]

    async def decide(self, *written: AnyCommand | bytes) -> None:
        """Append commands and let the partition's owner decide them, in one transaction."""
        owner = await Owner.take_over(self._bootstrap, self.number)
        try:
            await owner.decide(await self.log(*written))
            self.next = owner.next_offset
        finally:
            await owner.release()

    async def decide_falsely(self, doctor: Doctor, *written: AnyCommand) -> None:
        """Do so as a matching that writes something else than what it decided."""
        # A take-over waits until the batch before it can be read.
        await (await Owner.take_over(self._bootstrap, self.number)).release()
        deciding = Deciding(self.number, await restored(self._bootstrap, self.number))
        output = Output(self.number)
        for record in await self.log(*written):
            deciding.decide(record, output)
        deciding.settle(output)
        self.next = deciding.next_offset
        await self.write(doctor(output.records))

    async def write(self, records: Sequence[Append]) -> None:
        """Write records as matching does: in one transaction."""
        producer = connections.transactional_producer(
            self._bootstrap, transactional_id=unique("forger")
        )
        async with producer, producer.transaction():
            await Appender(producer).append(records)

    async def abort(self, records: Sequence[Append]) -> None:
        """Write records in a transaction that is taken back."""
        producer = connections.transactional_producer(
            self._bootstrap, transactional_id=unique("aborter")
        )
        async with producer:
            await producer.begin_transaction()
            await Appender(producer).append(records)
            await producer.abort_transaction()

    async def last_of(self, topic: str) -> Record:
        """Give the last record of a topic."""
        return [record async for record in self._read(topic, 0)][-1]

    async def audit(self, *, start: Path | None = None, save: Path | None = None) -> Report:
        """Audit this partition."""
        return await audit(self._bootstrap, [self.number], start=start, save=save)

    async def _read(self, topic: str, start: int) -> AsyncIterator[Record]:
        at = TopicPartition(topic, self.number)
        async with connections.consumer(self._bootstrap, client_id="test") as consumer:
            consumer.assign([at])
            consumer.seek(at, start)
            end = (await consumer.end_offsets([at]))[at]
            while await consumer.position(at) < end:
                for record in (await consumer.getmany(at, timeout_ms=200)).get(at, []):
                    yield record


def _partition(market: str) -> int:
    return partition_of(market.encode(), MARKET_LOG.partitions)


async def _trade(partition: Partition) -> None:
    """Decide a sale, a sale that waits to be told, what is no command, and what is refused."""
    make = partition.make
    await partition.decide(make.declare(policy="guarded"), make.publish(), make.open())
    await partition.decide(make.request(), make.accept(), b"garbage")
    await partition.decide(make.request("r-2", None), make.accept("a-2", None, "r-2"), make.close())


def _again(found: Record, **changes: object) -> Append:
    """Give a record to be written again, with some fields of its value changed."""
    value = msgspec.json.decode(found.value or b"")
    return Append(
        found.topic,
        found.partition,
        found.key or b"",
        msgspec.json.encode({**value, **changes}),
        tuple(found.headers),
    )


def _finding(report: Report) -> Finding:
    (audited,) = report.partitions
    assert audited.finding is not None
    assert not report.sound
    return audited.finding


async def test_a_sound_partition_is_proven_from_its_start_and_from_a_checkpoint(
    place: str, tmp_path: Path
) -> None:
    """All is compared, also what was aborted between; a checkpoint goes on when the log was cut."""
    partition = Partition(place, 0)
    await _trade(partition)
    last = await partition.last_of(DECISIONS.name)
    await partition.abort([_again(last, sequence=99)])
    saved = tmp_path / "here.audit.gz"

    report = await partition.audit(save=saved)

    (audited,) = report.partitions
    assert (report.sound, audited.finding) == (True, None)
    assert (audited.first_offset, audited.next_offset, audited.waiting) == (0, 9, 0)
    assert dict(audited.became) == {"decided": 8, "no command": 1}
    assert _counted(audited) == [12, 2, 1]
    assert (audited.positions, audited.rows) == (3, 10)
    assert report.saved is not None

    await _cut_log(place, 0, 5)
    with pytest.raises(LogCut, match=r"begins at offset 5.*--from"):
        await partition.audit()
    await partition.decide(partition.make.publish("of-2"))
    await partition.log(partition.make.publish("of-3"))
    further = tmp_path / "further.audit.gz"
    report = await partition.audit(start=saved, save=further)
    (audited,) = report.partitions
    assert report.sound
    assert (audited.first_offset, audited.next_offset, audited.waiting) == (9, 10, 1)
    assert (audited.audited_from, _counted(audited)) == (0, [1, 0, 0])
    assert (await partition.audit(start=further)).commands == 0

    lines = gzip.decompress(further.read_bytes()).splitlines()
    further.write_bytes(gzip.compress(b"\n".join(lines[:-1])))
    with pytest.raises(CheckpointUnusable, match="do not add up"):
        await partition.audit(start=further)


def _counted(audited: Audited) -> list[int]:
    """Give how many decisions, sales and dead letters follow."""
    return [audited.agreed[topic.name] for topic in (DECISIONS, ACCEPTANCE_CONFIRMED, DEAD_LETTERS)]


async def _cut_log(bootstrap: str, partition: int, offset: int) -> None:
    """Delete the beginning of the log, as retention does."""
    admin = AIOKafkaAdminClient(**connections.to(bootstrap))
    await admin.start()
    try:
        place = TopicPartition(MARKET_LOG.name, partition)
        await admin.delete_records({place: RecordsToDelete(before_offset=offset)})
    finally:
        await admin.close()


async def test_a_market_is_audited_while_it_trades(place: str, tmp_path: Path) -> None:
    """Whenever an audit begins, what is decided by then is sound; what is forged then is named.

    Forged is a sale written behind the market's back. No checkpoint is made of that.
    """
    partition = Partition(place, 1)
    await _trade(partition)
    trading = asyncio.create_task(_trade_on(partition))
    reached = []
    while not trading.done():
        report = await partition.audit()
        assert report.sound, report
        reached.append(report.commands)
    await trading
    assert len({*reached}) > 1, "nothing was decided between two audits"
    assert reached == sorted(reached)
    last = await partition.last_of(DECISIONS.name)
    await partition.write([_again(last, sequence=99, log_offset=4)])
    saved = tmp_path / "none.audit.gz"

    found = _finding(await partition.audit(save=saved))

    assert (found.what, found.topic, found.log_offset) == (
        "follows from nothing",
        DECISIONS.name,
        4,
    )
    assert found.offset is not None
    assert found.offset > last.offset
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - an iterator of pathlib would be awaited


async def _trade_on(partition: Partition) -> None:
    """Decide many small batches, one owner after the other."""
    for number in range(25):
        offers = [partition.make.publish(f"of-{number}-{each}") for each in range(3)]
        await partition.decide(*offers)


async def test_a_transaction_that_stays_open_is_named(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can read past it, so nothing is said of what comes behind."""
    partition = Partition(place, 1)
    monkeypatch.setattr(reading, "PATIENCE_SECONDS", 0.3)
    producer = connections.transactional_producer(place, transactional_id=unique("hanging"))
    async with producer:
        await producer.begin_transaction()
        await producer.send_and_wait(DECISIONS.name, b"{}", partition=partition.number)
        with pytest.raises(TransactionOpen, match="find-hanging"):
            await partition.audit()
        await producer.abort_transaction()


async def test_a_broker_without_an_exchange_is_named(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, with what to do about it."""
    absent = replace(MARKET_LOG, name=unique("market-log"))
    monkeypatch.setattr(reading, "_TOPICS", (absent, DECISIONS))
    with pytest.raises(TopicsMissing, match=f"{absent.name} are not there"):
        await Partition(place, 0).audit()


async def test_a_decision_that_was_changed_is_named_with_the_difference(place: str) -> None:
    """One digit of a cost in one record; what follows it is as it should be."""
    partition = Partition(place, 2)
    make = partition.make
    await partition.decide(make.declare(), make.publish(), make.open())

    def cheaper(records: list[Append]) -> list[Append]:
        return [
            each._replace(value=(each.value or b"").replace(b'"cost":"1.02"', b'"cost":"1.03"'))
            if each.topic == DECISIONS.name
            else each
            for each in records
        ]

    await partition.decide_falsely(cheaper, make.request(), make.accept())

    found = _finding(await partition.audit())

    assert (found.what, found.topic, found.log_offset) == ("changed", DECISIONS.name, 3)
    assert found.difference == ('event.matches[0].cost: "1.02" follows, "1.03" was found',)
    assert found.command is not None
    assert found.command.startswith(f"submit-request of globex in {make.market}")


async def test_a_wrong_digest_of_the_tables_is_named(place: str) -> None:
    """Decisions are right, but the tables that the next one would rest on are not."""
    partition = Partition(place, 3)
    make = partition.make
    await partition.decide(make.declare(), make.publish())

    def lossy(records: list[Append]) -> list[Append]:
        *others, position = records
        assert position.topic == MARKET_BOOK.name
        told = msgspec.json.decode(position.value or b"")
        return [*others, position._replace(value=msgspec.json.encode({**told, "rows": 7}))]

    await partition.decide_falsely(lossy, make.open())

    found = _finding(await partition.audit())

    assert (found.what, found.topic, found.log_offset) == ("changed", MARKET_BOOK.name, 2)
    assert found.difference == ("rows: 4 follows, 7 was found",)
