"""The Faust app: an agent follows `session-book`, a timer closes what is overdue."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import faust
import structlog
from aiokafka import TopicPartition
from faust.types import TP, EventT, StreamT

from strowger.broker.access import Access, access_of
from strowger.contract.signatures import SigningKey
from strowger.contract.topics import SESSION_BOOK, SESSION_CLOSED, SESSION_TIMEOUT_APP
from strowger.session_timeout.closing import SESSION_KEYS, closing, open_until_ms
from strowger.session_timeout.reread import Reread, Transport
from strowger.session_timeout.schedule import Schedule
from strowger.telemetry.metrics import CLOSE_LATENESS_SECONDS, SESSIONS_FOLLOWED

log = structlog.get_logger(__name__)

TICK_SECONDS: Final = 0.25
"""How often it looks: a close is sent this long after its deadline at most, plus what sending the
closes before it took."""

SESSION_TIMEOUT_SECONDS: Final = 6.0
"""How long after a kill another worker, or this one's successor, waits for its partitions."""

MAX_RESTORE_SECONDS: Final = 120.0
"""How long the table's restore may take; Faust waits for ever for what it could not decode."""

TABLE: Final = "open-sessions"

_RAW: Final[faust.Schema[bytes, bytes]] = faust.Schema(
    key_type=bytes,
    value_type=bytes,
    key_serializer="raw",
    value_serializer="raw",
    allow_empty=True,  # a tombstone
)


@dataclass(frozen=True)
class Names:
    """What the processor reads, writes and is called; a test gives it topics of its own."""

    app: str = SESSION_TIMEOUT_APP
    book: str = SESSION_BOOK.name
    closed: str = SESSION_CLOSED.name
    partitions: int = SESSION_BOOK.partitions


class RestoreStalled(Exception):
    """Faust did not finish a start or a rebalance in time."""

    def __init__(self, changelog: str) -> None:
        super().__init__(
            f"the table was not restored within {MAX_RESTORE_SECONDS:g} s: is the broker well? If "
            f"it is, delete the topic {changelog} and run `strowger topics apply`; nothing is lost "
            "by that, since the table is made anew from session-book"
        )


class App(faust.App):
    """A Faust app that keeps nothing on disk: its table lives in memory and in its changelog."""

    async def on_first_start(self) -> None:
        """Make no directories."""


