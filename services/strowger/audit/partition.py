"""Audit one partition: read its log and what is recorded of it side by side, and compare."""

import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from aiokafka import TopicPartition

from strowger.audit.checkpoint import Reached
from strowger.audit.compacted import CompactedComparison
from strowger.audit.comparing import Comparison
from strowger.audit.errors import LogMadeAnew, ReleaseTooOld
from strowger.audit.findings import Finding, described, differences
from strowger.audit.reading import (
    RECORDED,
    Cursor,
    Noted,
    Reader,
    cut,
    read_position,
    recorded_topics,
)
from strowger.audit.replaying import Replay
from strowger.audit.report import Audited
from strowger.broker.consuming import Record
from strowger.contract.commands import CommandTooNew
from strowger.contract.topics import DEAD_LETTERS, MARKET_BOOK, MARKET_LOG
from strowger.matching.deciding import LogGap, Restored
from strowger.matching.position import StateTooNew, encode, position_key

SETTLE_EVERY: Final = 1_000
"""Changes are drained at least every so many commands, so that they don't pile up."""


class Audit:
    """The audit of one partition, from nothing or from where a checkpoint came to."""

    def __init__(
        self, reading: Reader, partition: int, known: tuple[Reached, Restored] | None
    ) -> None:
        nothing = Restored.of_nothing()
        self._reading = reading
        self._partition = partition
        self._from = known[0] if known else Reached(partition, 0, nothing.position, {})
        self.replay = Replay(partition, known[1] if known else nothing)
        self._topics = {
            topic: (place, _comparison(topic, partition))
            for topic, place in recorded_topics(partition).items()
        }
        self._since = dict(self._from.since)
        self._positions = 0
        self._last: Record | None = None

    async def run(self, progress: Callable[[int, int, int], None]) -> Audited:
        """Audit up to what was decided when this begins.

        Raises:
            AuditError: what there is cannot be audited.
        """
        try:
            return await self._run(progress)
        except (CommandTooNew, StateTooNew) as newer:
            raise ReleaseTooOld(f"partition {self._partition}: {newer}") from None

    async def _run(self, progress: Callable[[int, int, int], None]) -> Audited:
        began = time.monotonic()
        noted = await self._reading.note(self._partition)
        start = self.replay.next_offset
        end = 0 if noted.position is None else noted.position.next_offset
        self._check(noted, start, end)
        try:
            finding = await self._compare(noted, end, progress)
        except LogGap as gap:
            raise LogMadeAnew(
                f"{gap}: a command is gone, and with it what followed from it"
            ) from None
        rows = None
        if finding is None and noted.position is not None:
            rows = await self._reading.tables(self._partition, noted.position)
        if rows is not None:
            finding = self._of_tables(rows)
        return Audited(
            partition=self._partition,
            first_offset=start,
            next_offset=self.replay.next_offset,
            audited_from=self._from.audited_from,
            waiting=noted.log_ends - end,
            became={each.value: count for each, count in self.replay.became.items()},
            agreed={topic: comparison.agreed for topic, (_, comparison) in self._topics.items()},
            positions=self._positions,
            rows=None if rows is None else len(rows),
            finding=finding,
            seconds=time.monotonic() - began,
        )

    def reached(self) -> Reached:
        """Give where a later audit may go on; this one must have found nothing."""
        position = self.replay.settle()
        return Reached(self._partition, self._from.audited_from, position, self._since)

    def _check(self, noted: Noted, start: int, end: int) -> None:
        cut(noted, start, self._from.since)
        if end < start:
            raise LogMadeAnew(
                f"{MARKET_LOG.name}-{self._partition} is decided up to {end}, the checkpoint goes "
                f"up to {start}: it is of another log"
            )
        if noted.log_ends < end:
            raise LogMadeAnew(
                f"{MARKET_LOG.name}-{self._partition} ends at {noted.log_ends}, but is decided up "
                f"to {end}: it was made anew or cut"
            )

    async def _compare(
        self, noted: Noted, end: int, progress: Callable[[int, int, int], None]
    ) -> Finding | None:
        """Give the first record that is not as it follows, by where its command stands."""
        log = self._cursor(MARKET_LOG.name, self.replay.next_offset, end)
        cursors = {
            topic: self._reading.cursor(place, self._since.get(topic, 0), noted.ends[topic])
            for topic, (place, _) in self._topics.items()
        }
        positions = _Positions(self._position_rows(noted))
        await positions.advance()
        finding = await self._of_positions(positions)
        while finding is None and (batch := await log.more()):
            for command in batch:
                finding = finding or await self._decide(command, positions)
            found = [await self._of_topic(topic, cursor) for topic, cursor in cursors.items()]
            finding = _first(finding, *found)
            progress(self._partition, self.replay.next_offset, end)
        if finding is not None:
            return finding
        found = [
            await self._of_topic(topic, cursor, until=noted.certain[topic])
            for topic, cursor in cursors.items()
        ]
        self._since = {
            topic: max(noted.certain[topic], comparison.next_offset or 0)
            for topic, (_, comparison) in self._topics.items()
        }
        return _first(*found, positions.left(self._partition))

    async def _decide(self, command: Record, positions: "_Positions") -> Finding | None:
        for topic, expected in self.replay.decide(command):
            self._topics[topic][1].expect(expected)
        self._last = command
        if self.replay.next_offset % SETTLE_EVERY == 0:
            self.replay.settle()
        return await self._of_positions(positions)

    async def _of_topic(
        self, topic: str, cursor: Cursor, until: int | None = None
    ) -> Finding | None:
        """Compare what is recorded in a topic; with `until`, all that follows is known."""
        comparison = self._topics[topic][1]
        while comparison.wants > 0 and (records := await cursor.more()):
            comparison.find(each for each in records if self._is_ours(each))
        return comparison.compare(
            all_expected=until is not None, all_found=cursor.at_end, until=until
        )

    def _is_ours(self, record: Record) -> bool:
        """Say whether a record is of this partition: dead letters are of many."""
        if record.topic != DEAD_LETTERS.name:
            return True
        headers = dict(record.headers)
        place = (headers.get("dl_topic"), headers.get("dl_partition"))
        return place == (MARKET_LOG.name.encode(), str(self._partition).encode())

    async def _of_positions(self, positions: "_Positions") -> Finding | None:
        """Compare every position row that was committed at this command."""
        while (row := positions.head) is not None and (
            positions.next_offset <= self.replay.next_offset
        ):
            if not positions.is_before(self._from.position.next_offset):
                position = self.replay.settle()
                if row.value != encode(position):
                    return self._wrong(row, differences(encode(position), row.value))
                self._positions += 1
            await positions.advance()
        return None

    def _of_tables(self, rows: dict[bytes, int]) -> Finding | None:
        wrong = self.replay.table_difference(rows)
        if wrong is None:
            return None
        return Finding("changed", wrong[0], self._partition, None, None, None, (wrong[1],))

    def _wrong(self, row: Record, difference: tuple[str, ...]) -> Finding:
        return Finding(
            what="changed",
            topic=MARKET_BOOK.name,
            partition=self._partition,
            offset=row.offset,
            log_offset=None if self._last is None else self._last.offset,
            command=described(self._last),
            difference=difference,
        )

    async def _position_rows(self, noted: Noted) -> AsyncIterator[Record]:
        cursor = self._cursor(MARKET_BOOK.name, noted.market_book_begins, noted.market_book_ends)
        while batch := await cursor.more():
            for record in batch:
                if record.key == position_key(self._partition):
                    yield record

    def _cursor(self, topic: str, begin: int, end: int) -> Cursor:
        return self._reading.cursor(TopicPartition(topic, self._partition), begin, end)


def _comparison(topic: str, partition: int) -> Comparison:
    compacted = any(each.name == topic and each.is_compacted for each in RECORDED)
    return (CompactedComparison if compacted else Comparison)(topic, partition)


class _Positions:
    """The position rows of a partition, the next one looked at."""

    def __init__(self, rows: AsyncIterator[Record]) -> None:
        self._rows = rows
        self._readable = False
        self.head: Record | None = None
        self.next_offset = 0

    async def advance(self) -> None:
        """Look at the next row."""
        self.head = await anext(self._rows, None)
        position = None if self.head is None else read_position(self.head)
        self._readable = position is not None
        self.next_offset = 0 if position is None else position.next_offset

    def is_before(self, start: int) -> bool:
        """Say whether the row is of before an audit's start; one that cannot be read never is."""
        return self._readable and self.next_offset < start

    def left(self, partition: int) -> Finding | None:
        """Give the row that is left when all else was compared: no command leads to it."""
        if self.head is None:
            return None
        said = f"a position at {self.next_offset} was found, which was not decided yet"
        return Finding(
            "follows from nothing",
            MARKET_BOOK.name,
            partition,
            self.head.offset,
            None,
            None,
            (said,),
        )


def _first(*findings: Finding | None) -> Finding | None:
    """Give what is found earliest in the log; what follows from nothing of it comes last."""
    found = [each for each in findings if each is not None]
    return min(
        found, key=lambda each: (each.log_offset is None, each.log_offset or 0), default=None
    )
