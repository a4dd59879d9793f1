"""How Faust is made to read `session-book`: sessions only, committed, and from its start each time.

A record costs Faust some 200 microseconds, whatever it holds, and a book holds many more requests
and remembered answers than sessions: so they are left out before Faust sees them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import IllegalStateError
from faust.transport.consumer import RecordMap
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, AppT

from strowger.broker.connections import GATHER_BYTES, GATHER_MS


@dataclass(slots=True)
class Reread:
    """How far one partition was reread; offsets as Kafka counts them."""

    end: int
    """Where the partition ended when the reread began."""
    position: int = 0
    last_fetched: int = -1
    last_shown: int = -1

    @property
    def is_complete(self) -> bool:
        """Whether every row below `end` was fetched, and every session fetched was shown."""
        return self.position >= self.end and self.last_shown >= self.last_fetched


OnBegin = Callable[[dict[int, Reread]], None]


class Consumer(driver.Consumer):
    """A consumer that goes to a topic's start wherever Faust's goes to the committed offset."""

    transport: "Transport"

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """Seek to the committed offsets, and in the reread topic to the start."""
        await super().perform_seek()
        tps = {tp for tp in self.assignment() if tp.topic == self.transport.topic}
        ends = await self.highwaters(*tps)
        for tp in tps:
            await self.seek(tp, 0)
        self.transport.begin({tp.partition: Reread(ends[tp]) for tp in tps})

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> RecordMap:  # noqa: ASYNC109 - Faust's signature
        fetched = await super()._getmany(active_partitions, timeout)
        records = {tp: self._wanted(tp, rows) for tp, rows in fetched.items()}
        await self._follow(records)
        return records

    def _wanted(self, tp: TP, rows: list[Any]) -> list[Any]:
        if tp.topic != self.transport.topic:
            return rows
        prefix = self.transport.key_prefix
        return [row for row in rows if row.key is not None and row.key.startswith(prefix)]

    async def _follow(self, records: RecordMap) -> None:
        """Note how far the rereads have come; between two fetches nothing else moves a position."""
        last = {(tp.topic, tp.partition): rows[-1].offset for tp, rows in records.items() if rows}
        for partition, reread in list(self.transport.rereads.items()):
            tp = TP(self.transport.topic, partition)
            reread.last_fetched = last.get(tp, reread.last_fetched)
            try:
                position = await self.position(tp)
            except IllegalStateError:
                continue  # the partition has moved to another worker, which rereads it
            reread.position = max(reread.position, position or 0)


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """A consumer of committed records, some at a time.

    Faust has no setting for the former but its own transactions, and none for the latter.
    """

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # noqa: SLF001 - see the class; a test proves it
        consumer._fetch_min_bytes = GATHER_BYTES  # noqa: SLF001
        consumer._fetch_max_wait_ms = GATHER_MS  # noqa: SLF001
        return consumer


class Transport(driver.Transport):
    """Faust's own transport but for one topic, which is reread; `on_begin` hears of each reread.

    Of that topic only records whose key begins with `key_prefix` are delivered.
    """

    Consumer = Consumer

    def __init__(self, app: AppT, topic: str, key_prefix: bytes, on_begin: OnBegin) -> None:
        super().__init__(app.conf.broker_consumer, app)
        self.topic = topic
        self.key_prefix = key_prefix
        self.rereads: Mapping[int, Reread] = {}
        self._on_begin = on_begin

    def begin(self, rereads: dict[int, Reread]) -> None:
        """Start following the rereads of the partitions that are assigned now."""
        self.rereads = rereads
        self._on_begin(rereads)
