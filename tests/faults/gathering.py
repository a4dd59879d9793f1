"""What a real exchange left behind, read from its topics as the history of one market."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from strowger.broker import connections
from strowger.broker.consuming import Record
from strowger.contract.topics import (
    ACCEPTANCE_CONFIRMED,
    DEAD_LETTERS,
    DECISIONS,
    INBOUND_TOPICS,
    MARKET_LOG,
    Topic,
    inbox,
)
from tests.simulation.history import Event, History

Places = dict[TopicPartition, int]

READ: Final = (*INBOUND_TOPICS, DEAD_LETTERS, MARKET_LOG, DECISIONS, ACCEPTANCE_CONFIRMED)
Groups = Sequence[tuple[str, Topic]]
"""Consumer groups, each with a topic that it has to have read to its end."""

GROUPS: Final[Groups] = (
    *((f"gateway-{topic.name}", topic) for topic in INBOUND_TOPICS),
    ("matching", MARKET_LOG),
    ("notifier", DECISIONS),
)

_LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Records:
    """What was committed to topics from some places on, by topic, in each partition's order."""

    by_topic: Mapping[str, Sequence[Event]]

    def of_market(self, market: str) -> dict[str, list[Event]]:
        """Give what is of one market: its name stands in the value of each of its records."""
        name = market.encode()
        return {
            topic: [event for event in events if name in (event.value or b"")]
            for topic, events in self.by_topic.items()
        }


def topics(participants: Iterable[str]) -> list[Topic]:
    """Give the topics that a history is read from."""
    return [*READ, *(inbox(name) for name in participants)]


async def ends(bootstrap: str, wanted: Iterable[Topic]) -> Places:
    """Give where these topics end now."""
    async with connections.consumer(bootstrap, client_id="checker", start="none") as consumer:
        found: Places = await consumer.end_offsets(_places(wanted))
        return found


async def read(bootstrap: str, wanted: Sequence[Topic], since: Places) -> Records:
    """Read all that is committed, from `since` on; from the start where it says nothing."""
    found: dict[str, list[Event]] = {topic.name: [] for topic in wanted}
    async with connections.consumer(bootstrap, client_id="checker", start="none") as consumer:
        places = _places(wanted)
        consumer.assign(places)
        for place, start in (await consumer.beginning_offsets(places)).items():
            consumer.seek(place, since.get(place, start))
        until = await consumer.end_offsets(places)
        waiting = set(places)
        while waiting:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    found[record.topic].append(_event(record))
            waiting = {place for place in waiting if await consumer.position(place) < until[place]}
    return Records(
        {
            name: sorted(events, key=lambda event: (event.partition, event.offset))
            for name, events in found.items()
        }
    )


def history_of(
    records: Records,
    market: str,
    seed: int,
    *,
    ledger_path: Path,
    unsettled: str,
    faults: Sequence[str],
) -> History:
    """Give the history of one market, for the checker."""
    read_until: dict[int, int] = {}
    for event in records.by_topic[DECISIONS.name]:
        read_until[event.partition] = event.offset + 1
    return History(
        seed=seed,
        records=records.of_market(market),
        ledger_path=ledger_path,
        settled=not unsettled,
        unsettled=unsettled,
        market=market,
        read_until=read_until,
        faults=faults,
    )


async def left_over(bootstrap: str, groups: Groups) -> list[str]:
    """Name every partition in which there is something that a group has not read.

    What ends a transaction has an offset, too, and no group commits beyond it: so what lies between
    a group and the end is looked at.
    """
    admin = AIOKafkaAdminClient(**connections.to(bootstrap), client_id="checker")
    await admin.start()
    left = []
    try:
        until = await ends(bootstrap, [topic for _, topic in groups])
        for group, topic in groups:
            committed = await admin.list_consumer_group_offsets(group)
            since = {
                place: max(0, committed[place].offset)
                for place in _places([topic])
                if place in committed
            }
            if all(since.get(place, 0) >= until[place] for place in _places([topic])):
                continue
            events = (await read(bootstrap, [topic], since)).by_topic[topic.name]
            left += [
                f"{group} has {count} records of {topic.name}-{partition} to read"
                for partition, count in Counter(event.partition for event in events).items()
            ]
    finally:
        await admin.close()
    return left


async def settle(bootstrap: str, groups: Groups, until: float) -> list[str]:
    """Wait until every group has read all that there is; name what it has not at that time."""
    while True:
        left = await left_over(bootstrap, groups)
        if not left or time.monotonic() > until:
            return left
        await asyncio.sleep(_LOOK_SECONDS)


def _places(wanted: Iterable[Topic]) -> list[TopicPartition]:
    return [
        TopicPartition(topic.name, each) for topic in wanted for each in range(topic.partitions)
    ]


def _event(record: Record) -> Event:
    return Event(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp,
        key=record.key,
        value=record.value,
        headers=tuple(record.headers),
        committed=True,
    )
