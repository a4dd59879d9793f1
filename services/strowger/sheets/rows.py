"""What the rows of a rate sheet turn out to be, and what a person says of a sheet."""

from dataclasses import dataclass
from datetime import datetime

from strowger.contract.voice import VoiceTermination
from strowger.sheets.dates import DayOrder


class SheetUnreadable(ValueError):
    """The file as a whole is no rate sheet; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a person says of a sheet that the sheet does not say itself.

    `effective` and `deck` hold where a row names none; so does `currency`, and a row that names
    another is bad. `dates` is the order of day and month; `sheet` the name of the one to read.
    """

    sheet: str | None = None
    dates: DayOrder | None = None
    effective: datetime | None = None
    currency: str | None = None
    deck: str | None = None


def offer_id_of(deck: str, prefix: str, origin: str | None) -> str:
    """Name an offer after its deck, code and origin: the next sheet's row replaces this one's."""
    return f"{deck}:{prefix}" + (f"~{origin}" if origin else "")


@dataclass(frozen=True, slots=True)
class GoodRow:
    """What is offered under one code; `destination`, `kind` and `country` are for people only.

    `currency` is empty where neither the sheet nor the person says one; `effective_at` is none for
    at once. A row of several codes makes as many of these, of the same `line`.
    """

    line: int
    service: VoiceTermination
    destination: str = ""
    kind: str = ""
    country: str = ""
    currency: str = ""
    effective_at: datetime | None = None

    @property
    def offer_id(self) -> str:
        """Name the offer; `offer_id_of` says how."""
        return offer_id_of(self.service.deck, self.service.prefix, self.service.origin)


@dataclass(frozen=True, slots=True)
class ClosedRow:
    """A code that the sheet itself says is closed: its offer is to be withdrawn."""

    line: int
    offer_id: str
    prefix: str
    deck: str
    destination: str = ""
    country: str = ""
    effective_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was left out; `column` is the sheet's own heading, `value` what stands there.

    `place` is the column's letter. `offer_ids` are the offers that it is about, as far as that can
    be read; `harmless` is a repeat whose like was counted.
    """

    line: int
    column: str
    value: str
    reason: str
    place: str = ""
    offer_ids: tuple[str, ...] = ()
    harmless: bool = False


AnyRow = GoodRow | ClosedRow | BadRow
