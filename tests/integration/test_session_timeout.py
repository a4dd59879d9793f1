"""The session-timeout processor on real Kafka."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from strowger.broker import connections, provisioning
from strowger.contract.envelope import Envelope
from strowger.contract.fields import to_millis
from strowger.contract.inbound import SessionClosed
from strowger.contract.reading import Received, read
from strowger.contract.topics import SESSION_BOOK, SESSION_CLOSED, SESSION_TIMEOUT_CHANGELOG
from strowger.life import Life
from strowger.market.entities import Session, encode, encode_key
from strowger.session_timeout.processor import Names
from strowger.session_timeout.service import serve
from strowger.telemetry.exposition import page
from strowger.telemetry.metrics import LAG
from tests.scraping import samples, value
from tests.support import eventually, unique

MARKET, BUYER = "voice", "globex"
FAR_AHEAD_MS = 3_600_000


def now_ms() -> int:
    """Give the time as the processor counts it."""
    return time.time_ns() // 1_000_000


class Bench:
    """Topics of its own, and both ends of the processor in hand."""

    def __init__(self, bootstrap: str, names: Names) -> None:
        self.bootstrap, self.names = bootstrap, names
        self.changelog = f"{names.app}-open-sessions-changelog"
        self.writer: AIOKafkaProducer = connections.transactional_producer(
            bootstrap, transactional_id=names.app
        )
        self._reader: AIOKafkaConsumer = connections.consumer(
            bootstrap, names.closed, client_id="test"
        )
        self.seen: list[Received] = []
        self.keys: list[bytes] = []

    async def start(self) -> None:
        """Make the topics and connect."""
        await provisioning.apply(
            self.bootstrap,
            [
                replace(SESSION_BOOK, name=self.names.book, partitions=self.names.partitions),
                replace(SESSION_CLOSED, name=self.names.closed),
                replace(
                    SESSION_TIMEOUT_CHANGELOG, name=self.changelog, partitions=self.names.partitions
                ),
            ],
        )
        await self.writer.start()
        await self._reader.start()

    async def stop(self) -> None:
        """Disconnect."""
        await self.writer.stop()
        await self._reader.stop()

    async def put(self, key: bytes, value: bytes | None, *, partition: int = 0) -> None:
        """Write a row of the book as matching does: in a transaction."""
        async with self.writer.transaction():
            await self.writer.send_and_wait(
                self.names.book, key=key, value=value, partition=partition
            )

    async def put_in_table(self, key: bytes, value: bytes | None) -> None:
        """Write a row of the table's changelog as Faust does: without one."""
        async with connections.producer(self.bootstrap, client_id="test") as producer:
            await producer.send_and_wait(self.changelog, key=key, value=value, partition=0)

    async def open(self, session_id: str, deadline_ms: int, *, partition: int = 0) -> None:
        """Show a session open."""
        await self.put(key_of(session_id), row(session_id, deadline_ms), partition=partition)

    async def end(self, session_id: str, deadline_ms: int) -> None:
        """Show a session ended."""
        await self.put(key_of(session_id), row(session_id, deadline_ms, ended_at_ms=now_ms()))

    async def closes(self) -> Counter[str]:
        """Count the closes sent so far, by session, each read as the gateway reads it."""
        for records in (await self._reader.getmany(timeout_ms=50)).values():
            for record in records:
                received = read(SESSION_CLOSED, record.headers, record.value)
                assert isinstance(received, Received)
                self.seen.append(received)
                self.keys.append(record.key)
        return Counter(close.session_id for close in map(event_of, self.seen))

    async def closed(self, session_id: str, times: int = 1) -> Envelope:
        """Wait until a session's close was sent so often; give the envelope of the first."""

        async def enough() -> bool:
            return (await self.closes())[session_id] >= times

        await eventually(enough, timeout_seconds=20, because=f"{session_id} closed {times} times")
        return next(
            close.envelope for close in self.seen if event_of(close).session_id == session_id
        )


def event_of(received: Received) -> SessionClosed:
    """Give the event, which can be of no other type on that topic."""
    assert isinstance(received.event, SessionClosed)
    return received.event


def key_of(session_id: str) -> bytes:
    """Give a session's key in the book."""
    return encode_key(("session", MARKET, BUYER, session_id))


def row(session_id: str, deadline_ms: int, *, ended_at_ms: int | None = None) -> bytes:
    """Give a session's row in the book."""
    reason = None if ended_at_ms is None else "timed_out"
    return encode(
        Session(BUYER, session_id, "e-1", 0, deadline_ms, ended_at_ms, reason, forget_at_ms=10**14)
    )


