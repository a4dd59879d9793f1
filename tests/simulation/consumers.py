"""Consumers, with what our services use of aiokafka's interface."""

import asyncio
import contextlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Final, Self

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, KafkaTimeoutError, NoOffsetForPartitionError

from strowger.broker.consuming import Record
from tests.simulation.groups import Groups, Member
from tests.simulation.log import Log
from tests.simulation.loop import spawn
from tests.simulation.process import Incarnation, Killed

_AT_MOST: Final = (1, 3, 20, 500)
"""So many records a poll gives: few, so that what came together is taken in turns."""

_POLL_SECONDS: Final = 4.0
"""An idle poll lasts so long, whatever it asks for: nobody depends on its beat."""

_EXPECTED: Final = (Killed, asyncio.CancelledError)


class Consumer:
    """Reads partitions that it was assigned, or that its group gives it."""

    def __init__(
        self,
        log: Log,
        groups: Groups,
        me: Incarnation,
        topics: Sequence[str],
        *,
        group_id: str | None = None,
        read_committed: bool = True,
        start: str = "earliest",
        session_timeout_seconds: float = 6,
        heartbeat_seconds: float | None = None,
        max_poll_records: int | None = None,
        max_wait_ms: int = 500,
        min_bytes: int = 1,
    ) -> None:
        del max_wait_ms, min_bytes
        self._log, self._groups, self._me = log, groups, me
        self._topics, self._group_id = list(topics), group_id
        self._committed, self._start = read_committed, start
        self._session_timeout_seconds = session_timeout_seconds
        self._heartbeat_seconds = heartbeat_seconds or session_timeout_seconds / 3
        self._most = max_poll_records or 500
        self._listener: Any = None
        self._assigned: tuple[TopicPartition, ...] = ()
        self._paused: set[TopicPartition] = set()
        self._positions: dict[TopicPartition, int] = {}
        self._wake = asyncio.Event()
        self._member: Member | None = None
        self._tasks: list[asyncio.Task[Any]] = []

    def subscribe(self, topics: Sequence[str], listener: object = None) -> None:
        """Name the topics whose partitions the group deals out."""
        self._topics, self._listener = list(topics), listener

    async def start(self) -> None:
        """Connect, and enter the group if there is one."""
        await self._me.step("starting a consumer")
        if self._group_id is not None and self._topics:
            self._enter()
            self._tasks = [spawn(self._coordinate), spawn(self._beat)]

    async def stop(self) -> None:
        """Leave the group."""
        for task in self._tasks:
            task.cancel()
        self._watch(())
        if self._member is not None and not self._me.is_gone:
            self._groups.leave(self._member)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # The group

    def _enter(self) -> None:
        self._member = Member(self._group_id or "", self._topics[0], self._session_timeout_seconds)
        self._groups.hear(self._member)
        self._groups.enter(self._member)

    async def _beat(self) -> None:
        with contextlib.suppress(*_EXPECTED):
            while True:
                await asyncio.sleep(self._heartbeat_seconds)
                await self._me.process.awake()
                if self._me.is_gone:
                    return
                if self._member is not None and not self._groups.hear(self._member):
                    self._enter()
                    self._wake_coordination.set()

    @property
    def _wake_coordination(self) -> asyncio.Event:
        if self._member is None:
            raise TypeError("no member of a group")
        return self._member.must_join

    async def _coordinate(self) -> None:
        with contextlib.suppress(*_EXPECTED):
            while True:
                await self._wait_for_call()
                await self._tell("on_partitions_revoked", self._assigned)
                self._watch(())
                await self._me.step("joining its group")
                if self._member is None:
                    return
                with contextlib.suppress(CommitFailedError):
                    assigned = await self._groups.join(self._member)
                    await self._me.step("having joined its group")
                    await self._take(sorted(assigned))

    async def _wait_for_call(self) -> None:
        while True:
            member = self._member
            if member is None:
                raise TypeError("no member of a group")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._session_timeout_seconds):
                    await member.must_join.wait()
            if member is self._member and member.must_join.is_set():
                return

    async def _take(self, assigned: Sequence[TopicPartition]) -> None:
        self._positions.clear()
        self._paused.clear()
        self._watch(assigned)
        await self._tell("on_partitions_assigned", self._assigned)
        committed = self._groups.committed(self._group_id or "")
        for place in assigned:
            if self._start == "none" and place not in committed:
                raise NoOffsetForPartitionError(place)
            self._positions.setdefault(place, committed.get(place, 0))
        self._wake.set()

    async def _tell(self, what: str, places: Iterable[TopicPartition]) -> None:
        if self._listener is not None:
            with contextlib.suppress(Exception):  # aiokafka logs it, and goes on
                await getattr(self._listener, what)(set(places))

    # Reading

    def assign(self, places: Collection[TopicPartition]) -> None:
        """Read these partitions, without a group."""
        self._watch(sorted(places))

    def _watch(self, places: Sequence[TopicPartition]) -> None:
        for watched, adding in ((self._assigned, False), (tuple(places), True)):
            for place in watched:
                watchers = self._log.partition(place.topic, place.partition).watchers
                (watchers.append if adding else watchers.remove)(self._wake.set)
        self._assigned = tuple(places)
        self._wake.set()

    def assignment(self) -> set[TopicPartition]:
        """Give what it reads."""
        return set(self._assigned)

    def pause(self, *places: TopicPartition) -> None:
        """Read these no further."""
        self._paused |= set(places)

    def resume(self, *places: TopicPartition) -> None:
        """Read these on."""
        self._paused -= set(places)
        self._wake.set()

    def seek(self, place: TopicPartition, offset: int) -> None:
        """Go on from an offset."""
        self._positions[place] = offset
        self._wake.set()

    async def position(self, place: TopicPartition) -> int:
        """Give the offset that comes next."""
        return self._positions[place]

    async def beginning_offsets(
        self, places: Iterable[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Give where partitions begin: nothing is ever deleted at the front."""
        places = list(places)
        await self._me.step("asking where partitions begin")
        return dict.fromkeys(places, 0)

    async def end_offsets(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Give where partitions end, for a reader of this kind."""
        places = list(places)
        await self._me.step("asking where partitions end")
        return {
            place: self._log.partition(*place).end_for(committed=self._committed)
            for place in places
        }

    async def offsets_for_times(
        self, times: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, SimpleNamespace | None]:
        """Give the first record of each partition that was appended at a time or later."""
        await self._me.step("asking what came when")
        found: dict[TopicPartition, SimpleNamespace | None] = {}
        for place, from_ms in times.items():
            records, _ = self._log.partition(*place).read(0, 10**9, committed=self._committed)
            since = [each.offset for each in records if each.timestamp >= from_ms]
            found[place] = SimpleNamespace(offset=since[0]) if since else None
        return found

    async def getmany(self, *, timeout_ms: int) -> dict[TopicPartition, list[Record]]:
        """Give what is there; wait for it a while if nothing is."""
        del timeout_ms
        until = asyncio.get_running_loop().time() + _POLL_SECONDS
        while True:
            await self._me.step("reading")
            self._wake.clear()
            found = self._read()
            left = until - asyncio.get_running_loop().time()
            if found or left <= 0:
                return found
            try:
                async with asyncio.timeout(left):
                    await self._wake.wait()
            except TimeoutError:
                return {}
            if self._has_news():
                continue
            return {}

    def _has_news(self) -> bool:
        """Say whether there is something to read; else the caller should look at what it has."""
        return any(
            self._positions[place] < self._log.partition(*place).end_for(committed=self._committed)
            for place in self._assigned
            if place in self._positions and place not in self._paused
        )

    def _read(self) -> dict[TopicPartition, list[Record]]:
        chance = self._me.process.chance
        left = self._most if chance.is_healed else min(self._most, chance.random.choice(_AT_MOST))
        places = [each for each in self._assigned if each in self._positions]
        chance.random.shuffle(places)
        found: dict[TopicPartition, list[Record]] = {}
        for place in places:
            if place in self._paused or not left:
                continue
            partition = self._log.partition(*place)
            records, at = partition.read(self._positions[place], left, committed=self._committed)
            self._positions[place] = at
            left -= len(records)
            if records:
                found[place] = records
        return found

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit what was consumed.

        Raises:
            CommitFailedError: the partitions were dealt out anew.
            KafkaTimeoutError: nobody knows what became of it.
        """
        chance = self._me.process.chance
        await self._me.step("committing")
        if self._member is None:
            raise TypeError("no member of a group")
        self._groups.commit(self._member, dict(offsets))
        if chance.loses():
            chance.note(f"{self._me.process.name} is not told that it committed")
            raise KafkaTimeoutError
        await self._me.step("having committed")
