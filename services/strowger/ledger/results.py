"""What the ledger answers, and how a row of SQLite becomes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar, get_args, get_type_hints

import aiosqlite
from pydantic import TypeAdapter

from strowger.contract.charges import CostLine, PriceTerms
from strowger.contract.decision import Ground
from strowger.contract.families import SoldService
from strowger.contract.fields import from_millis

_T = TypeVar("_T")

Lines = tuple[CostLine, ...]
Codes = tuple[str, ...]
Worth = dict[str, Decimal]
Grounds = tuple[Ground, ...]

_MAKERS: Final[Mapping[object, Callable[[Any], object]]] = {
    datetime: from_millis,
    Decimal: Decimal,
    bool: bool,
    SoldService: TypeAdapter[Any](SoldService).validate_json,
    PriceTerms: PriceTerms.model_validate_json,
    Lines: TypeAdapter(Lines).validate_json,
    Codes: TypeAdapter(Codes).validate_json,
    Worth: TypeAdapter(Worth).validate_json,
    Grounds: TypeAdapter(Grounds).validate_json,
}


@dataclass(frozen=True)
class Market:
    """A market, with how many of its offers stand and of its sessions are open."""

    market: str
    policy: str
    currency: str
    sessions: str
    declared_at: datetime
    standing_offers: int
    open_sessions: int


@dataclass(frozen=True)
class Offer:
    """The last revision of an offer: `standing` or `withdrawn`; what was in it is not recorded.

    The last is that of its schedule, whether or not its time has come.
    """

    offer_id: str
    revision: int
    state: str


@dataclass(frozen=True)
class Revision:
    """One revision of an offer: from `effective_at` it stands, or is withdrawn.

    That in force and those to come are kept, by market time as of the offer's last change; what
    was past by then is told by `story`. In a market that answers every change alike, so that nobody
    hears whether it has to wait, `effective_at` is when the change was taken.
    """

    market: str
    provider: str
    offer_id: str
    revision: int
    state: str
    effective_at: datetime
    changed_at: datetime


@dataclass(frozen=True)
class Pool:
    """A provider's capacity pool; how much it holds is told to nobody."""

    market: str
    provider: str
    pool: str
    revision: int
    changed_at: datetime


@dataclass(frozen=True)
class Rates:
    """What currencies are worth in the market's own, in one version."""

    market: str
    version: int
    rates: Worth
    declared_at: datetime


@dataclass(frozen=True)
class Session:
    """A buyer's session; open as far as the ledger has read while `ended_at` is none."""

    market: str
    buyer: str
    session_id: str
    opened_at: datetime
    deadline: datetime
    ended_at: datetime | None
    end_reason: str | None
    ended_by: str | None
    """`buyer`, `time`, or `operator`, who closed the market."""


@dataclass(frozen=True)
class Request:
    """A request that was answered: how many offers were able, how many shown, the cheapest cost.

    `cheapest` is of those shown, in the market's currency; `has_more` says that more ranked behind.
    """

    market: str
    buyer: str
    request_id: str
    session_id: str | None
    at: datetime
    currency: str
    able: int
    shown: int
    cheapest: Decimal | None
    near_misses: int
    has_more: bool
    rates_version: int | None


@dataclass(frozen=True)
class Acceptance:
    """A sale, with what its contract froze.

    Release 0.1 did not tell the lines of a cost, the codes excluded, and since when the prices had
    been in force: of its sales they are empty, and none.
    """

    market: str
    contract_id: str
    at: datetime
    buyer: str
    acceptance_id: str
    session_id: str | None
    request_id: str
    provider: str
    offer_id: str
    revision: int
    family: str
    service: SoldService
    quantity: int
    channels: int
    currency: str
    cost: Decimal
    ranking_cost: Decimal
    rates_version: int | None
    prices: PriceTerms
    lines: Lines
    comparison_months: int
    term_months: int | None
    renewal_assumed: bool
    excludes: Codes
    effective_at: datetime | None
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True)
class Decided:
    """One decision; `event` is the JSON of what it said, as it was told.

    `rests_on` are the commands that it was decided by; of a decision by release 0.1, none are told.
    """

    partition: int
    market: str
    sequence: int
    log_offset: int
    at: datetime
    command: str
    participant: str
    role: str
    is_repeat: bool
    recipient: str | None
    event_id: str
    causation_id: str
    event_type: str
    refusal: str | None
    event: str
    rests_on: Grounds


@dataclass(frozen=True)
class Count:
    """How many decisions there are of one kind."""

    command: str
    event_type: str
    refusal: str | None
    decisions: int


def _maker(annotation: object) -> Callable[[Any], object]:
    named = (annotation, *get_args(annotation))
    make = next((_MAKERS[each] for each in named if each in _MAKERS), None)
    return (lambda value: value if value is None else make(value)) if make else lambda value: value


_FIELDS: Final[Mapping[object, Mapping[str, Callable[[Any], object]]]] = {
    kind: {
        name: _maker(annotation)
        for name, annotation in get_type_hints(kind, include_extras=True).items()
    }
    for kind in (
        *(Market, Offer, Revision, Pool, Rates, Session, Request, Acceptance),
        *(Decided, Count),
    )
}


def result(kind: type[_T], row: aiosqlite.Row) -> _T:
    """Make a result of a row: its fields by name, times, money and truth as their own types."""
    return kind(**{name: make(row[name]) for name, make in _FIELDS[kind].items()})
