"""`schemas/asyncapi.yaml`: an AsyncAPI 3.0 document that is whole, and true to the registry."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml

from strowger.contract import topics

SCHEMAS: Final = Path(__file__).parents[2] / "schemas"
DOCUMENT: Final[dict[str, Any]] = yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text("utf-8"))
TOPICS: Final = {topic.name: topic for topic in (*topics.ALL, topics.inbox("{participant}"))}

_ALLOWED: Final = {
    "root": {"asyncapi", "info", "defaultContentType", "servers", "channels", "operations"}
    | {"components"},
    "channel": {"address", "title", "description", "messages", "parameters", "bindings"},
    "operation": {"action", "channel", "summary", "tags", "reply"},
    "message": {"name", "title", "description", "contentType", "headers", "payload", "examples"}
    | {"correlationId"},
}
"""The fields that AsyncAPI 3.0.0 defines for these objects, as far as they are used."""


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)


def _resolve(reference: str) -> Any:  # noqa: ANN401 - any JSON
    path, _, pointer = reference.partition("#")
    node: Any = json.loads((SCHEMAS / path).read_text("utf-8")) if path else DOCUMENT
    for part in filter(None, pointer.split("/")):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def test_the_document_has_what_the_specification_requires() -> None:
    """Version, title, and in each object the fields of AsyncAPI 3.0.0 alone."""
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= DOCUMENT["info"].keys()
    assert DOCUMENT.keys() <= _ALLOWED["root"]
    for kind, objects in (
        ("channel", DOCUMENT["channels"]),
        ("operation", DOCUMENT["operations"]),
        ("message", DOCUMENT["components"]["messages"]),
    ):
        for name, described in objects.items():
            assert described.keys() <= _ALLOWED[kind], name
    for server in DOCUMENT["servers"].values():
        assert {"host", "protocol"} <= server.keys()
        assert "{bootstrap}" in server["host"]
        assert "bootstrap" in server["variables"]


def test_every_reference_leads_somewhere() -> None:
    """Nothing points at a message, channel or file that is not there."""
    references = set(_references(DOCUMENT))
    assert len(references) > len(TOPICS)
    for reference in references:
        assert _resolve(reference) is not None


def test_every_topic_is_a_channel_as_the_registry_says() -> None:
    """Address, partitions and retention are those that provisioning applies."""
    channels = {channel["address"]: channel for channel in DOCUMENT["channels"].values()}
    assert channels.keys() == TOPICS.keys()
    for name, topic in TOPICS.items():
        kafka = channels[name]["bindings"]["kafka"]
        assert kafka["partitions"] == topic.partitions
        for key, value in kafka["topicConfiguration"].items():
            written = value[0] if isinstance(value, list) else str(value)
            assert written == topic.config[key]


def test_every_writer_and_reader_has_its_operation() -> None:
    """Who may do what is there, once, from that role's own side."""
    said = {
        (each["action"], _resolve(each["channel"]["$ref"])["address"], each["tags"][0]["name"])
        for each in DOCUMENT["operations"].values()
    }
    registered = {("send", name, role) for name, t in TOPICS.items() for role in t.writers}
    registered |= {("receive", name, role) for name, t in TOPICS.items() for role in t.readers}
    assert said == {(action, name, role.strip("{}")) for action, name, role in registered}
    assert len(said) == len(DOCUMENT["operations"])


def test_channels_carry_the_types_that_their_gateways_take() -> None:
    """The messages of an inbound channel are the events of its topic."""
    for topic in topics.INBOUND_TOPICS:
        messages = DOCUMENT["channels"][topic.name]["messages"].values()
        names = [_resolve(message["$ref"])["name"] for message in messages]
        assert names == [event.TYPE for event in topic.events]


def test_what_is_sent_says_what_may_come_back() -> None:
    """Each sending to an inbound topic names its answers, all of which the inbox carries."""
    sendings = [each for each in DOCUMENT["operations"].values() if "reply" in each]
    assert len(sendings) == sum(len(topic.writers) for topic in topics.INBOUND_TOPICS)
    for sending in sendings:
        assert sending["reply"]["channel"] == {"$ref": "#/channels/inbox"}
        names = [reference["$ref"].split("/")[-1] for reference in sending["reply"]["messages"]]
        assert names[-1] == "EventRefused"
        assert len(names) > 1


@pytest.mark.parametrize("name", DOCUMENT["components"]["messages"])
def test_examples_are_valid_messages(name: str) -> None:
    """Payload and headers of each example follow the schemas that the message names."""
    message = DOCUMENT["components"]["messages"][name]
    for example in message.get("examples", ()):
        for part in ("payload", "headers"):
            schema = _resolve(message[part]["schema"]["$ref"])
            jsonschema.validate(example[part], schema)


def test_answers_are_matched_by_causation() -> None:
    """Every event with a causation declares it as its correlation id."""
    for message in DOCUMENT["components"]["messages"].values():
        payload = message.get("payload")
        if payload is None:
            continue
        answers = "causation_id" in _resolve(payload["schema"]["$ref"])["properties"]
        assert answers == ("correlationId" in message)


@pytest.mark.parametrize(
    "promise",
    [
        *["end offset", "causation_id", "Order between topics is not promised", "ce_time"],
        *["natural key", "retry", "ce_id", "kept 7 days", "Kafka keys", "dead-letters"],
    ],
)
def test_the_description_explains(promise: str) -> None:
    """What a stranger would trip over is said in words."""
    assert promise in DOCUMENT["info"]["description"]
