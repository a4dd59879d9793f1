"""The owner of one partition: takes it over, decides its commands, commits each batch at once."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, Self

import msgspec
import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from strowger.broker import connections
from strowger.broker.appending import Appender
from strowger.broker.consuming import Record
from strowger.broker.dead_letters import DeadLetter
from strowger.contract.commands import AnyCommand, decode
from strowger.contract.refusals import DeadLetterReason
from strowger.contract.topics import MARKET_BOOK, MARKET_LOG
from strowger.matching.hanging import abort_hanging
from strowger.matching.output import Output
from strowger.matching.position import Position, Watermark, encode, position_key
from strowger.matching.restore import Restored, restore

log = structlog.get_logger(__name__)

GROUP: Final = "matching"

COMMIT_AT_BYTES: Final = 4 * 1024 * 1024
"""A transaction is committed once it holds so much, however many commands are at hand."""


COMMIT_AFTER_SECONDS: Final = 0.5
"""A transaction is committed once so much was spent on deciding it, however little it holds.

While commands are decided nothing else runs: without a bound, costly requests would keep the
heartbeat waiting until the group took the member for dead.
"""

Clock = Callable[[], float]


class LogGap(Exception):
    """The log does not go on where the tables say it was decided to: nothing may be skipped."""


class Owner:
    """One partition of `market-log`, its markets, and the one producer that may write for it."""

    def __init__(
        self, partition: int, producer: AIOKafkaProducer, restored: Restored, clock: Clock
    ) -> None:
        self._log = TopicPartition(MARKET_LOG.name, partition)
        self._producer = producer
        self._appender = Appender(producer)
        self._clock = clock
        self._markets = restored.markets
        self._digest = restored.digest
        self._watermarks = {
            (mark.topic, mark.partition): mark.offset for mark in restored.position.watermarks
        }
        self.next_offset = restored.position.next_offset
        """The first command that is not decided yet."""

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
            record = waiting.popleft()
            if record.offset != self.next_offset:
                raise LogGap(f"{self._log}: expected {self.next_offset}, got {record.offset}")
            self._decide_one(record, output)
            self.next_offset = record.offset + 1
            if self._clock() >= until_seconds:
                break
        changes = self._markets.drain()
        self._digest.follow(changes)
        output.change(changes)
        output.row(MARKET_BOOK.name, position_key(self._log.partition), self._position())
        return output

    def _decide_one(self, record: Record, output: Output) -> None:
        try:
            command = decode(record.value or b"")
        except msgspec.MsgspecError as problem:
            # Only our own services write here; whatever this is must not stop the market.
            reason = DeadLetterReason.NOT_A_COMMAND
            output.add(DeadLetter(record, reason, str(problem), GROUP).to_append())
            log.exception("market log holds what is no command", offset=record.offset)
            return
        if self._is_redelivery(command):
            return
        for decision in self._markets.apply(command, record.timestamp, record.offset):
            output.decide(decision)
            sale = self._markets.public_sale(decision)
            if sale is not None:
                output.sell(decision.event_id, sale)
        for fault in self._markets.faults():
            log.error("rule failed", offset=record.offset, market=command.market, exc_info=fault)

    def _is_redelivery(self, command: AnyCommand) -> bool:
        """Say whether the record behind the command was applied before; note it if it was not."""
        origin = command.origin
        if origin is None:
            return False
        place = (origin.topic, origin.partition)
        if origin.offset <= self._watermarks.get(place, -1):
            return True
        self._watermarks[place] = origin.offset
        return False

    def _position(self) -> bytes:
        marks = (Watermark(*place, offset) for place, offset in sorted(self._watermarks.items()))
        return encode(
            Position(self.next_offset, self._digest.hex(), self._digest.rows, tuple(marks))
        )

    async def _commit(self, output: Output) -> None:
        async with self._producer.transaction():
            await self._appender.append(output.records)
            offsets = {self._log: OffsetAndMetadata(self.next_offset, "")}
            await self._producer.send_offsets_to_transaction(offsets, GROUP)
