"""Put a partition's markets together from the rows of its books, as they stand at one time."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Final, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition

from strowger.market.digests import TableDigest
from strowger.market.entities import decode, decode_key
from strowger.market.markets import Markets
from strowger.market.store import Row

Rows = dict[bytes, bytes]

ROWS_A_TURN: Final = 250
"""How many rows are followed between two turns of the event loop: some 10 ms.

Without it a large book keeps the heartbeat waiting until the group takes the member for dead, hands
its partitions on and back, and so has it restore for ever; and the partitions that a process owns
wait while it restores another.
"""

POLL_MS: Final = 100

_T = TypeVar("_T")


class RestoreFailed(Exception):
    """The tables are not what the last committed batch left; nothing may be decided on them."""


async def unhurried(items: Iterable[_T]) -> AsyncIterator[_T]:
    """Give items, and let the event loop turn now and then."""
    for count, item in enumerate(items):
        if count % ROWS_A_TURN == 0:
            await asyncio.sleep(0)
        yield item


async def read_rows(reader: AIOKafkaConsumer, books: Sequence[TopicPartition]) -> Rows:
    """Read what stands in the books: the last value of each key, tombstones taken out.

    Afterwards the reader goes on behind what was read.
    """
    rows: Rows = {}
    # Explicit positions: a default one once restored nothing, without an error.
    for book, offset in (await reader.beginning_offsets(books)).items():
        reader.seek(book, offset)
    ends = await reader.end_offsets(books)
    while any([await reader.position(book) < ends[book] for book in books]):
        for records in (await reader.getmany(timeout_ms=POLL_MS)).values():
            for record in records:
                if record.value is None:
                    rows.pop(record.key, None)
                else:
                    rows[record.key] = record.value
    return rows


async def put_together(rows: Rows) -> tuple[Markets, TableDigest]:
    """Put markets together from rows as they were read, and digest these; they are used up.

    Python's cycle collector looks at none of it again: that would keep all else waiting for 0.2 s
    with 300,000 offers in scopes of their own, in proportion to them, and find nothing.
    """
    # What an earlier restore left, if it failed, may be collected now.
    gc.unfreeze()
    markets, digest = Markets(), TableDigest()
    for _ in markets.load(_decoded(rows, digest)):
        await asyncio.sleep(0)
    gc.freeze()
    return markets, digest


def _decoded(rows: Rows, digest: TableDigest) -> Iterator[Row]:
    while rows:
        key, value = rows.popitem()
        digest.add(key, value)
        yield decode_key(key), decode(value)
