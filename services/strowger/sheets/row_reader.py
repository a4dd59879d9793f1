"""Read one row of a rate sheet into offers' terms, or reject it by line with a reason."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Final

from strowger.contract.voice import VoiceTermination
from strowger.sheets import columns
from strowger.sheets.cells import EMPTY, Cell
from strowger.sheets.codes import MOST_CODES, NoCodes, codes_of
from strowger.sheets.dates import NoDate, moment_of
from strowger.sheets.rows import AnyRow, BadRow, ClosedRow, GoodRow, Reading, offer_id_of
from strowger.sheets.values import BadCell, service_of, steps_of, value_of

_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_SHOWN_CHARACTERS: Final = 40
_ORIGIN: Final = "origin"
_DECK: Final = "deck"
_DECK_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,47}")
"""So short that an offer id made of it, a code and an origin is still a reference."""

_ONE_CELL_EACH: Final = tuple(
    field
    for field in VoiceTermination.model_fields
    if field not in {"family", "charges", columns.PREFIX, _ORIGIN, _DECK}
)

_CLOSED: Final = re.compile(
    "blocked|ceased|closed?|closure|del|deleted?|discontinued|removed?|terminated|withdrawn"
)
_TWO_MEANINGS: Final = frozenset({"c", "d", "r", "x"})
"""Decrease or deleted, current or closed: who abbreviates so has to say which."""


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads the rows of one sheet, going by its `header` and by what a person says of it."""

    header: columns.Columns
    reading: Reading

    def read(self, line: int, cells: Mapping[str, Cell]) -> Iterator[AnyRow]:
        """Read one row's `cells` by field: an offer for each of its codes, or one bad row."""
        offer_ids: list[str] = []
        try:
            yield from self._read(line, cells, offer_ids)
        except BadCell as bad:
            yield self.bad(
                line,
                bad.field,
                cells.get(bad.field, EMPTY).text,
                bad.reason,
                offer_ids=tuple(offer_ids),
            )

    def bad(
        self, line: int, field: str, value: str, reason: str, *, offer_ids: tuple[str, ...] = ()
    ) -> BadRow:
        """Reject a row for what stands in the column of a field."""
        place = self.header.place(field)
        letter = "" if place is None else letter_of(place)
        heading = self.header.heading(field)
        return BadRow(line, heading, value[:_SHOWN_CHARACTERS], reason, letter, offer_ids)

    def _read(
        self, line: int, cells: Mapping[str, Cell], offer_ids: list[str]
    ) -> Iterator[GoodRow | ClosedRow]:
        deck = self._deck(cells)
        scopes = list(self._scopes(cells))
        offer_ids.extend(offer_id_of(deck, prefix, origin) for prefix, origin in scopes)
        effective_at = self._effective_at(cells)
        destination, kind, country = (
            cells.get(field, EMPTY).text for field in ("destination", "kind", "country")
        )
        if _is_closed(cells):
            for offer_id, (prefix, _) in zip(offer_ids, scopes, strict=True):
                yield ClosedRow(line, offer_id, prefix, deck, destination, country, effective_at)
            return
        currency = self._currency(cells)
        terms = self._terms(cells)
        for prefix, origin in scopes:
            service = service_of({**terms, _DECK: deck, columns.PREFIX: prefix, _ORIGIN: origin})
            yield GoodRow(line, service, destination, kind, country, currency, effective_at)

    def _scopes(self, cells: Mapping[str, Cell]) -> Iterator[tuple[str, str | None]]:
        country = cells.get(columns.COUNTRY_CODE, EMPTY)
        area = columns.PREFIX not in self.header.fields
        field = columns.AREA_CODE if area else columns.PREFIX
        if area and not country.text:
            raise BadCell(columns.COUNTRY_CODE, "empty")
        codes = _codes(field, cells.get(field, EMPTY), country, area=area)
        origin = cells.get(_ORIGIN, EMPTY)
        origins: list[str | None] = [None]
        if origin.text:
            origins = [*_codes(_ORIGIN, origin)]
        if len(codes) * len(origins) > MOST_CODES:
            raise BadCell(_ORIGIN, f"more than {MOST_CODES:,} pairs of code and origin in one row")
        yield from product(codes, origins)

    def _deck(self, cells: Mapping[str, Cell]) -> str:
        said = "-".join(cells.get(_DECK, EMPTY).text.split())
        deck = said or self.reading.deck or str(VoiceTermination.model_fields[_DECK].default)
        if not _DECK_NAME.fullmatch(deck):
            raise BadCell(_DECK, "1 to 48 letters, digits, spaces and . _ : -, the first no sign")
        return deck

    def _effective_at(self, cells: Mapping[str, Cell]) -> datetime | None:
        cell = cells.get(columns.EFFECTIVE, EMPTY)
        if not cell.text:
            return self.reading.effective
        try:
            return moment_of(cell, self.reading.dates)
        except NoDate as problem:
            raise BadCell(columns.EFFECTIVE, str(problem)) from None

    def _currency(self, cells: Mapping[str, Cell]) -> str:
        said, told = self.reading.currency or "", self.header.currency
        own = cells.get(columns.CURRENCY, EMPTY).text.upper() or told
        if own and not _CURRENCY.fullmatch(own):
            raise BadCell(columns.CURRENCY, "not an ISO 4217 code such as EUR")
        if said and own and said != own:
            field = columns.CURRENCY if cells.get(columns.CURRENCY, EMPTY).text else columns.RATE
            raise BadCell(field, f"priced in {own}, while --currency says {said}")
        return own or said

    def _terms(self, cells: Mapping[str, Cell]) -> dict[str, object]:
        terms: dict[str, object] = {}
        for field in _ONE_CELL_EACH:
            text = cells.get(field, EMPTY).text
            if text:
                terms[field] = value_of(field, text)
        terms.update(steps_of(cells.get(columns.BILLING, EMPTY)))
        return terms


def letter_of(place: int) -> str:
    """Give the letter of a column, counted from 0, as spreadsheets name it: A, B … Z, AA."""
    letters = ""
    while place >= 0:
        place, rest = divmod(place, 26)
        letters = chr(ord("A") + rest) + letters
        place -= 1
    return letters


def _codes(field: str, cell: Cell, country: Cell = EMPTY, *, area: bool = False) -> list[str]:
    try:
        return codes_of(cell, country, area=area)
    except NoCodes as problem:
        raise BadCell(field, str(problem)) from None


def _is_closed(cells: Mapping[str, Cell]) -> bool:
    status = cells.get(columns.STATUS, EMPTY).text.lower()
    if status in _TWO_MEANINGS:
        raise BadCell(
            columns.STATUS, "can mean two things; spell it out, such as decrease or deleted"
        )
    return _CLOSED.fullmatch(status) is not None
