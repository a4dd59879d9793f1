"""Put a partition's markets together from the stream table, and prove that they are whole."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from strowger.broker import connections
from strowger.contract.topics import BOOKS
from strowger.market.digests import TableDigest
from strowger.market.entities import decode, decode_key
from strowger.market.markets import Markets
from strowger.matching.deciding import Restored
from strowger.matching.position import decode as decode_position
from strowger.matching.position import position_key

log = structlog.get_logger(__name__)

RESTORE_TIMEOUT_SECONDS: Final = 120.0
ROWS_A_TURN: Final = 1_000
"""How many rows are taken in between two turns of the event loop: some 50 ms."""

_POLL_MS: Final = 200


class RestoreFailed(Exception):
    """The tables are not what the last committed batch left; nothing may be decided on them."""


async def restore(bootstrap: str, partition: int) -> Restored:
    """Read the tables of one partition from their beginning to their committed end.

    The partition's older producer must have been fenced before, so that the end stands still.

    Raises:
        RestoreFailed: the rows do not add up to the digest that the last batch committed.
    """
    rows = await _read(bootstrap, partition)
    position = decode_position(rows.pop(position_key(partition), _NOTHING_YET))
    digest = TableDigest()
    async for key, value in _unhurried(rows):
        digest.add(key, value)
    if (digest.hex(), digest.rows) != (position.digest, position.rows):
        raise RestoreFailed(
            f"partition {partition}: {digest.rows} rows with digest {digest.hex()} were read; the "
            f"last batch, up to offset {position.next_offset}, left {position.rows} rows with "
            f"digest {position.digest}"
        )
    markets = Markets()
    async for key, value in _unhurried(rows):
        markets.load(decode_key(key), decode(value))
    log.info(
        "partition restored",
        partition=partition,
        rows=digest.rows,
        next_offset=position.next_offset,
        digest=digest.hex(),
    )
    return Restored(markets, digest, position)


_NOTHING_YET: Final = (
    b'{"next_offset":0,"digest":"00000000000000000000000000000000","rows":0,"watermarks":[]}'
)


async def _unhurried(rows: Mapping[bytes, bytes]) -> AsyncIterator[tuple[bytes, bytes]]:
    """Give rows, and let the event loop turn now and then.

    Without it a large book keeps the heartbeat waiting until the group takes the member for dead,
    hands its partitions on and back, and so has it restore for ever.
    """
    for count, row in enumerate(rows.items()):
        if count % ROWS_A_TURN == 0:
            await asyncio.sleep(0)
        yield row


async def _read(bootstrap: str, partition: int) -> dict[bytes, bytes]:
    """Read what stands in the tables: the last value of each key, tombstones taken out."""
    reader = connections.consumer(
        bootstrap, client_id=f"matching-restore-{partition}", start="none"
    )
    async with asyncio.timeout(RESTORE_TIMEOUT_SECONDS):
        try:
            await reader.start()  # inside, since a start that is cancelled leaves connections open
            return await _read_to_end(reader, partition)
        finally:
            await reader.stop()


async def _read_to_end(reader: AIOKafkaConsumer, partition: int) -> dict[bytes, bytes]:
    books = [TopicPartition(book.name, partition) for book in BOOKS]
    rows: dict[bytes, bytes] = {}
    reader.assign(books)
    # Explicit positions: a default one once restored nothing, without an error.
    for book, offset in (await reader.beginning_offsets(books)).items():
        reader.seek(book, offset)
    ends = await reader.end_offsets(books)
    while any([await reader.position(book) < ends[book] for book in books]):
        for records in (await reader.getmany(timeout_ms=_POLL_MS)).values():
            for record in records:
                if record.value is None:
                    rows.pop(record.key, None)
                else:
                    rows[record.key] = record.value
    return rows
