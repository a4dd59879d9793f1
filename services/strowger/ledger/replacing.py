"""Put one ledger's file in the place of another, so that there is a whole one at every moment."""

import os
import sqlite3
import time
from pathlib import Path
from typing import Final

import aiosqlite

from strowger.ledger.errors import LedgerInUse
from strowger.ledger.files import SUFFIXES

_BUSY_SECONDS: Final = 5.0
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_PRIMARY_CODE: Final = 0xFF


async def replace(present: Path, rebuilt: Path) -> Path | None:
    """Put a rebuilt ledger in the place of the present one, at once; give where that one is kept.

    Nothing may write the present one: its service is to be stopped before.

    Raises:
        LedgerInUse: somebody has the present one open.
    """
    await _fold(present)
    return _exchange(present, rebuilt)


def _exchange(present: Path, rebuilt: Path) -> Path | None:
    kept = None
    if present.exists():
        at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        kept = present.with_name(f"{present.name}.{at}")
        # What the log of an old file holds would else be played into the new one.
        for suffix in SUFFIXES[1:]:
            beside = present.with_name(present.name + suffix)
            if beside.exists():
                beside.replace(kept.with_name(kept.name + suffix))
        os.link(present, kept)
    rebuilt.replace(present)
    return kept


async def _fold(path: Path) -> None:
    """Make a healthy ledger one file, as `replace` needs it; leave a damaged one as it is."""
    if not _is_there(path):
        return
    try:
        await settle(path)
    except aiosqlite.OperationalError as problem:
        if problem.sqlite_errorcode & _PRIMARY_CODE not in _BUSY:
            return
        raise LedgerInUse(
            f"{path} is in use ({problem}): stop `strowger run` and what reads it, then try again"
        ) from None
    except aiosqlite.DatabaseError:
        return


async def settle(path: Path) -> None:
    """Write what is in the WAL into the file itself, and end the WAL."""
    async with aiosqlite.connect(path, isolation_level=None, timeout=_BUSY_SECONDS) as database:
        await database.execute("PRAGMA journal_mode = DELETE")


def _is_there(path: Path) -> bool:
    return path.exists()
