"""Read what an audit compares: noted once where everything ends, and no further."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from strowger.audit.errors import LogCut, TopicsMissing, TransactionOpen
from strowger.audit.replaying import row_digest
from strowger.broker import connections
from strowger.broker.consuming import Record
from strowger.contract.topics import ALL, BOOKS, MARKET_BOOK, MARKET_LOG
from strowger.matching.deciding import GROUP as MATCHING
from strowger.matching.position import Position, decode, position_key

PATIENCE_SECONDS: Final = 30.0
"""A transaction is over sooner: its producer's timeout ends it."""

RECORDED: Final = tuple(topic for topic in ALL if MATCHING in topic.writers and topic not in BOOKS)
"""What matching writes beside its tables."""

_TOPICS: Final = (MARKET_LOG, *BOOKS, *RECORDED)

_POLL_MS: Final = 20
_PAUSE_SECONDS: Final = 0.1


@dataclass(frozen=True)
class Noted:
    """Where one partition stood when the audit began, and how far it is audited."""

    partition: int
    position: Position | None
    """What was decided last; none where nothing was."""
    log_begins: int
    log_ends: int
    begins: dict[str, int]
    """By topic: the first record that is kept."""
    certain: dict[str, int]
    """By topic: where what was committed before `position` ends; no record before may be left."""
    ends: dict[str, int]
    """By topic: where all that `position` was committed with has been written."""
    market_book_begins: int
    market_book_ends: int


def recorded_topics(partition: int) -> dict[str, TopicPartition]:
    """Give where what follows from a partition of the log is recorded, by topic."""
    return {
        topic.name: TopicPartition(topic.name, partition if topic.partitions > 1 else 0)
        for topic in RECORDED
    }


