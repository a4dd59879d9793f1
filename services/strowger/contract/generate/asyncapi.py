"""The AsyncAPI 3.0 document: a channel a topic, an operation a role that uses it."""

import inspect
from typing import Any, Final

from strowger.contract import topics
from strowger.contract.book import FEED, BookRead
from strowger.contract.decision import Decision
from strowger.contract.event import OutboundEvent
from strowger.contract.generate.example import Example
from strowger.contract.generate.examples import examples_of
from strowger.contract.generate.guide import RULES
from strowger.contract.generate.schemas import EMITTED, AnyEvent, name_of
from strowger.contract.inbound import (
    INBOUND,
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
from strowger.contract.matches import OffersMatched
from strowger.contract.outbound import (
    OUTBOUND,
    AccessControlled,
    CapacityStored,
    ChangeTaken,
    EventRefused,
    MarketControlled,
    MarketDeclared,
    OfferRemoved,
    OfferStored,
    RatesDeclared,
    SessionEnded,
    SessionGranted,
)
from strowger.contract.sales import AcceptanceConfirmed

Document = dict[str, Any]

_FORMAT: Final = "application/schema+json;version=draft-2020-12"
_PARTICIPANT: Final = "{participant}"
_INBOX: Final = topics.inbox(_PARTICIPANT)

ANSWERS: Final[dict[type[InboundEvent], tuple[type[OutboundEvent], ...]]] = {
    OfferPublished: (OfferStored, ChangeTaken),
    OfferWithdrawn: (OfferRemoved, ChangeTaken),
    CapacityPublished: (CapacityStored, ChangeTaken),
    SessionOpened: (SessionGranted,),
    RequestSubmitted: (OffersMatched,),
    OfferAccepted: (AcceptanceConfirmed,),
    OutcomeRequested: (AcceptanceConfirmed,),
    SessionClosed: (SessionEnded,),
    BookRequested: (BookRead,),
}
"""What each event is answered with when it is not refused: one of these, by the market's policy."""

_TO_THE_OPERATOR: Final = (MarketDeclared, RatesDeclared, MarketControlled, AccessControlled)

INBOX_EVENTS: Final = tuple(event for event in OUTBOUND if event not in _TO_THE_OPERATOR)
"""What inboxes carry: the operator's declarations are answered in `decisions`, which it reads."""

_INTERNAL: Final = {
    topics.MARKET_LOG.name: "Command",
    topics.OFFER_BOOK.name: "Row",
    topics.SESSION_BOOK.name: "Row",
    topics.MARKET_BOOK.name: "Row",
    topics.DEAD_LETTERS_HANDLED.name: "Handled",
    topics.NOTICES_REPLAYED.name: "Handled",
    topics.CLOCK_PROBES.name: "Probe",
    topics.PARTICIPANTS.name: "Registration",
    topics.SESSION_TIMEOUT_CHANGELOG.name: "Timer",
}
"""Topics that only the exchange's own services use; what stands in them is not promised."""


def asyncapi(version: str) -> Document:
    """Build the document; `version` is the release that it describes."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Strowger",
            "version": version,
            "description": "An exchange for telecom services on Apache Kafka.\n\n" + RULES,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "exchange": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "The broker of your exchange; its operator names it.",
                "variables": {
                    "bootstrap": {"default": "localhost:9092", "description": "host:port"}
                },
            }
        },
        "channels": {_channel_id(topic): _channel(topic) for topic in (*topics.ALL, _INBOX)},
        "operations": _operations(),
        "components": {"messages": _messages()},
    }


def _channel_id(topic: topics.Topic) -> str:
    return "inbox" if topic is _INBOX else topic.name


def _channel(topic: topics.Topic) -> Document:
    channel: Document = {
        "address": topic.name,
        "title": _channel_id(topic),
        "description": f"{_purpose(topic)}\n\nKey: {topic.key}. {_kept(topic)}",
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"} for name in _messages_of(topic)
        },
        "bindings": {"kafka": _binding(topic)},
    }
    if topic is _INBOX:
        channel["parameters"] = {"participant": {"description": "Your id in the exchange."}}
    return channel


def _purpose(topic: topics.Topic) -> str:
    if topic.name in _INTERNAL:
        return f"{topic.purpose} Of the exchange's own services: what stands in it is not promised."
    return topic.purpose


def _kept(topic: topics.Topic) -> str:
    if topic.config["cleanup.policy"] == "compact":
        return "Compacted: the latest record of each key is kept."
    return f"Records are kept for {int(topic.config['retention.ms']) // topics.DAY_MS} days."


def _binding(topic: topics.Topic) -> Document:
    known: Document = {"cleanup.policy": [topic.config["cleanup.policy"]]}
    for key in ("retention.ms", "delete.retention.ms", "max.message.bytes"):
        if key in topic.config:
            known[key] = int(topic.config[key])
    binding: Document = {"partitions": topic.partitions, "topicConfiguration": known}
    return binding | {"bindingVersion": "0.5.0"}


_EMITTED_TO: Final[dict[str, tuple[type[AnyEvent], ...]]] = {
    _INBOX.name: INBOX_EVENTS,
    topics.DECISIONS.name: (Decision,),
    topics.ACCEPTANCE_CONFIRMED.name: (AcceptanceConfirmed,),
    topics.BOOK_FEED.name: FEED,
}
"""What the exchange writes, by topic; on the others participants do."""


def _messages_of(topic: topics.Topic) -> list[str]:
    if topic is topics.DEAD_LETTERS:
        return ["DeadLetter"]
    if topic.name in _INTERNAL:
        return [_INTERNAL[topic.name]]
    return [event.__name__ for event in _EMITTED_TO.get(topic.name, topic.events)]


def _operations() -> Document:
    """Give an operation for each role that writes or reads a topic, from that role's own side."""
    operations: Document = {}
    for topic in (*topics.ALL, _INBOX):
        name = _channel_id(topic)
        for action, roles in (("send", topic.writers), ("receive", topic.readers)):
            for role in roles:
                who = "participant" if role == _PARTICIPANT else role
                operation = {
                    "action": action,
                    "channel": {"$ref": f"#/channels/{name}"},
                    "summary": f"The {who} {action}s what {name} carries.",
                    "tags": [{"name": who}],
                }
                if action == "send" and topic.events:
                    operation["reply"] = _reply(topic)
                operations[f"{who}-{action}s-{name}"] = operation
    return operations


def _reply(topic: topics.Topic) -> Document:
    answers = dict.fromkeys(answer.__name__ for event in topic.events for answer in ANSWERS[event])
    return {
        "channel": {"$ref": "#/channels/inbox"},
        "messages": [
            {"$ref": f"#/channels/inbox/messages/{name}"}
            for name in (*answers, EventRefused.__name__)
        ],
    }


def _messages() -> Document:
    sent = {event.__name__: _message(event, "inbound") for event in INBOUND}
    emitted = {event.__name__: _message(event, "outbound") for event in EMITTED}
    internal = {name: _internal(name) for name in dict.fromkeys(_INTERNAL.values())}
    return sent | emitted | {"DeadLetter": _dead_letter()} | internal


def _message(event: type[AnyEvent], folder: str) -> Document:
    message: Document = {
        "name": event.TYPE,
        "title": event.__name__,
        "description": inspect.getdoc(event),
        "contentType": "application/json",
        "headers": _file("event-headers.json"),
        "payload": _file(f"{folder}/{name_of(event)}.json"),
        "examples": [_example(each) for each in examples_of(event)],
    }
    if issubclass(event, OutboundEvent):
        message["correlationId"] = {
            "description": "The `ce_id` of the event that this answers, or that led to it.",
            "location": "$message.payload#/causation_id",
        }
    return message


def _file(path: str) -> Document:
    return {"schemaFormat": _FORMAT, "schema": {"$ref": f"./{path}"}}


def _example(example: Example) -> Document:
    return {"headers": example.headers, "payload": example.body}


def _dead_letter() -> Document:
    return {
        "name": "strowger.dead-letter.v1",
        "title": "DeadLetter",
        "description": "A record that could not be read: its value as received, byte for byte.",
        "contentType": "application/octet-stream",
        "headers": _file("dead-letter-headers.json"),
    }


def _internal(name: str) -> Document:
    return {
        "title": name,
        "description": "Between the exchange's own services; not part of the contract.",
    }
