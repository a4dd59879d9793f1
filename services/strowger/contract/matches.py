"""What a request is answered: the offers able to satisfy it, and the nearest misses."""

from typing import ClassVar, Final, Literal

from strowger.contract.charges import CostLine
from strowger.contract.event import OutboundEvent
from strowger.contract.families import CostBasis, ShownService
from strowger.contract.fields import Currency, Money, Outbound, ParticipantId, Reference, Timestamp

HIDDEN: Final = "hidden"
"""Stands for the provider, and its deck, where a market hides who that is; nobody has this name."""


class Match(Outbound):
    """One offer able to satisfy the request; `rank` 1 is the best.

    `cost` is the sum of `lines`, in the offer's own `currency`, which binds; `ranking_cost` is the
    same in the market's currency, which ranks. `term_months` is how long the buyer would be bound,
    none where the offer has no term; with `renewal_assumed` the comparison is longer than the term
    and takes it as renewed at its price. `undetermined` names the clauses that the offer says
    nothing to and that the buyer let pass.

    Where a market hides its providers, `provider` and the service's deck are `hidden`, `offer_id`
    is a name that holds in this answer alone, and `revision` is 1: an acceptance repeats the three.
    """

    rank: int
    provider: ParticipantId
    offer_id: Reference
    revision: int
    service: ShownService
    cost: Money
    breakdown: CostBasis
    currency: Currency
    ranking_cost: Money
    firmness: str
    lines: tuple[CostLine, ...]
    term_months: int | None = None
    renewal_assumed: bool = False
    undetermined: tuple[str, ...] = ()


class NearMiss(Outbound):
    """An offer that fails one clause only: which, what was asked and offered, and by how much.

    `short_by` is in `unit`, in the direction that was asked for; none where there is no measure: a
    word that differs, words that are missing, an attribute that is not given. The clauses `term`,
    `max_cost`, `capacity`, `channels`, `ceiling_mbps`, `firmness` and `codes` are the request's own
    limits. Where a market hides its providers it is named as a match is.
    """

    provider: ParticipantId
    offer_id: Reference
    revision: int
    service: ShownService
    clause: str
    test: Literal["floor", "ceiling", "cover", "same"]
    asked: str
    offered: str | None
    short_by: str | None
    unit: str


class OffersMatched(OutboundEvent):
    """The stored offers able to satisfy the request, the best first.

    Equals: the offer that has stood longest at its revision first. `able` counts them all, also
    those past `max_matches`. `valid_until` is set where there is no session. `next` is set where
    more rank behind: submit the request anew with it as `after`. `near_misses` are told when few
    are able. `rates_version` is that of the market's rates, where there are any.
    """

    TYPE: ClassVar[str] = "strowger.offers-matched.v1"
    type: Literal["offers-matched"] = "offers-matched"
    request_id: Reference
    session_id: Reference | None
    currency: Currency
    able: int
    matches: tuple[Match, ...]
    valid_until: Timestamp | None = None
    near_misses: tuple[NearMiss, ...] = ()
    next: str | None = None
    rates_version: int | None = None