class Reader:
    """Reads the topics of one partition of the log, committed records alone."""

    def __init__(self, committed: AIOKafkaConsumer, written: AIOKafkaConsumer) -> None:
        self._committed = committed
        self._written = written

    async def note(self, partition: int) -> Noted:
        """Note where everything ends.

        First where the records end that nobody may add to before the position, then the position,
        then where all that it was committed with ends: so none is called missing that is only late,
        and none is let pass that is one too many.

        Raises:
            TransactionOpen: a transaction does not end.
        """
        places = recorded_topics(partition)
        log = TopicPartition(MARKET_LOG.name, partition)
        book = TopicPartition(MARKET_BOOK.name, partition)
        self._committed.assign([log, book, *places.values()])
        certain = await self._committed.end_offsets(list(places.values()))
        market_book_ends = (await self._all_committed([book]))[book]
        position = await self._last_position(book, market_book_ends)
        ends = await self._all_committed(list(places.values()))
        begins = await self._committed.beginning_offsets([log, book, *places.values()])
        return Noted(
            partition=partition,
            position=position,
            log_begins=begins[log],
            log_ends=(await self._committed.end_offsets([log]))[log],
            begins={topic: begins[place] for topic, place in places.items()},
            certain={topic: certain[place] for topic, place in places.items()},
            ends={topic: ends[place] for topic, place in places.items()},
            market_book_begins=begins[book],
            market_book_ends=market_book_ends,
        )

    async def _all_committed(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Give where partitions end, once what is open there now is committed or aborted."""
        written = await self._written.end_offsets(places)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    committed = await self._committed.end_offsets(places)
                    if all(committed[place] >= written[place] for place in places):
                        return {place: written[place] for place in places}
                    await asyncio.sleep(_PAUSE_SECONDS)
        except TimeoutError:
            names = ", ".join(f"{each.topic}-{each.partition}" for each in places)
            raise TransactionOpen(
                f"a transaction in {names} has been open for over {PATIENCE_SECONDS:g} s: find "
                "whose it is with `kafka-transactions.sh find-hanging`, end it, and audit again"
            ) from None

    async def _last_position(self, book: TopicPartition, end: int) -> Position | None:
        """Find the last position row: it is among the last rows that a batch writes."""
        begin = (await self._committed.beginning_offsets([book]))[book]
        back = 16
        while True:
            start = max(begin, end - back)
            last: Position | None = None
            async for record in self.read(book, start, end):
                if record.key == position_key(book.partition):
                    last = read_position(record) or last
            if last is not None or start == begin:
                return last
            back *= 16

    async def read(self, place: TopicPartition, begin: int, end: int) -> AsyncIterator[Record]:
        """Give the committed records of a partition from one offset up to another.

        Raises:
            LogCut: retention deletes them while they are read.
        """
        cursor = self.cursor(place, begin, end)
        while batch := await cursor.more():
            for record in batch:
                yield record

    def cursor(self, place: TopicPartition, begin: int, end: int) -> "Cursor":
        """Begin to read one of the noted partition's, from one offset up to another."""
        return Cursor(self._committed, place, begin, end)

    async def tables(self, partition: int, position: Position) -> dict[bytes, int] | None:
        """Digest each row that the tables hold, by key; none where they move on meanwhile."""
        books = [TopicPartition(book.name, partition) for book in BOOKS]
        ends = await self._written.end_offsets(books)
        if ends != await self._committed.end_offsets(books):
            return None
        begins = await self._committed.beginning_offsets(books)
        self._committed.assign(books)
        rows: dict[bytes, int] = {}
        stands: Position | None = None
        for book in books:
            async for record in self.read(book, begins[book], ends[book]):
                if record.key == position_key(partition):
                    stands = read_position(record)
                elif record.value is None:
                    rows.pop(record.key or b"", None)
                else:
                    rows[record.key or b""] = row_digest(record.key or b"", record.value)
        moved = ends != await self._written.end_offsets(books)
        return None if moved or stands != position else rows


class Cursor:
    """Reads one assigned partition, batch by batch, to an end that was noted."""

    def __init__(
        self, consumer: AIOKafkaConsumer, place: TopicPartition, begin: int, end: int
    ) -> None:
        self._consumer = consumer
        self._place = place
        self._end = end
        self._next = begin
        consumer.seek(place, begin)

    @property
    def at_end(self) -> bool:
        """Say whether everything was read."""
        return self._next >= self._end

    async def more(self) -> list[Record]:
        """Give the next records, at least one; none at the end.

        Raises:
            LogCut: retention deletes them while they are read.
        """
        while not self.at_end:
            try:
                fetched = await self._consumer.getmany(self._place, timeout_ms=_POLL_MS)
            except OffsetOutOfRangeError:
                raise LogCut(
                    f"{self._place.topic}-{self._place.partition} has no offset {self._next}: "
                    "retention deleted it meanwhile; audit again, from a checkpoint if need be"
                ) from None
            records: Iterable[Record] = fetched.get(self._place, [])
            found = [each for each in records if each.offset < self._end]
            # Past what holds no record: aborted ones, and the marks that end transactions.
            self._next = await self._consumer.position(self._place)
            if found:
                return found
        return []


def read_position(record: Record) -> Position | None:
    """Read a position row; none for what is none."""
    try:
        return None if record.value is None else decode(record.value)
    except msgspec.MsgspecError:
        return None


@asynccontextmanager
async def reader(bootstrap: str) -> AsyncIterator[Reader]:
    """Give a reader of this broker's topics.

    Raises:
        TopicsMissing: it has none of an exchange.
    """
    async with (
        # Reset to nowhere: what retention deletes under us must not be skipped in silence.
        connections.consumer(
            bootstrap, client_id="audit", start="none", max_wait_ms=_POLL_MS
        ) as committed,
        connections.consumer(
            bootstrap, client_id="audit-ends", read_committed=False, start="none"
        ) as written,
    ):
        there = await committed.topics()
        missing = [topic.name for topic in _TOPICS if topic.name not in there]
        if missing:
            raise TopicsMissing(
                f"{', '.join(missing)} are not there: make them with `strowger topics apply`, or "
                "name the exchange's broker with --bootstrap"
            )
        yield Reader(committed, written)


def cut(noted: Noted, start: int, since: dict[str, int]) -> None:
    """Refuse what has no beginning any more.

    Raises:
        LogCut: the log from `start` on, or what was recorded of it, was deleted.
    """
    what = "audit from a checkpoint that was saved before that (--from FILE)"
    if noted.log_begins > start:
        raise LogCut(
            f"{MARKET_LOG.name}-{noted.partition} begins at offset {noted.log_begins}: retention "
            f"deleted what came before, from {start} on; {what}"
        )
    for topic, begins in noted.begins.items():
        if begins > since.get(topic, 0):
            raise LogCut(
                f"{topic} of partition {noted.partition} begins at offset {begins}: retention "
                f"deleted what was recorded before; {what}"
            )
