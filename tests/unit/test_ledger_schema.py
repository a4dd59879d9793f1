"""The schema of the ledger's file: made, migrated, left alone where it is not ours to change."""

import sqlite3
from contextlib import closing
from pathlib import Path

import aiosqlite
import pytest

from strowger.ledger.errors import LedgerMissing, SchemaTooNew, SchemaTooOld
from strowger.ledger.queries import reading
from strowger.ledger.schema import MIGRATIONS, migrate
from strowger.ledger.store import opened


async def test_a_missing_ledger_says_how_to_get_one(tmp_path: Path) -> None:
    """Reading makes no file where there is none."""
    with pytest.raises(LedgerMissing, match="strowger run ledger"):
        async with reading(tmp_path / "none.sqlite3"):
            pass
    assert not (tmp_path / "none.sqlite3").exists()


async def test_a_file_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    """Neither side touches a file whose schema it does not know."""
    path = tmp_path / "new.sqlite3"
    async with opened(path):
        pass
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(SchemaTooNew, match="release that wrote it"):
        async with opened(path):
            pass
    with pytest.raises(SchemaTooNew, match="release that wrote it"):
        async with reading(path):
            pass


async def test_a_reader_does_not_migrate(tmp_path: Path) -> None:
    """A file of an older release is left to the ledger service."""
    path = tmp_path / "old.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE t (x)")
    with pytest.raises(SchemaTooOld, match="run its ledger service"):
        async with reading(path):
            pass


FIRST = ("CREATE TABLE sales (id TEXT PRIMARY KEY) STRICT",)
SECOND = (
    "ALTER TABLE sales ADD COLUMN minutes INTEGER",
    "UPDATE sales SET minutes = 5",
)


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """Give a file of version 1 with a row in it."""
    path = tmp_path / "v1.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.execute(FIRST[0])
        database.execute("INSERT INTO sales VALUES ('c-1')")
        database.execute("PRAGMA user_version = 1")
        database.commit()
    return path


async def test_an_older_file_is_taken_through_the_steps_it_lacks(old_file: Path) -> None:
    """A file of version 1 gets step 2 and keeps its rows; migrating again does nothing."""
    for _ in range(2):
        async with aiosqlite.connect(old_file, isolation_level=None) as database:
            await migrate(database, [FIRST, SECOND])
    with closing(sqlite3.connect(old_file)) as database:
        assert database.execute("SELECT * FROM sales").fetchall() == [("c-1", 5)]
        assert database.execute("PRAGMA user_version").fetchone() == (2,)


async def test_a_step_that_fails_leaves_the_file_as_it_was(old_file: Path) -> None:
    """A step is taken whole, with its count, or not at all."""
    broken = (*SECOND, "INSERT INTO nowhere VALUES (1)")
    async with aiosqlite.connect(old_file, isolation_level=None) as database:
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            await migrate(database, [FIRST, broken])
    with closing(sqlite3.connect(old_file)) as database:
        assert database.execute("SELECT * FROM sales").fetchall() == [("c-1",)]
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
