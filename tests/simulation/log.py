"""The simulated log: partitions, offsets, append times, transactions' marks, compaction."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from aiokafka import TopicPartition

from strowger.broker.appending import Append
from strowger.broker.consuming import Record
from strowger.contract.topics import Topic
from tests.simulation.history import Event

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(slots=True)
class Written:
    """One offset of a partition: a record, or the mark that ends a transaction."""

    record: Record
    producer: str | None = None
    """Whose transaction it is of, while that is open; a producer has one at a time."""
    is_aborted: bool = False
    is_mark: bool = False


class Partition:
    """One partition; what is written stays, but for what compaction takes out of readers' sight."""

    def __init__(self, topic: str, number: int, *, append_time: bool, is_table: bool) -> None:
        self.place = TopicPartition(topic, number)
        self.written: list[Written] = []
        self.is_table = is_table
        self._append_time = append_time
        self._stable = 0
        self._gone: set[int] = set()
        self.watchers: list[Callable[[], None]] = []
        """Called whenever there is more to read than there was."""

    @property
    def end(self) -> int:
        """Give the offset that comes next."""
        return len(self.written)

    @property
    def stable_end(self) -> int:
        """Give where readers of committed records must stop: the first open transaction."""
        while self._stable < self.end and self.written[self._stable].producer is None:
            self._stable += 1
        return self._stable

    def end_for(self, *, committed: bool) -> int:
        """Give the end that a reader sees."""
        return self.stable_end if committed else self.end

    def append(
        self, appends: Iterable[Append], at_ms: int, sent_ms: int, producer: str | None
    ) -> None:
        """Write records."""
        stamp_ms = at_ms if self._append_time else sent_ms
        topic, number = self.place
        for each in appends:
            headers = tuple((name, value) for name, value in each.headers)
            record = Record(topic, number, self.end, stamp_ms, each.key, each.value, headers)
            self.written.append(Written(record, producer))
        self._tell()

    def end_transaction(self, producer: str, at_ms: int, *, commit: bool) -> None:
        """Write the mark that ends whatever a producer has open here."""
        for each in self.written:
            if each.producer == producer:
                each.producer = None
                each.is_aborted = not commit
        topic, number = self.place
        mark = Record(topic, number, self.end, at_ms, None, None, ())
        self.written.append(Written(mark, is_mark=True))
        self._tell()

    def read(self, start: int, most: int, *, committed: bool) -> tuple[list[Record], int]:
        """Give records from an offset on, and the offset to go on from."""
        found: list[Record] = []
        at, end = start, self.end_for(committed=committed)
        while at < end and len(found) < most:
            each = self.written[at]
            hidden = each.is_mark or at in self._gone or (committed and each.is_aborted)
            if not hidden:
                found.append(each.record)
            at += 1
        return found, at

    def compact(self) -> None:
        """Take out each record that a later one of its key replaces, as the log cleaner may."""
        last: dict[bytes | None, int] = {}
        for at in range(self.stable_end):
            each = self.written[at]
            if each.is_mark or each.is_aborted or at in self._gone:
                continue
            replaced = last.get(each.record.key)
            if replaced is not None:
                self._gone.add(replaced)
            last[each.record.key] = at

    def events(self) -> list[Event]:
        """Give all records that were ever written."""
        return [
            Event(
                *(record.topic, record.partition, record.offset, record.timestamp),
                *(record.key, record.value, tuple(record.headers)),
                committed=not each.is_aborted and each.producer is None,
            )
            for each in self.written
            if not each.is_mark
            for record in (each.record,)
        ]

    def _tell(self) -> None:
        for watcher in self.watchers:
            watcher()


class Log:
    """All topics, and the clock that stamps what is appended."""

    def __init__(self, topics: Sequence[Topic], true_ms: Callable[[], int]) -> None:
        self.topics: dict[str, list[Partition]] = {}
        self.skew_ms = 0
        """By how much the log's clock is off; it may step back and jump ahead."""
        self.grain_ms = 1
        """In which steps that clock goes: in long ones many things happen at the same time."""
        self._true_ms = true_ms
        for topic in topics:
            self.make(topic)

    def make(self, topic: Topic) -> None:
        """Make a topic."""
        append_time = topic.config.get("message.timestamp.type") == "LogAppendTime"
        is_table = topic.config.get("cleanup.policy") == "compact"
        self.topics[topic.name] = [
            Partition(topic.name, number, append_time=append_time, is_table=is_table)
            for number in range(topic.partitions)
        ]

    def partition(self, topic: str, number: int) -> Partition:
        """Give a partition."""
        return self.topics[topic][number]

    def append(
        self, topic: str, number: int, appends: Sequence[Append], producer: str | None = None
    ) -> None:
        """Write records to one partition, at once and together."""
        true_ms = self._true_ms()
        at_ms = (true_ms + self.skew_ms) // self.grain_ms * self.grain_ms
        self.partition(topic, number).append(appends, at_ms, true_ms, producer)

    def end_transaction(self, place: TopicPartition, producer: str, *, commit: bool) -> None:
        """Write a mark."""
        partition = self.partition(place.topic, place.partition)
        partition.end_transaction(producer, self._true_ms(), commit=commit)

    def compact(self) -> None:
        """Compact every table."""
        for partitions in self.topics.values():
            for partition in partitions:
                if partition.is_table:
                    partition.compact()
