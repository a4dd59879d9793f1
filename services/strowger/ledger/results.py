"""What the ledger answers, and how a row of SQLite becomes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar, get_args, get_type_hints

import aiosqlite

from strowger.contract.fields import from_millis

_T = TypeVar("_T")

_MAKERS: Final[Mapping[object, Callable[[Any], object]]] = {
    datetime: from_millis,
    Decimal: Decimal,
    bool: bool,
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
class Session:
    """A buyer's session; open as far as the ledger has read while `ended_at` is none."""

    market: str
    buyer: str
    session_id: str
    opened_at: datetime
    deadline: datetime
    ended_at: datetime | None
    end_reason: str | None


@dataclass(frozen=True)
class Request:
    """A request that was answered: how many offers were able, how many shown, the cheapest cost."""

    market: str
    buyer: str
    request_id: str
    session_id: str | None
    at: datetime
    currency: str
    able: int
    shown: int
    cheapest: Decimal | None


@dataclass(frozen=True)
class Acceptance:
    """A sale."""

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
    prefix: str
    minutes: int
    rate_per_minute: Decimal
    cost: Decimal
    currency: str


@dataclass(frozen=True)
class Decided:
    """One decision; `event` is the JSON of what it said, as it was told."""

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


@dataclass(frozen=True)
class Count:
    """How many decisions there are of one kind."""

    command: str
    event_type: str
    refusal: str | None
    decisions: int


def _maker(annotation: object) -> Callable[[Any], object]:
    named = get_args(annotation) or (annotation,)
    make = next((_MAKERS[each] for each in named if each in _MAKERS), None)
    return (lambda value: value if value is None else make(value)) if make else lambda value: value


_FIELDS: Final[Mapping[object, Mapping[str, Callable[[Any], object]]]] = {
    kind: {name: _maker(annotation) for name, annotation in get_type_hints(kind).items()}
    for kind in (Market, Session, Request, Acceptance, Decided, Count)
}


def result(kind: type[_T], row: aiosqlite.Row) -> _T:
    """Make a result of a row: its fields by name, times, money and truth as their own types."""
    return kind(**{name: make(row[name]) for name, make in _FIELDS[kind].items()})
