"""The table in a file: its header, wherever that stands, and its rows, from CSV or XLSX."""

import csv
import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from strowger.sheets.cells import EMPTY, Cell, from_spreadsheet, from_text
from strowger.sheets.columns import Columns, columns_of, known_headings
from strowger.sheets.rows import SheetUnreadable

if TYPE_CHECKING:
    import _csv

HEADER_WITHIN: Final = 50
"""The header is one of the first so many lines; titles and notes may stand above it."""

_DELIMITERS: Final = (",", ";", "\t", "|")
_ZIP: Final = b"PK\x03\x04"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_MOST_UNPACKED_BYTES: Final = 1_000_000_000

Row = tuple[int, Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Table:
    """A header and the rows below it, each with its line, or row, in the file; none is blank."""

    columns: Columns
    rows: Sequence[Row]
    name: str = ""


def table_of(path: Path, sheet: str | None = None) -> Table:
    """Find the table in a file: of XLSX, in the sheet named, or in the first that has one.

    Raises:
        SheetUnreadable: there is none, or the file is neither CSV in Unicode nor XLSX.
        OSError: the file cannot be opened.
    """
    data = path.read_bytes()
    if data.startswith(_ZIP):
        return _from_spreadsheet(data, sheet)
    if data.startswith(_OLD_EXCEL):
        raise SheetUnreadable("an old or encrypted Excel file; save it as XLSX, or as CSV, UTF-8")
    if sheet is not None:
        raise SheetUnreadable("a CSV file has no sheets by name; leave out --sheet")
    encoding = "utf-16" if data.startswith(_UTF16) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as problem:
        message = f"not UTF-8 text (byte {problem.start}); export the sheet as CSV, UTF-8"
        raise SheetUnreadable(message) from None
    return table_of_text(text)


def table_of_text(text: str) -> Table:
    """Find the table in CSV text; lines above the header that start with `#` are comments.

    Raises:
        SheetUnreadable: no line names the columns, two hold the same, or its quoting is broken.
    """
    lines = io.StringIO(text, newline="").readlines()
    above, delimiter = _csv_header(lines)
    reader = csv.reader(lines[above:], delimiter=delimiter, strict=True)
    try:
        columns = columns_of(next(reader))
        return Table(columns, tuple(_csv_rows(reader, above)))
    except csv.Error as problem:
        raise SheetUnreadable(f"line {above + reader.line_num}: {problem}") from None


def _csv_header(lines: list[str]) -> tuple[int, str]:
    """Say after how many lines the header stands, and what stands between its cells."""
    if all(_skipped(line) for line in lines):
        raise SheetUnreadable("the sheet is empty")
    best: tuple[int, int, str] | None = None
    for delimiter in _DELIMITERS:
        for above, line in enumerate(lines[:HEADER_WITHIN]):
            if _skipped(line):
                continue
            # A heading may have line breaks in it, so the lines below come along.
            columns = columns_of(_first(lines[above : above + HEADER_WITHIN], delimiter))
            if columns.is_header:
                known = sum(field is not None for field in columns.fields)
                best = max(best or (0, 0, ""), (known, -above, delimiter))
                break
    if best is None:
        raise _no_header()
    return -best[1], best[2]


def _first(lines: Iterable[str], delimiter: str) -> list[str]:
    try:
        return next(csv.reader(lines, delimiter=delimiter), [])
    except csv.Error:
        return []


def _skipped(line: str) -> bool:
    return line.startswith("#") or not line.strip()


def _csv_rows(reader: "_csv.Reader", above: int) -> Iterator[Row]:
    start = above + reader.line_num + 1
    for row in reader:
        line, start = start, above + reader.line_num + 1
        if any(map(str.strip, row)):
            yield line, tuple(map(from_text, row))


def _no_header() -> SheetUnreadable:
    return SheetUnreadable(
        f"one of the first {HEADER_WITHIN} lines must name the columns; needed are "
        f"{known_headings()}"
    )


def _from_spreadsheet(data: bytes, sheet: str | None) -> Table:
    try:
        with warnings.catch_warnings():
            # openpyxl warns of what it leaves out, such as drop-down lists; no cell is among it.
            warnings.simplefilter("ignore")
            return _opened(data, sheet)
    except SheetUnreadable:
        raise
    except MemoryError:
        raise SheetUnreadable("the XLSX file is too large to be read") from None
    except Exception as problem:  # noqa: BLE001 - a damaged file makes openpyxl raise anything
        reason = f"{type(problem).__name__}: {problem}"[:200]
        raise SheetUnreadable(f"the XLSX file is damaged ({reason}); save it anew") from None


def _opened(data: bytes, sheet: str | None) -> Table:
    # Here, since only XLSX needs it, and loading it takes as long as many a command.
    import openpyxl  # noqa: PLC0415

    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        if sum(part.file_size for part in packed.infolist()) > _MOST_UNPACKED_BYTES:
            raise SheetUnreadable("the XLSX file unpacks to more than 1 GB; send it in parts")
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        named = {each.title: each for each in book.worksheets}
        if sheet is not None and sheet not in named:
            raise SheetUnreadable(f"no sheet {sheet!r}; there are {', '.join(map(repr, named))}")
        for title in [sheet] if sheet is not None else list(named):
            # What a file says of its own size may be wrong, and rows would be cut off by it.
            named[title].reset_dimensions()
            table = _in_rows(title, named[title].rows)
            if table is not None:
                return table
    finally:
        book.close()
    raise _no_header()


def _in_rows(title: str, rows: Iterable[Sequence[object]]) -> Table | None:
    numbered = enumerate(rows, start=1)
    for number, row in numbered:
        columns = columns_of([cell.text for cell in _cells(row)])
        if columns.is_header:
            found = ((below, _cells(each)) for below, each in numbered)
            kept = tuple((below, cells) for below, cells in found if any(c.text for c in cells))
            return Table(columns, kept, title)
        if number >= HEADER_WITHIN:
            return None
    return None


def _cells(row: Sequence[object]) -> tuple[Cell, ...]:
    return tuple(
        from_spreadsheet(value, getattr(cell, "number_format", "") or "")
        if (value := getattr(cell, "value", None)) is not None
        else EMPTY
        for cell in row
    )
