"""Hold one ledger's file against another: every table, row by row, by the key of each row."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aiosqlite

from strowger.ledger.damage import named_if_damaged
from strowger.ledger.queries import read_only

Key = dict[str, str | int | None]


@dataclass(frozen=True)
class Difference:
    """Of one table: how many rows differ, and the key of the first of each sort."""

    table: str
    missing: int
    """Rows that the present ledger has, and the rebuilt one lacks."""
    extra: int
    """Rows that only the rebuilt one has."""
    changed: int
    """Rows that both have, and say otherwise."""
    first_missing: Key | None
    first_extra: Key | None
    first_changed: Key | None


async def compare(present: Path, rebuilt: Path) -> tuple[int, list[Difference]]:
    """Give how many rows were compared, and each table that is not alike in both.

    Raises:
        LedgerDamaged: one of the files is.
    """
    found: list[Difference] = []
    rows = 0
    with named_if_damaged(present):
        async with aiosqlite.connect(read_only(rebuilt), uri=True) as database:
            database.row_factory = aiosqlite.Row
            await database.execute("ATTACH DATABASE ? AS present", (read_only(present),))
            for table in await _tables(database):
                compared, difference = await _compare(database, table)
                rows += compared
                if difference is not None:
                    found.append(difference)
    return rows, found


async def _tables(database: aiosqlite.Connection) -> list[str]:
    rows = await database.execute_fetchall(
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
        "ORDER BY name"
    )
    return [row["name"] for row in rows]


async def _compare(database: aiosqlite.Connection, table: str) -> tuple[int, Difference | None]:
    described = list(await database.execute_fetchall(f'PRAGMA main.table_info("{table}")'))
    columns = [row["name"] for row in described]
    key = [row["name"] for row in described if row["pk"]] or columns
    missing, first_missing = await _rows(database, key, _lacking(table, "present", "main", key))
    extra, first_extra = await _rows(database, key, _lacking(table, "main", "present", key))
    others = [name for name in columns if name not in key]
    differs = " OR ".join(f'a."{name}" IS NOT b."{name}"' for name in others) or "0"
    both = f'FROM main."{table}" a JOIN present."{table}" b ON {_all_equal(key)} WHERE {differs}'
    changed, first_changed = await _rows(database, key, both)
    counted = list(await database.execute_fetchall(f'SELECT count(*) AS n FROM main."{table}"'))  # noqa: S608 - a name of the schema's
    if not (missing or extra or changed):
        return counted[0]["n"], None
    return counted[0]["n"], Difference(
        table, missing, extra, changed, first_missing, first_extra, first_changed
    )


def _lacking(table: str, has: str, lacks: str, key: Sequence[str]) -> str:
    other = f'SELECT 1 FROM {lacks}."{table}" b WHERE {_all_equal(key)}'  # noqa: S608 - names of the schema's
    return f'FROM {has}."{table}" a WHERE NOT EXISTS ({other})'


def _all_equal(names: Sequence[str]) -> str:
    # IS and not =, which is never true of nulls; SQLite uses an index for it all the same.
    return " AND ".join(f'a."{name}" IS b."{name}"' for name in names)


async def _rows(
    database: aiosqlite.Connection, key: Sequence[str], of: str
) -> tuple[int, Key | None]:
    """Count rows, and give the key of the first."""
    named = ", ".join(f'a."{name}"' for name in key)
    counted = list(await database.execute_fetchall(f"SELECT count(*) AS n {of}"))
    if not counted[0]["n"]:
        return 0, None
    first = list(await database.execute_fetchall(f"SELECT {named} {of} ORDER BY {named} LIMIT 1"))
    return counted[0]["n"], dict(first[0])
