"""The record of sales, for analytics consumers."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from strowger.broker import connections
from strowger.broker.access import as_user
from strowger.client.tracing import traced
from strowger.contract.sales import AcceptanceConfirmed
from strowger.contract.topics import ACCEPTANCE_CONFIRMED

log = structlog.get_logger()

_COMMIT_SECONDS: Final = 0.5
"""How often finished items are committed while more are at hand."""


async def acceptances(
    *, bootstrap: str, group: str, market: str | None = None
) -> AsyncGenerator[AcceptanceConfirmed, None]:
    """Give every confirmed acceptance, of one market or of all, for ever; each at least once.

    A new `group` begins with the oldest that is kept. An item is committed only after the loop
    body has finished with it, which is when the next one is asked for: one whose body raised, or
    was left by `break`, comes again at the next start. After a crash some that were finished come
    again too: know them by `contract_id`. Close it where you leave it, with `aclosing`.

    >>> async with aclosing(  # doctest: +SKIP
    ...     acceptances(bootstrap="localhost:9092", group="revenue")
    ... ) as sales:
    ...     async for sale in sales:
    ...         await book(sale)

    Raises:
        BrokerUnavailable: no broker answers.
        pydantic.ValidationError: the topic holds what the exchange did not write.
    """
    bootstrap = as_user(bootstrap, group.partition(".")[0])
    await connections.wait_for_broker(bootstrap)
    consumer: AIOKafkaConsumer = connections.consumer(
        bootstrap, client_id=group, group_id=group, start="earliest"
    )
    finished = _Finished(consumer)
    consumer.subscribe([ACCEPTANCE_CONFIRMED.name], listener=finished)
    try:
        await consumer.start()
        while True:
            # Before waiting for more, so that a quiet market leaves nothing uncommitted.
            await finished.commit()
            batches = await consumer.getmany(timeout_ms=1000)
            tenure = finished.tenure
            for partition, records in batches.items():
                for record in records:
                    # After a rebalance what is at hand may be another member's, or come again.
                    if tenure != finished.tenure:
                        break
                    read = AcceptanceConfirmed.model_validate_json(record.value or b"")
                    event = traced(read, record.headers)
                    if market is None or event.market == market:
                        yield event
                    await finished.add(partition, record.offset, tenure)
    finally:
        try:
            await finished.commit()
        finally:
            await consumer.stop()


class _Finished(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka is untyped
    """The items that loop bodies have finished with, and their commits."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._offsets: dict[TopicPartition, int] = {}
        self._committed_at = asyncio.get_running_loop().time()
        self.tenure = 0
        """Counts rebalances: an item of an earlier tenure is not committed in a later one."""

    async def add(self, partition: TopicPartition, offset: int, tenure: int) -> None:
        """Count one item as finished; commit now and then."""
        if tenure != self.tenure:
            return
        self._offsets[partition] = offset + 1
        if asyncio.get_running_loop().time() - self._committed_at >= _COMMIT_SECONDS:
            await self.commit()

    async def commit(self) -> None:
        """Commit what is finished."""
        offsets, self._offsets = self._offsets, {}
        if offsets:
            try:
                await self._consumer.commit(offsets)
            except (CommitFailedError, IllegalStateError) as late:
                # Others own the partitions by now: they read again what we have finished with.
                log.warning("acceptances come again", reason=repr(late))
        self._committed_at = asyncio.get_running_loop().time()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Commit before the partitions go to whoever owns them next."""
        del revoked
        self.tenure += 1
        await self.commit()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Go on from what is committed."""
        log.debug("acceptances assigned", partitions=len(list(assigned)))
