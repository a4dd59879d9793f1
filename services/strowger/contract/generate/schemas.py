"""JSON Schemas of the events, from their models: JSON Schema 2020-12, one self-contained each.

What the exchange takes is closed: a field it does not know is refused. What it emits is open: every
field named is always there, but for limits where there are none, and fields, refusals, policies,
families and event types may be added.
"""

from collections.abc import Iterator
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from strowger.contract import tracing
from strowger.contract.book import FEED, FeedEvent
from strowger.contract.decision import Decision
from strowger.contract.envelope import MAX_ID_LENGTH, PARTICIPANTS, SERVICES
from strowger.contract.event import OutboundEvent
from strowger.contract.families import VOICE
from strowger.contract.fields import MOMENT_PATTERN, SLUG_PATTERN, Inbound
from strowger.contract.inbound import INBOUND, InboundEvent, SessionClosed
from strowger.contract.outbound import OUTBOUND
from strowger.contract.refusals import DeadLetterReason, Refusal
from strowger.contract.signatures import HEADER

Schema = dict[str, Any]
AnyEvent = InboundEvent | OutboundEvent | FeedEvent | Decision

EMITTED: Final[tuple[type[OutboundEvent | FeedEvent | Decision], ...]] = (
    *OUTBOUND,
    *FEED,
    Decision,
)
"""Every event that the exchange emits; a decision is one to those who read `decisions`."""

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_TIMESTAMP: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"


class _Plain(GenerateJsonSchema):
    """No title on each field that only repeats its name, and a time as its model takes it."""

    def field_title_should_be_set(self, schema: object) -> bool:
        del schema
        return False

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        del schema
        return {"type": "string", "format": "date-time", "pattern": MOMENT_PATTERN}


class _Emitted(_Plain):
    """What the exchange emits has every field, a timestamp of one form, and refusals that grow."""

    def field_is_required(
        self,
        field: core_schema.ModelField
        | core_schema.DataclassField
        | core_schema.TypedDictField
        | core_schema.ComputedField,
        total: bool,  # noqa: FBT001 - pydantic's own signature
    ) -> bool:
        del total
        return "serialization_exclude_if" not in field

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        del schema
        return {"type": "string", "format": "date-time", "pattern": _TIMESTAMP}

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        del schema
        return {
            "type": "string",
            "pattern": "^[a-z0-9_]+$",
            "description": "A value of refusals.json. New ones may come: go by `retry`.",
            "examples": [refusal.value for refusal in Refusal],
        }


def name_of(event: type[AnyEvent]) -> str:
    """Give an event's name with its version, as files are named: `offer-published.v1`."""
    return event.TYPE.removeprefix("strowger.")


def schema_of(event: type[AnyEvent]) -> Schema:
    """Give the JSON Schema of one event."""
    generator = _Plain if issubclass(event, Inbound) else _Emitted
    body = event.model_json_schema(schema_generator=generator)
    for part in _walk(body):
        _amend(part)
    if event is SessionClosed:
        body |= _TIMED_OUT_NAMES_THE_BUYER
    return {"$schema": DIALECT, "$id": f"urn:strowger:schema:{name_of(event)}", **body}


_TIMED_OUT_NAMES_THE_BUYER: Final[Schema] = {
    "if": {"properties": {"reason": {"const": "timed_out"}}, "required": ["reason"]},
    "then": {"properties": {"buyer": {"type": "string"}}, "required": ["buyer"]},
}


def _one_of_two(field: str, other: str, json_type: str) -> Schema:
    """Say that `field` is given where `other`, of that JSON type, is not, and only there."""
    return {
        "if": {"properties": {other: {"type": json_type}}, "required": [other]},
        "then": {"properties": {field: {"type": "null"}}},
        "else": {"properties": {field: {"type": "string"}}, "required": [field]},
    }


def _only_by(by: str, field: str) -> Schema:
    """Say that `field` is given to rank `by` it, and only then."""
    return {
        "if": {"properties": {"by": {"const": by}}, "required": ["by"]},
        "then": {"properties": {field: {"minItems": 1}}, "required": [field]},
        "else": {"properties": {field: {"maxItems": 0}}},
    }


