"""The ledger's schema; a file's `user_version` counts the steps of `steps.py` that it has."""

from collections.abc import Sequence

import aiosqlite

from strowger.ledger.errors import SchemaTooNew
from strowger.ledger.steps import MIGRATIONS, Migration


async def version(database: aiosqlite.Connection) -> int:
    """Give how many steps the file has."""
    async with database.execute("PRAGMA user_version") as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def migrate(
    database: aiosqlite.Connection, migrations: Sequence[Migration] = MIGRATIONS
) -> None:
    """Take the file through the steps it lacks, each in a transaction with its count.

    Raises:
        SchemaTooNew: the file has steps that this release does not know.
    """
    present = await version(database)
    if present > len(migrations):
        raise SchemaTooNew(
            f"the ledger has schema version {present}, this release knows {len(migrations)}: "
            "run the release that wrote it, or a newer one"
        )
    for count, statements in enumerate(migrations[present:], start=present + 1):
        await database.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                await database.execute(statement)
            await database.execute(f"PRAGMA user_version = {count}")
        except BaseException:
            await database.execute("ROLLBACK")
            raise
        await database.execute("COMMIT")
