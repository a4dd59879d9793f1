"""Say what a refused event was about: its kind and, where one can be read, its id."""

import re
from typing import Final

import pydantic_core

from strowger.contract.fields import REFERENCE_PATTERN
from strowger.contract.inbound import (
    BookRequested,
    CapacityPublished,
    InboundEvent,
    OfferAccepted,
    OfferPublished,
    OfferWithdrawn,
    OutcomeRequested,
    RequestSubmitted,
    SessionClosed,
    SessionOpened,
)

_KIND_AND_ID: Final = {
    OfferPublished.TYPE: ("offer", "offer_id"),
    OfferWithdrawn.TYPE: ("offer", "offer_id"),
    CapacityPublished.TYPE: ("capacity", "pool"),
    SessionOpened.TYPE: ("session", "session_id"),
    SessionClosed.TYPE: ("session", "session_id"),
    RequestSubmitted.TYPE: ("request", "request_id"),
    OfferAccepted.TYPE: ("acceptance", "acceptance_id"),
    OutcomeRequested.TYPE: ("acceptance", "acceptance_id"),
    BookRequested.TYPE: ("book", "read_id"),
}
_REFERENCE: Final = re.compile(REFERENCE_PATTERN)


def subject_of(event: InboundEvent) -> str:
    """Give an event's subject, such as `acceptance a-17`."""
    kind, field = _KIND_AND_ID[event.TYPE]
    return f"{kind} {getattr(event, field)}"


def subject_of_bytes(event_type: str, value: bytes) -> str:
    """Give the subject of a JSON body that broke its schema; only the kind if its id did, too."""
    kind, field = _KIND_AND_ID[event_type]
    body = pydantic_core.from_json(value, allow_inf_nan=False)
    identity = body.get(field)
    if isinstance(identity, str) and _REFERENCE.fullmatch(identity):
        return f"{kind} {identity}"
    return kind
