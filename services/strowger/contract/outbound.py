"""The events that the exchange emits: answers, notices, and the public record of sales."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from strowger.contract.fields import (
    Currency,
    MarketId,
    Money,
    Outbound,
    ParticipantId,
    Reference,
    Timestamp,
)
from strowger.contract.refusals import Refusal
from strowger.contract.voice import VoiceCost, VoiceShown, VoiceSold

EndReason = Literal["terminated", "timed_out"]


class MarketTerms(Outbound):
    """What a market declares of itself; only the operator declares markets.

    `sessions` is `required`, or `optional` where a request may stand on its own. The bounds of a
    session's life and the validity of a match shown without one are in seconds of market time.
    """

    market: MarketId
    policy: Literal["open"] = "open"
    currency: Currency
    sessions: Literal["required", "optional"] = "required"
    min_ttl_seconds: Annotated[int, Field(ge=1, le=86_400)] = 1
    max_ttl_seconds: Annotated[int, Field(ge=1, le=86_400)] = 3600
    match_validity_seconds: Annotated[int, Field(ge=1, le=86_400)] = 60
    default_call_seconds: Annotated[int, Field(ge=1, le=86_400)] = 180
    public_buyer: bool = False
    """Whether `acceptance-confirmed` names the buyer to analytics consumers."""


class OutboundEvent(Outbound):
    """What every outbound event has.

    `causation_id` is the `ce_id` of the event that this answers, or that led to it; `at` is market
    time, the broker's append time in the market's log, never stepping back.
    """

    TYPE: ClassVar[str]
    market: MarketId
    causation_id: str
    at: Timestamp


class MarketDeclared(OutboundEvent):
    """The operator declared a market."""

    TYPE: ClassVar[str] = "strowger.market-declared.v1"
    type: Literal["market-declared"] = "market-declared"
    terms: MarketTerms


class OfferStored(OutboundEvent):
    """The offer is in the book at this revision."""

    TYPE: ClassVar[str] = "strowger.offer-stored.v1"
    type: Literal["offer-stored"] = "offer-stored"
    offer_id: Reference
    revision: int


class OfferRemoved(OutboundEvent):
    """The offer is out of the book."""

    TYPE: ClassVar[str] = "strowger.offer-removed.v1"
    type: Literal["offer-removed"] = "offer-removed"
    offer_id: Reference
    revision: int


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


class Match(Outbound):
    """One offer able to satisfy the request; `rank` 1 is the cheapest."""

    rank: int
    provider: ParticipantId
    offer_id: Reference
    revision: int
    service: VoiceShown
    cost: Money
    breakdown: VoiceCost


class OffersMatched(OutboundEvent):
    """The stored offers able to satisfy the request, cheapest first.

    Equal costs: the offer that has stood longest at its revision first. `able` counts them all,
    also those past `max_matches`. `valid_until` is set where there is no session.
    """

    TYPE: ClassVar[str] = "strowger.offers-matched.v1"
    type: Literal["offers-matched"] = "offers-matched"
    request_id: Reference
    session_id: Reference | None
    currency: Currency
    able: int
    matches: tuple[Match, ...]
    valid_until: Timestamp | None = None


class AcceptanceConfirmed(OutboundEvent):
    """The sale is made; nothing that happens later undoes it.

    In the buyer's inbox every field is set; on the topic `acceptance-confirmed` the buyer, and the
    buyer's own ids, are left out unless the market declares them public.
    """

    TYPE: ClassVar[str] = "strowger.acceptance-confirmed.v1"
    type: Literal["acceptance-confirmed"] = "acceptance-confirmed"
    contract_id: str
    acceptance_id: Reference | None
    session_id: Reference | None
    request_id: Reference | None
    buyer: ParticipantId | None
    provider: ParticipantId
    offer_id: Reference
    revision: int
    service: VoiceSold
    currency: Currency
    cost: Money


class OfferSold(OutboundEvent):
    """A provider's notice that some of its offer was sold."""

    TYPE: ClassVar[str] = "strowger.offer-sold.v1"
    type: Literal["offer-sold"] = "offer-sold"
    contract_id: str
    buyer: ParticipantId
    offer_id: Reference
    revision: int
    service: VoiceSold
    currency: Currency
    cost: Money
    remaining: int | None
    """Units of capacity left, minutes for voice; none where it is unlimited."""


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
    OfferStored,
    OfferRemoved,
    SessionGranted,
    SessionEnded,
    OffersMatched,
    AcceptanceConfirmed,
    OfferSold,
    EventRefused,
)


class Decision(Outbound):
    """One decision of a market, as `decisions` keeps it for notifier, ledger and audit.

    `role` is `answer` for the one final decision on a command and `notice` for what it, or the
    passing of time, led to for somebody. `recipient` is whose inbox the event goes to, if any's.
    `repeat` marks an answer given again, to the same content under the same id: nothing happened.
    """

    TYPE: ClassVar[str] = "strowger.decision.v1"
    market: MarketId
    sequence: int
    log_offset: int
    at: Timestamp
    rules_version: int
    command: str
    participant: str
    role: Literal["answer", "notice"]
    repeat: bool = False
    recipient: ParticipantId | None
    event_id: str
    event: Event
