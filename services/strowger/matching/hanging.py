"""End what a lost broker left open: transactions that their coordinator takes for ended.

A lone broker that is killed and started again is without its own registration for some seconds. It
then takes its partitions for deleted, and writes no markers where it ends transactions that were
open or ending (Kafka 4.4.0 logs "likely deleted already and hence can be skipped"). What they
wrote would be committed with the next transaction of the same producer: decided twice.
"""

import asyncio
from collections.abc import Collection, Iterable
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition

from strowger.contract.topics import (
    ACCEPTANCE_CONFIRMED,
    BOOK_FEED,
    BOOKS,
    DEAD_LETTERS,
    DECISIONS,
)
from strowger.matching.offsets import Offsets

log = structlog.get_logger(__name__)


ATTEMPTS: Final = 20
LOOK_AFTER_SECONDS: Final = (0.0, 0.05, 0.2, 0.75)
"""When an abort is looked for: it is decided first, and its markers are written some time after.

A broker that was killed has its registration back long before so many attempts are over.
"""


class TransactionHangs(Exception):
    """A partition has an open transaction that cannot be ended; nothing may be written after it."""


async def abort_hanging(offsets: Offsets, partition: int, producer: AIOKafkaProducer) -> None:
    """Abort what hangs in the topics of which `producer` alone writes this partition.

    The producer must be started, which fences every older one: no transaction can be open then.

    Raises:
        TransactionHangs: one is open all the same, and stays so.
    """
    places = [
        TopicPartition(topic.name, partition)
        for topic in (DECISIONS, ACCEPTANCE_CONFIRMED, BOOK_FEED, *BOOKS)
    ]
    hanging = await _open_transactions(offsets, places)
    if not hanging:
        return
    for _ in range(ATTEMPTS):
        # Dead letters are others' to write, too, so whether ours hang there cannot be seen.
        await _abort(producer, (*hanging, TopicPartition(DEAD_LETTERS.name, 0)))
        if await _have_ended(offsets, hanging):
            log.warning("hanging transaction aborted", topics=[place.topic for place in hanging])
            return
        # The broker may still be without its registration, and have skipped these markers as well.
    raise TransactionHangs(
        f"{', '.join(f'{place.topic}-{place.partition}' for place in hanging)}: find whose it is "
        "with `kafka-transactions.sh find-hanging`, and abort it"
    )


async def _have_ended(offsets: Offsets, places: Collection[TopicPartition]) -> bool:
    """Wait for the markers that an abort brings; say whether they have come everywhere."""
    for pause_seconds in LOOK_AFTER_SECONDS:
        await asyncio.sleep(pause_seconds)
        if not await _open_transactions(offsets, places):
            return True
    return False


async def _open_transactions(
    offsets: Offsets, places: Collection[TopicPartition]
) -> list[TopicPartition]:
    """Give the partitions whose committed end lies before their end."""
    committed = await offsets.committed(places)
    written = await offsets.written(places)
    return [place for place in places if committed[place] < written[place]]


async def _abort(producer: AIOKafkaProducer, places: Iterable[TopicPartition]) -> None:
    """Abort a transaction in these partitions; its markers end what hangs there before it."""
    await producer.begin_transaction()
    for place in places:
        await producer.send_and_wait(place.topic, partition=place.partition, key=b"", value=b"")
    await producer.abort_transaction()