@asynccontextmanager
async def processor(bench: Bench) -> AsyncIterator[Life]:
    """Run the processor until the block ends, then stop it as a process is stopped."""
    life = Life()
    running = asyncio.ensure_future(serve(bench.bootstrap, life, bench.names))
    ready = asyncio.ensure_future(life.is_ready.wait())
    await asyncio.wait((running, ready), timeout=20, return_when=asyncio.FIRST_COMPLETED)
    ready.cancel()
    try:
        if running.done():
            running.result()
        assert life.is_ready.is_set()
        yield life
    finally:
        life.stop.set()
        await asyncio.wait_for(running, 10)


@pytest.fixture
async def bench(bootstrap: str) -> AsyncIterator[Bench]:
    """Give fresh topics of two partitions."""
    app = unique("timeout")
    bench = Bench(bootstrap, Names(app, f"{app}-book", f"{app}-closed", partitions=2))
    async with AsyncExitStack() as stack:
        await bench.start()
        stack.push_async_callback(bench.stop)
        yield bench


async def test_an_overdue_session_is_closed_by_the_processors_own_name(bench: Bench) -> None:
    """The close is an event as the contract says, soon after the deadline, naming the buyer."""
    async with processor(bench):
        deadline_ms = now_ms() + 500
        await bench.open("s-1", deadline_ms)
        envelope = await bench.closed("s-1")
    assert event_of(bench.seen[0]) == SessionClosed(
        market=MARKET, session_id="s-1", reason="timed_out", buyer=BUYER
    )
    assert bench.seen[0].sender == "service:session-timeout"
    assert bench.keys[0] == b"s-1"
    assert 0 <= to_millis(envelope.time) - deadline_ms < 5_000


async def test_it_tells_how_late_it_closes_and_how_far_it_has_read(bench: Bench) -> None:
    """The lateness of each close, the sessions that it watches, and the rows still to be read."""
    before = value(page("s"), "strowger_close_lateness_seconds_count", default=0)
    async with processor(bench):
        await bench.open("s-1", now_ms() + 200)
        await bench.open("s-2", now_ms() + FAR_AHEAD_MS)
        await bench.closed("s-1")

        async def told() -> str:
            await LAG.refresh()
            return page("s")

        async def all_read() -> bool:
            behind = samples(await told(), "strowger_lag_records", topic=bench.names.book)
            return behind == [0] * bench.names.partitions

        await eventually(all_read)
        text = await told()
    assert value(text, "strowger_close_lateness_seconds_count") - before >= 1
    assert value(text, "strowger_sessions_followed", partition="0") == 2


async def test_a_close_is_repeated_until_the_book_shows_the_session_ended(bench: Bench) -> None:
    """Each repeat has an id of its own; once ended, the session is left alone."""
    async with processor(bench):
        deadline_ms = now_ms()
        await bench.open("s-1", deadline_ms)
        await bench.closed("s-1", times=2)
        await bench.end("s-1", deadline_ms)
        await bench.open("later", now_ms())
        await bench.closed("later")
        before = (await bench.closes())["s-1"]
        await bench.closed("later", times=3)
        assert (await bench.closes())["s-1"] == before
    ids = [close.envelope.id for close in bench.seen]
    assert len(set(ids)) == len(ids)


async def test_only_rows_of_sessions_are_read(bench: Bench) -> None:
    """Other rows are skipped whatever they hold, and a row that is gone is not an error."""
    async with processor(bench):
        await bench.put(encode_key(("request", MARKET, BUYER, "s-9")), b"not json")
        await bench.put(key_of("s-8"), None)
        await bench.open("s-1", now_ms())
        await bench.closed("s-1")
        assert set(await bench.closes()) == {"s-1"}


async def test_a_session_of_an_aborted_transaction_is_not_closed(bench: Bench) -> None:
    """Only committed rows are read: what was never granted is never closed."""
    async with processor(bench):
        await bench.writer.begin_transaction()
        await bench.writer.send_and_wait(
            bench.names.book, key=key_of("ghost"), value=row("ghost", now_ms()), partition=0
        )
        await bench.writer.abort_transaction()
        await bench.open("s-1", now_ms())
        await bench.closed("s-1", times=2)
        assert set(await bench.closes()) == {"s-1"}


