"""The ledger's schema, as the steps that lead to it; a file's `user_version` counts those it has.

A step that was released is never edited: a change is a new step.

Times are milliseconds since 1970-01-01T00:00Z. Money is the wire's decimal text: exact, while an
SQLite integer of 1e-9 units would overflow on the dearest sales that the contract allows.
"""

from collections.abc import Sequence
from typing import Final

import aiosqlite

from strowger.ledger.errors import SchemaTooNew

Migration = Sequence[str]

_DECISION: Final = """
    partition INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
"""
_MADE_BY: Final = """FOREIGN KEY (partition, "offset") REFERENCES decisions (partition, "offset")"""

_FIRST: Final[Migration] = (
    """
    CREATE TABLE offsets (
        partition INTEGER PRIMARY KEY,
        next_offset INTEGER NOT NULL,
        last_offset INTEGER,
        last_event_id TEXT,
        CHECK ((last_offset IS NULL) = (last_event_id IS NULL))
    ) STRICT
    """,
    f"""
    CREATE TABLE decisions (
        {_DECISION}
        market TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        log_offset INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        rules_version INTEGER NOT NULL,
        command TEXT NOT NULL,
        participant TEXT NOT NULL,
        role TEXT NOT NULL,
        is_repeat INTEGER NOT NULL,
        recipient TEXT,
        event_id TEXT NOT NULL,
        causation_id TEXT NOT NULL,
        event_type TEXT NOT NULL,
        refusal TEXT,
        event TEXT NOT NULL,
        PRIMARY KEY (partition, "offset")
    ) STRICT
    """,
    "CREATE INDEX decisions_of_market ON decisions (market, sequence)",
    """
    CREATE INDEX decisions_refused ON decisions (market, refusal, at_ms)
    WHERE refusal IS NOT NULL
    """,
    f"""
    CREATE TABLE mentions (
        id TEXT NOT NULL,
        {_DECISION}
        PRIMARY KEY (id, partition, "offset"),
        {_MADE_BY}
    ) STRICT, WITHOUT ROWID
    """,
    f"""
    CREATE TABLE markets (
        market TEXT PRIMARY KEY,
        policy TEXT NOT NULL,
        currency TEXT NOT NULL,
        sessions TEXT NOT NULL,
        terms TEXT NOT NULL,
        declared_at_ms INTEGER NOT NULL,
        {_DECISION}
        {_MADE_BY}
    ) STRICT
    """,
    f"""
    CREATE TABLE offers (
        market TEXT NOT NULL,
        provider TEXT NOT NULL,
        offer_id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('standing', 'withdrawn')),
        changed_at_ms INTEGER NOT NULL,
        {_DECISION}
        PRIMARY KEY (market, provider, offer_id),
        {_MADE_BY}
    ) STRICT
    """,
    f"""
    CREATE TABLE sessions (
        market TEXT NOT NULL,
        buyer TEXT NOT NULL,
        session_id TEXT NOT NULL,
        opened_at_ms INTEGER NOT NULL,
        deadline_ms INTEGER NOT NULL,
        ended_at_ms INTEGER,
        end_reason TEXT,
        {_DECISION}
        PRIMARY KEY (market, buyer, session_id),
        CHECK ((ended_at_ms IS NULL) = (end_reason IS NULL)),
        {_MADE_BY}
    ) STRICT
    """,
    f"""
    CREATE TABLE requests (
        market TEXT NOT NULL,
        buyer TEXT NOT NULL,
        request_id TEXT NOT NULL,
        session_id TEXT,
        at_ms INTEGER NOT NULL,
        currency TEXT NOT NULL,
        able INTEGER NOT NULL,
        shown INTEGER NOT NULL,
        cheapest TEXT,
        {_DECISION}
        PRIMARY KEY (market, buyer, request_id),
        {_MADE_BY}
    ) STRICT
    """,
    f"""
    CREATE TABLE acceptances (
        market TEXT NOT NULL,
        contract_id TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        buyer TEXT NOT NULL,
        acceptance_id TEXT NOT NULL,
        session_id TEXT,
        request_id TEXT NOT NULL,
        provider TEXT NOT NULL,
        offer_id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        prefix TEXT NOT NULL,
        minutes INTEGER NOT NULL,
        rate_per_minute TEXT NOT NULL,
        cost TEXT NOT NULL,
        currency TEXT NOT NULL,
        {_DECISION}
        PRIMARY KEY (market, contract_id),
        UNIQUE (partition, "offset"),
        {_MADE_BY}
    ) STRICT
    """,
    "CREATE INDEX acceptances_in_time ON acceptances (market, at_ms)",
)

MIGRATIONS: Final[Sequence[Migration]] = (_FIRST,)


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
