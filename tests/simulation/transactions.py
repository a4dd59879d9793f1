"""The coordinator of transactions: epochs that fence, one decision, marks that come one by one."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from aiokafka import TopicPartition
from aiokafka.errors import ProducerFenced

from tests.simulation.log import Log
from tests.simulation.loop import spawn

Offsets = dict[TopicPartition, int]


@dataclass
class Transaction:
    """One transaction: where it wrote, and what it will have consumed."""

    producer: str
    places: list[TopicPartition] = field(default_factory=list)
    offsets: dict[str, Offsets] = field(default_factory=dict)
    is_open: bool = True


@dataclass
class _Producer:
    epoch: int = 0
    current: Transaction | None = None
    ending: "asyncio.Task[None] | None" = None


class Coordinator:
    """Knows each transactional id's newest producer, and refuses every older one."""

    def __init__(
        self,
        log: Log,
        commit_offsets: Callable[[str, Offsets], None],
        latency_seconds: Callable[[], float],
    ) -> None:
        self._log = log
        self._commit_offsets = commit_offsets
        self._latency_seconds = latency_seconds
        self._producers: dict[str, _Producer] = {}
        self.skips_until = 0.0
        """A broker that was killed writes no marks for some time where it aborts (hanging.py)."""

    async def register(self, name: str) -> int:
        """Take a new producer in: older ones are fenced, what they left open is aborted."""
        producer = self._producers.setdefault(name, _Producer())
        producer.epoch += 1
        epoch = producer.epoch
        if producer.current is not None:
            self._end(producer, commit=False)
        await self._ended(producer)
        return epoch

    async def begin(self, name: str, epoch: int, timeout_seconds: float) -> Transaction:
        """Open a transaction, once the one before is ended everywhere.

        Raises:
            ProducerFenced: a newer producer has this name.
        """
        producer = self._current(name, epoch)
        await self._ended(producer)
        self._current(name, epoch)
        if producer.current is None:
            transaction = producer.current = Transaction(name)
            loop = asyncio.get_running_loop()
            loop.call_later(timeout_seconds, self._expire, producer, transaction)
        return producer.current

    def use(self, name: str, epoch: int, transaction: Transaction) -> None:
        """Let a producer write in its transaction.

        Raises:
            ProducerFenced: a newer producer has this name, or the transaction took too long.
        """
        if self._current(name, epoch).current is not transaction or not transaction.is_open:
            raise ProducerFenced

    async def end(self, name: str, epoch: int, transaction: Transaction, *, commit: bool) -> None:
        """Decide what becomes of a transaction; its marks follow, one place after the other.

        Raises:
            ProducerFenced: a newer producer has this name, or the transaction took too long.
        """
        self.use(name, epoch, transaction)
        self._end(self._producers[name], commit=commit)

    def _current(self, name: str, epoch: int) -> _Producer:
        producer = self._producers[name]
        if producer.epoch != epoch:
            raise ProducerFenced
        return producer

    def _expire(self, producer: _Producer, transaction: Transaction) -> None:
        if producer.current is transaction:
            producer.epoch += 1
            self._end(producer, commit=False)

    def _end(self, producer: _Producer, *, commit: bool) -> None:
        transaction = producer.current
        if transaction is None:
            return
        producer.current = None
        transaction.is_open = False
        producer.ending = spawn(lambda: self._mark(transaction, commit=commit))

    async def _mark(self, transaction: Transaction, *, commit: bool) -> None:
        if not commit and asyncio.get_running_loop().time() < self.skips_until:
            return
        for place in transaction.places:
            await asyncio.sleep(self._latency_seconds())
            self._log.end_transaction(place, transaction.producer, commit=commit)
        await asyncio.sleep(self._latency_seconds())
        if commit:
            for group, offsets in transaction.offsets.items():
                self._commit_offsets(group, offsets)

    async def _ended(self, producer: _Producer) -> None:
        while producer.ending is not None and not producer.ending.done():
            await asyncio.wait({producer.ending})
