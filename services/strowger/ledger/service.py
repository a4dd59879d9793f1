"""Follow `decisions` into SQLite: the read model of CLI, portal and auditors.

The position is the ledger's own, written in the transaction that writes the rows: a decision is in
it exactly once, whatever is killed when. There is one ledger a file; it reads every partition.
"""

from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from strowger.broker import connections
from strowger.broker.connections import GATHER_BYTES, GATHER_MS
from strowger.contract.topics import DECISIONS, Topic
from strowger.ledger.errors import AheadOfTopic, DecisionsGone, OtherTopic
from strowger.ledger.projection import Batch, Place
from strowger.ledger.store import Position, Store, opened
from strowger.life import Life
from strowger.service import bootstrap_of
from strowger.settings import Settings
from strowger.telemetry.lag import lags_of
from strowger.telemetry.metrics import LAG, LEDGER_DECISIONS
from strowger.telemetry.watching import Watch

log = structlog.get_logger(__name__)

_POLL_MS: Final = 200
_BATCH_RECORDS: Final = 2_000

_START_ANEW: Final = (
    "move the ledger's file aside (STROWGER_LEDGER_PATH names it) and start the ledger again: it "
    "builds a new one from what the topic still has"
)


async def run(settings: Settings, life: Life) -> None:
    """Keep the ledger until told to stop.

    Raises:
        LedgerError: file and topic do not belong together, or the file is damaged, or of a newer
            release.
        Exception: whatever else failed; the process is to exit and start anew.
    """
    async with opened(settings.ledger_path) as store:
        await follow(store, bootstrap_of(settings, "ledger"), life, DECISIONS)


async def follow(store: Store, bootstrap: str, life: Life, topic: Topic) -> None:
    """Write what the topic has, and goes on to have, into the store."""
    consumer = connections.consumer(
        bootstrap,
        client_id="ledger",
        start="none",
        max_poll_records=_BATCH_RECORDS,
        max_wait_ms=GATHER_MS,
        min_bytes=GATHER_BYTES,
    )
    async with consumer:
        consumer.assign([TopicPartition(topic.name, each) for each in range(topic.partitions)])
        reader = _Reader(consumer, store, await seek(consumer, await store.positions()))
        with LAG.following(lags_of(consumer)):
            life.ready()
            while not life.stop.is_set():
                await reader.write_next()


class _Reader:
    """Writes what comes next; a partition's first record proves that it is the topic we know."""

    def __init__(
        self, consumer: AIOKafkaConsumer, store: Store, expected: dict[int, Position]
    ) -> None:
        self._consumer = consumer
        self._store = store
        self._expected = expected
        self._written: dict[int, int] = {}
        self._watch = Watch("write", DECISIONS.name)

    async def write_next(self) -> None:
        """Write what is there."""
        batch = Batch()
        fetched = await self._consumer.getmany(timeout_ms=_POLL_MS)
        self._watch.begin()
        for tp, records in fetched.items():
            for record in records:
                batch.add(Place(tp.partition, record.offset), record.value)
                known = self._expected.pop(tp.partition, None)
                if known is not None:
                    prove(tp, known, batch.last[tp.partition])
        reached = {
            tp.partition: await self._consumer.position(tp)
            for tp in self._consumer.assignment()
            if tp.partition not in self._expected
        }
        written = [record for records in fetched.values() for record in records]
        if reached != self._written:
            self._watch.commits()
            await self._store.write(batch, reached)
            self._written = reached
            LEDGER_DECISIONS.inc(len(written))
            self._watch.settled(written)


def prove(tp: TopicPartition, known: Position, found: tuple[int, str]) -> None:
    """See that the last decision known is the one that the topic has in its place.

    Raises:
        OtherTopic: it is not.
    """
    if found != (known.last_offset, known.last_event_id):
        raise OtherTopic(
            f"{tp.topic}-{tp.partition} has another decision at offset {known.last_offset} than "
            f"the ledger: the topic was made anew; {_START_ANEW}"
        )


async def seek(consumer: AIOKafkaConsumer, positions: dict[int, Position]) -> dict[int, Position]:
    """Go to the last decision known of each partition; give the positions to compare it with.

    A new ledger starts at the topic's beginning. Where retention deleted the last decision known,
    but none after it, there is nothing to compare.

    Raises:
        AheadOfTopic: the topic ends before what is known.
        DecisionsGone: it begins after it.
    """
    tps = consumer.assignment()
    starts, ends = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
    expected: dict[int, Position] = {}
    for tp in tps:
        position = positions.get(tp.partition)
        start, end = starts[tp], ends[tp]
        if position is None:
            consumer.seek(tp, start)
            continue
        following = position.next_offset
        if following > end:
            raise AheadOfTopic(
                f"the ledger has read {tp.topic}-{tp.partition} up to offset {following}, but it "
                f"ends at {end}: the topic was made anew; {_START_ANEW}"
            )
        if following < start:
            raise DecisionsGone(
                f"the ledger has read {tp.topic}-{tp.partition} up to offset {following}, but it "
                f"begins at {start}: the decisions between are gone for good; keep this file as "
                f"the record of what came before, and {_START_ANEW}"
            )
        if position.last_offset is not None and position.last_offset >= start:
            expected[tp.partition] = position
            consumer.seek(tp, position.last_offset)
        else:
            consumer.seek(tp, following)
    log.info("ledger continues", partitions=len(tps), known=len(expected))
    return expected
