"""Read where every partition of the log has been decided to, as others than matching do."""

from collections.abc import AsyncIterator
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from strowger.broker import connections
from strowger.broker.consuming import Record
from strowger.contract.topics import MARKET_BOOK
from strowger.matching.position import Position, decode, position_key

_POLL_MS: Final = 200
_LOOK_BACK: Final = 64


async def last_positions(bootstrap: str) -> dict[int, Position]:
    """Give the last committed position of each partition that anything was decided of.

    Raises:
        StateTooNew: a newer release wrote it.
        msgspec.MsgspecError: the row is not what this release writes.
        KafkaError: the table cannot be read.
    """
    found: dict[int, Position] = {}
    async with connections.consumer(
        bootstrap, client_id="strowger-positions", start="none", max_wait_ms=50
    ) as reader:
        places = [TopicPartition(MARKET_BOOK.name, each) for each in range(MARKET_BOOK.partitions)]
        reader.assign(places)
        begins, ends = await reader.beginning_offsets(places), await reader.end_offsets(places)
        for place in places:
            last = await _last(reader, place, begins[place], ends[place])
            if last is not None:
                found[place.partition] = decode(last)
    return found


async def _last(
    reader: AIOKafkaConsumer, place: TopicPartition, begin: int, end: int
) -> bytes | None:
    """Look from the end back: the position is among the last rows that a batch writes."""
    back, until = _LOOK_BACK, end
    while until > begin:
        since = max(begin, until - back)
        last = None
        async for record in _between(reader, place, since, until):
            if record.key == position_key(place.partition):
                last = record.value
        if last is not None:
            return last
        until, back = since, back * 16
    return None


async def _between(
    reader: AIOKafkaConsumer, place: TopicPartition, since: int, until: int
) -> AsyncIterator[Record]:
    reader.seek(place, since)
    while await reader.position(place) < until:
        for record in (await reader.getmany(place, timeout_ms=_POLL_MS)).get(place, ()):
            if record.offset < until:
                yield record
