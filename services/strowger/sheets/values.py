"""What cells say of a voice offer's fields, as far as the contract takes it."""

import re
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from strowger.contract.voice import VoiceTermination
from strowger.sheets import columns
from strowger.sheets.cells import Cell
from strowger.sheets.codes import NO_CODE

_DECIMAL_SPELT: Final = re.compile(r"Decimal\('([^']*)'\)")
_DIGITS: Final = re.compile(r"[0-9]{1,12}")
_STEPS: Final = re.compile(r"([0-9]{1,4})(?: ?[/+] ?([0-9]{1,4}))?(?: ?s(?:ec(?:onds)?)?\.?)?")
_RATIO: Final = re.compile(r"0?\.[0-9]*[1-9][0-9]*|1(\.0+)?")
_CLI: Final = {"cli": "guaranteed", "ncli": "none", "non-cli": "none", "no cli": "none"}
"""How sheets call routes that carry the caller's number, and those that don't."""


class BadCell(ValueError):
    """A cell of a `field` can't be taken; the `reason` is for people."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def value_of(field: str, text: str) -> object:
    """Give what a cell says of a field of the offer, for the contract to judge.

    Raises:
        BadCell: it says nothing certain.
    """
    if field in columns.WHOLE_NUMBERS:
        if not _DIGITS.fullmatch(text):
            raise BadCell(field, "not a whole number")
        return int(text)
    match field:
        case "codecs":
            words = re.split(r"[\s,;/|]+", text.lower().replace(".", ""))
            return tuple(filter(None, words))
        case "cli":
            return _CLI.get(text.lower(), text.lower())
        case "asr_percent":
            if _RATIO.fullmatch(text):
                raise BadCell(field, "a ratio or a percentage? write it as 45%")
            return text.removesuffix("%").strip()
    return text


def steps_of(cell: Cell) -> dict[str, object]:
    """Read "30/6" as a minimum of 30 seconds, then steps of 6; one number is both.

    Trade usage: "30/6 billing refers to a 30-second minimum, with 6-second increments thereafter"
    (vaasconsumer.com/call-billing-increment). A single step is its own minimum.

    Raises:
        BadCell: it is neither; a spreadsheet may have made a date of it.
    """
    if not cell.text:
        return {}
    found = None if cell.moment else _STEPS.fullmatch(cell.text.lower())
    if found is None:
        raise BadCell(columns.BILLING, "not minimum/increment in seconds, such as 60/60 or 30/6")
    return {"minimum_seconds": int(found[1]), "increment_seconds": int(found[2] or found[1])}


def service_of(terms: dict[str, object]) -> VoiceTermination:
    """Make the offered service of its terms.

    Raises:
        BadCell: the contract does not take one of them.
    """
    try:
        return VoiceTermination.model_validate(terms)
    except ValidationError as invalid:
        problem = invalid.errors(include_url=False, include_input=False)[0]
        raise BadCell(str(problem["loc"][0]), _reason(problem)) from None


def _reason(problem: ErrorDetails) -> str:
    if problem["type"] == "missing":
        return "empty"
    if problem["type"] == "extra_forbidden":
        return "this exchange's offers don't know it"
    if problem["loc"][0] == columns.PREFIX:
        return NO_CODE
    message = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return _DECIMAL_SPELT.sub(r"\1", message)