_BETWEEN_FIELDS: Final[dict[str, Schema]] = {
    "VoiceDemand": _one_of_two("destination", "codes", "array"),
    "RankBy": {"allOf": [_only_by("quality", "attributes"), _only_by("weighted", "weights")]},
}
"""Rules that a model has between its fields, by the model's name, as far as schemas can say them.

What they can't say: that terms and tiers go up, and that nothing is above the port.
"""


def _amend(part: Schema) -> None:
    """Add what models hold beyond their fields; leave open what later releases add to."""
    part |= _BETWEEN_FIELDS.get(part.get("title", ""), {})
    family = part.get("properties", {}).get("family", {}).get("const")
    if family not in (None, VOICE) and "family" not in part.get("required", ()):
        part["required"] = ["family", *part.get("required", ())]
    if part.get("title") == "MarketTerms":
        part["properties"]["policy"] = {
            "type": "string",
            "description": "How the market treats changes while sessions are open; more may come.",
            "examples": ["open", "guarded", "sealed", "snapshot"],
        }


def _walk(node: object) -> Iterator[Schema]:
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from _walk(child)
    elif isinstance(node, list):
        for child in node:
            yield from _walk(child)


def inbound_schemas() -> dict[str, Schema]:
    """Give the schema of each event that participants send, by name."""
    return {name_of(event): schema_of(event) for event in INBOUND}


def outbound_schemas() -> dict[str, Schema]:
    """Give the schema of each event that the exchange emits, by name, and of a decision."""
    return {name_of(event): schema_of(event) for event in EMITTED}


def _text(pattern: str, description: str) -> Schema:
    return {"type": "string", "pattern": pattern, "description": description}


def header_schemas() -> dict[str, Schema]:
    """Give the schemas of record headers, decoded as UTF-8: of every event, and of dead letters."""
    slug = SLUG_PATTERN.strip("^$")
    attributes = {
        "ce_specversion": {"const": "1.0"},
        "ce_id": _text(
            rf"^[!-~]{{1,{MAX_ID_LENGTH}}}$",
            "Yours to choose, a new one for each event; answers name it as `causation_id`.",
        ),
        "ce_source": _text(
            rf"^({PARTICIPANTS}|{SERVICES}){slug}$",
            f"{PARTICIPANTS}<your id>; {SERVICES}<name> for the exchange's own services.",
        ),
        "ce_type": _text(r"^strowger\.[a-z-]+\.v[0-9]+$", "Which schema the value follows."),
        "ce_time": {
            "type": "string",
            "format": "date-time",
            "description": "When the event was made: RFC 3339 with its offset from UTC.",
        },
        "content-type": {"const": "application/json"},
    }
    events = _headers("The headers of every event: CloudEvents 1.0.", attributes)
    events["properties"] = {**attributes, tracing.HEADER: _TRACE, HEADER: _SIGNATURE}
    return {
        "event-headers": events,
        "dead-letter-headers": _headers(
            "The headers of a dead letter. Those it was received with follow as `original_<name>`.",
            attributes | {"content-type": {"const": "application/octet-stream"}} | _provenance(),
        ),
    }


_SIGNATURE: Final[Schema] = {
    "type": "string",
    "pattern": r"^[A-Za-z0-9_-]{1,400}\.\.[A-Za-z0-9_-]{86}$",
    "description": "Of what you send: a detached JWS, see README.md. What you receive has none.",
}


_TRACE: Final[Schema] = {
    "type": "string",
    "pattern": f"^{tracing.PATTERN}$",
    "description": "The trace that you sent it in (W3C Trace Context, of CloudEvents' distributed "
    "tracing); answers to you carry it, too. What is none is passed over.",
}


def _provenance() -> Schema:
    return {
        "dl_reason": {"enum": [reason.value for reason in DeadLetterReason]},
        "dl_detail": {"type": "string", "description": "What was wrong, in words."},
        "dl_topic": {"type": "string", "description": "Where it was received."},
        "dl_partition": _number("The partition it was received on."),
        "dl_offset": _number("Its offset there."),
        "dl_timestamp_ms": _number("When the broker took it, milliseconds since 1970."),
    }


def _number(description: str) -> Schema:
    return _text("^[0-9]+$", description)


def _headers(description: str, properties: Schema) -> Schema:
    return {
        "$schema": DIALECT,
        "description": description,
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }
