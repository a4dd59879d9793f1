"""Follow a partition's tables as their books are written, and prove that they are whole.

Who follows has what the owner has committed, a moment later: it puts rows in place, and decides
nothing. A restore is the same from the beginning.
"""

import asyncio
from typing import Final

import structlog
from aiokafka import TopicPartition

from strowger.broker import connections
from strowger.contract.topics import BOOKS
from strowger.market.entities import decode, decode_key, encode
from strowger.market.markets import Markets
from strowger.matching.deciding import Restored
from strowger.matching.offsets import Ends, Offsets
from strowger.matching.position import Position, position_key
from strowger.matching.position import decode as decode_position
from strowger.matching.restore import (
    POLL_MS,
    RestoreFailed,
    put_together,
    read_rows,
    unhurried,
)

log = structlog.get_logger(__name__)

RESTORE_TIMEOUT_SECONDS: Final = 120.0

ANEW_AFTER_CHANGES: Final = 100_000
"""So many rows, or four times as many as there are, are followed until all is put together anew.

What time brings is noted for each version of a row, and only who decides takes it out.
"""


class Following:
    """The tables of one partition, from their beginning up to where their books were read."""

    def __init__(self, bootstrap: str, partition: int, offsets: Offsets | None = None) -> None:
        self.partition = partition
        self.offsets = offsets or Offsets(bootstrap)
        self.wanted = asyncio.Event()
        """Set when the tables are needed to decide on: `keep_up` then returns soon."""
        self._reader = connections.consumer(
            bootstrap, client_id=f"matching-restore-{partition}", start="none"
        )
        self._owns_offsets = offsets is None
        self._books = [TopicPartition(book.name, partition) for book in BOOKS]
        self._restored = Restored.of_nothing()
        self._is_reading = False
        self._is_begun = False
        self._changes = 0

    async def start(self) -> None:
        """Connect, if that is not done yet."""
        if not self._is_reading:
            self._is_reading = True
            if self._owns_offsets:
                await self.offsets.start()
            await self._reader.start()
            self._reader.assign(self._books)

    async def catch_up(self) -> None:
        """Take in all that is committed now.

        Raises:
            StateTooNew: a newer release has written the tables.
        """
        async with asyncio.timeout(RESTORE_TIMEOUT_SECONDS):
            await self.start()
            if not self._is_begun:
                await self._begin()
            ends = await self.offsets.committed(self._books)
            while any([await self._reader.position(book) < ends[book] for book in self._books]):
                await self._follow()

    async def keep_up(self) -> None:
        """Follow until the tables are `wanted`.

        Raises:
            StateTooNew: a newer release has written the tables.
        """
        while not self.wanted.is_set():
            await self._follow()
            if self._changes > max(ANEW_AFTER_CHANGES, 4 * self._restored.digest.rows):
                await self._put_together_anew()

    async def prove(self) -> Restored:
        """Give the partition as the last committed batch left it.

        Its older producer must have been fenced before, so that the books stand still.

        Raises:
            RestoreFailed: the rows do not add up to the digest that the last batch committed.
            StateTooNew: a newer release has written the tables.
        """
        followed = self._is_begun
        await self.catch_up()
        if followed and not self._is_whole():
            # Whatever it missed, the books have it; that it missed something is a fault of ours.
            log.error("standby is not what was committed", **self._told())
            self._is_begun = False
            await self.catch_up()
        if not self._is_whole():
            digest, position = self._restored.digest, self._restored.position
            raise RestoreFailed(
                f"partition {self.partition}: {digest.rows} rows with digest {digest.hex()} were "
                f"read; the last batch, up to offset {position.next_offset}, left {position.rows} "
                f"rows with digest {position.digest}"
            )
        self._reader.pause(*self._books)
        log.info("partition restored", followed=followed, **self._told())
        return self._restored

    async def ends(self) -> Ends:
        """Give where the books end: from where to go on once what was proven is decided on."""
        return await self.offsets.committed(self._books)

    def go_on(self, position: Position, ends: Ends) -> None:
        """Follow again what was proven and then decided on.

        The tables must be as committed with `position`, by nobody else's hand before `ends`.
        """
        self._restored = Restored(self._restored.markets, self._restored.digest, position)
        self._changes = 0
        self.wanted.clear()
        for book, end in ends.items():
            self._reader.seek(book, end)
        self._reader.resume(*self._books)

    async def stop(self) -> None:
        """Follow no more."""
        if self._is_reading:
            await self._reader.stop()
            if self._owns_offsets:
                await self.offsets.stop()

    async def _begin(self) -> None:
        rows = await read_rows(self._reader, self._books)
        row = rows.pop(position_key(self.partition), None)
        position = Restored.of_nothing().position if row is None else decode_position(row)
        self._restored = Restored(*await put_together(rows), position)
        self._changes = 0
        self._is_begun = True

    async def _follow(self) -> None:
        for records in (await self._reader.getmany(timeout_ms=POLL_MS)).values():
            async for record in unhurried(records):
                self._take(record.key, record.value)

    def _take(self, key: bytes, value: bytes | None) -> None:
        markets, digest = self._restored.markets, self._restored.digest
        if key == position_key(self.partition):
            self._restored = Restored(markets, digest, decode_position(value or b""))
            return
        old = markets.follow(decode_key(key), None if value is None else decode(value))
        if old is not None:
            digest.remove(key, encode(old))
        if value is not None:
            digest.add(key, value)
        self._changes += 1

    async def _put_together_anew(self) -> None:
        markets = Markets()
        for _ in markets.load(self._restored.markets.dump()):
            if self.wanted.is_set():
                return
            await asyncio.sleep(0)
        self._restored = Restored(markets, self._restored.digest, self._restored.position)
        self._changes = 0

    def _is_whole(self) -> bool:
        digest, position = self._restored.digest, self._restored.position
        return (digest.hex(), digest.rows) == (position.digest, position.rows)

    def _told(self) -> dict[str, object]:
        digest = self._restored.digest
        return {
            "partition": self.partition,
            "rows": digest.rows,
            "next_offset": self._restored.position.next_offset,
            "digest": digest.hex(),
        }