async def test_a_session_lost_from_the_table_is_found_in_the_book(bench: Bench) -> None:
    """A restart with offsets committed past its row, and without it in the table, closes it."""
    async with processor(bench):
        await bench.open("known", now_ms())
        await bench.open("lost", now_ms() + FAR_AHEAD_MS)
        await bench.closed("known")
        await bench.end("known", now_ms())
        await bench.open("fence", now_ms())
        await bench.closed("fence")
    await commit_end(bench)
    assert await table(bench) == {key_of("fence"), key_of("lost")}

    for key in (key_of("fence"), key_of("lost")):
        await bench.put_in_table(key, None)
    async with processor(bench):
        await bench.closed("fence", times=3)
        assert (await bench.closes())["known"] <= 2
    assert await table(bench) == {key_of("fence"), key_of("lost")}


async def test_a_session_left_over_in_the_table_is_not_closed_for_ever(bench: Bench) -> None:
    """One that ended while the processor was down, its row compacted away, is forgotten."""
    await bench.put_in_table(key_of("gone"), b"0 1")
    async with processor(bench):
        await bench.open("s-1", now_ms())
        await bench.closed("s-1")
        before = (await bench.closes())["gone"]
        await bench.closed("s-1", times=3)
        assert (await bench.closes())["gone"] == before <= 1
        await eventually_table(bench, {key_of("s-1")})


async def test_a_session_that_ended_long_ago_is_not_closed_again_on_a_reread(bench: Bench) -> None:
    """Old rows that show it open, not yet compacted, are not taken for the present."""
    deadline_ms = now_ms() - 10_000
    await bench.open("old", deadline_ms)
    await bench.end("old", deadline_ms)
    await bench.open("s-1", now_ms())
    async with processor(bench):
        await bench.closed("s-1", times=2)
        assert set(await bench.closes()) == {"s-1"}


async def test_a_row_that_cannot_be_read_ends_the_process(bench: Bench) -> None:
    """A session's row that matching did not write raises out of the service: nothing is skipped."""
    await bench.put(key_of("s-1"), b"not json")
    with pytest.raises(Exception, match="JSON"):
        await asyncio.wait_for(serve(bench.bootstrap, Life(), bench.names), 30)


async def test_a_table_that_cannot_be_read_ends_the_process(bench: Bench) -> None:
    """A row of the table that the processor did not write raises out of the service."""
    await bench.put_in_table(key_of("s-1"), b"not a row")
    with pytest.raises(ValueError, match="not a row"):
        await asyncio.wait_for(serve(bench.bootstrap, Life(), bench.names), 30)


async def test_workers_share_the_partitions_and_take_over(bench: Bench) -> None:
    """Two workers close the sessions of both partitions; the one that stays takes over."""
    async with AsyncExitStack() as first, processor(bench):
        await first.enter_async_context(processor(bench))
        for partition in (0, 1):
            await bench.open(f"both-{partition}", now_ms(), partition=partition)
            await bench.closed(f"both-{partition}")
        await first.aclose()
        for partition in (0, 1):
            await bench.open(f"one-{partition}", now_ms(), partition=partition)
            await bench.closed(f"one-{partition}")


async def commit_end(bench: Bench) -> None:
    """Commit the book's end for the processor's group, as if it had seen everything."""
    consumer = connections.consumer(bench.bootstrap, client_id="test", group_id=bench.names.app)
    async with consumer:
        tp = TopicPartition(bench.names.book, 0)
        consumer.assign([tp])
        await consumer.commit(await consumer.end_offsets([tp]))


async def table(bench: Bench) -> set[bytes]:
    """Give the keys of the table of open sessions, as its changelog has them."""
    consumer = connections.consumer(bench.bootstrap, bench.changelog, client_id="test")
    await consumer.start()
    try:
        rows: dict[bytes, bytes | None] = {}
        ends = await consumer.end_offsets(consumer.assignment())
        for tp, end in ends.items():
            while await consumer.position(tp) < end:
                for records in (await consumer.getmany(tp, timeout_ms=100)).values():
                    rows |= {record.key: record.value for record in records}
        return {key for key, value in rows.items() if value is not None}
    finally:
        await consumer.stop()


async def eventually_table(bench: Bench, keys: set[bytes]) -> None:
    """Wait until the table's changelog holds just these keys."""

    async def holds() -> bool:
        found = await table(bench)
        assert found == keys
        return True

    check: Callable[[], Awaitable[bool]] = holds
    await eventually(check)
