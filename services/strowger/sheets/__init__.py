"""Rate sheets: what carriers send each other as CSV, read into offers row by row."""

from strowger.sheets.reading import RateSheet, read_sheet, read_sheet_file
from strowger.sheets.rows import BadRow, GoodRow, SheetUnreadable

__all__ = ["BadRow", "GoodRow", "RateSheet", "SheetUnreadable", "read_sheet", "read_sheet_file"]
