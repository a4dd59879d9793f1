"""The events that participants send, by topic. Each is a fact in the past tense."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator

from strowger.contract.families import OfferedService, RequestedService
from strowger.contract.fields import (
    Charge,
    Currency,
    Inbound,
    MarketId,
    ParticipantId,
    Reference,
    Revision,
    Timestamp,
)

Firmness = Literal["budgetary", "firm_subject_to_feasibility", "firm"]
"""How far a price binds (MEF LSO `quoteLevel`); only a firm offer can be accepted."""

_Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]


class InboundEvent(Inbound):
    """What every inbound event has: its type on the wire and the market it belongs to."""

    TYPE: ClassVar[str]
    market: MarketId


class OfferPublished(InboundEvent):
    """A provider published an offer, or replaced it: a greater revision of the same offer id."""

    TYPE: ClassVar[str] = "strowger.offer-published.v1"

    offer_id: Reference
    revision: Revision
    currency: Currency
    service: OfferedService
    effective_at: Timestamp | None = None
    """From when, by market time, this revision is in force; none: at once.

    At any time the greatest revision whose time has come stands, so that a provider can send the
    prices of next month while those of this month stand.
    """

    firmness: Firmness = "firm"
    pool: Reference | None = None
    """A capacity pool of the provider's that this offer shares with others."""

    audience: Annotated[tuple[ParticipantId, ...], Field(min_length=1, max_length=200)] | None = (
        None
    )
    """The buyers that the offer is for; none: everybody."""


class OfferWithdrawn(InboundEvent):
    """A provider withdrew its offer; the withdrawal is itself a revision, greater than the last."""

    TYPE: ClassVar[str] = "strowger.offer-withdrawn.v1"

    offer_id: Reference
    revision: Revision
    effective_at: Timestamp | None = None
    """From when, by market time, the offer is closed; none: at once."""


class CapacityPublished(InboundEvent):
    """A provider published how much a pool holds, or changed it: a greater revision of its id.

    Offers that name the pool sell from it together. What was sold stays sold when a pool shrinks.
    """

    TYPE: ClassVar[str] = "strowger.capacity-published.v1"

    pool: Reference
    revision: Revision
    units: Annotated[int, Field(ge=0, le=10**12)] | None = None
    """Committed units of the family a period: minutes, messages, Mbit/s; none: unlimited."""

    period: Literal["total", "month"] = "total"
    """Whether units are for good, or anew each calendar month of market time (UTC)."""

    channels: Annotated[int, Field(ge=0, le=10**6)] | None = None
    """Concurrent channels, for good; none: not counted."""


class SessionOpened(InboundEvent):
    """A buyer opened a session; the exchange answers with the deadline that the log gave it."""

    TYPE: ClassVar[str] = "strowger.session-opened.v1"

    session_id: Reference
    ttl_seconds: Annotated[int, Field(ge=1, le=86_400)]


class Weight(Inbound):
    """What a unit of a quality is worth to a buyer, in the market's currency."""

    attribute: _Word
    per_unit: Charge


class RankBy(Inbound):
    """How offers are ranked; ties by cost, then by the longest standing.

    `cost`: the cheapest first. `quality`: the best in the first of `attributes` first, then in the
    second, and so on, then the cheapest; `max_cost` of the request is its ceiling. `weighted`: by
    cost, plus `per_unit` for each unit of an attribute of which less is better, minus it for each
    unit of one of which more is better. An undetermined quality ranks behind every determined one.
    """

    by: Literal["cost", "quality", "weighted"] = "cost"
    attributes: Annotated[tuple[_Word, ...], Field(max_length=6)] = ()
    weights: Annotated[tuple[Weight, ...], Field(max_length=6)] = ()

    @model_validator(mode="after")
    def _says_by_what(self) -> "RankBy":
        if (self.by == "quality") != bool(self.attributes):
            raise ValueError("attributes are given to rank by quality, and only then")
        if (self.by == "weighted") != bool(self.weights):
            raise ValueError("weights are given to rank by weights, and only then")
        return self


class RequestSubmitted(InboundEvent):
    """A buyer submitted a request, in a session or, where the market allows, without one."""

    TYPE: ClassVar[str] = "strowger.request-submitted.v1"

    request_id: Reference
    session_id: Reference | None = None
    service: RequestedService
    max_matches: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Show only the best so many. What was not shown cannot be accepted."""

    after: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,800}$")] | None = None
    """Show what ranks after this: `next` of the answer before, for the same service and wishes."""

    comparison_months: Annotated[int, Field(ge=1, le=120)] = 1
    """Over how many months costs are compared; quantities are a month's."""

    max_term_months: Annotated[int, Field(ge=1, le=120)] | None = None
    """The longest term that is accepted; none: as long as the comparison."""

    max_cost: Charge | None = None
    """The most that the whole may cost, in the market's currency."""

    undetermined: Literal["fail", "pass"] = "fail"
    """Whether an offer passes a clause on an attribute that it does not give."""

    firm_only: bool = False
    exclude_providers: Annotated[tuple[ParticipantId, ...], Field(max_length=200)] = ()
    """Show none of theirs; refused where a market hides its providers."""

    ranking: RankBy = RankBy()
    near_misses: Annotated[int, Field(ge=0, le=20)] = 3
    """Where fewer offers than this are able, show up to so many that fail one clause only."""


class OfferAccepted(InboundEvent):
    """A buyer accepted one shown offer, at the revision that was shown, for the whole request.

    Provider, offer and revision are as that request's answer names them.
    """

    TYPE: ClassVar[str] = "strowger.offer-accepted.v1"

    acceptance_id: Reference
    session_id: Reference | None = None
    request_id: Reference
    provider: ParticipantId
    offer_id: Reference
    revision: Revision


class OutcomeRequested(InboundEvent):
    """A buyer asked what became of an acceptance whose answer it never saw. Changes nothing."""

    TYPE: ClassVar[str] = "strowger.outcome-requested.v1"

    acceptance_id: Reference


class SessionClosed(InboundEvent):
    """A session was closed: `terminated` by its buyer, or `timed_out` by the processor."""

    TYPE: ClassVar[str] = "strowger.session-closed.v1"

    session_id: Reference
    reason: Literal["terminated", "timed_out"] = "terminated"
    buyer: ParticipantId | None = None
    """Whose session it is. The session-timeout processor must say; a buyer need not."""

    @model_validator(mode="after")
    def _timed_out_names_the_buyer(self) -> "SessionClosed":
        if self.reason == "timed_out" and self.buyer is None:
            message = "a session that timed out is named with its buyer"
            raise ValueError(message)
        return self


class BookRequested(InboundEvent):
    """A provider asked to read the stored set, a page at a time."""

    TYPE: ClassVar[str] = "strowger.book-requested.v1"

    read_id: Reference
    most: Annotated[int, Field(ge=1, le=500)] = 200
    after: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,800}$")] | None = None
    """Go on behind this: `next` of the page before."""


INBOUND: tuple[type[InboundEvent], ...] = (
    OfferPublished,
    OfferWithdrawn,
    CapacityPublished,
    SessionOpened,
    RequestSubmitted,
    OfferAccepted,
    OutcomeRequested,
    SessionClosed,
    BookRequested,
)
