"""Read a whole rate sheet: good rows, bad rows by line, and codes that stand on two lines."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from strowger.sheets import columns
from strowger.sheets.row_reader import RowReader
from strowger.sheets.rows import (
    AnyRow,
    BadRow,
    ClosedRow,
    GoodRow,
    Reading,
    SheetUnreadable,
)
from strowger.sheets.tables import Table, table_of, table_of_text


@dataclass(frozen=True, slots=True)
class RateSheet:
    """What a file said: `good` rows in the order of the file, `bad` ones by line.

    `closed` are codes that the sheet itself says are closed; `name` is that of an XLSX's sheet.
    """

    good: tuple[GoodRow, ...]
    bad: tuple[BadRow, ...]
    closed: tuple[ClosedRow, ...] = ()
    name: str = ""

    @property
    def rows(self) -> int:
        """Count what was read, good, closed and bad: a row of several codes makes one for each."""
        return len(self.good) + len(self.closed) + len(self.bad)


def read_sheet_file(path: Path, reading: Reading | None = None) -> RateSheet:
    """Read a rate sheet from a file, CSV in Unicode or XLSX, whatever its name.

    Raises:
        SheetUnreadable: it has no header that names a code and a rate.
        OSError: the file cannot be opened.
    """
    reading = reading or Reading()
    return _read(table_of(path, reading.sheet), reading)


def read_sheet(text: str, reading: Reading | None = None) -> RateSheet:
    """Read a rate sheet from its text. Lines above the header that start with `#` are comments.

    A code that stands on two lines of one deck is not guessed at: rows that agree count once and
    the repeats are reported, rows that differ are all left out.

    Raises:
        SheetUnreadable: it has no header that names a code and a rate, or its quoting is broken.
    """
    return _read(table_of_text(text), reading or Reading())


def _read(table: Table, reading: Reading) -> RateSheet:
    if table.columns.twice:
        raise SheetUnreadable(f"two columns hold {table.columns.twice}; leave one")
    reader = RowReader(table.columns, reading)
    return _without_double_codes(_rows(table, reader), table, reader)


def _rows(table: Table, reader: RowReader) -> Iterator[AnyRow]:
    fields = table.columns.fields
    for line, row in table.rows:
        beyond = row[len(fields) :]
        if (len(row) < len(fields) and not table.name) or any(cell.text for cell in beyond):
            reason = f"{len(row)} columns where the header has {len(fields)}"
            yield reader.bad(line, _code_field(table), "", reason)
            continue
        # Backwards, so that of two columns that hold the same the first counts.
        by_column = reversed(list(zip(fields, row, strict=False)))
        cells = {field: cell for field, cell in by_column if field is not None}
        yield from reader.read(line, cells)


def _code_field(table: Table) -> str:
    has_prefix = columns.PREFIX in table.columns.fields
    return columns.PREFIX if has_prefix else columns.AREA_CODE


def _without_double_codes(read: Iterable[AnyRow], table: Table, reader: RowReader) -> RateSheet:
    bad: list[BadRow] = []
    standing: dict[str, list[GoodRow | ClosedRow]] = {}
    for row in read:
        if isinstance(row, BadRow):
            bad.append(row)
        else:
            standing.setdefault(row.offer_id, []).append(row)
    kept: list[GoodRow | ClosedRow] = []
    for rows in standing.values():
        agree = all(_says(row) == _says(rows[0]) for row in rows)
        if agree:
            kept.append(rows[0])
        if len(rows) > 1:
            doubles = rows[1:] if agree else rows
            bad.extend(_double(row, rows, _code_field(table), reader, agree) for row in doubles)
    return RateSheet(
        good=tuple(row for row in kept if isinstance(row, GoodRow)),
        bad=tuple(sorted(bad, key=lambda row: row.line)),
        closed=tuple(row for row in kept if isinstance(row, ClosedRow)),
        name=table.name,
    )


def _says(row: GoodRow | ClosedRow) -> tuple[object, ...]:
    if isinstance(row, ClosedRow):
        return None, row.effective_at
    return row.service, row.currency, row.effective_at


def _double(
    row: GoodRow | ClosedRow,
    rows: list[GoodRow | ClosedRow],
    field: str,
    reader: RowReader,
    agree: bool,  # noqa: FBT001 - told apart by its name at the one place that calls
) -> BadRow:
    prefix = row.service.prefix if isinstance(row, GoodRow) else row.prefix
    if agree:
        reason = f"the same as line {rows[0].line}; counted once"
    else:
        others = ", ".join(str(other.line) for other in rows if other is not row)
        reason = f"also on line {others} with other terms; leave the one that is meant"
    told = reader.bad(row.line, field, prefix, reason, offer_ids=(row.offer_id,))
    return replace(told, harmless=agree)
