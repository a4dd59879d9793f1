"""The owner of one partition: takes it over, decides its commands, commits each batch at once."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Self

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from strowger.broker import connections
from strowger.broker.appending import Appender
from strowger.broker.connections import MARKED_WITHIN_SECONDS
from strowger.broker.consuming import Record
from strowger.contract.commands import CommandTooNew
from strowger.contract.topics import MARKET_LOG
from strowger.matching.deciding import GROUP, Became, Deciding, LogGap, Restored
from strowger.matching.following import Following
from strowger.matching.hanging import abort_hanging
from strowger.matching.meter import Meter
from strowger.matching.output import Output

log = structlog.get_logger(__name__)

COMMIT_AT_BYTES: Final = 4 * 1024 * 1024
"""A transaction is committed once it holds so much, however many commands are at hand."""


COMMIT_AFTER_SECONDS: Final = 0.5
"""A transaction is committed once so much was spent on deciding it, however little it holds.

While commands are decided nothing else runs: without a bound, costly requests would keep the
heartbeat waiting until the group took the member for dead.
"""

SAY_OFFSET_AFTER_SECONDS: Final = 0.25
SAY_OFFSET_AFTER_COMMANDS: Final = 100
"""When the consumed offset, after it was said, is said again: ahead, with the next batch.

It takes two round trips, which no answer waits for then, and nothing is decided by it: what is next
stands in the `position` row of every batch. Others see the lag by it, as old as either of these and
a batch.
"""

REST_AFTER_SECONDS: Final = 0.2
"""How long after its last batch a partition rests: its offset is said, and no transaction is open.

