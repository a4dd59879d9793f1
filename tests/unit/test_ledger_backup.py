"""A ledger's file copied while it is written, held against another, replaced, and found damaged."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from strowger.ledger.backup import back_up
from strowger.ledger.comparing import compare
from strowger.ledger.errors import BackupExists, LedgerDamaged, LedgerInUse, LedgerMissing
from strowger.ledger.projection import Batch, Place
from strowger.ledger.queries import reading
from strowger.ledger.replacing import replace, settle
from strowger.ledger.store import opened
from tests.decided import trade, write
from tests.unit.test_ledger import rows


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """Give a ledger that holds one trade."""
    path = tmp_path / "ledger.sqlite3"
    await write(path, trade())
    return path


def damage(path: Path) -> None:
    """Overwrite all pages but the first, as a failing disk may."""
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))


def overwrite(path: Path) -> None:
    """Make a file of it that is no database."""
    path.write_bytes(b"no database at all" * 300)


async def test_a_backup_holds_all_that_was_committed_while_more_is_written(path: Path) -> None:
    """In the middle of a write it has what was there before, in one file, for its owner alone."""
    target = path.with_name("copy.sqlite3")
    async with opened(path) as store:
        await store.write(Batch(), {3: 7})  # in the WAL, and not in the file
        await store._database.execute("BEGIN IMMEDIATE")  # noqa: SLF001 - a write that is not done
        await store._database.execute("DELETE FROM markets")  # noqa: SLF001 - as above
        made = await back_up(path, target)
        await store._database.execute("ROLLBACK")  # noqa: SLF001 - as above
    assert rows(target) == rows(path)
    assert made.next_offsets[3] == 7
    assert made.decisions == len(rows(path)["decisions"])
    assert target.stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in path.parent.iterdir() if "copy" in each.name) == [
        "copy.sqlite3"
    ]


async def test_a_backup_never_takes_the_place_of_a_file(path: Path) -> None:
    """Not of an older one either; and without a ledger there is nothing to copy."""
    target = path.with_name("copy.sqlite3")
    target.write_text("precious")
    with pytest.raises(BackupExists, match="another name"):
        await back_up(path, target)
    assert target.read_text() == "precious"
    with pytest.raises(LedgerMissing):
        await back_up(path.with_name("none.sqlite3"), path.with_name("other.sqlite3"))


async def test_a_damaged_ledger_is_named_whoever_opens_it(path: Path) -> None:
    """Its service, a reader and a back-up say so, and which command makes it anew."""
    await settle(path)
    damage(path)
    with pytest.raises(LedgerDamaged, match="strowger ledger rebuild --replace"):
        await back_up(path, path.with_name("copy.sqlite3"))
    assert not path.with_name("copy.sqlite3").exists()
    with pytest.raises(LedgerDamaged, match="rebuild"):
        async with reading(path) as ledger:
            await ledger.markets()
    with pytest.raises(LedgerDamaged, match="rebuild"):
        async with opened(path) as store:
            await store.positions()
    overwrite(path)
    with pytest.raises(LedgerDamaged, match="rebuild"):
        async with opened(path):
            pass


async def test_ledgers_alike_are_equal_and_each_difference_is_named(path: Path) -> None:
    """A row too few, a row too many and a row changed are told apart, by table and key."""
    other = path.with_name("other.sqlite3")
    await write(other, trade())
    everything = sum(len(found) for found in rows(path).values())
    assert await compare(path, other) == (everything, [])
    with closing(sqlite3.connect(other)) as database, database:
        database.execute("DELETE FROM markets")
        database.execute("UPDATE sessions SET end_reason = 'otherwise'")
        database.execute("INSERT INTO rates VALUES ('voice', 9, '{}', 1, 0, 0)")
    _, found = await compare(path, other)
    by_table = {each.table: each for each in found}
    assert set(by_table) == {"markets", "rates", "sessions"}
    markets, rates, sessions = by_table["markets"], by_table["rates"], by_table["sessions"]
    assert (markets.missing, markets.extra, markets.changed) == (1, 0, 0)
    assert markets.first_missing == {"market": "voice"}
    assert (rates.extra, rates.first_extra) == (1, {"market": "voice", "version": 9})
    assert sessions.changed == len(rows(path)["sessions"])
    assert sessions.first_changed is not None
    assert set(sessions.first_changed) == {"market", "buyer", "session_id"}


async def test_how_decisions_fall_into_batches_makes_no_difference(path: Path) -> None:
    """Else a rebuilt ledger, which reads in larger ones, would differ from the present one."""
    other = path.with_name("other.sqlite3")
    async with opened(other) as store:
        for offset, value in enumerate(trade().values):
            batch = Batch()
            batch.add(Place(0, offset), value)
            await store.write(batch, {0: offset + 1})
    _, found = await compare(path, other)
    assert found == []


async def test_a_replaced_ledger_is_kept_and_its_wal_not_played_into_the_new_one(
    path: Path,
) -> None:
    """Also where the WAL beside it was left by a process that was killed."""
    new = path.with_name("ledger.sqlite3.rebuilt")
    await write(new, trade())
    await settle(new)
    wanted = rows(new)
    async with opened(path) as store:
        await store.write(Batch(), {2: 99})
        killed = {each: each.read_bytes() for each in path.parent.glob("ledger.sqlite3-*")}
    for each, content in killed.items():
        each.write_bytes(content)
    kept = await replace(path, new)
    assert kept is not None
    assert rows(path) == wanted
    assert (2, 99, None, None) in rows(kept)["offsets"]
    assert not new.exists()


async def test_a_damaged_ledger_is_replaced_and_kept(path: Path) -> None:
    """What can't be read is moved aside as it is."""
    new = path.with_name("ledger.sqlite3.rebuilt")
    await write(new, trade())
    await settle(new)
    wanted = rows(new)
    overwrite(path)
    kept = await replace(path, new)
    assert kept is not None
    assert rows(path) == wanted
    assert kept.read_bytes().startswith(b"no database")


async def test_a_ledger_that_is_open_is_not_replaced(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has it open would go on writing what nobody reads."""
    monkeypatch.setattr("strowger.ledger.replacing._BUSY_SECONDS", 0.1)
    new = path.with_name("ledger.sqlite3.rebuilt")
    await write(new, trade())
    async with opened(path) as store:
        await store.positions()
        with pytest.raises(LedgerInUse, match="stop"):
            await replace(path, new)
    assert new.exists()
