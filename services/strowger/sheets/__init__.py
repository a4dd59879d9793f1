"""Rate sheets: what carriers send each other as CSV or XLSX, read into offers row by row."""

from strowger.sheets.reading import RateSheet, read_sheet, read_sheet_file
from strowger.sheets.rows import BadRow, ClosedRow, GoodRow, Reading, SheetUnreadable

__all__ = [
    "BadRow",
    "ClosedRow",
    "GoodRow",
    "RateSheet",
    "Reading",
    "SheetUnreadable",
    "read_sheet",
    "read_sheet_file",
]
