"""The events that participants send, by topic. Each is a fact in the past tense."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from strowger.contract.fields import (
    Currency,
    Inbound,
    MarketId,
    ParticipantId,
    Reference,
    Revision,
)
from strowger.contract.voice import VoiceDemand, VoiceTermination

OfferedService = VoiceTermination
"""A discriminated union on `family` as soon as there is a second family."""

RequestedService = VoiceDemand


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


class OfferWithdrawn(InboundEvent):
    """A provider withdrew its offer; the withdrawal is itself a revision, greater than the last."""

    TYPE: ClassVar[str] = "strowger.offer-withdrawn.v1"

    offer_id: Reference
    revision: Revision


class SessionOpened(InboundEvent):
    """A buyer opened a session; the exchange answers with the deadline that the log gave it."""

    TYPE: ClassVar[str] = "strowger.session-opened.v1"

    session_id: Reference
    ttl_seconds: Annotated[int, Field(ge=1, le=86_400)]


class RequestSubmitted(InboundEvent):
    """A buyer submitted a request, in a session or, where the market allows, without one."""

    TYPE: ClassVar[str] = "strowger.request-submitted.v1"

    request_id: Reference
    session_id: Reference | None = None
    service: RequestedService
    max_matches: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Show only the best so many. What was not shown cannot be accepted."""


class OfferAccepted(InboundEvent):
    """A buyer accepted one shown offer, at the revision that was shown, for the whole request."""

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


INBOUND: tuple[type[InboundEvent], ...] = (
    OfferPublished,
    OfferWithdrawn,
    SessionOpened,
    RequestSubmitted,
    OfferAccepted,
    OutcomeRequested,
    SessionClosed,
)
