"""The owner of one partition: takes it over, decides its commands, commits each batch at once."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, Self

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from strowger.broker import connections
from strowger.broker.appending import Appender
from strowger.broker.consuming import Record
from strowger.contract.topics import MARKET_LOG
from strowger.matching.deciding import GROUP, Became, Deciding, Restored
from strowger.matching.hanging import abort_hanging
from strowger.matching.output import Output
from strowger.matching.restore import restore

log = structlog.get_logger(__name__)

COMMIT_AT_BYTES: Final = 4 * 1024 * 1024
"""A transaction is committed once it holds so much, however many commands are at hand."""


COMMIT_AFTER_SECONDS: Final = 0.5
"""A transaction is committed once so much was spent on deciding it, however little it holds.

While commands are decided nothing else runs: without a bound, costly requests would keep the
heartbeat waiting until the group took the member for dead.
"""

Clock = Callable[[], float]


class Owner:
    """One partition of `market-log`, its markets, and the one producer that may write for it."""

    def __init__(
        self, partition: int, producer: AIOKafkaProducer, restored: Restored, clock: Clock
    ) -> None:
        self._log = TopicPartition(MARKET_LOG.name, partition)
        self._producer = producer
        self._appender = Appender(producer)
        self._clock = clock
        self._deciding = Deciding(partition, restored)

    @property
    def next_offset(self) -> int:
        """The first command that is not decided yet."""
        return self._deciding.next_offset

    @classmethod
    async def take_over(cls, bootstrap: str, partition: int, clock: Clock = time.monotonic) -> Self:
        """Fence the partition's older owner, then restore what it committed last.

        Starting the producer ends the older owner's open transaction, so that what is read after it
        is all there will ever be of that owner.

        Raises:
            TransactionHangs: an older owner's transaction cannot be ended.
            RestoreFailed: the tables are not whole.
        """
        producer = connections.transactional_producer(
            bootstrap, transactional_id=f"{GROUP}-{partition}"
        )
        try:
            await producer.start()
            await abort_hanging(bootstrap, partition, producer)
            owner = cls(partition, producer, await restore(bootstrap, partition), clock)
            # Said again at once, so that the lag that others see is true from here on.
            await owner._commit(Output(partition))
        except BaseException:
            await producer.stop()
            raise
        return owner

    async def release(self) -> None:
        """Let go of the partition, between batches."""
        await self._producer.stop()

    async def decide(self, records: Iterable[Record]) -> None:
        """Decide commands in their order and commit what follows from them.

        Raises:
            LogGap: the records do not go on from the last one decided.
            ProducerFenced: another owner has taken over; nothing of this batch counts.
        """
        waiting = deque(record for record in records if record.offset >= self.next_offset)
        while waiting:
            await self._commit(self._decide_some(waiting))

    def _decide_some(self, waiting: deque[Record]) -> Output:
        output = Output(self._log.partition)
        until_seconds = self._clock() + COMMIT_AFTER_SECONDS
        while waiting and output.bytes < COMMIT_AT_BYTES:
            self._decide_one(waiting.popleft(), output)
            if self._clock() >= until_seconds:
                break
        self._deciding.settle(output)
        return output

    def _decide_one(self, record: Record, output: Output) -> None:
        became = self._deciding.decide(record, output)
        if became is Became.NO_COMMAND:
            log.error("market log holds what is no command", offset=record.offset)
        for fault in self._deciding.markets.faults():
            log.error(
                "rule failed", partition=record.partition, offset=record.offset, exc_info=fault
            )

    async def _commit(self, output: Output) -> None:
        async with self._producer.transaction():
            await self._appender.append(output.records)
            offsets = {self._log: OffsetAndMetadata(self.next_offset, "")}
            await self._producer.send_offsets_to_transaction(offsets, GROUP)
