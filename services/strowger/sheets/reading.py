"""Read a whole rate sheet: good rows, bad rows by line, and codes that stand on two lines."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from strowger.sheets.columns import PREFIX, REQUIRED, fields_of, known_headings
from strowger.sheets.rows import BadRow, GoodRow, SheetUnreadable, read_row

_DELIMITERS: Final = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class RateSheet:
    """What a file said: `good` rows in the order of the file, `bad` ones by line."""

    good: tuple[GoodRow, ...]
    bad: tuple[BadRow, ...]

    @property
    def rows(self) -> int:
        """Count the rows that were read, good and bad."""
        return len(self.good) + len(self.bad)


def read_sheet_file(path: Path) -> RateSheet:
    """Read a rate sheet from a UTF-8 file.

    Raises:
        SheetUnreadable: the file is no CSV with a header that names a code and a rate.
        OSError: the file cannot be opened.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        message = f"not UTF-8 text (byte {problem.start}); export the sheet as CSV, UTF-8"
        raise SheetUnreadable(message) from None
    return read_sheet(text)


def read_sheet(text: str) -> RateSheet:
    """Read a rate sheet from its text. Lines above the header that start with `#` are comments.

    A code that stands on two lines of one deck is not guessed at: rows that agree count once and
    the repeats are reported, rows that differ are all left out.

    Raises:
        SheetUnreadable: it has no header that names a code and a rate, or its quoting is broken.
    """
    lines = text.splitlines(keepends=True)
    above = next((n for n, line in enumerate(lines) if not _skipped(line)), len(lines))
    if above == len(lines):
        message = "the sheet is empty"
        raise SheetUnreadable(message)
    delimiter = _delimiter(lines[above])
    reader = csv.reader(lines[above:], delimiter=delimiter, strict=True)
    try:
        header = next(reader)
        fields = _checked(header)
        read = list(_rows(reader, header, fields, above))
    except csv.Error as problem:
        message = f"line {above + reader.line_num}: {problem}"
        raise SheetUnreadable(message) from None
    return _without_double_codes(read)


def _skipped(line: str) -> bool:
    return line.startswith("#") or not line.strip()


def _delimiter(header: str) -> str:
    def known(delimiter: str) -> int:
        return sum(field is not None for field in fields_of(header.split(delimiter)))

    return max(_DELIMITERS, key=known)


def _checked(header: list[str]) -> list[str | None]:
    fields = fields_of(header)
    named = [field for field in fields if field is not None]
    twice = sorted({field for field in named if named.count(field) > 1})
    if twice:
        message = f"two columns hold {twice[0]}; leave one"
        raise SheetUnreadable(message)
    if any(field not in named for field in REQUIRED):
        message = f"the first line must name the columns; needed are {known_headings()}"
        raise SheetUnreadable(message)
    return fields


def _rows(
    reader: Iterator[list[str]], header: list[str], fields: list[str | None], above: int
) -> Iterator[GoodRow | BadRow]:
    headings = {field: name for field, name in zip(fields, header, strict=True) if field}
    start = above + 2
    for row in reader:
        line, start = start, above + 1 + _line_number(reader)
        if not any(row):
            continue
        if len(row) != len(header):
            reason = f"{len(row)} columns where the header has {len(header)}"
            yield BadRow(line, headings[PREFIX], "", reason)
            continue
        cells = {field: cell.strip() for field, cell in zip(fields, row, strict=True) if field}
        yield read_row(line, cells, headings)


def _line_number(reader: Iterator[list[str]]) -> int:
    number: int = getattr(reader, "line_num", 0)
    return number


def _without_double_codes(read: Iterable[GoodRow | BadRow]) -> RateSheet:
    bad: list[BadRow] = []
    standing: dict[str, list[GoodRow]] = {}
    for row in read:
        if isinstance(row, BadRow):
            bad.append(row)
        else:
            standing.setdefault(row.offer_id, []).append(row)
    good: list[GoodRow] = []
    for rows in standing.values():
        agree = all(row.service == rows[0].service for row in rows)
        if agree:
            good.append(rows[0])
        if len(rows) > 1:
            bad.extend(_double(row, rows, agree=agree) for row in rows[1 if agree else 0 :])
    return RateSheet(tuple(good), tuple(sorted(bad, key=lambda row: row.line)))


def _double(row: GoodRow, rows: list[GoodRow], *, agree: bool) -> BadRow:
    others = ", ".join(str(other.line) for other in rows if other is not row)
    reason = (
        f"the same as line {rows[0].line}; counted once"
        if agree
        else f"also on line {others} with other terms; leave the one that is meant"
    )
    return BadRow(row.line, PREFIX, row.service.prefix, reason)
