"""The events that the exchange emits: acknowledgements, refusals, and all others by name."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from strowger.contract.book import BookRead
from strowger.contract.event import OutboundEvent
from strowger.contract.fields import Currency, Money, ParticipantId, Reference, Timestamp
from strowger.contract.market_terms import MarketTerms
from strowger.contract.matches import OffersMatched
from strowger.contract.refusals import Refusal
from strowger.contract.sales import AcceptanceConfirmed, OfferSold

EndReason = Literal["terminated", "timed_out"]


class MarketDeclared(OutboundEvent):
    """The operator declared a market."""

    TYPE: ClassVar[str] = "strowger.market-declared.v1"
    type: Literal["market-declared"] = "market-declared"
    terms: MarketTerms


class RatesDeclared(OutboundEvent):
    """The operator declared what currencies are worth in the market's own; for ranking alone."""

    TYPE: ClassVar[str] = "strowger.rates-declared.v1"
    type: Literal["rates-declared"] = "rates-declared"
    version: int
    rates: dict[Currency, Money]


class CapacityStored(OutboundEvent):
    """The pool holds this much from now on."""

    TYPE: ClassVar[str] = "strowger.capacity-stored.v1"
    type: Literal["capacity-stored"] = "capacity-stored"
    pool: Reference
    revision: int


class ChangeTaken(OutboundEvent):
    """The change is taken, whatever sessions are open; it takes effect when the policy lets it.

    A guarded market, and a sealed one that defers, answers every change so, so that the answer
    tells nothing of sessions. `subject` is `offer` or `capacity` and its id.
    """

    TYPE: ClassVar[str] = "strowger.change-taken.v1"
    type: Literal["change-taken"] = "change-taken"
    subject: str
    revision: int


class MarketControlled(OutboundEvent):
    """The operator paused, resumed or closed the market, or changed what a participant may do."""

    TYPE: ClassVar[str] = "strowger.market-controlled.v1"
    type: Literal["market-controlled"] = "market-controlled"
    action: str
    participant: ParticipantId | None = None


class AccessControlled(OutboundEvent):
    """The operator revoked a key, or suspended or readmitted a participant, in every market.

    Each partition of the log answers for the markets in it; `market` is then `exchange`. `subject`
    is the key's id or the participant's.
    """

    TYPE: ClassVar[str] = "strowger.access-controlled.v1"
    type: Literal["access-controlled"] = "access-controlled"
    action: str
    subject: str
    effective_at: Timestamp | None = None
    """From when on the key counts no more, where that is still to come."""


class OfferStored(OutboundEvent):
    """The offer is in the book at this revision, in force from `effective_at`."""

    TYPE: ClassVar[str] = "strowger.offer-stored.v1"
    type: Literal["offer-stored"] = "offer-stored"
    offer_id: Reference
    revision: int
    effective_at: Timestamp


class OfferRemoved(OutboundEvent):
    """The offer is out of the book from `effective_at`."""

    TYPE: ClassVar[str] = "strowger.offer-removed.v1"
    type: Literal["offer-removed"] = "offer-removed"
    offer_id: Reference
    revision: int
    effective_at: Timestamp


class SessionGranted(OutboundEvent):
    """The session is open; at `deadline` it is already too late."""

    TYPE: ClassVar[str] = "strowger.session-granted.v1"
    type: Literal["session-granted"] = "session-granted"
    session_id: Reference
    deadline: Timestamp


class SessionEnded(OutboundEvent):
    """The session has ended; nothing in it will be confirmed any more."""

    TYPE: ClassVar[str] = "strowger.session-ended.v1"
    type: Literal["session-ended"] = "session-ended"
    session_id: Reference
    reason: EndReason
    """`timed_out` by its deadline; `terminated` before it."""

    ended_by: str = "buyer"
    """`buyer`, `time`, or `operator`, who closed the market; more may come."""


class EventRefused(OutboundEvent):
    """The exchange said no: which rule, whether trying again may help, and what to do."""

    TYPE: ClassVar[str] = "strowger.event-refused.v1"
    type: Literal["event-refused"] = "event-refused"
    refusal: Annotated[Refusal | str, Field(union_mode="left_to_right")]
    """A value of `Refusal`; a later release may know more of them than its reader."""
    retry: bool
    message: str
    subject: str
    """The kind and id of what was refused, for example `acceptance a-17`."""


Event = Annotated[
    MarketDeclared
    | RatesDeclared
    | CapacityStored
    | ChangeTaken
    | BookRead
    | MarketControlled
    | AccessControlled
    | OfferStored
    | OfferRemoved
    | SessionGranted
    | SessionEnded
    | OffersMatched
    | AcceptanceConfirmed
    | OfferSold
    | EventRefused,
    Field(discriminator="type"),
]

OUTBOUND: tuple[type[OutboundEvent], ...] = (
    MarketDeclared,
    RatesDeclared,
    CapacityStored,
    ChangeTaken,
    BookRead,
    MarketControlled,
    AccessControlled,
    OfferStored,
    OfferRemoved,
    SessionGranted,
    SessionEnded,
    OffersMatched,
    AcceptanceConfirmed,
    OfferSold,
    EventRefused,
)