class Processor:
    """The app, and beside it one schedule for each partition that it was assigned."""

    def __init__(self, bootstrap: str, names: Names, key: SigningKey | None = None) -> None:
        self.error: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Fails with what the agent raised: Faust by itself would count the event as done."""
        self._names = names
        self._key = key
        self._schedules: dict[int, Schedule] = {}
        self._rereads: dict[int, Reread] = {}
        self._untidy: set[int] = set()
        self._settled_at_seconds = time.monotonic()
        self.app = _app(bootstrap, names)
        self.app.transport = Transport(self.app, names.book, SESSION_KEYS, self._begin)
        # Raw bytes, `<partition> <deadline in ms>`: a value that Faust cannot decode would leave it
        # restoring for ever, and in memory the table mixes the rows of all partitions.
        self.table = self.app.Table(
            TABLE, key_type=bytes, value_type=bytes, partitions=names.partitions
        )
        self._closed = self.app.topic(names.closed, schema=_RAW)
        # No acknowledgements: no offset is ever committed, since each start rereads everything.
        book = self.app.topic(names.book, schema=_RAW, acks=False)
        self.app.agent(book, name=f"{names.app}-follow")(self._follow)
        self.app.timer(TICK_SECONDS, name="close-due")(self._close_due)

    def _begin(self, rereads: dict[int, Reread]) -> None:
        """Take over the partitions assigned now, from the table as restored, and only those."""
        self._rereads, self._untidy = rereads, set(rereads)
        self._schedules = {partition: Schedule() for partition in rereads}
        for partition, schedule in self._schedules.items():
            schedule.begin_reread(self._in_table(partition))
        log.info("session-book is being reread", partitions=sorted(rereads))

    async def _follow(self, stream: StreamT[bytes]) -> None:
        try:
            async for event in stream.events():
                self._show(event)
        except Exception as error:
            if not self.error.done():
                self.error.set_exception(error)
            raise

    def _show(self, event: EventT[bytes]) -> None:
        """Take in one session's row; the table may change only here, during its event."""
        partition, key = event.message.partition, event.message.key or b""
        schedule, reread = self._schedules.get(partition), self._rereads.get(partition)
        if schedule is None or reread is None:
            return  # it came before the reread, which will bring it again
        schedule.show(key, open_until_ms(event.message.value))
        reread.last_shown = event.message.offset
        self._end_if_complete(partition)
        if schedule.is_rereading:
            return
        changed = {key}
        if partition in self._untidy:
            self._untidy.discard(partition)
            changed |= self._in_table(partition).keys() | schedule.sessions()
        self._mirror(partition, schedule, changed)

    def _end_if_complete(self, partition: int) -> None:
        schedule = self._schedules[partition]
        if schedule.is_rereading and self._rereads[partition].is_complete:
            schedule.end_reread()
            log.info(
                "session-book was reread", partition=partition, sessions=len(schedule.sessions())
            )

    def _mirror(self, partition: int, schedule: Schedule, keys: set[bytes]) -> None:
        for key in keys:
            deadline_ms = schedule.deadline_ms(key)
            row = None if deadline_ms is None else b"%d %d" % (partition, deadline_ms)
            if row == self.table.get(key):
                continue
            if row is None:
                del self.table[key]
            else:
                self.table[key] = row

    def _in_table(self, partition: int) -> dict[bytes, int]:
        rows = ((key, *_row(row)) for key, row in self.table.items())
        return {key: deadline_ms for key, stored, deadline_ms in rows if stored == partition}

    async def lags(self) -> Mapping[TopicPartition, int]:
        """Say how many rows of each partition of the book are still to be read."""
        consumer = self.app.consumer
        places = {place for place in consumer.assignment() if place.topic == self._names.book}
        ends = await consumer.highwaters(*places)
        return {
            TopicPartition(place.topic, place.partition): max(
                ends[place] - (await consumer.position(place) or 0), 0
            )
            for place in places
        }

    def stalled(self) -> RestoreStalled:
        """Give the error that says what to do when Faust does not come to an end."""
        return RestoreStalled(self.table.changelog_topic.get_topic_name())

    async def _close_due(self) -> None:
        now_seconds = time.monotonic()
        if not self.app.rebalancing:
            self._settled_at_seconds = now_seconds
        elif now_seconds - self._settled_at_seconds > MAX_RESTORE_SECONDS:
            raise self.stalled()
        now_ms = time.time_ns() // 1_000_000
        assignment = self.app.consumer.assignment()
        due: list[bytes] = []
        for partition, schedule in self._schedules.items():
            if TP(self._names.book, partition) in assignment:
                self._end_if_complete(partition)
                overdue = schedule.due(now_ms)
                due += overdue
                _measure(partition, schedule, overdue, now_ms)
        acknowledgements = [await self._close(session, now_ms) for session in due]
        await asyncio.gather(*acknowledgements)
        if due:
            log.info("overdue sessions closed", sessions=len(due))

    async def _close(self, session: bytes, now_ms: int) -> "asyncio.Future[object]":
        key, value, headers = closing(session, now_ms)
        if self._key is not None:
            headers.append(self._key.sign(self._names.closed, headers, value))
        return asyncio.ensure_future(await self._closed.send(key=key, value=value, headers=headers))


def _measure(partition: int, schedule: Schedule, overdue: list[bytes], now_ms: int) -> None:
    """Tell how many sessions are followed, and how late closes are."""
    SESSIONS_FOLLOWED.labels(partition).set(len(schedule))
    for session in overdue:
        late_ms = now_ms - (schedule.deadline_ms(session) or now_ms)
        CLOSE_LATENESS_SECONDS.labels(partition).observe(late_ms / 1000)


def _app(bootstrap: str, names: Names) -> App:
    return App(
        names.app,
        broker=[f"kafka://{server}" for server in bootstrap.split(",")],
        broker_credentials=_credentials(access_of(bootstrap)),
        store="memory://",
        # Not exactly_once: it is not atomic in Faust and does not fence (DESIGN, section 6).
        processing_guarantee="at_least_once",
        topic_disable_leader=True,
        topic_allow_declare=False,
        topic_partitions=names.partitions,
        broker_session_timeout=SESSION_TIMEOUT_SECONDS,
        broker_heartbeat_interval=SESSION_TIMEOUT_SECONDS / 3,
        broker_request_timeout=15.0,
        web_enabled=False,
        loop=asyncio.get_running_loop(),
    )


def _credentials(access: Access) -> faust.SASLCredentials | faust.SSLCredentials | None:
    """Say to Faust as whom the broker is met."""
    if access.credentials is None:
        context = access.ssl_context
        return None if context is None else faust.SSLCredentials(context)
    return faust.SASLCredentials(
        username=access.credentials.username,
        password=access.credentials.password.get_secret_value(),
        mechanism=access.credentials.mechanism,
        ssl_context=access.ssl_context,
    )


def _row(row: bytes) -> tuple[int, int]:
    """Read a row of the table: its partition, its deadline in ms."""
    partition, _, deadline_ms = row.partition(b" ")
    if not (partition.isdigit() and deadline_ms.isdigit()):
        raise ValueError(f"the table of open sessions holds {row!r}, which is not a row of ours")
    return int(partition), int(deadline_ms)
