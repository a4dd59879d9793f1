"""What a sheet withdraws by leaving it out: nothing, or all else of its countries or decks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from strowger.contract.families import OfferedService
from strowger.contract.voice import VoiceTermination
from strowger.sheets.codes import SHARED, country_code
from strowger.sheets.comparing import Change, Comparison, Wanted
from strowger.sheets.reading import RateSheet

Scope = Literal["partial", "country", "full"]
"""`partial`: what is left out stays. `full`: an A-Z sheet, which withdraws every other offer of the
decks it names. `country`: the same for the countries that it names."""

_OFFER_ID: Final = re.compile(r"(?P<deck>[^~]+):(?P<prefix>[1-9][0-9]{0,14})(~[0-9]+)?")


class SeveralDates(ValueError):
    """Rows take effect at several times, so that none is that of what the sheet leaves out."""


@dataclass(frozen=True, slots=True)
class Omitting:
    """Finds what a sheet leaves out; `effective` is from when, if the person says so."""

    sheet: RateSheet
    comparison: Comparison
    effective: datetime | None = None
    anyway: bool = False
    """Withdraw although rows that can't be read may be about the same codes."""

    def changes(self, scope: Scope) -> tuple[Change, ...]:
        """Give the withdrawals, in the order of the offers' ids.

        Held, and not to be sent, are all of them where a row's code can't be read, since it may be
        one of theirs; and those of a country code that countries share, unless the sheet names its
        countries.

        Raises:
            SeveralDates: it is not certain from when.
        """
        if scope == "partial":
            return ()
        omitted = sorted(self._omitted(scope))
        if not omitted:
            return ()
        moment = self._moment()
        found = (self._withdrawal(offer_id, moment) for offer_id in omitted)
        # What is to be withdrawn before then anyway is left to that.
        return tuple(self._held(change, scope) for change in found if self._is_needed(change))

    def _omitted(self, scope: Scope) -> Iterator[str]:
        sheet, comparison = self.sheet, self.comparison
        named = {row.offer_id for row in sheet.good} | {row.offer_id for row in sheet.closed}
        named.update(offer_id for bad in sheet.bad for offer_id in bad.offer_ids)
        places = [place for place in map(_place, named) if place is not None]
        decks = {deck for deck, _ in places}
        countries = {country_code(prefix) for _, prefix in places}
        said = _countries_said(sheet)
        for offer_id in {*comparison.kept, *comparison.unknown} - named:
            place = _place(offer_id)
            if place is None or place[0] not in decks or not self._stands(offer_id):
                continue
            if scope == "country":
                if country_code(place[1]) not in countries:
                    continue
                kept = comparison.kept.get(offer_id)
                own = "" if kept is None else kept.country.casefold()
                if said and own and own not in said:
                    continue
            yield offer_id

    def _stands(self, offer_id: str) -> bool:
        if offer_id in self.comparison.unknown:
            return True
        standing = self.comparison.standing(offer_id, self.effective)
        return standing is not None and _is_voice(standing.service)

    def _moment(self) -> datetime | None:
        if self.effective is not None:
            return self.effective
        dates = {row.effective_at for row in self.sheet.good}
        dates |= {row.effective_at for row in self.sheet.closed}
        if len(dates) > 1:
            raise SeveralDates(
                "the sheet's rows take effect on several dates: say with --effective from when "
                "what it leaves out is withdrawn"
            )
        return next(iter(dates), None)

    def _withdrawal(self, offer_id: str, moment: datetime | None) -> Change:
        kept = self.comparison.kept.get(offer_id)
        wanted = Wanted(
            offer_id,
            None,
            effective_at=moment,
            destination="" if kept is None else kept.destination,
            country="" if kept is None else kept.country,
        )
        return self.comparison.change(wanted)

    def _is_needed(self, change: Change) -> bool:
        unknown = change.wanted.offer_id in self.comparison.unknown
        return unknown or change.before is not None

    def _held(self, change: Change, scope: Scope) -> Change:
        if self.anyway:
            return change
        unread = [bad for bad in self.sheet.bad if not bad.offer_ids]
        if unread:
            lines = ", ".join(str(bad.line) for bad in unread[:3])
            why = f"the code of line {lines} can't be read, and may be its; --withdraw-anyway"
            return replace(change, stop="held", why=why)
        place = _place(change.wanted.offer_id)
        shared = place is not None and country_code(place[1]) in SHARED
        told = change.wanted.country and _countries_said(self.sheet)
        if scope == "country" and shared and not told:
            why = "several countries share its country code; --withdraw-anyway"
            return replace(change, stop="held", why=why)
        return change


def _place(offer_id: str) -> tuple[str, str] | None:
    """Give deck and code of an offer as sheets name them; none of one that was named otherwise."""
    found = _OFFER_ID.fullmatch(offer_id)
    return None if found is None else (found["deck"], found["prefix"])


def _is_voice(service: OfferedService | None) -> bool:
    return isinstance(service, VoiceTermination)


def _countries_said(sheet: RateSheet) -> frozenset[str]:
    """Give the countries of the sheet's rows, if each says its own."""
    said = [row.country for row in sheet.good] + [row.country for row in sheet.closed]
    return frozenset(map(str.casefold, said)) if all(said) else frozenset()
