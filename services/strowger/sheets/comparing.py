"""What a sheet changes: new, up, down, same, withdrawn; and what of it is not to be sent."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from strowger.contract.families import OfferedService
from strowger.contract.inbound import Firmness
from strowger.contract.normal import Tariff
from strowger.market.notice import is_increase
from strowger.sheets.standing import Kept, KeptRevision

Kind = Literal["new", "up", "down", "changed", "same", "unknown", "withdrawn"]
"""`changed`: no price is another, but other terms are; `unknown`: what stands is not known here."""

Stop = Literal["blocked", "flagged", "held"]

KINDS: Final[tuple[Kind, ...]] = (
    "new",
    "up",
    "down",
    "changed",
    "same",
    "unknown",
    "withdrawn",
)
STOPS: Final[tuple[Stop, ...]] = ("blocked", "flagged", "held")

TIMES: Final = 100
"""A price so many times what it was, or its like part, is flagged: a slip of the point."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An offer that a sheet wants to stand, `until` a time; without a service, to be withdrawn."""

    offer_id: str
    service: OfferedService | None
    currency: str = ""
    effective_at: datetime | None = None
    line: int | None = None
    destination: str = ""
    country: str = ""
    firmness: Firmness = "firm"
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one offer; with a `stop` it is not to be sent, and `why` says the reason."""

    kind: Kind
    wanted: Wanted
    before: KeptRevision | None = None
    stop: Stop | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """How long ahead a market wants to hear of increases and closures, in seconds."""

    increase_seconds: int = 0
    closure_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Diff:
    """The changes that a sheet makes, in its own order, then what it withdraws."""

    changes: tuple[Change, ...]
    counts: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        counted = Counter[str](change.stop or change.kind for change in self.changes)
        object.__setattr__(self, "counts", {name: counted[name] for name in (*KINDS, *STOPS)})

    @property
    def to_send(self) -> tuple[Change, ...]:
        """Give the changes that nothing stops."""
        return tuple(change for change in self.changes if change.stop is None)

    @property
    def stopped(self) -> tuple[Change, ...]:
        """Give the changes that are not to be sent."""
        return tuple(change for change in self.changes if change.stop is not None)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares what is wanted with what stands at the time when it would come into force.

    A market's increases and closures are what `market/notice.py` takes for such; a `notice` of none
    is not known, and nothing is blocked then. `now` stands for market time, which decides.
    """

    kept: Kept
    now: datetime
    notice: Notice | None = None
    unknown: frozenset[str] = frozenset()
    """Offers that stand with terms that are not known here."""

    big_changes_allowed: bool = False

    def change(self, wanted: Wanted) -> Change:
        """Say what becomes of one offer."""
        change = self._change(wanted)
        if change.stop is None and wanted.until is not None:
            closes_at = self.now + timedelta(
                seconds=self.notice.closure_seconds if self.notice else 0
            )
            if wanted.until <= closes_at:
                why = f"valid until {wanted.until:%Y-%m-%d %H:%M} UTC, which is within the notice"
                return replace(change, stop="blocked", why=why)
        return change

    def _change(self, wanted: Wanted) -> Change:
        before = self.standing(wanted.offer_id, wanted.effective_at)
        service = wanted.service
        if service is None:
            gone = Change("withdrawn", wanted, before)
            stands = before is not None or wanted.offer_id in self.unknown
            return self._blocked(gone) if stands else gone
        if wanted.offer_id in self.unknown:
            return Change("unknown", wanted)
        if before is None or before.service is None:
            return Change("new", wanted)
        kind = _kind(before.service, service)
        if _other_currency(before, wanted):
            return self._blocked(Change("changed", wanted, before, why="in another currency"))
        far = None if self.big_changes_allowed else _far(before.service, service)
        if far is not None:
            return Change(kind, wanted, before, "flagged", far)
        return self._blocked(Change(kind, wanted, before))

    def standing(self, offer_id: str, moment: datetime | None) -> KeptRevision | None:
        """Give what is in force under an offer id at a time, if anything is."""
        kept = self.kept.get(offer_id)
        revision = None if kept is None else kept.at(max(self.now, moment or self.now))
        return None if revision is None or revision.service is None else revision

    def _blocked(self, change: Change) -> Change:
        if self.notice is None:
            return change
        closes = change.kind == "withdrawn" or bool(change.why)
        seconds = 0
        if closes:
            seconds = self.notice.closure_seconds
        elif change.kind == "up":
            seconds = self.notice.increase_seconds
        soonest = self.now + timedelta(seconds=seconds)
        if not seconds or (change.wanted.effective_at or self.now) >= soonest:
            return change
        what = "a closure" if closes else "an increase"
        when = f"{what} takes effect from {soonest:%Y-%m-%d %H:%M} UTC at the soonest"
        said = f"{change.why}: {when}" if change.why else when
        return replace(change, stop="blocked", why=said)


def _kind(before: OfferedService, after: OfferedService) -> Kind:
    old, new = before.terms(), after.terms()
    if old == new:
        return "same"
    if is_increase(old, new):
        return "up"
    return "down" if is_increase(new, old) else "changed"


def _other_currency(before: KeptRevision, wanted: Wanted) -> bool:
    return bool(before.currency and wanted.currency) and before.currency != wanted.currency


def _far(before: OfferedService, after: OfferedService) -> str | None:
    """Say which price is a hundred times, or a hundredth, of what it was; none if none is."""
    old, new = before.terms().tariff, after.terms().tariff
    for name, was, becomes in _prices(old, new):
        if max(was, becomes) >= TIMES * min(was, becomes) and was != becomes:
            how = f"at least {TIMES} times" if becomes > was else f"at most 1/{TIMES} of"
            return f"{name} {how} what it was: --allow-big-changes if it is meant"
    return None


def _prices(old: Tariff, new: Tariff) -> Iterator[tuple[str, int, int]]:
    """Give pairs of prices to compare; charges that are newly made or dropped are no slip."""
    yield "the price is", old.usage_nano, new.usage_nano
    pairs = [
        ("the fee is", old.fee_nano, new.fee_nano),
        ("the one-off charge is", old.one_off_nano, new.one_off_nano),
        ("the monthly charge is", old.recurring_nano or 0, new.recurring_nano or 0),
    ]
    steps = {step.months: step for step in new.steps}
    pairs += [
        (
            f"the monthly charge of {step.months} months is",
            step.recurring_nano,
            steps[step.months].recurring_nano,
        )
        for step in old.steps
        if step.months in steps
    ]
    yield from (pair for pair in pairs if pair[1] and pair[2])
