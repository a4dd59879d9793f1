"""XLSX sheets: cells are taken for what they hold, unless a spreadsheet has changed them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from strowger.sheets import Reading, SheetUnreadable, read_sheet_file

Value = str | int | float | bool | date | time | None
Formatted = Value | tuple[Value, str]


def book(path: Path, **sheets: Sequence[Sequence[Formatted]]) -> Path:
    """Write an XLSX file of these sheets; a cell with a number format is a pair."""
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for number, row in enumerate(rows, start=1):
            for column, said in enumerate(row, start=1):
                value, form = said if isinstance(said, tuple) else (said, None)
                cell: Any = sheet.cell(number, column, value)
                if form is not None:
                    cell.number_format = form
    path = path / "sheet.xlsx"
    made.save(path)
    return path


def test_a_sheet_is_read_below_its_titles(tmp_path: Path) -> None:
    """Numbers, text and dates are read, with the sheet's own row numbers and column letters."""
    path = book(
        tmp_path,
        Rates=[
            ["ACME Carrier"],
            [],
            [None, "Destination", "Code", "Rate", "Billing Increment", "Effective Date"],
            [None, "UK", 44, 0.0125, "60/60", datetime(2026, 4, 3)],  # noqa: DTZ001 - as a sheet has it
            [None, "Spain", "34", "0.02", "1/1", "2026-04-04"],
            [],
            [None, "Nowhere", "n/a", 1, "1/1", None],
        ],
    )
    sheet = read_sheet_file(path)
    assert sheet.name == "Rates"
    assert [(row.line, row.service.prefix, row.service.rate_per_minute) for row in sheet.good] == [
        (4, "44", Decimal("0.0125")),
        (5, "34", Decimal("0.02")),
    ]
    assert sheet.good[0].effective_at == datetime(2026, 4, 3, tzinfo=UTC)
    assert sheet.good[0].service.minimum_seconds == 60
    assert [(bad.line, bad.place, bad.column, bad.value) for bad in sheet.bad] == [
        (7, "C", "Code", "n/a")
    ]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ((277724123456, "0.00E+00"), "shows this code rounded"),
        (277724000000.0, "shows this code rounded"),
        (2.77724e11 + 0.5, "with decimals"),
        ((447700, "0.00"), "with decimals"),
        (44.77, "with decimals"),
        (1e15, "more digits than a spreadsheet keeps"),
        (4477001234567890, "more digits than a spreadsheet keeps"),
        ((44, "0000"), "shows zeros"),
        (date(2026, 1, 2), "made a date"),
        (time(4, 47), "made a time"),
        ((0.44, "0%"), "percentage"),
        (-44, "not a dial code"),
        (True, "not a dial code"),
        ("2.77724E+11", "rounded"),
    ],
)
def test_a_code_that_a_spreadsheet_changed_is_bad(
    tmp_path: Path, cell: Formatted, reason: str
) -> None:
    """A rounded, padded or dated code is never turned back into digits."""
    (bad,) = read_sheet_file(book(tmp_path, a=[["code", "rate"], [cell, 0.1]])).bad
    assert (bad.line, bad.place) == (2, "A")
    assert reason in bad.reason


@pytest.mark.parametrize("cell", [44770012345, (447700123456, "0"), (447700, "#,##0"), 447700.0])
def test_a_code_kept_as_a_whole_number_is_taken(tmp_path: Path, cell: Formatted) -> None:
    """A number that the sheet shows whole is the code."""
    (row,) = read_sheet_file(book(tmp_path, a=[["code", "rate"], [cell, 0.1]])).good
    assert row.service.prefix == str(int((cell if isinstance(cell, tuple) else (cell,))[0]))  # type: ignore[arg-type]  # numbers, all


@pytest.mark.parametrize(
    ("cell", "price"),
    [
        (0.1 + 0.2, "0.3"),
        (0.00001, "0.00001"),
        (1, "1"),
        ("0.0125", "0.0125"),
        ((0.0125, "$0.00"), "0.0125"),
    ],
)
def test_a_price_is_the_number_that_the_sheet_keeps(
    tmp_path: Path, cell: Formatted, price: str
) -> None:
    """Excel keeps 15 digits: what binary adds beyond is nobody's price, and formats don't round."""
    (row,) = read_sheet_file(book(tmp_path, a=[["code", "rate"], ["44", cell]])).good
    assert row.service.rate_per_minute == Decimal(price)


@pytest.mark.parametrize("cell", [0.0125 / 3, 1e-12, (0.5, "0%"), "0,1", "$0.1", "#REF!", None])
def test_a_price_that_is_not_said_exactly_is_bad(tmp_path: Path, cell: Formatted) -> None:
    """A third of a price has no end: the sender rounds it, not we."""
    (bad,) = read_sheet_file(book(tmp_path, a=[["code", "rate"], ["44", cell]])).bad
    assert bad.place == "B"


def test_the_first_sheet_with_a_header_is_read_or_the_one_named(tmp_path: Path) -> None:
    """A cover page is passed over; `sheet` chooses, and an unknown one lists those there are."""
    rates: list[list[Formatted]] = [["code", "rate"], ["44", 1]]
    path = book(tmp_path, Cover=[["Dear partner"]], Standard=rates, Premium=[*rates, ["45", 1]])
    assert read_sheet_file(path).name == "Standard"
    assert len(read_sheet_file(path, Reading(sheet="Premium")).good) == 2
    with pytest.raises(SheetUnreadable, match="'Cover', 'Standard', 'Premium'"):
        read_sheet_file(path, Reading(sheet="premium"))
    with pytest.raises(SheetUnreadable, match="must name the columns"):
        read_sheet_file(path, Reading(sheet="Cover"))


def test_a_csv_has_no_sheet_by_name(tmp_path: Path) -> None:
    """`sheet` of a CSV file is a mistake that is told."""
    path = tmp_path / "sheet.csv"
    path.write_text("code,rate\n44,1\n")
    with pytest.raises(SheetUnreadable, match="leave out --sheet"):
        read_sheet_file(path, Reading(sheet="Rates"))
