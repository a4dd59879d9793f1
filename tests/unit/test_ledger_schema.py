"""The schema of the ledger's file: made, migrated, left alone where it is not ours to change."""

import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import aiosqlite
import pytest

from strowger.contract.voice import VoiceSold
from strowger.ledger.errors import LedgerMissing, SchemaTooNew, SchemaTooOld
from strowger.ledger.queries import reading
from strowger.ledger.schema import migrate
from strowger.ledger.steps import MIGRATIONS
from strowger.ledger.store import opened

AT_MS = 1_769_860_800_000


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


@pytest.fixture
def file_of_0_1(tmp_path: Path) -> Path:
    """Give a file as release 0.1 wrote it: two offers, a request, and a sale of 600 minutes."""
    path = tmp_path / "0.1.sqlite3"
    sale = json.dumps(
        {
            "type": "acceptance-confirmed",
            "service": {
                "family": "voice",
                "prefix": "44",
                "deck": "standard",
                "rate_per_minute": "0.0125",
                "minimum_seconds": 30,
                "increment_seconds": 6,
                "connect_fee": "0.01",
                "minutes": 600,
            },
        }
    )
    place = (0, 7)
    decision = (1, 1, AT_MS, 1, "accept-offer", "globex", "answer", 0, "globex", "d-1", "e-1")
    with closing(sqlite3.connect(path)) as database:
        for statement in MIGRATIONS[0]:
            database.execute(statement)
        for table, row in (
            ("decisions", (*place, "voice", *decision, "acceptance-confirmed", None, sale)),
            ("offers", ("voice", "acme", "o-1", 1, "standing", AT_MS, *place)),
            ("offers", ("voice", "acme", "o-2", 2, "withdrawn", AT_MS, *place)),
            ("requests", ("voice", "globex", "r-1", None, AT_MS, "EUR", 1, 1, "8.1", *place)),
            (
                "acceptances",
                (
                    *("voice", "c-1", AT_MS, "globex", "a-1", None, "r-1", "acme", "o-1", 1),
                    *("44", 600, "0.0125", "8.1", "EUR", *place),
                ),
            ),
        ):
            marks = ", ".join("?" * len(row))
            database.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608 - our tables
        database.execute("PRAGMA user_version = 1")
        database.commit()
    return path


async def test_a_file_of_0_1_keeps_its_sales_and_offers(file_of_0_1: Path) -> None:
    """What was told then is read back now; what was not told then is none, and never made up."""
    async with opened(file_of_0_1):
        pass
    async with reading(file_of_0_1) as ledger:
        (sale,) = await ledger.acceptances()
        revisions = await ledger.revisions()
        (request,) = await ledger.requests()
    assert (sale.family, sale.quantity, sale.cost) == ("voice", 600, Decimal("8.1"))
    assert isinstance(sale.service, VoiceSold)
    assert sale.service.prefix == "44"
    assert (sale.prices.usage, sale.prices.connect_fee) == (Decimal("0.0125"), Decimal("0.01"))
    assert (sale.prices.minimum_seconds, sale.prices.increment_seconds) == (30, 6)
    assert (sale.lines, sale.excludes, sale.effective_at) == ((), (), None)
    assert [(each.offer_id, each.state) for each in revisions] == [
        ("o-1", "standing"),
        ("o-2", "withdrawn"),
    ]
    assert (request.cheapest, request.near_misses) == (Decimal("8.1"), 0)
