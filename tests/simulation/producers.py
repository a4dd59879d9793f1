"""Producers, with what our services use of aiokafka's interface."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Final, Self

from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError, ProducerFenced
from aiokafka.structs import OffsetAndMetadata

from strowger.broker.appending import Append
from tests.simulation.log import Log
from tests.simulation.loop import spawn
from tests.simulation.process import Incarnation, Killed
from tests.simulation.transactions import Coordinator, Transaction

Headers = Sequence[tuple[str, bytes | None]]

_ROOM: Final = (1, 2, 5, 200)
"""So many records a batch holds: few, so that what belongs together comes apart."""


class Batch:
    """Records that are sent together."""

    def __init__(self, room: int) -> None:
        self.records: list[Append] = []
        self._room = room

    def append(
        self,
        *,
        timestamp: int | None,  # noqa: ARG002 - aiokafka names it
        key: bytes,
        value: bytes | None,
        headers: Headers,
    ) -> object | None:
        """Add a record; give none if it is full."""
        if len(self.records) >= self._room:
            return None
        self.records.append(Append("", 0, key, value, headers))
        return self


class _Metadata:
    def __init__(self, topics: Collection[str]) -> None:
        self._topics = set(topics)

    def topics(self) -> set[str]:
        return self._topics


class _Client:
    """What the notifier asks of its producer's client."""

    def __init__(self, log: Log, me: Incarnation) -> None:
        self._log, self._me = log, me

    async def fetch_all_metadata(self) -> _Metadata:
        await self._me.step("asking for all topics")
        return _Metadata(self._log.topics.keys())

    async def set_topics(self, _topics: Collection[str]) -> None:
        await self._me.step("naming its topics")


class Producer:
    """Writes to the log: by itself, or in transactions if it has a name for them."""

    def __init__(
        self,
        log: Log,
        coordinator: Coordinator,
        me: Incarnation,
        name: str | None,
        timeout_seconds: float,
    ) -> None:
        self.client = _Client(log, me)
        self._log, self._coordinator, self._me = log, coordinator, me
        self._name, self._timeout_seconds = name or "", timeout_seconds
        self._epoch = 0
        self._in_transaction = False
        self._is_begun_ahead = False
        self._transaction: Transaction | None = None

    async def start(self) -> None:
        """Connect; one with a name fences those before it."""
        await self._me.step("starting a producer")
        if self._name:
            self._epoch = await self._coordinator.register(self._name)
        await self._me.step("having started a producer")

    async def stop(self) -> None:
        """Disconnect; a transaction that is open stays open until it is too old."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def partitions_for(self, topic: str) -> set[int]:
        """Give a topic's partitions."""
        await self._me.step("asking for partitions")
        return set(range(len(self._log.topics[topic])))

    def create_batch(self) -> Batch:
        """Make an empty batch."""
        chance = self._me.process.chance
        return Batch(200 if chance.is_healed else chance.random.choice(_ROOM))

    async def send_batch(
        self, batch: Batch, topic: str, *, partition: int
    ) -> "asyncio.Future[object]":
        """Send a batch; the future tells what became of it."""
        told: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        place = TopicPartition(topic, partition)
        sending = spawn(lambda: self._deliver(batch.records, place))
        sending.add_done_callback(lambda sent: _tell(sent, told))
        return told

    async def send_and_wait(
        self, topic: str, *, partition: int, key: bytes, value: bytes | None
    ) -> None:
        """Write one record."""
        await self._deliver([Append("", 0, key, value)], TopicPartition(topic, partition))

    async def _deliver(self, records: Sequence[Append], place: TopicPartition) -> None:
        chance = self._me.process.chance
        transaction = await self._joined(place) if self._name else None
        await self._me.step(f"writing to {place.topic}")
        if chance.loses():
            chance.note(f"{self._me.process.name} cannot reach {place.topic}")
            raise KafkaTimeoutError
        if transaction is not None:
            self._coordinator.use(self._name, self._epoch, transaction)
        self._log.append(place.topic, place.partition, records, self._name or None)
        if chance.loses():
            chance.note(f"{self._me.process.name} is not told that {place.topic} was written")
            raise KafkaTimeoutError
        await self._me.step(f"having written to {place.topic}")

    # Transactions

    async def begin_transaction(self) -> None:
        """Begin one; the coordinator hears of it with the first place that is written."""
        if not self._is_begun_ahead:
            self._in_transaction, self._transaction = True, None
        self._is_begun_ahead = False

    async def begin_ahead(self, places: Collection[TopicPartition]) -> None:
        """Begin the next one; the coordinator hears of it, and of these places, in a while."""
        await self.begin_transaction()
        self._is_begun_ahead = True
        announced = tuple(places)
        spawn(lambda: self._announce(announced))

    async def _announce(self, places: Collection[TopicPartition]) -> None:
        # What fails here fails again where the transaction is used.
        with contextlib.suppress(ProducerFenced):
            for place in places:
                await self._joined(place)

    async def commit_transaction(self) -> None:
        """Make it count."""
        await self._end(commit=True)

    async def abort_transaction(self) -> None:
        """Make it never have been."""
        await self._end(commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Commit what is written inside, or abort it where it raises."""
        await self.begin_transaction()
        try:
            yield
        except BaseException:
            if not self._me.is_gone:
                await self.abort_transaction()
            raise
        await self.commit_transaction()

    async def send_offsets_to_transaction(
        self, offsets: dict[TopicPartition, OffsetAndMetadata], group: str
    ) -> None:
        """Commit what was consumed, with the transaction."""
        await self._me.step("adding offsets to the transaction")
        transaction = await self._opened()
        self._coordinator.use(self._name, self._epoch, transaction)
        consumed = transaction.offsets.setdefault(group, {})
        consumed.update({place: each.offset for place, each in offsets.items()})
        await self._me.step("having added offsets to the transaction")

    async def _end(self, *, commit: bool) -> None:
        if not self._in_transaction:
            raise ValueError("no transaction was begun")
        self._in_transaction = False
        if self._transaction is None:
            return
        await self._me.step("ending the transaction")
        await self._coordinator.end(self._name, self._epoch, self._transaction, commit=commit)
        await self._me.step("having ended the transaction")

    async def _joined(self, place: TopicPartition) -> Transaction:
        transaction = await self._opened()
        await self._me.step("adding a partition to the transaction")
        self._coordinator.use(self._name, self._epoch, transaction)
        if place not in transaction.places:
            transaction.places.append(place)
        return transaction

    async def _opened(self) -> Transaction:
        transaction = await self._coordinator.begin(self._name, self._epoch, self._timeout_seconds)
        self._transaction = transaction
        return transaction


def _tell(sent: "asyncio.Task[object]", told: "asyncio.Future[object]") -> None:
    """Say what became of a batch, also where its process is gone and nobody listens."""
    error = asyncio.CancelledError() if sent.cancelled() else sent.exception()
    if told.done():
        return
    if error is None:
        told.set_result(None)
    else:
        is_ours = isinstance(error, (Killed, asyncio.CancelledError))
        told.set_exception(KafkaTimeoutError() if is_ours else error)
        told.exception()  # looked at
