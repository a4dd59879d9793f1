"""How we connect with aiokafka: the one home for its settings, each with its reason.

The factories give clients that are not started: use `async with`, or `start()` and `stop()`.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, KafkaTimeoutError
from aiokafka.producer import sender

from strowger.broker.access import access_of
from strowger.broker.errors import BrokerUnavailable

_COMMON: Final[Mapping[str, Any]] = {
    # A broker that is gone is noticed while a person still waits.
    "request_timeout_ms": 15_000,
}
_PRODUCER: Final[Mapping[str, Any]] = {
    "acks": "all",
    # With aiokafka's 16 KiB a filled batch goes round so often that it costs half the throughput.
    "max_batch_size": 262_144,
    **_COMMON,
}
# A commit is answered before its marks are written, and a transaction that begins meanwhile is put
# off. aiokafka tries again only after 20 ms, whatever `retry_backoff_ms` says; marks take 1 to 3.
sender.BACKOFF_OVERRIDE = 0.002
MARKED_WITHIN_SECONDS: Final = 0.004
"""So long after a commit its marks are written, as a rule, and a transaction may begin."""

GATHER_MS: Final = 100
GATHER_BYTES: Final = 65_536
"""How long, and how much, the broker gathers for those who read along and whom nobody waits for.

Each commit would else wake them at the moment when the notifier is to have the processor.
"""

_POLL_SECONDS: Final = 0.05
_ATTEMPT_SECONDS: Final = 2.0
_FLUSH_SECONDS: Final = 5.0
_TAKEN_WITHIN_SECONDS: Final = 2.0

StartPosition = Literal["earliest", "latest", "none"]


class _Producer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka has no types
    _is_begun_ahead = False

    async def begin_ahead(self, places: Iterable[TopicPartition]) -> None:
        """Begin the next transaction, and tell the coordinator where it will probably write.

        It takes the telling a round trip, for which whatever is written there would have to wait.
        The next `begin_transaction` finds it begun. It has to end before the transaction's timeout.
        """
        await super().begin_transaction()
        self._is_begun_ahead = True
        # Before the marks of the transaction before are written the coordinator would refuse it.
        asyncio.get_running_loop().call_later(
            MARKED_WITHIN_SECONDS, self._tell, tuple(places), self._ended
        )

    def _tell(self, places: Iterable[TopicPartition], ended: "asyncio.Future[None]") -> None:
        if self._ended is ended and self._txn_manager.is_in_transaction():
            for place in places:
                self._txn_manager.maybe_add_partition_to_txn(place)

    @property
    def _ended(self) -> "asyncio.Future[None]":
        """The end of the transaction at hand; each has its own."""
        ended: asyncio.Future[None] = self._txn_manager.wait_for_transaction_end()
        return ended

    async def begin_transaction(self) -> None:
        """Begin a transaction, or go on with the one that was begun ahead.

        Raises:
            ProducerFenced: a newer producer has ended it.
        """
        if not self._is_begun_ahead:
            await super().begin_transaction()
            return
        self._is_begun_ahead = False
        if self._ended.done():
            self._ended.result()

    async def stop(self) -> None:
        """Stop, and give up after 5 s on what can't be delivered.

        aiokafka's own tries for ever without a broker, as an idempotent producer's records never
        expire: who leaves its `async with` would hang in it.
        """
        stopping = asyncio.ensure_future(super().stop())
        await asyncio.wait([stopping], timeout=_FLUSH_SECONDS)
        if not stopping.done():
            await self._give_up()
        await stopping

    async def _give_up(self) -> None:
        await self._sender.close()
        kept = self._message_accumulator
        # A batch that waits for its next attempt is not counted among the pending, as it must be
        # where it ends.
        kept._pending_batches.update(batch for queue in kept._batches.values() for batch in queue)  # noqa: SLF001 - aiokafka offers no way to give up
        kept.fail_all(KafkaTimeoutError("stopped before it could be delivered"))


class _Consumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka has no types
    async def start(self) -> None:
        """Start; a member of a group fetches no more of a broker until all was taken, or 2 s.

        aiokafka waits 0.1 s for that, then fetches of the other partitions alone; where these have
        nothing, the one that was busy stands still for the whole `fetch_max_wait_ms`. Members take
        of all their partitions alike; who reads one after the other would wait for nothing.
        """
        await super().start()
        if self._group_id is not None:
            self._fetcher._prefetch_backoff = _TAKEN_WITHIN_SECONDS  # noqa: SLF001 - aiokafka has no setting

    async def stop(self) -> None:
        """Stop, also while no broker answers.

        aiokafka's own cancels a fetch that pauses before its next attempt, and trips over that:
        whoever stops it would seem to be cancelled, and its connections stay open.
        """
        stopping = asyncio.ensure_future(super().stop())
        await asyncio.wait([stopping])
        if not stopping.cancelled():
            stopping.result()
            return
        fetches = tuple(self._fetcher._pending_tasks)  # noqa: SLF001 - only aiokafka knows them
        for fetch in fetches:
            fetch.cancel()
        await asyncio.gather(*fetches, return_exceptions=True)
        await self._client.close()


def to(bootstrap: str) -> dict[str, Any]:
    """Give the settings of aiokafka that say where, and as whom."""
    return {"bootstrap_servers": str(bootstrap), **access_of(bootstrap).for_aiokafka()}


def producer(bootstrap: str, *, client_id: str, linger_ms: int = 0) -> AIOKafkaProducer:
    """Make an idempotent producer: a retry inside the client never writes a record twice."""
    return _Producer(
        **to(bootstrap),
        client_id=client_id,
        enable_idempotence=True,
        linger_ms=linger_ms,
        retry_backoff_ms=20,
        **_PRODUCER,
    )


def transactional_producer(
    bootstrap: str, *, transactional_id: str, transaction_timeout_seconds: float = 10
) -> AIOKafkaProducer:
    """Make a producer of transactions; starting it fences every older one of the same id.

    An unfinished transaction holds up readers of committed records for at most the timeout.
    """
    return _Producer(
        **to(bootstrap),
        client_id=transactional_id,
        transactional_id=transactional_id,
        transaction_timeout_ms=int(transaction_timeout_seconds * 1000),
        # aiokafka pauses this long inside a commit: its default of 100 is most of the p99.
        retry_backoff_ms=3,
        **_PRODUCER,
    )


def consumer(
    bootstrap: str,
    *topics: str,
    client_id: str,
    group_id: str | None = None,
    group_instance_id: str | None = None,
    read_committed: bool = True,
    start: StartPosition = "earliest",
    session_timeout_seconds: float = 6,
    heartbeat_seconds: float | None = None,
    max_poll_records: int | None = None,
    max_wait_ms: int = 500,
    min_bytes: int = 1,
) -> AIOKafkaConsumer:
    """Make a consumer that commits only when told to.

    `start` decides where a partition without a committed offset begins. aiokafka's own "latest"
    would silently skip what is already there; "none" raises instead, for a restore that must
    not guess. With `group_instance_id` a restarted member gets its partitions back without a
    rebalance. After a kill a group stands still for `session_timeout_seconds`; its members learn of
    a change in answer to a heartbeat, of which there are three in that time, or one every
    `heartbeat_seconds`. For `max_wait_ms` a
    broker holds a fetch that finds less than `min_bytes`; who goes to and fro between partitions
    waits for it.
    """
    return _Consumer(
        *topics,
        **to(bootstrap),
        client_id=client_id,
        group_id=group_id,
        group_instance_id=group_instance_id,
        isolation_level="read_committed" if read_committed else "read_uncommitted",
        auto_offset_reset=start,
        enable_auto_commit=False,
        session_timeout_ms=int(session_timeout_seconds * 1000),
        # A third is what Kafka advises: two lost heartbeats are borne, the third tells.
        heartbeat_interval_ms=int((heartbeat_seconds or session_timeout_seconds / 3) * 1000),
        max_poll_records=max_poll_records,
        fetch_max_wait_ms=max_wait_ms,
        fetch_min_bytes=min_bytes,
        retry_backoff_ms=20,
        **_COMMON,
    )


async def wait_for_broker(bootstrap: str, timeout_seconds: float = 30) -> None:
    """Return once a broker answers with its cluster's metadata.

    No attempt begins after the timeout; the last one may still take a few seconds.

    Raises:
        BrokerUnavailable: none did in time; the message carries the last reason.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        # An attempt is never cut short: aiokafka leaves its connection open when it is cancelled.
        try:
            await _ask_for_metadata(bootstrap)
        except (OSError, KafkaError) as error:
            reason = str(error) or type(error).__name__
        else:
            return
        if time.monotonic() >= deadline:
            raise BrokerUnavailable(
                f"no Kafka answers at {bootstrap} ({reason}): "
                "is it running, and is the address right?"
            )
        await asyncio.sleep(_POLL_SECONDS)


async def _ask_for_metadata(bootstrap: str) -> None:
    # aiokafka logs an error for each server it can't reach; looking first keeps the wait quiet.
    listening = [server for server in bootstrap.split(",") if await _listens(server)]
    if not listening:
        raise ConnectionRefusedError("nothing listens there")

    client = AIOKafkaClient(
        **to(bootstrap) | {"bootstrap_servers": listening},
        client_id="strowger-wait",
        request_timeout_ms=int(_ATTEMPT_SECONDS * 1000),
    )
    try:
        await client.bootstrap()
        if not client.cluster.brokers():
            raise KafkaError("the cluster has no broker yet")
    finally:
        await client.close()


async def _listens(server: str) -> bool:
    host, _, port = server.rpartition(":")
    try:
        async with asyncio.timeout(_ATTEMPT_SECONDS):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
