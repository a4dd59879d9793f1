"""Read one inbound record: an event, a wrong body whose sender can be told, or neither."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import pydantic_core
from pydantic import BaseModel, ConfigDict, ValidationError

from strowger.contract.envelope import Envelope, NotACloudEvent
from strowger.contract.fields import MarketId
from strowger.contract.inbound import InboundEvent
from strowger.contract.refusals import DeadLetterReason
from strowger.contract.topics import MAX_INBOUND_BYTES, Topic

MAX_NESTING: Final = 32
MAX_VALUES: Final = 2_000
"""How deep an event's JSON may be nested, and of how many values it may be made.

The largest that a schema takes has a third of it. What is beyond costs more than its size tells:
60 KB of brackets kept a gateway busy for a tenth of a second.
"""

_MOST_PROBLEMS = 5
_STRINGS: Final = re.compile(rb'"(?:[^"\\]|\\.|\\\Z)*+(?:"|\Z)', re.DOTALL)
"""One pass over any bytes, closed or not: each is part of a string once, or of none."""

_NO_MARKS: Final = bytes(set(range(256)) - set(b"[]{},"))
_STEPS: Final = {**dict.fromkeys(b"[{", 1), **dict.fromkeys(b"]}", -1), ord(","): 0}


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
    too_much = _too_much(value or b"")
    if too_much is not None:
        return too_much
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


def _too_much(value: bytes) -> Unreadable | None:
    """Say of what there is too much in a body, without a parse; none if it may be parsed."""
    if len(value) > MAX_INBOUND_BYTES:
        said = f"{len(value)} bytes; at most {MAX_INBOUND_BYTES} are taken"
        return Unreadable(DeadLetterReason.TOO_LARGE, said)
    opened = value.count(b"[") + value.count(b"{")
    if opened <= MAX_NESTING and opened + value.count(b",") <= MAX_VALUES:
        return None
    marks = _STRINGS.sub(b"", value).translate(None, _NO_MARKS)
    values = len(marks) - marks.count(b"]") - marks.count(b"}")
    if values > MAX_VALUES:
        said = f"it has {values} values; at most {MAX_VALUES} are taken"
        return Unreadable(DeadLetterReason.TOO_COMPLEX, said)
    depth = max(accumulate(_STEPS[mark] for mark in marks[: 2 * MAX_VALUES]), default=0)
    if depth > MAX_NESTING:
        said = f"it is nested {depth} deep; at most {MAX_NESTING} are taken"
        return Unreadable(DeadLetterReason.TOO_COMPLEX, said)
    return None


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
