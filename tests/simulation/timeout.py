"""The session-timeout processor without Faust: the real schedule and the real event it makes."""

import asyncio
from collections import defaultdict

from aiokafka import TopicPartition

from strowger.broker.appending import Append, Appender, partition_of
from strowger.contract.topics import SESSION_BOOK, SESSION_CLOSED
from strowger.life import Life
from strowger.session_timeout.closing import SESSION_KEYS, closing, open_until_ms
from strowger.session_timeout.schedule import Schedule
from tests.simulation.cluster import Cluster
from tests.simulation.loop import now_ms, spawn

TICK_SECONDS = 0.5


class SessionTimeout:
    """Rereads `session-book` at every start, follows it, and closes what is overdue."""

    def __init__(self, cluster: Cluster, clock_off_ms: int) -> None:
        self._cluster, self._clock_off_ms = cluster, clock_off_ms

    async def run(self, _life: Life) -> None:
        """Serve until killed."""
        schedules: dict[int, Schedule] = defaultdict(Schedule)
        reader = self._cluster.consumer("", start="none")
        async with reader, self._cluster.producer("") as producer:
            places = [
                TopicPartition(SESSION_BOOK.name, each) for each in range(SESSION_BOOK.partitions)
            ]
            reader.assign(places)
            for place in places:
                reader.seek(place, 0)
                schedules[place.partition].begin_reread({})
            ends = await reader.end_offsets(places)
            following = spawn(lambda: self._close_due(schedules, Appender(producer)))
            try:
                while not following.done():
                    for place, records in (await reader.getmany(timeout_ms=200)).items():
                        for record in records:
                            if (record.key or b"").startswith(SESSION_KEYS):
                                shown = open_until_ms(record.value)
                                schedules[place.partition].show(record.key or b"", shown)
                    for place in places:
                        if await reader.position(place) >= ends[place]:
                            schedules[place.partition].end_reread()
                await following
            finally:
                following.cancel()

    async def _close_due(self, schedules: dict[int, Schedule], appender: Appender) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            at_ms = now_ms() + self._clock_off_ms
            due = [key for schedule in schedules.values() for key in schedule.due(at_ms)]
            closings = [closing(key, at_ms) for key in due]
            await appender.append(
                Append(
                    SESSION_CLOSED.name,
                    partition_of(each.key, SESSION_CLOSED.partitions),
                    *each,
                )
                for each in closings
            )
