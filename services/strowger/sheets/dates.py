"""Effective dates as sheets write them; one that can be read in two ways is not read."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from strowger.sheets.cells import Cell

DayOrder = Literal["dmy", "mdy"]

_YEARS: Final = range(2000, 2100)
_FULL_YEAR: Final = 4
_MONTHS: Final = 12
_MONTH: Final = re.compile(
    "(jan(?:uary)?)|(feb(?:ruary)?)|(mar(?:ch)?)|(apr(?:il)?)|(may)|(june?)|(july?)|(aug(?:ust)?)|"
    "(sept?(?:ember)?)|(oct(?:ober)?)|(nov(?:ember)?)|(dec(?:ember)?)"
)
_AT_ONCE: Final = frozenset({"immediate", "immediately"})

_TIME: Final = re.compile(
    r"^(?P<day>.*?\d)(?:[T ]+(?P<clock>\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)"
    r" ?(?P<zone>Z|UTC|GMT|[+-]\d{2}:\d{2})?)$",
    re.IGNORECASE,
)
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NUMBERS: Final = re.compile(r"(\d{1,4})[-/. ](\d{1,2})[-/. ](\d{1,4})")
_DAY_FIRST: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[-/. ]+([a-z]{3,9})[-/., ]+(\d{2,4})")
_MONTH_FIRST: Final = re.compile(r"([a-z]{3,9})[-/. ]+(\d{1,2})(?:st|nd|rd|th)?[-/., ]+(\d{4})")

_FORMS: Final = "write it as 2026-04-03"


class NoDate(ValueError):
    """No date can be read from a cell; the message says why."""


def moment_of(cell: Cell, order: DayOrder | None = None) -> datetime | None:
    """Give the instant that a cell says, UTC where it names no zone; none for "immediately".

    Taken: ISO 8601 and year first, months by their English names, date cells of a spreadsheet, and
    days and months as numbers where only one reading is possible or `order` says which is meant.
    Years of two digits only with `order`, as 20yy. A date without a time is 00:00 UTC.

    Raises:
        NoDate: it is no date, or can be read in two ways.
    """
    if cell.moment is not None:
        return _in_range(cell.moment)
    text = " ".join(cell.text.split())
    if text.lower() in _AT_ONCE:
        return None
    timed = _TIME.match(text)
    day, clock, zone = (timed["day"], timed["clock"], timed["zone"]) if timed else (text, "", "")
    year, month, number = _date_of(day.lower(), order)
    try:
        moment = datetime.fromisoformat(
            f"{year:04d}-{month:02d}-{number:02d}T{_clock(clock)}{_zone(zone)}"
        )
    except ValueError:
        raise NoDate("no such day or time") from None
    return _in_range(moment)


def _clock(text: str) -> str:
    return (text if text.find(":") > 1 else f"0{text}") if text else "00:00"


def _zone(text: str | None) -> str:
    return "+00:00" if not text or text.upper() in {"Z", "UTC", "GMT"} else text


def _in_range(moment: datetime) -> datetime:
    if moment.year not in _YEARS:
        raise NoDate(f"the year is none of {_YEARS.start} to {_YEARS.stop - 1}")
    return moment.astimezone(UTC)


def _date_of(text: str, order: DayOrder | None) -> Sequence[int]:
    """Give year, month and day."""
    if found := _COMPACT.fullmatch(text):
        return tuple(map(int, found.groups()))
    if found := _DAY_FIRST.fullmatch(text):
        return _year(found[3], order), _month(found[2]), int(found[1])
    if found := _MONTH_FIRST.fullmatch(text):
        return _year(found[3], order), _month(found[1]), int(found[2])
    found = _NUMBERS.fullmatch(text)
    if found is None:
        raise NoDate(f"not a date; {_FORMS}")
    first, second, third = found.groups()
    if len(first) == _FULL_YEAR:
        return int(first), int(second), int(third)
    month, day = _ordered(int(first), int(second), order)
    return _year(third, order), month, day


def _ordered(first: int, second: int, order: DayOrder | None) -> tuple[int, int]:
    """Give month and day of the two numbers before a year."""
    if order == "dmy":
        return second, first
    if order == "mdy":
        return first, second
    if first != second and max(first, second) <= _MONTHS:
        raise NoDate(f"day or month first? say --dates dmy or mdy, or {_FORMS}")
    return (second, first) if first > _MONTHS else (first, second)


def _month(name: str) -> int:
    found = _MONTH.fullmatch(name)
    if found is None or found.lastindex is None:
        raise NoDate(f"{name!r} is no month; {_FORMS}")
    return found.lastindex


def _year(text: str, order: DayOrder | None) -> int:
    if len(text) == _FULL_YEAR:
        return int(text)
    if len(text) == len("26") and order is not None:
        return _YEARS.start + int(text)
    raise NoDate(f"a year has four digits, unless --dates says the order; {_FORMS}")
