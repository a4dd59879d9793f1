"""Read one inbound record: an event, a wrong body whose sender can be told, or neither."""

from collections.abc import Iterable
from dataclasses import dataclass

import pydantic_core
from pydantic import BaseModel, ConfigDict, ValidationError

from strowger.contract.envelope import Envelope, NotACloudEvent
from strowger.contract.fields import MarketId
from strowger.contract.inbound import InboundEvent
from strowger.contract.refusals import DeadLetterReason
from strowger.contract.topics import MAX_INBOUND_BYTES, Topic

_MOST_PROBLEMS = 5


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that nobody can be told about; it goes to the dead letters."""

    reason: DeadLetterReason
    detail: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A body that breaks its schema, from a sender and for a market that can be read."""

    envelope: Envelope
    sender: str
    market: str
    kind: str
    problems: str


@dataclass(frozen=True, slots=True)
class Received:
    """An event as its schema says."""

    envelope: Envelope
    sender: str
    event: InboundEvent


class _OfMarket(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)
    market: MarketId


def read(
    topic: Topic, headers: Iterable[tuple[str, bytes | None]], value: bytes | None
) -> Received | Malformed | Unreadable:
    """Read one record of an inbound topic; never raises, whatever the bytes."""
    size = len(value or b"")
    if size > MAX_INBOUND_BYTES:
        return Unreadable(
            DeadLetterReason.TOO_LARGE, f"{size} bytes; at most {MAX_INBOUND_BYTES} are taken"
        )
    try:
        envelope = Envelope.from_headers(headers)
    except NotACloudEvent as problem:
        return Unreadable(DeadLetterReason.NOT_A_CLOUDEVENT, str(problem))
    sender = envelope.sender
    if sender is None:
        detail = "header ce_source is not /participants/<id>"
        return Unreadable(DeadLetterReason.UNKNOWN_SENDER, detail)
    model = next((event for event in topic.events if envelope.type == event.TYPE), None)
    if model is None:
        taken = ", ".join(event.TYPE for event in topic.events)
        detail = f"type {envelope.type!r}; {topic.name} takes {taken}"
        return Unreadable(DeadLetterReason.UNKNOWN_TYPE, detail)
    try:
        return Received(envelope, sender, model.model_validate_json(value or b""))
    except ValidationError as invalid:
        return _malformed(envelope, sender, value or b"", invalid)


def _malformed(
    envelope: Envelope, sender: str, value: bytes, invalid: ValidationError
) -> Malformed | Unreadable:
    try:
        data = pydantic_core.from_json(value, allow_inf_nan=False)
    except ValueError as problem:
        return Unreadable(DeadLetterReason.NOT_JSON, str(problem))
    try:
        market = _OfMarket.model_validate(data).market
    except ValidationError:
        return Unreadable(DeadLetterReason.NO_MARKET, "the body names no market")
    kind = envelope.type.split(".")[1]
    return Malformed(envelope, sender, market, kind, _problems(invalid))


def _problems(invalid: ValidationError) -> str:
    """Say which fields are wrong and how, without repeating what was sent."""
    errors = invalid.errors(include_url=False, include_input=False, include_context=False)
    said = [
        f"{'.'.join(str(part) for part in error['loc']) or 'body'}: {error['msg']}"
        for error in errors[:_MOST_PROBLEMS]
    ]
    more = len(errors) - len(said)
    return "; ".join(said) + (f"; and {more} more" if more > 0 else "")
