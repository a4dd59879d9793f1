"""Dial codes as sheets write them: alone, in lists and ranges, and in two columns."""

import re
from collections.abc import Iterator
from typing import Final

from strowger.sheets.cells import EMPTY, Cell

MOST_CODES: Final = 1_000
"""More than so many codes in one cell are not meant: the row is bad."""

_MOST_DIGITS: Final = 15
NO_CODE: Final = "not a dial code: 1 to 15 digits, the first not 0"
ROUNDED: Final = "a spreadsheet has rounded this code; put the digits back"

_ROUNDED: Final = re.compile(r"[0-9]{1,20}([.,][0-9]{1,20})?[eE]\+?[0-9]")
_THOUSANDS: Final = re.compile(r"\d{1,3}(,\d{3})+")
_SEPARATORS: Final = re.compile(r"[;,/|\n\r]+")
_RANGE: Final = re.compile(r"(\+?[0-9]+)\s*[-\u2013\u2014]\s*(\+?[0-9]+)")
_DIGITS: Final = re.compile(r"[0-9]+")
_COUNTRY: Final = re.compile(r"\+?([1-9][0-9]{0,6})")
_CODE: Final = re.compile(r"[1-9][0-9]{0,14}")

_COUNTRY_CODE: Final = re.compile(
    r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[0-9]{3}"
)
SHARED: Final = frozenset({"1", "7"})
"""Country codes that many countries share: the North American plan; Russia and Kazakhstan."""


class NoCodes(ValueError):
    """No codes can be read from a cell; the message says why."""


def country_code(code: str) -> str:
    """Give the country code that a dial code begins with; all of it where it is shorter.

    Their lengths follow from ITU-T's list of assigned E.164 country codes: 1 and 7 have one digit,
    those named here two, all others three.
    """
    found = _COUNTRY_CODE.match(code)
    return code if found is None else found[0]


def codes_of(cell: Cell, country: Cell = EMPTY, *, area: bool = False) -> list[str]:
    """Give each dial code that a cell stands for: `4477`, `4477;4478`, `4477, 4478`, `4477-4479`.

    With `area` the cell holds area codes, and `country` the country code that goes before each; a
    zero that an area code begins with is kept, since in some countries (Italy) it is dialled from
    abroad. Else a `country` that is a number must be what every code begins with. A `+` before a
    code is dropped, and with it the spaces inside; leading zeros are not: `0044` is no code.

    Raises:
        NoCodes: something in it is no code, or can be read in two ways; nothing is reconstructed.
    """
    before = _country_of(country, needed=area)
    if area:
        codes = [before + each for each in _listed(cell)] if cell.text else [before]
    else:
        codes = list(_listed(cell))
    if not all(_CODE.fullmatch(code) for code in codes):
        raise NoCodes(NO_CODE)
    if not area and not all(code.startswith(before) for code in codes):
        raise NoCodes(f"does not begin with its country code {before}")
    return codes


def _country_of(cell: Cell, *, needed: bool) -> str:
    found = _COUNTRY.fullmatch(cell.text)
    if found and not cell.damage:
        return found[1]
    if needed:
        raise NoCodes(cell.damage or ("not a country code" if cell.text else "empty"))
    return ""  # a country by its name


def _listed(cell: Cell) -> Iterator[str]:
    text = cell.text
    if cell.damage:
        raise NoCodes(cell.damage)
    if _ROUNDED.search(text):
        raise NoCodes(ROUNDED)
    if not text:
        raise NoCodes("empty")
    if _THOUSANDS.fullmatch(text):
        raise NoCodes("a list of codes, or one with commas in it? put `;` between codes")
    count = 0
    for part in filter(None, map(str.strip, _SEPARATORS.split(text))):
        for code in _expanded(part):
            count += 1
            if count > MOST_CODES:
                raise NoCodes(f"more than {MOST_CODES:,} codes in one cell")
            yield code
    if not count:
        raise NoCodes(NO_CODE)


def _expanded(part: str) -> Iterator[str]:
    ends = _RANGE.fullmatch(part)
    if ends is None:
        yield _code(part)
        return
    first, last = (end.removeprefix("+") for end in ends.groups())
    if max(len(first), len(last)) > _MOST_DIGITS:
        raise NoCodes(NO_CODE)
    if len(first) != len(last):
        raise NoCodes("the ends of a range have the same number of digits")
    if int(last) < int(first):
        raise NoCodes("a range ends before it starts")
    if int(last) - int(first) >= MOST_CODES:
        raise NoCodes(f"a range of more than {MOST_CODES:,} codes")
    for number in range(int(first), int(last) + 1):
        yield str(number).zfill(len(first))


def _code(part: str) -> str:
    digits = part.removeprefix("+")
    if part.startswith("+"):
        digits = "".join(digits.split())
    elif any(map(str.isspace, part)):
        raise NoCodes("one code or two? put `;` between codes and leave out spaces within")
    if not _DIGITS.fullmatch(digits):
        raise NoCodes(NO_CODE)
    return digits
