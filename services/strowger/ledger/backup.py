"""Copy a ledger's file while it is written: SQLite's own online back-up, checked, for its owner."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiosqlite

from strowger.ledger.damage import check, named_if_damaged
from strowger.ledger.errors import BackupExists
from strowger.ledger.files import remove
from strowger.ledger.queries import read_only

_OWNER_ALONE: Final = 0o600


@dataclass(frozen=True)
class Backup:
    """What a back-up holds."""

    path: Path
    size_bytes: int
    decisions: int
    next_offsets: dict[int, int]
    """By partition of `decisions`: the first that it has not."""


async def back_up(source: Path, target: Path) -> Backup:
    """Copy a ledger as it stands at one moment, every page of it checked, into one new file.

    The ledger may be written meanwhile. The file is mode 0600, and there only once it is whole.

    Raises:
        LedgerMissing: there is none to copy.
        BackupExists: the target is there already.
        LedgerDamaged: the source is.
    """
    uri = read_only(source)
    with _made_whole(target) as part, named_if_damaged(source):
        decisions, next_offsets = await _copy(uri, source, part)
    return Backup(target, os.stat(target).st_size, decisions, next_offsets)  # noqa: PTH116 - of a local file


@contextmanager
def _made_whole(target: Path) -> Iterator[Path]:
    """Give a file of its owner's to write into; in the end it becomes the target."""
    if target.exists():
        raise BackupExists(f"{target} is there already: give another name, or move it away")
    part = target.with_name(f".{target.name}.{os.getpid()}")
    remove(part)
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ALONE))
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(target)
    finally:
        remove(part)


async def _copy(uri: str, source: Path, part: Path) -> tuple[int, dict[int, int]]:
    async with (
        aiosqlite.connect(uri, uri=True) as present,
        aiosqlite.connect(part, isolation_level=None) as copy,
    ):
        # In one step: a step at a time would start again whenever the ledger writes in between.
        await present.backup(copy)
        # A copy of a file in WAL mode is in it, too, and would not be one file.
        await copy.execute("PRAGMA journal_mode = DELETE")
        await check(copy, source)
        counted = list(await copy.execute_fetchall("SELECT count(*) FROM decisions"))
        rows = await copy.execute_fetchall("SELECT partition, next_offset FROM offsets")
        return int(counted[0][0]), {int(row[0]): int(row[1]) for row in rows}
