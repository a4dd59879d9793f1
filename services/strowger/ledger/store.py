"""The ledger's file: opened, migrated, and written a batch at a time with the position it is at."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiosqlite

from strowger.ledger.damage import named_if_damaged
from strowger.ledger.projection import STATEMENTS, Batch
from strowger.ledger.schema import migrate

_MOVED = """
    INSERT INTO offsets VALUES (?, ?, ?, ?)
    ON CONFLICT (partition) DO UPDATE SET
        next_offset = excluded.next_offset,
        last_offset = coalesce(excluded.last_offset, last_offset),
        last_event_id = coalesce(excluded.last_event_id, last_event_id)
"""


@dataclass(frozen=True)
class Position:
    """How far the ledger has read one partition of `decisions`."""

    next_offset: int
    """Past what holds no decision, too: aborted records, and the marks that end transactions."""
    last_offset: int | None
    """Of the last decision, if there was one: what proves that it is still the same topic."""
    last_event_id: str | None


class Store:
    """The one writer of a ledger's file."""

    def __init__(self, database: aiosqlite.Connection) -> None:
        self._database = database

    async def positions(self) -> dict[int, Position]:
        """Give the position of each partition that anything was read of."""
        rows = await self._database.execute_fetchall("SELECT * FROM offsets")
        return {partition: Position(*position) for partition, *position in rows}

    async def write(self, batch: Batch, next_offsets: Mapping[int, int]) -> None:
        """Write a batch, and by partition the offset it leads to, in one transaction.

        A batch that was written before changes nothing.
        """
        await self._database.execute("BEGIN IMMEDIATE")
        try:
            for statement in STATEMENTS:
                if rows := batch.rows.get(statement):
                    await self._database.executemany(statement, rows)
            moved = [
                (partition, next_offset, *batch.last.get(partition, (None, None)))
                for partition, next_offset in next_offsets.items()
            ]
            await self._database.executemany(_MOVED, moved)
        except BaseException:
            await self._database.execute("ROLLBACK")
            raise
        await self._database.execute("COMMIT")


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Store]:
    """Open a ledger for its writer, making or migrating the file if need be.

    Raises:
        SchemaTooNew: a newer release wrote it.
        LedgerDamaged: SQLite finds the file damaged, now or while it is written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with named_if_damaged(path):
        async with _writing(path) as store:
            yield store


@asynccontextmanager
async def _writing(path: Path) -> AsyncIterator[Store]:
    # isolation_level none: sqlite3 starts no transactions of its own, ours are written out.
    async with aiosqlite.connect(path, isolation_level=None) as database:
        # WAL lets the CLI read while we write. NORMAL may lose the last transactions on a power
        # cut, never half of one: the position goes with them, and they are read again.
        await database.execute("PRAGMA journal_mode = WAL")
        await database.execute("PRAGMA synchronous = NORMAL")
        await database.execute("PRAGMA foreign_keys = ON")
        await migrate(database)
        yield Store(database)
