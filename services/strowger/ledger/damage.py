"""Say by name that a ledger's file is damaged, and what to do, wherever SQLite notices it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import aiosqlite

from strowger.ledger.errors import LedgerDamaged

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY_CODE: Final = 0xFF


@contextmanager
def named_if_damaged(path: Path) -> Iterator[None]:
    """Turn SQLite's word for a damaged file into `LedgerDamaged`; other faults pass.

    Raises:
        LedgerDamaged: the file is no database, or its pages contradict each other.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE not in _DAMAGED:
            raise
        raise damaged(path, str(error)) from error


def damaged(path: Path, why: str) -> LedgerDamaged:
    """Make the error that says what to do."""
    return LedgerDamaged(
        f"the ledger {path} is damaged ({why}): stop `strowger run`, and make it anew from the log "
        "with `strowger ledger rebuild --replace`; the damaged file is kept"
    )


async def check(database: aiosqlite.Connection, path: Path) -> None:
    """Read every page, and see that they fit together.

    Raises:
        LedgerDamaged: they do not.
    """
    with named_if_damaged(path):
        async with database.execute("PRAGMA quick_check(1)") as cursor:
            row = await cursor.fetchone()
    if row is None or row[0] != "ok":
        raise damaged(path, "no answer" if row is None else str(row[0]).splitlines()[0])
