"""The files of a ledger, by name alone: what SQLite keeps beside one, and where one is rebuilt."""

from pathlib import Path
from typing import Final

SUFFIXES: Final = ("", "-wal", "-shm", "-journal")
"""Of the files that SQLite may keep of one database."""


def rebuilt_path(ledger: Path) -> Path:
    """Say where a ledger is made anew, beside the present one."""
    return ledger.with_name(f"{ledger.name}.rebuilt")


def remove(path: Path) -> None:
    """Remove a ledger's file and what SQLite keeps beside it, as far as they are there."""
    for suffix in SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
