"""Matching on the real broker: ownership, fencing, restore, and one transaction a batch."""

import asyncio
import functools
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from strowger.broker import connections, provisioning
from strowger.broker.appending import Append, Appender
from strowger.contract import commands
from strowger.contract.commands import AnyCommand, Origin
from strowger.contract.decision import Decision
from strowger.contract.sales import AcceptanceConfirmed
from strowger.contract.topics import (
    ACCEPTANCE_CONFIRMED,
    ALL,
    DEAD_LETTERS,
    DECISIONS,
    MARKET_LOG,
    OFFER_BOOK,
)
from strowger.market.entities import encode_key
from strowger.matching.owner import Owner
from strowger.matching.restore import RestoreFailed
from strowger.settings import Settings
from tests.commands import Commands
from tests.integration.owning import market_of_now, partition_of_market
from tests.integration.topics import read_from
from tests.running import restored, running
from tests.support import eventually, unique


@pytest.fixture(autouse=True)
async def _topics(bootstrap: str) -> None:
    await provisioning.apply(bootstrap, ALL)


@pytest.fixture
def market() -> Commands:
    """Give a market of the test's own, at the present time."""
    return market_of_now()


@pytest.fixture
async def log(bootstrap: str) -> AsyncIterator["Log"]:
    """Give a writer of `market-log`."""
    async with connections.producer(bootstrap, client_id="test") as producer:
        yield Log(Appender(producer))


class Log:
    """Writes commands to the log, as a gateway does."""

    def __init__(self, appender: Appender) -> None:
        self._appender = appender

    async def write(self, *written: AnyCommand) -> None:
        """Append commands."""
        await self.write_raw(*((each.market, commands.encode(each)) for each in written))

    async def write_raw(self, *written: tuple[str, bytes]) -> None:
        """Append values under market keys."""
        await self._appender.append(
            Append(MARKET_LOG.name, partition_of_market(market), market.encode(), value)
            for market, value in written
        )


async def _read_all(bootstrap: str, topic: str, partition: int) -> list[tuple[bytes, bytes]]:
    """Read what is committed in a partition now."""
    place = TopicPartition(topic, partition)
    consumer: AIOKafkaConsumer
    read = []
    async with connections.consumer(bootstrap, client_id="test") as consumer:
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        end = (await consumer.end_offsets([place]))[place]
        while await consumer.position(place) < end:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                read += [(record.key, record.value) for record in records]
    return read


async def _decisions(bootstrap: str, market: str) -> list[Decision]:
    records = await _read_all(bootstrap, DECISIONS.name, partition_of_market(market))
    return [Decision.model_validate_json(value) for key, value in records if key == market.encode()]


async def _told(bootstrap: str, market: str, count: int) -> list[str]:
    async def enough() -> list[str]:
        told: list[str] = [each.event.type for each in await _decisions(bootstrap, market)]
        assert len(told) >= count, told
        return told

    return await eventually(enough, timeout_seconds=30)


async def test_a_sale_is_decided_in_order_and_published_once(
    settings: Settings, bootstrap: str, market: Commands, log: Log
) -> None:
    """Commands are decided in log order; the sale is in the public record, the buyer unnamed."""
    async with running(settings, "matching"):
        accepting = market.accept()
        await log.write(
            market.declare(),
            market.publish(),
            market.open(),
            market.request(),
            accepting,
            accepting,
            market.close(),
        )
        told = await _told(bootstrap, market.market, 8)
    assert told == [
        "market-declared",
        "offer-stored",
        "session-granted",
        "offers-matched",
        "acceptance-confirmed",
        "offer-sold",
        "acceptance-confirmed",
        "session-ended",
    ]
    decisions = await _decisions(bootstrap, market.market)
    assert [each.sequence for each in decisions] == list(range(1, 9))
    assert [each.repeat for each in decisions] == [False] * 6 + [True, False]
    sales = [
        AcceptanceConfirmed.model_validate_json(value)
        for key, value in await _read_all(
            bootstrap, ACCEPTANCE_CONFIRMED.name, partition_of_market(market.market)
        )
        if key == market.market.encode()
    ]
    assert [(sale.provider, sale.buyer, sale.acceptance_id) for sale in sales] == [
        ("acme", None, None)
    ]


