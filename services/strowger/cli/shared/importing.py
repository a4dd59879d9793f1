"""What an import would do: the sheet read, compared with what stands, and made into events."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from strowger.cli.shared.kept import KeptSheet, known_otherwise
from strowger.cli.shared.place import NotSaid, Place
from strowger.client.bulk import OfferEvent
from strowger.contract.inbound import Firmness, OfferPublished, OfferWithdrawn
from strowger.contract.market_terms import MarketTerms
from strowger.sheets import BadRow, RateSheet, Reading, SheetUnreadable, read_sheet_file
from strowger.sheets.comparing import Comparison, Diff, Notice, Wanted
from strowger.sheets.omitting import Omitting, Scope, SeveralDates
from strowger.sheets.sonata import Said, Unmapped, read_sonata
from strowger.sheets.standing import Kept, as_kept

NO_CURRENCY: Final = "the market's currency"


@dataclass(frozen=True)
class Asked:
    """What a person asked for beside the files: how to read them, and how far they go.

    `ends` are the two places of the lines in MEF LSO Sonata responses, none for a rate sheet.
    """

    reading: Reading
    ends: tuple[str, str] | None = None
    firmness: Firmness | None = None
    scope: Scope = "partial"
    previous: Path | None = None
    big_changes_allowed: bool = False
    withdraw_anyway: bool = False


@dataclass(frozen=True)
class Given:
    """What files said: offers `wanted`, and what could not be read, of rows and of responses."""

    wanted: tuple[Wanted, ...]
    bad: tuple[BadRow, ...] = ()
    left_out: tuple[Unmapped, ...] = ()
    unmapped: tuple[Unmapped, ...] = ()
    sheet: RateSheet | None = None

    @property
    def good(self) -> int:
        """Count the offers; what is closed is none."""
        return sum(wanted.service is not None for wanted in self.wanted)


@dataclass(frozen=True)
class Plan:
    """What an import would do; nothing of it is sent yet.

    `currency` is that of rows which name none, empty where no market could be asked for its own;
    `notice` is none then, too. `against` says in words what the sheet was compared with.
    """

    given: Given
    diff: Diff
    kept: KeptSheet
    against: str
    currency: str
    notice: Notice | None

    @property
    def wanted(self) -> Mapping[str, Wanted]:
        """Give what is to be sent, by offer id."""
        return {change.wanted.offer_id: change.wanted for change in self.diff.to_send}

    @property
    def currencies(self) -> Mapping[str, int]:
        """Count the offers by currency."""
        offers = (wanted for wanted in self.given.wanted if wanted.service is not None)
        counted = Counter(offer.currency or NO_CURRENCY for offer in offers)
        return dict(sorted(counted.items()))

    @property
    def problems(self) -> str:
        """Say what somebody should look at before this is sent; empty if nothing."""
        unread = sum(not bad.harmless for bad in self.given.bad)
        counts = self.diff.counts
        said = {
            "can't be read": unread,
            "make no offer": len(self.given.left_out),
            "are blocked": counts["blocked"],
            "are flagged": counts["flagged"],
            "are held": counts["held"],
        }
        return ", ".join(f"{count:,} {what}" for what, count in said.items() if count)

    def events(self, market: str) -> list[OfferEvent]:
        """Make the event of each change, all at one revision: the present time in milliseconds."""
        return list(self._events(market, revision=time.time_ns() // 1_000_000))

    def _events(self, market: str, revision: int) -> Iterator[OfferEvent]:
        for wanted in self.wanted.values():
            if wanted.service is None:
                yield OfferWithdrawn(
                    market=market,
                    offer_id=wanted.offer_id,
                    revision=revision,
                    effective_at=wanted.effective_at,
                )
            else:
                yield OfferPublished(
                    market=market,
                    offer_id=wanted.offer_id,
                    revision=revision,
                    currency=wanted.currency,
                    service=wanted.service,
                    effective_at=wanted.effective_at,
                    firmness=wanted.firmness,
                )
                if wanted.until is not None:
                    yield OfferWithdrawn(
                        market=market,
                        offer_id=wanted.offer_id,
                        revision=revision + 1,
                        effective_at=wanted.until,
                    )


async def planned(
    files: Sequence[Path], asked: Asked, here: Place, terms: MarketTerms | None
) -> Plan:
    """Read a sheet, or responses, and compare them with what stands.

    Raises:
        NotSaid: something has to be said first; the message says what.
        SheetUnreadable: a file, or the previous sheet, can't be read as a whole.
        OSError: a file can't be opened.
    """
    currency = asked.reading.currency or ("" if terms is None else terms.currency)
    notice = None
    if terms is not None:
        notice = Notice(terms.increase_notice_seconds, terms.closure_notice_seconds)
    given = _given(files, asked, currency)
    own = KeptSheet.load(here.settings.home, here.market, here.provider)
    before, unknown, against = await _before(own, asked, here, currency)
    comparison = Comparison(
        before,
        now=datetime.now(UTC),
        notice=notice,
        unknown=unknown,
        big_changes_allowed=asked.big_changes_allowed,
    )
    changes = [comparison.change(wanted) for wanted in given.wanted]
    if given.sheet is not None:
        omitting = Omitting(
            given.sheet,
            comparison,
            effective=asked.reading.effective,
            anyway=asked.withdraw_anyway,
        )
        try:
            changes += omitting.changes(asked.scope)
        except SeveralDates as problem:
            raise NotSaid(str(problem)) from None
    return Plan(given, Diff(tuple(changes)), own, against, currency, notice)


async def _before(
    own: KeptSheet, asked: Asked, here: Place, currency: str
) -> tuple[Kept, frozenset[str], str]:
    """Give what stands, what does with unknown terms, and in words where that is from."""
    if asked.previous is None:
        corrected, unknown = await known_otherwise(here, here.market, here.provider, own)
        against = f"the {len(corrected.offers):,} offers that imports from this home left"
        if unknown:
            against += f", and {len(unknown):,} published otherwise"
        return corrected.offers, unknown, against
    previous = read_sheet_file(asked.previous, asked.reading)
    before = as_kept(previous.good, currency or None)
    against = f"the {len(before):,} offers of {asked.previous.name}"
    if previous.bad:
        against += f", without {len(previous.bad):,} rows of it that can't be read"
    return before, frozenset(), against


def _given(files: Sequence[Path], asked: Asked, currency: str) -> Given:
    if asked.ends is None:
        if len(files) != 1:
            raise NotSaid("one rate sheet at a time; several files are for Sonata responses alone")
        sheet = read_sheet_file(files[0], asked.reading)
        return Given(tuple(_wanted(sheet, currency)), sheet.bad, sheet=sheet)
    said = Said(*asked.ends, asked.firmness, asked.reading.effective)
    texts = [(path.name, _text(path)) for path in files]
    found = read_sonata(texts, said)
    return Given(found.wanted, left_out=found.left_out, unmapped=found.unmapped)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SheetUnreadable(f"{path.name}: not UTF-8 text") from None


def _wanted(sheet: RateSheet, currency: str) -> Iterator[Wanted]:
    for row in sheet.good:
        yield Wanted(
            row.offer_id,
            row.service,
            currency=row.currency or currency,
            effective_at=row.effective_at,
            line=row.line,
            destination=row.destination,
            country=row.country,
        )
    for closed in sheet.closed:
        yield Wanted(
            closed.offer_id,
            None,
            effective_at=closed.effective_at,
            line=closed.line,
            destination=closed.destination,
            country=closed.country,
        )
