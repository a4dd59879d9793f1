"""The ledger on real Kafka: what it has read, across aborts, restarts and other topics."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from pydantic import ValidationError

from strowger.broker import connections, provisioning
from strowger.contract.decision import Decision
from strowger.contract.outbound import OfferStored
from strowger.contract.topics import DECISIONS, Topic
from strowger.ledger.errors import AheadOfTopic, DecisionsGone, OtherTopic
from strowger.ledger.queries import reading
from strowger.ledger.service import follow
from strowger.ledger.store import opened
from strowger.life import Life
from tests.support import eventually, unique

AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def stored(offer_id: str, event_id: str | None = None) -> bytes:
    """Give a decision that an offer is stored, as matching writes it."""
    event = OfferStored(
        market="voice",
        causation_id=offer_id,
        at=AT,
        offer_id=offer_id,
        revision=1,
        effective_at=AT,
    )
    return (
        Decision(
            market="voice",
            sequence=1,
            log_offset=1,
            at=AT,
            rules_version=1,
            command="publish-offer",
            participant="acme",
            role="answer",
            recipient="acme",
            event_id=event_id or f"d-{offer_id}",
            event=event,
        )
        .model_dump_json()
        .encode()
    )


class Bench:
    """A topic of decisions, matching's end of it, and the ledger's file."""

    def __init__(self, bootstrap: str, path: Path) -> None:
        self.bootstrap, self.path = bootstrap, path
        self.topic: Topic = replace(DECISIONS, name=unique("decisions"), partitions=2)
        self.writer: AIOKafkaProducer = connections.transactional_producer(
            bootstrap, transactional_id=self.topic.name
        )

    async def decide(self, *values: bytes, partition: int = 0) -> None:
        """Write decisions as matching does: in a transaction."""
        async with self.writer.transaction():
            for value in values:
                await self.writer.send_and_wait(self.topic.name, value, partition=partition)

    async def offers(self) -> list[str]:
        """Give the offers that the ledger tells of, each as often as a decision stored it."""
        async with reading(self.path) as ledger:
            counted = await ledger._database.execute_fetchall(  # noqa: SLF001 - every row, uncounted
                "SELECT causation_id FROM decisions ORDER BY causation_id"
            )
        return [row["causation_id"] for row in counted]

    async def holds(self, *offers: str) -> None:
        """Wait until the ledger tells of just these offers."""

        async def told() -> bool:
            assert await self.offers() == sorted(offers)
            return True

        await eventually(told)

    @asynccontextmanager
    async def ledger(self, topic: Topic | None = None) -> AsyncIterator[None]:
        """Run the ledger until the block ends."""
        life = Life()
        async with opened(self.path) as store:
            running = asyncio.ensure_future(
                follow(store, self.bootstrap, life, topic or self.topic)
            )
            ready = asyncio.ensure_future(life.is_ready.wait())
            await asyncio.wait((running, ready), timeout=20, return_when=asyncio.FIRST_COMPLETED)
            ready.cancel()
            try:
                yield
            finally:
                life.stop.set()
                await asyncio.wait_for(running, 10)

    async def fails(self, topic: Topic | None = None) -> None:
        """Run the ledger until it fails."""
        async with opened(self.path) as store, asyncio.timeout(20):
            await follow(store, self.bootstrap, Life(), topic or self.topic)


@pytest.fixture
async def bench(bootstrap: str, tmp_path: Path) -> AsyncIterator[Bench]:
    """Give a topic of two partitions, and the place of a ledger that is not there yet."""
    bench = Bench(bootstrap, tmp_path / "ledger.sqlite3")
    await provisioning.apply(bootstrap, [bench.topic])
    async with bench.writer:
        yield bench


async def test_every_decision_is_told_once_across_restarts(bench: Bench) -> None:
    """What came before the ledger, while it ran, and while it was down, is in it once."""
    await bench.decide(stored("o-1"), stored("o-2"))
    async with bench.ledger():
        await bench.holds("o-1", "o-2")
        await bench.decide(stored("o-3"), partition=1)
        await bench.holds("o-1", "o-2", "o-3")
    await bench.decide(stored("o-4"))
    for _ in range(2):
        async with bench.ledger():
            await bench.holds("o-1", "o-2", "o-3", "o-4")


async def test_decisions_of_an_aborted_transaction_are_not_told(bench: Bench) -> None:
    """A batch that matching did not commit was never decided."""
    async with bench.ledger():
        await bench.writer.begin_transaction()
        await bench.writer.send_and_wait(bench.topic.name, stored("ghost"), partition=0)
        await bench.writer.abort_transaction()
        await bench.decide(stored("o-1"))
        await bench.holds("o-1")


async def test_a_crash_between_two_batches_loses_and_repeats_nothing(bench: Bench) -> None:
    """Rows and position are written together: a ledger cut off anywhere goes on right there."""
    await bench.decide(*(stored(f"o-{number:02}") for number in range(40)))
    async with opened(bench.path) as store:
        running = asyncio.ensure_future(follow(store, bench.bootstrap, Life(), bench.topic))
        await eventually(bench.offers)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await bench.decide(stored("o-40"))
    async with bench.ledger():
        await bench.holds(*(f"o-{number:02}" for number in range(41)))


async def test_a_topic_made_anew_is_noticed_by_its_length(bench: Bench) -> None:
    """A ledger that has read further than the topic goes says so, and what to do."""
    await bench.decide(stored("o-1"), stored("o-2"))
    async with bench.ledger():
        await bench.holds("o-1", "o-2")
    anew = replace(bench.topic, name=unique("decisions"))
    await provisioning.apply(bench.bootstrap, [anew])
    with pytest.raises(AheadOfTopic, match="move the ledger's file aside"):
        await bench.fails(anew)


async def test_a_topic_made_anew_is_noticed_by_what_it_holds(bench: Bench) -> None:
    """A new topic that has grown as long as the old one does not pass for it."""
    await bench.decide(stored("o-1"), stored("o-2"))
    async with bench.ledger():
        await bench.holds("o-1", "o-2")
    anew = replace(bench.topic, name=unique("decisions"))
    await provisioning.apply(bench.bootstrap, [anew])
    async with connections.producer(bench.bootstrap, client_id="test") as producer:
        for offer in ("o-1", "other", "o-3", "o-4"):
            await producer.send_and_wait(anew.name, stored(offer), partition=0)
    with pytest.raises(OtherTopic, match="move the ledger's file aside"):
        await bench.fails(anew)
    assert await bench.offers() == ["o-1", "o-2"]


async def test_decisions_that_were_deleted_unread_are_not_passed_over(bench: Bench) -> None:
    """A ledger that retention has overtaken stops, rather than showing a history with a hole."""
    await bench.decide(stored("o-1"))
    async with bench.ledger():
        await bench.holds("o-1")
    await bench.decide(stored("o-2"), stored("o-3"))
    await delete_before(bench, 4)
    with pytest.raises(DecisionsGone, match="gone for good"):
        await bench.fails()


async def test_a_ledger_goes_on_when_only_what_it_has_read_was_deleted(bench: Bench) -> None:
    """Retention takes what the ledger already has: that is no hole."""
    await bench.decide(stored("o-1"), stored("o-2"))
    async with bench.ledger():
        await bench.holds("o-1", "o-2")
    await delete_before(bench, 2)
    await bench.decide(stored("o-3"))
    async with bench.ledger():
        await bench.holds("o-1", "o-2", "o-3")


async def test_a_market_that_was_quiet_for_longer_than_retention_is_no_hole(bench: Bench) -> None:
    """The mark that ends a transaction is no decision: a ledger past the last one missed none."""
    await bench.decide(stored("o-1"))
    async with bench.ledger():

        async def is_past_the_mark() -> bool:
            async with reading(bench.path) as ledger:
                return (await ledger.positions()).get(0) == 2

        await eventually(is_past_the_mark)
    await delete_before(bench, 2)
    async with bench.ledger():
        await bench.decide(stored("o-2"))
        await bench.holds("o-1", "o-2")


async def test_a_record_that_is_no_decision_ends_the_process(bench: Bench) -> None:
    """What matching did not write raises out of the service: nothing is skipped."""
    await bench.decide(b"{}")
    with pytest.raises(ValidationError):
        await bench.fails()


async def delete_before(bench: Bench, offset: int) -> None:
    """Delete what the topic's first partition has before an offset, as retention does."""
    admin = AIOKafkaAdminClient(**connections.to(bench.bootstrap))
    await admin.start()
    try:
        await admin.delete_records(
            {TopicPartition(bench.topic.name, 0): RecordsToDelete(before_offset=offset)}
        )
    finally:
        await admin.close()