async def test_what_was_decided_survives_a_restart(
    settings: Settings, bootstrap: str, market: Commands, log: Log
) -> None:
    """A session, a request and its shown offers outlive the process that decided them."""
    async with running(settings, "matching"):
        await log.write(market.declare(), market.publish(), market.open(), market.request())
        await _told(bootstrap, market.market, 4)
    async with running(settings, "matching"):
        await log.write(market.accept())
        told = await _told(bootstrap, market.market, 6)
    assert told[4:] == ["acceptance-confirmed", "offer-sold"]


async def test_a_redelivered_record_is_decided_once(
    settings: Settings, bootstrap: str, market: Commands, log: Log
) -> None:
    """A command whose source record was applied before, also by an older process, is skipped."""
    topic = unique("source")
    first = market.publish("of-1", origin=Origin(topic, 0, 7))
    second = market.publish("of-2", origin=Origin(topic, 0, 8))
    async with running(settings, "matching"):
        await log.write(market.declare(), first, second, first)
        await _told(bootstrap, market.market, 3)
    async with running(settings, "matching"):
        await log.write(first, second, market.publish("of-3", origin=Origin(topic, 0, 9)))
        await _told(bootstrap, market.market, 4)
        await log.write(market.publish("of-4"))
        await _told(bootstrap, market.market, 5)
    stored = [
        each.event.offer_id
        for each in await _decisions(bootstrap, market.market)
        if each.event.type == "offer-stored"
    ]
    assert stored == ["of-1", "of-2", "of-3", "of-4"]


async def test_a_value_that_is_no_command_goes_to_the_dead_letters(
    settings: Settings, bootstrap: str, market: Commands, log: Log
) -> None:
    """Garbage on the log is kept with its reason, and the commands behind it are decided."""
    garbage = unique("garbage").encode()
    async with running(settings, "matching"):
        await log.write(market.declare())
        await log.write_raw((market.market, garbage))
        await log.write(market.publish())
        assert await _told(bootstrap, market.market, 2) == ["market-declared", "offer-stored"]
    letters = [value for _, value in await _read_all(bootstrap, DEAD_LETTERS.name, 0)]
    assert letters.count(garbage) == 1


