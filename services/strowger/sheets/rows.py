"""One row of a rate sheet: read into an offer's terms, or rejected by line with a reason."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from strowger.contract.voice import VoiceTermination
from strowger.sheets.columns import PREFIX, WHOLE_NUMBERS

_SPREADSHEET_DAMAGE: Final = re.compile(r"\d+([.,]\d+)?[eE]\+?\d+")
_DECIMAL_SPELT: Final = re.compile(r"Decimal\('([^']*)'\)")
_DIGITS: Final = re.compile(r"[0-9]{1,12}")
_SHOWN_CHARACTERS: Final = 40


class SheetUnreadable(ValueError):
    """The file as a whole is no rate sheet; the message says what to change."""


@dataclass(frozen=True, slots=True)
class GoodRow:
    """A row that says what is offered; `destination`, `kind` and `country` are for people only."""

    line: int
    service: VoiceTermination
    destination: str = ""
    kind: str = ""
    country: str = ""

    @property
    def offer_id(self) -> str:
        """Name the offer after its deck and code: the next sheet's row replaces this one's."""
        return f"{self.service.deck}:{self.service.prefix}"


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was left out; `column` is the sheet's own heading, `value` what stands there."""

    line: int
    column: str
    value: str
    reason: str


def read_row(line: int, cells: Mapping[str, str], headings: Mapping[str, str]) -> GoodRow | BadRow:
    """Read one row's `cells` by field; `headings` give the sheet's own name of each field."""

    def bad(field: str, reason: str) -> BadRow:
        value = cells.get(field, "")[:_SHOWN_CHARACTERS]
        return BadRow(line, headings.get(field, field), value, reason)

    terms: dict[str, str | int] = {}
    for field in VoiceTermination.model_fields:
        text = cells.get(field, "")
        if not text:
            continue
        if field == PREFIX and _SPREADSHEET_DAMAGE.fullmatch(text):
            return bad(field, "a spreadsheet has rounded this code; put the digits back")
        if field in WHOLE_NUMBERS:
            if not _DIGITS.fullmatch(text):
                return bad(field, "not a whole number")
            terms[field] = int(text)
        else:
            terms[field] = text.removeprefix("+") if field == PREFIX else text
    try:
        service = VoiceTermination.model_validate(terms)
    except ValidationError as invalid:
        problem = invalid.errors(include_url=False, include_input=False)[0]
        return bad(str(problem["loc"][0]), _reason(problem))
    return GoodRow(
        line,
        service,
        destination=cells.get("destination", ""),
        kind=cells.get("kind", ""),
        country=cells.get("country", ""),
    )


def _reason(problem: ErrorDetails) -> str:
    if problem["type"] == "missing":
        return "empty"
    if problem["loc"][0] == PREFIX:
        return "not a dial code: 1 to 15 digits, the first not 0"
    message = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return _DECIMAL_SPELT.sub(r"\1", message)
