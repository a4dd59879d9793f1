"""A cell as a sheet holds it: its text, and what a spreadsheet has done to it that text hides."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

_KEPT_DIGITS: Final = 15
"""So many digits of a number a spreadsheet keeps (Microsoft: Excel specifications and limits)."""

_SHOWN_DIGITS: Final = 11
"""A number of more digits is shown as 2.77724E+11 in a cell of the format General (ibid.)."""

_LITERALS: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.')
_DECIMALS: Final = re.compile(r"\.[0#?]")
_PADDING: Final = re.compile(r"(?:^|[^.0#?])0{2,}")


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell: `text` as plain as it can be, and the `moment` of a date cell.

    `damage` says why no code can be read from it, though its text may look like one.
    """

    text: str
    moment: datetime | None = None
    damage: str = ""


EMPTY: Final = Cell("")


def from_text(text: str) -> Cell:
    """Make a cell of CSV text; `="44"` and `'44`, by which spreadsheets are told text, are 44."""
    text = text.strip()
    if text.startswith('="') and text.endswith('"') and len(text) > len('="'):
        text = text[2:-1].strip()
    return Cell(text.removeprefix("'"))


def from_spreadsheet(value: object, number_format: str) -> Cell:
    """Make a cell of a spreadsheet's value, which is exact, and its format, which tells damage."""
    match value:
        case None:
            return EMPTY
        case str():
            return from_text(value)
        case bool():
            return Cell(str(value).upper())
        case int() | float():
            return _number(value, number_format)
        case datetime() | date():
            return _date(value)
    return Cell(str(value), damage="a spreadsheet has made a time of this")


def _date(value: date) -> Cell:
    full = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a spreadsheet's time has no zone
    moment = full.replace(tzinfo=UTC) if full.tzinfo is None else full.astimezone(UTC)
    text = f"{moment:%Y-%m-%d %H:%M:%S}".removesuffix(" 00:00:00")
    return Cell(text, moment, "a spreadsheet has made a date of this")


def _number(value: float, number_format: str) -> Cell:
    if not math.isfinite(value):
        return Cell(str(value), damage="not a number")
    if isinstance(value, int):
        exact = Decimal(value)
    else:
        # What the sheet's author saw and saved; the binary fraction beyond it is nobody's price.
        exact = Decimal(format(value, f".{_KEPT_DIGITS}g"))
    if "%" in number_format:
        return Cell(f"{format(exact * 100, 'f')}%", damage="a percentage")
    return Cell(format(exact, "f"), damage=_damage(value, number_format))


def _damage(value: float, number_format: str) -> str:
    """Say why a number is no code, going by how it is stored and how the sheet shows it."""
    shown = _LITERALS.sub("", number_format.partition(";")[0])
    size = abs(value)
    if size >= 10**_KEPT_DIGITS:
        return "more digits than a spreadsheet keeps; format the column as text"
    general = not shown or shown.lower() == "general"
    whole = value == int(value)
    if whole and ("E+" in shown.upper() or (general and size >= 10**_SHOWN_DIGITS)):
        return "a spreadsheet shows this code rounded; put the digits back and format it as text"
    if not whole or _DECIMALS.search(shown):
        return "a number with decimals, not a code; format the column as text"
    if _PADDING.search(shown):
        return "its format shows zeros that it does not hold; format the column as text"
    return ""