async def test_an_owner_that_rests_outlives_the_timeout_of_transactions(
    bootstrap: str, market: Commands, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction that a batch begins for the next one is ended when nothing comes."""
    make = functools.partial(connections.transactional_producer, transaction_timeout_seconds=1)
    monkeypatch.setattr(connections, "transactional_producer", make)
    place = TopicPartition(MARKET_LOG.name, partition_of_market(market.market))

    async def decide(owner: Owner, command: AnyCommand) -> None:
        await log.write(command)
        start = owner.next_offset
        await owner.decide(await read_from(bootstrap, place.topic, place.partition, start))

    owner = await Owner.take_over(bootstrap, place.partition)
    try:
        await decide(owner, market.declare())
        async with connections.consumer(
            bootstrap, client_id="test", group_id="matching"
        ) as consumer:
            consumer.assign([place])

            async def rests() -> bool:
                await owner.rest()
                return bool(await consumer.committed(place) == owner.next_offset)

            await eventually(rests, because="the offset is said at rest")
        await _see_a_transaction_time_out(bootstrap)
        await decide(owner, market.publish("of-1"))
    finally:
        await owner.release()
    decisions = await _decisions(bootstrap, market.market)
    assert [each.event.type for each in decisions] == ["market-declared", "offer-stored"]


async def _see_a_transaction_time_out(bootstrap: str) -> None:
    async with connections.transactional_producer(
        bootstrap, transactional_id=unique("forgotten")
    ) as forgotten:
        await forgotten.begin_transaction()

        async def ended() -> bool:
            try:
                await forgotten.send_and_wait(DEAD_LETTERS.name, b"", partition=0)
            except KafkaError:
                return True
            return False

        await eventually(ended, timeout_seconds=30)


async def test_an_owner_that_was_replaced_can_commit_nothing(
    settings: Settings, bootstrap: str, market: Commands, log: Log
) -> None:
    """A zombie's batch is refused whole, and its successor decides the same commands, once."""
    partition = partition_of_market(market.market)
    async with running(settings, "matching"):
        await log.write(market.declare())
        await _told(bootstrap, market.market, 1)
    zombie = await Owner.take_over(bootstrap, partition)
    successor = await Owner.take_over(bootstrap, partition)
    try:
        await log.write(market.publish("of-1"), market.publish("of-2"))
        start = successor.next_offset
        records = await read_from(bootstrap, MARKET_LOG.name, partition, start)
        with pytest.raises(KafkaError):
            await zombie.decide(records)
        await successor.decide(records)
    finally:
        await zombie.release()
        await successor.release()
    decisions = await _decisions(bootstrap, market.market)
    assert [each.event.type for each in decisions] == ["market-declared"] + ["offer-stored"] * 2


async def test_a_hand_over_in_the_middle_of_a_transaction_leaves_nothing_of_it(
    settings: Settings, bootstrap: str, market: Commands, log: Log
) -> None:
    """A take-over ends the older owner's open transaction, and restores up to the one before."""
    partition = partition_of_market(market.market)
    async with running(settings, "matching"):
        await log.write(market.declare(), market.publish("of-1"))
        await _told(bootstrap, market.market, 2)
    hanging = connections.transactional_producer(
        bootstrap, transactional_id=f"matching-{partition}"
    )
    await hanging.start()
    await hanging.begin_transaction()
    key = encode_key(("offer", market.market, "acme", "of-1"))
    await hanging.send_and_wait(OFFER_BOOK.name, key=key, value=None, partition=partition)
    successor = await Owner.take_over(bootstrap, partition)
    try:
        await log.write(market.open(), market.request())
        await successor.decide(
            await read_from(bootstrap, MARKET_LOG.name, partition, successor.next_offset)
        )
    finally:
        await successor.release()
        with pytest.raises(KafkaError):
            await hanging.commit_transaction()
        await hanging.stop()
    decisions = await _decisions(bootstrap, market.market)
    assert decisions[-1].event.type == "offers-matched"
    assert decisions[-1].event.able == 1


async def test_a_damaged_table_is_not_decided_on(
    settings: Settings, bootstrap: str, market: Commands, log: Log
) -> None:
    """A row that is missing, or that somebody else wrote, is found by the digest at restore."""
    partition = partition_of_market(market.market)
    async with running(settings, "matching"):
        await log.write(market.declare(), market.publish())
        await _told(bootstrap, market.market, 2)
    key = encode_key(("offer", market.market, "acme", "of-1"))
    rows = await _read_all(bootstrap, OFFER_BOOK.name, partition)
    stored = next(value for at, value in rows if at == key)
    async with connections.producer(bootstrap, client_id="test") as producer:
        await producer.send_and_wait(OFFER_BOOK.name, key=key, value=None, partition=partition)
        with pytest.raises(RestoreFailed, match="rows"):
            await restored(bootstrap, partition)
        await producer.send_and_wait(OFFER_BOOK.name, key=key, value=stored, partition=partition)
    assert (await restored(bootstrap, partition)).digest.rows > 0


async def test_two_processes_share_the_partitions_and_hand_them_on(
    settings: Settings, bootstrap: str, market: Commands, log: Log
) -> None:
    """A second process takes partitions over while commands come; each is decided exactly once."""
    async with running(settings, "matching"):
        await log.write(market.declare())
        await _told(bootstrap, market.market, 1)
        writing = asyncio.create_task(_write_many(log, market, 200))
        async with running(settings, "matching"):
            await writing
            await _told(bootstrap, market.market, 201)
        await log.write(market.publish("last"))
        await _told(bootstrap, market.market, 202)
    stored = [
        each.event.offer_id
        for each in await _decisions(bootstrap, market.market)
        if each.event.type == "offer-stored"
    ]
    assert stored == [f"of-{number}" for number in range(200)] + ["last"]


async def _write_many(log: Log, market: Commands, count: int) -> None:
    for number in range(count):
        await log.write(market.publish(f"of-{number}"))


async def test_a_quiet_log_is_said_to_be_decided_to_its_end(
    settings: Settings, bootstrap: str, market: Commands, log: Log
) -> None:
    """Batches are committed without the group's offset, which then is made true at the first rest.

    By it others see how far matching lags; what is decided next stands in the tables alone.
    """
    place = TopicPartition(MARKET_LOG.name, partition_of_market(market.market))
    async with running(settings, "matching"):
        await log.write(market.declare())
        for index in range(20):
            await log.write(market.publish(f"of-{index}"))
        await _told(bootstrap, market.market, 21)
        async with connections.consumer(
            bootstrap, client_id="test", group_id="matching"
        ) as consumer:
            consumer.assign([place])

            async def said() -> bool:
                end = (await consumer.end_offsets([place]))[place]
                return bool(await consumer.committed(place) == end)

            await eventually(said, because="the offset of the group is the end of the log")