Far below the timeout of transactions: one that was begun ahead and forgotten would end its owner.
"""

Clock = Callable[[], float]


class Owner:
    """One partition of `market-log`, its markets, and the one producer that may write for it."""

    def __init__(
        self, following: Following, producer: AIOKafkaProducer, restored: Restored, clock: Clock
    ) -> None:
        self._log = TopicPartition(MARKET_LOG.name, following.partition)
        self._following = following
        self._producer = producer
        self._appender = Appender(producer)
        self._clock = clock
        self._deciding = Deciding(following.partition, restored)
        self._position = restored.position
        self._is_settled = True
        self._meter = Meter(following.partition, restored.markets)
        self._said_offset = -1
        self._say_at = 0.0
        self._rest_at = 0.0
        self._saying: asyncio.Task[None] | None = None
        self._busy_places: dict[TopicPartition, None] = {}
        """Where batches have written since the partition last rested, in the order of the first."""

    @property
    def next_offset(self) -> int:
        """The first command that is not decided yet."""
        return self._deciding.next_offset

    @classmethod
    async def take_over(
        cls,
        bootstrap: str,
        partition: int,
        following: Following | None = None,
        clock: Clock = time.monotonic,
    ) -> Self:
        """Fence the partition's older owner, then read what it committed last.

        Starting the producer ends the older owner's open transaction, so that what is read after it
        is all there will ever be of that owner. Who followed has little left to read.

        Raises:
            TransactionHangs: an older owner's transaction cannot be ended.
            RestoreFailed: the tables are not whole.
            StateTooNew: a newer release has written them.
            LogGap: the log is not the one that they follow from.
        """
        following = following or Following(bootstrap, partition)
        producer = connections.transactional_producer(
            bootstrap, transactional_id=f"{GROUP}-{partition}"
        )
        try:
            await following.start()
            await producer.start()
            await abort_hanging(following.offsets, partition, producer)
            with Meter.of_restore(partition) as restored_rows:
                restored = await following.prove()
                restored_rows(restored.digest.rows)
            owner = cls(following, producer, restored, clock)
            await owner._check_log()
            # Said again at once, so that the lag that others see is true from here on.
            await owner._commit(Output(partition))
        except BaseException:
            await producer.stop()
            await following.stop()
            raise
        return owner

    async def _check_log(self) -> None:
        offsets, next_offset = self._following.offsets, self.next_offset
        begin = (await offsets.begins([self._log]))[self._log]
        if begin > next_offset:
            raise LogGap(f"{self._log}: begins at {begin}, but {next_offset} is next")
        end = (await offsets.committed([self._log]))[self._log]
        if end < next_offset:
            raise LogGap(
                f"{self._log}: ends at {end}, but {next_offset} is next: it was made anew or cut, "
                "and what the books hold follows from what it held"
            )

    async def hand_on(self) -> Following | None:
        """Let go of the partition, between batches; give its tables, to be followed on.

        None if they are not what was committed: a batch has failed, or another owner took over.
        """
        following = self._following
        self._meter.forget()
        try:
            if self._is_settled:
                ends = await following.ends()
                # It succeeds only if no other owner has written anything before those ends.
                await self._commit(Output(self._log.partition))
                following.go_on(self._position, ends)
                return following
        except KafkaError as error:
            log.warning(
                "partition was taken over", partition=self._log.partition, reason=str(error)
            )
        finally:
            await self._stop_producing()
        await following.stop()
        return None

    async def release(self) -> None:
        """Let go of the partition for good, between batches."""
        self._meter.forget()
        await self._stop_producing()
        await self._following.stop()

    async def _stop_producing(self) -> None:
        if self._saying is not None:
            self._saying.cancel()
        await self._producer.stop()

    async def decide(self, records: Iterable[Record]) -> None:
        """Decide commands in their order and commit what follows from them.

        Raises:
            LogGap: the records do not go on from the last one decided.
            CommandTooNew: a newer release wrote the next one; those before it are committed.
            ProducerFenced: another owner has taken over; nothing of this batch counts.
        """
        waiting = deque(record for record in records if record.offset >= self.next_offset)
        while waiting:
            self._is_settled = False
            self._meter.begin()
            output = self._decide_some(waiting)
            self._meter.commits()
            await self._commit(output)
            self._is_settled = True
            self._meter.decided(output)

    def _decide_some(self, waiting: deque[Record]) -> Output:
        output = Output(self._log.partition)
        until_seconds = self._clock() + COMMIT_AFTER_SECONDS
        begin = self.next_offset
        while waiting and output.bytes < COMMIT_AT_BYTES:
            try:
                self._decide_one(waiting[0], output)
            except CommandTooNew:
                if self.next_offset == begin:
                    raise
                break  # what came before it is committed first
            waiting.popleft()
            if self._clock() >= until_seconds:
                break
        self._position = self._deciding.settle(output)
        return output

    def _decide_one(self, record: Record, output: Output) -> None:
        became = self._deciding.decide(record, output)
        if became is Became.REDELIVERED:
            self._meter.redelivered()
        elif became is Became.NO_COMMAND:
            self._meter.no_command()
            log.error("market log holds what is no command", offset=record.offset)
        for fault in self._deciding.markets.faults():
            self._meter.rule_failed()
            log.error(
                "rule failed", partition=record.partition, offset=record.offset, exc_info=fault
            )

    async def rest(self) -> None:
        """Say the consumed offset and leave no transaction open, once no batch came for a while.

        To be called between batches, again and again.
        """
        if _now_seconds() < self._rest_at:
            return
        if self._busy_places or self._said_offset != self.next_offset:
            await self._commit(Output(self._log.partition))

    async def _commit(self, output: Output) -> None:
        async with self._producer.transaction():
            writing: list[Awaitable[None]] = [self._appender.append(output.records)]
            if self._saying is not None:
                writing.append(self._saying)
                self._saying = None
            if not output.records:
                # An empty transaction would not even be begun, and tell nothing of whether this is
                # still the owner.
                writing.append(self._say())
            # At once, and none is left running while the transaction is ended.
            for outcome in await asyncio.gather(*writing, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome
        if output.records:
            await self._begin_ahead(output)
        else:
            self._busy_places.clear()

    async def _begin_ahead(self, output: Output) -> None:
        """Begin the next transaction where batches have written since the partition last rested."""
        for record in output.records:
            self._busy_places[TopicPartition(record.topic, record.partition)] = None
        await self._producer.begin_ahead(self._busy_places)
        self._rest_at = _now_seconds() + REST_AFTER_SECONDS
        is_much = self.next_offset - self._said_offset >= SAY_OFFSET_AFTER_COMMANDS
        if is_much or _now_seconds() >= self._say_at:
            self._saying = asyncio.create_task(self._say_ahead())

    async def _say_ahead(self) -> None:
        # Sooner it would be refused, as the places of a transaction would.
        await asyncio.sleep(MARKED_WITHIN_SECONDS)
        await self._say()

    async def _say(self) -> None:
        offset = self.next_offset
        said = {self._log: OffsetAndMetadata(offset, "")}
        await self._producer.send_offsets_to_transaction(said, GROUP)
        self._said_offset = offset
        self._say_at = _now_seconds() + SAY_OFFSET_AFTER_SECONDS


def _now_seconds() -> float:
    return asyncio.get_running_loop().time()
