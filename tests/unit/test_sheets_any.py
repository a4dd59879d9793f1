"""Whatever bytes and cells a sheet is made of, reading it ends in rows or in SheetUnreadable."""

import contextlib
import io
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils.exceptions import IllegalCharacterError

from strowger.sheets import RateSheet, Reading, SheetUnreadable, read_sheet, read_sheet_file

TEMPTING = [
    *("44", "+44 20", "4477-4479", "44,770", "2.77724E+11", "1" * 30, "0044", ";", "-", "="),
    *("0.1", "0,1", "1e-2", "-1", "60/60", "1/1", "03/04/2026", "2026-04-03", "2026-04-03T99:99"),
    *(
        "9999-12-31T23:59-12:00",
        "EUR",
        "usd",
        "closed",
        "D",
        "45%",
        "g729,,",
        "cli",
        "\u0664\u0664",
    ),
    *('"', '="44"', "'", "#", "\n", "\x00", "\ufeff", "\u2028", "a b", "(x)"),
]
HEADINGS = st.sampled_from(
    [
        *("code", "rate", "country code", "area code", "origin", "billing increment", "status"),
        *("effective date", "currency", "deck", "asr", "acd sec", "pdd ms", "codecs", "cli", "??"),
        *("minimum seconds", "increment seconds", "connect fee", "Rate (USD)", "destination"),
    ]
)
TEXTS = st.sampled_from(TEMPTING) | st.text(max_size=12)
READINGS = st.builds(
    Reading,
    dates=st.sampled_from(["dmy", "mdy", None]),
    currency=st.sampled_from(["EUR", None]),
    effective=st.none(),
)
CELLS = (
    TEXTS
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.none()
    | st.datetimes(min_value=datetime(1900, 3, 1))  # noqa: DTZ001 - as a spreadsheet has them
)
FORMATS = st.sampled_from(["General", "0", "0.00E+00", "0000", "0%", "yyyy-mm-dd", "#,##0", "@"])


def read_file(data: bytes, reading: Reading) -> RateSheet | None:
    """Read a file of these bytes; none where it is refused as a whole."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        with contextlib.suppress(SheetUnreadable):
            return read_sheet_file(Path(file.name), reading)
    return None


def check(sheet: RateSheet) -> None:
    """See that every offer has an id of its own, and that every bad row says where and why."""
    ids = [row.offer_id for row in sheet.good] + [row.offer_id for row in sheet.closed]
    assert len(ids) == len(set(ids))
    for row in sheet.good:
        assert row.service.prefix.isascii()
        assert row.service.prefix.isdigit()
    assert all(bad.line > 0 and bad.column and bad.reason for bad in sheet.bad)


@given(data=st.binary(max_size=300) | st.binary(max_size=300).map(b"PK\x03\x04".__add__))
@settings(max_examples=200)
def test_any_bytes(data: bytes) -> None:
    """Bytes that are no sheet are refused, whatever they are."""
    sheet = read_file(data, Reading())
    if sheet is not None:
        check(sheet)


@given(
    header=st.lists(HEADINGS, min_size=1, max_size=6),
    rows=st.lists(st.lists(TEXTS, max_size=7), max_size=6),
    between=st.sampled_from([",", ";", "\t"]),
    reading=READINGS,
)
@settings(max_examples=400)
def test_any_text(header: list[str], rows: list[list[str]], between: str, reading: Reading) -> None:
    """Rows of any text are offers, closed, or bad."""
    text = "\n".join(between.join(row) for row in [header, *rows])
    with contextlib.suppress(SheetUnreadable):
        check(read_sheet(text, reading))


@given(
    header=st.lists(HEADINGS, max_size=5),
    rows=st.lists(st.lists(st.tuples(CELLS, FORMATS), max_size=6), max_size=5),
    reading=READINGS,
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_any_cells(
    header: list[str], rows: Sequence[Sequence[tuple[Any, str]]], reading: Reading
) -> None:
    """Cells of any kind and format are offers, closed, or bad."""
    made = openpyxl.Workbook()
    sheet = made.worksheets[0]
    sheet.append(["code", "rate", *header])
    for number, row in enumerate(rows, start=2):
        for column, (value, form) in enumerate(row, start=1):
            with contextlib.suppress(IllegalCharacterError, ValueError):
                cell: Any = sheet.cell(number, column, value)
                cell.number_format = form
    packed = io.BytesIO()
    made.save(packed)
    found = read_file(packed.getvalue(), reading)
    if found is not None:
        check(found)


def book() -> bytes:
    """Make a small XLSX file."""
    made = openpyxl.Workbook()
    for row in (["code", "rate"], ["44", 0.1], [45, "x"]):
        made.worksheets[0].append(row)
    packed = io.BytesIO()
    made.save(packed)
    return packed.getvalue()


BOOK = book()
"""Made once: a file has the time in it, and an example is to fail again as it failed."""


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_any_damage_to_a_file(data: st.DataObject) -> None:
    """An XLSX file with some of its bytes changed is read or refused."""
    spoilt = bytearray(BOOK)
    for _ in range(data.draw(st.integers(1, 8))):
        spoilt[data.draw(st.integers(4, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    found = read_file(bytes(spoilt), Reading())
    if found is not None:
        check(found)
