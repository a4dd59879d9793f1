"""Run matching: own the partitions that the group assigns, and stand by for all others."""

import asyncio
from collections.abc import Iterable
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import InvalidSessionTimeoutError

from strowger.broker import connections
from strowger.broker.consuming import Fetched
from strowger.contract.topics import MARKET_LOG
from strowger.life import Life
from strowger.matching.ahead import ReadingAhead
from strowger.matching.deciding import GROUP
from strowger.matching.owner import Owner
from strowger.matching.standbys import Standbys
from strowger.service import bootstrap_of
from strowger.settings import Settings
from strowger.telemetry.lag import lags_of
from strowger.telemetry.metrics import LAG

log = structlog.get_logger(__name__)

MAX_BATCH_RECORDS: Final = 1000
POLL_SECONDS: Final = 0.2
SESSION_TIMEOUT_SECONDS: Final = 1.5
"""After a kill the group waits so long for the dead member before it hands its partitions on."""

LONGER_TIMEOUT_SECONDS: Final = 6.0
"""Where the broker allows none so short: Kafka's own least, unless its operator says otherwise."""

HEARTBEAT_SECONDS: Final = 0.25
"""The group tells of its changes in answer to heartbeats alone."""

FETCH_WAIT_MS: Final = 100
"""A partition that was taken over is first read when the fetch of the others has come back."""


async def run(settings: Settings, life: Life) -> None:
    """Decide the commands of every assigned partition until told to stop.

    Raises:
        Exception: any failure; the process exits; whoever takes over has what was committed.
    """
    matching = _Matching(bootstrap_of(settings, GROUP))
    try:
        # Before the group deals it anything: what it then takes over stands still for a moment.
        await matching.stand_by()
        consumer = await matching.join()
        with LAG.following(lags_of(consumer)):
            async with matching.ahead as ahead:
                while not life.stop.is_set():
                    matching.take_over_assigned()
                    if matching.is_settled:
                        life.ready()
                    await matching.decide(await ahead.take(POLL_SECONDS))
    finally:
        await matching.leave()


class _Matching(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka's class is untyped
    """The owners of the assigned partitions. The lock keeps batches and rebalances apart."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._consumer = self._member(SESSION_TIMEOUT_SECONDS)
        self.ahead = ReadingAhead(self._consumer, MAX_BATCH_RECORDS // 2)
        self._standbys = Standbys(bootstrap)
        self._taken: dict[TopicPartition, asyncio.Task[Owner]] = {}
        self._assigned: set[TopicPartition] = set()
        self._has_assignment = False
        self._failed: Exception | None = None
        self._lock = asyncio.Lock()

    @property
    def is_settled(self) -> bool:
        """Say whether every assigned partition has been taken over."""
        are_taken = all(taking.done() for taking in self._taken.values())
        return self._has_assignment and are_taken and self._assigned == self._taken.keys()

    async def stand_by(self) -> None:
        """Restore every partition, and follow it from then on."""
        await self._standbys.begin(range(MARKET_LOG.partitions))

    async def join(self) -> AIOKafkaConsumer:
        """Enter the group, and give what reads the partitions that it assigns."""
        try:
            await self._consumer.start()
        except InvalidSessionTimeoutError:
            log.warning(
                "broker allows no short session timeout: a killed process is missed later",
                setting="group.min.session.timeout.ms",
                wanted_seconds=SESSION_TIMEOUT_SECONDS,
                taken_seconds=LONGER_TIMEOUT_SECONDS,
            )
            await self._consumer.stop()
            self._consumer = self._member(LONGER_TIMEOUT_SECONDS)
            self.ahead = ReadingAhead(self._consumer, MAX_BATCH_RECORDS // 2)
            await self._consumer.start()
        return self._consumer

    def _member(self, session_timeout_seconds: float) -> AIOKafkaConsumer:
        consumer = connections.consumer(
            self._bootstrap,
            client_id=GROUP,
            group_id=GROUP,
            session_timeout_seconds=session_timeout_seconds,
            heartbeat_seconds=HEARTBEAT_SECONDS,
            max_poll_records=MAX_BATCH_RECORDS // 2,
            max_wait_ms=FETCH_WAIT_MS,
        )
        consumer.subscribe([MARKET_LOG.name], listener=self)
        return consumer

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Hand partitions on after the batch at hand: wait for it, then let go."""
        async with self._lock:
            try:
                for partition in sorted(revoked):
                    await self._hand_on(partition)
            except Exception as failed:
                self._failed = failed  # aiokafka only logs it; the loop raises it
                raise

    async def _hand_on(self, partition: TopicPartition) -> None:
        self._assigned.discard(partition)
        self.ahead.forget(partition)
        taking = self._taken.pop(partition, None)
        if taking is not None:
            following = await (await taking).hand_on()
            if following is None:
                self._standbys.begin_anew(partition.partition)
            else:
                self._standbys.follow(following)
            log.info("partition handed on", partition=partition.partition)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Note what is to be taken over, and read nothing of it before: the loop does the rest."""
        taken = set(assigned)
        self._consumer.pause(*taken)
        self._assigned |= taken
        self._has_assignment = True

    def take_over_assigned(self) -> None:
        """Begin to take over what is newly assigned; what is owned is decided meanwhile.

        Raises:
            Exception: a take-over failed, or an earlier hand-over did.
        """
        if self._failed is not None:
            raise self._failed
        for partition in sorted(self._assigned - self._taken.keys()):
            self._taken[partition] = asyncio.create_task(self._take_over(partition))
        for taking in self._taken.values():
            if taking.done():
                taking.result()

    async def _take_over(self, partition: TopicPartition) -> Owner:
        """Take a partition over: fence, catch up, prove, seek, resume."""
        following = await self._standbys.take(partition.partition)
        owner = await Owner.take_over(self._bootstrap, partition.partition, following)
        self._consumer.seek(partition, owner.next_offset)
        self._consumer.resume(partition)
        log.info("partition taken over", partition=partition.partition, at=owner.next_offset)
        return owner

    async def decide(self, batches: Fetched) -> None:
        """Decide what was read of the partitions that are still ours, a transaction a batch.

        One partition is decided while another commits: their transactions are apart.
        """
        async with self._lock:
            owners = {
                partition: taking.result()
                for partition, taking in self._taken.items()
                if taking.done()
            }
            deciding = [
                owner.decide(batches[partition]) if partition in batches else owner.rest()
                for partition, owner in owners.items()
            ]
            # None is left running: a rebalance may let go of its owner as soon as this returns.
            for outcome in await asyncio.gather(*deciding, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome

    async def leave(self) -> None:
        """Let go of every partition, then tell the group, which hands them on at once."""
        async with self._lock:
            for taking in self._taken.values():
                taking.cancel()
            for owner in await asyncio.gather(*self._taken.values(), return_exceptions=True):
                if isinstance(owner, Owner):
                    await owner.release()
            self._taken.clear()
        await self._consumer.stop()
        await self._standbys.stop()
