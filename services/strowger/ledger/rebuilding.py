"""Make a ledger anew from `decisions`, hold it against the present one, and put it in its place."""

import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from strowger.broker import connections
from strowger.contract.topics import DECISIONS, Topic
from strowger.ledger.backup import back_up
from strowger.ledger.comparing import Difference, compare
from strowger.ledger.errors import LedgerDamaged, LedgerMissing, LogBeginsLater
from strowger.ledger.files import rebuilt_path, remove
from strowger.ledger.projection import Batch, Place
from strowger.ledger.replacing import settle
from strowger.ledger.service import prove, seek
from strowger.ledger.store import Position, Store, opened

Progress = Callable[[int, int], None]
"""Told how many offsets of all that there are were read."""

_POLL_MS: Final = 200
_BATCH_RECORDS: Final = 2_000


@dataclass(frozen=True)
class Compared:
    """How a rebuilt ledger agrees with the present one, as far as that one had read."""

    rows: int = 0
    differences: list[Difference] = field(default_factory=list)
    not_compared: str | None = None
    """Why nothing was compared: there is no present ledger, or it is damaged."""

    @property
    def equal(self) -> bool:
        """Say whether both were compared and are alike, row by row."""
        return self.not_compared is None and not self.differences


@dataclass(frozen=True)
class Rebuilt:
    """A ledger made anew, beside the present one."""

    path: Path
    next_offsets: dict[int, int]
    compared: Compared
    seconds: float


async def rebuild(
    bootstrap: str,
    present: Path,
    *,
    start: Path | None = None,
    progress: Progress = lambda _done, _all: None,
    topic: Topic = DECISIONS,
) -> Rebuilt:
    """Make a ledger from all that the topic has now; from a back-up on, where `start` is one.

    It is written beside the present one, which may be written meanwhile and stays as it is. Both
    are compared as far as the present one had read when this began.

    Raises:
        LogBeginsLater: retention has deleted decisions, so it takes a back-up to start from.
        LedgerError: the back-up and the topic do not belong together.
        KafkaError: the topic cannot be read.
    """
    began = time.monotonic()
    target = rebuilt_path(present)
    remove(target)
    if start is not None:
        await back_up(start, target)
    with tempfile.TemporaryDirectory(prefix=".compare-", dir=present.parent) as scratch:
        snapshot, why_not = await _snapshot(present, Path(scratch) / "present.sqlite3")
        async with opened(target) as store:
            stops = {} if snapshot is None else await _offsets(snapshot)
            async with _reading(bootstrap, topic, store, progress) as reading:
                await reading.read(stops)
                if snapshot is None:
                    compared = Compared(not_compared=why_not)
                else:
                    compared = Compared(*await compare(snapshot, target))
                await reading.read(reading.ends)
            next_offsets = {at: each.next_offset for at, each in (await store.positions()).items()}
    await settle(target)
    return Rebuilt(target, next_offsets, compared, time.monotonic() - began)


async def _snapshot(present: Path, path: Path) -> tuple[Path | None, str | None]:
    """Copy the present ledger, at this release's schema; or say why it can't be compared with."""
    try:
        await back_up(present, path)
        async with opened(path):
            return path, None
    except (LedgerMissing, LedgerDamaged) as why:
        return None, str(why).partition(": ")[0]


async def _offsets(snapshot: Path) -> dict[int, int]:
    async with opened(snapshot) as store:
        return {at: each.next_offset for at, each in (await store.positions()).items()}


class _Reading:
    """Reads the topic into a store, from where the store is, up to one place after another."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        store: Store,
        known: Mapping[int, Position],
        ends: Mapping[TopicPartition, int],
        progress: Progress,
    ) -> None:
        self._consumer = consumer
        self._store = store
        self._progress = progress
        self._next = {at: position.next_offset for at, position in known.items()}
        self._ends = ends
        self._expected: dict[int, Position] = {}
        self._begins: dict[TopicPartition, int] = {}

    @property
    def ends(self) -> dict[int, int]:
        """Where each partition ended when this began."""
        return {tp.partition: end for tp, end in self._ends.items()}

    async def begin(self, known: dict[int, Position]) -> None:
        """Go to where the store is."""
        self._expected = await seek(self._consumer, known)
        self._begins = {tp: await self._consumer.position(tp) for tp in self._ends}

    async def read(self, until: Mapping[int, int]) -> None:
        """Read each partition up to this offset, or to its end where that is before."""
        stops = {
            tp: min(until[tp.partition], end)
            for tp, end in self._ends.items()
            if tp.partition in until
        }
        # What is written even where nothing was read: that there was nothing.
        reached = {tp.partition: self._reached(tp.partition, 0) for tp in stops}
        await self._store.write(Batch(), reached)
        while waiting := [
            tp for tp, stop in stops.items() if await self._consumer.position(tp) < stop
        ]:
            await self._read_some(waiting, stops)

    async def _read_some(
        self, waiting: list[TopicPartition], stops: Mapping[TopicPartition, int]
    ) -> None:
        fetched = await self._consumer.getmany(
            *waiting, timeout_ms=_POLL_MS, max_records=_BATCH_RECORDS
        )
        batch = Batch()
        for tp, records in fetched.items():
            for record in records:
                if record.offset >= stops[tp]:
                    break
                batch.add(Place(tp.partition, record.offset), record.value)
                known = self._expected.pop(tp.partition, None)
                if known is not None:
                    prove(tp, known, batch.last[tp.partition])
        reached: dict[int, int] = {}
        for tp in waiting:
            position = min(await self._consumer.position(tp), stops[tp])
            if position < await self._consumer.position(tp):
                self._consumer.seek(tp, position)
            reached[tp.partition] = self._reached(tp.partition, position)
        await self._store.write(batch, reached)
        done = [await self._consumer.position(tp) - begin for tp, begin in self._begins.items()]
        self._progress(sum(done), sum(self._ends.values()) - sum(self._begins.values()))

    def _reached(self, partition: int, position: int) -> int:
        """Give how far the store is with a partition; what proves the topic is read twice."""
        self._next[partition] = max(position, self._next.get(partition, 0))
        return self._next[partition]


@asynccontextmanager
async def _reading(
    bootstrap: str, topic: Topic, store: Store, progress: Progress
) -> AsyncIterator[_Reading]:
    consumer = connections.consumer(bootstrap, client_id="strowger-ledger-rebuild", start="none")
    async with consumer:
        places = [TopicPartition(topic.name, each) for each in range(topic.partitions)]
        consumer.assign(places)
        known = await store.positions()
        for place, begin in (await consumer.beginning_offsets(places)).items():
            if begin > 0 and place.partition not in known:
                raise LogBeginsLater(
                    f"{topic.name}-{place.partition} begins at {begin}: what was decided before is "
                    "in no log any more. Start from a back-up that has it: --from FILE"
                )
        ends = await consumer.end_offsets(places)
        reading = _Reading(consumer, store, known, ends, progress)
        await reading.begin(known)
        yield reading
