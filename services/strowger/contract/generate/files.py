"""Everything under `schemas/` as texts by path, always the same for the same contract."""

import json
from typing import Any, Final

import yaml

from strowger.contract import topics
from strowger.contract.book import FEED
from strowger.contract.generate.asyncapi import asyncapi
from strowger.contract.generate.example import BUYER, PROVIDER, Example
from strowger.contract.generate.examples import EXAMPLES, VARIANTS
from strowger.contract.generate.guide import GUIDE, RULES
from strowger.contract.generate.schemas import (
    header_schemas,
    inbound_schemas,
    name_of,
    outbound_schemas,
)
from strowger.contract.generate.vectors import vectors
from strowger.contract.refusals import DeadLetterReason, Refusal

_REASONS: Final = {
    DeadLetterReason.TOO_LARGE: "The value has more bytes than an event may have.",
    DeadLetterReason.NOT_A_CLOUDEVENT: "A CloudEvents header is missing, stands twice or is wrong.",
    DeadLetterReason.UNKNOWN_SENDER: "The header ce_source is not /participants/<id>.",
    DeadLetterReason.UNKNOWN_TYPE: "The topic takes no event of this ce_type.",
    DeadLetterReason.NOT_JSON: "The value is not JSON.",
    DeadLetterReason.NO_MARKET: "The value is JSON, but names no market.",
    DeadLetterReason.NO_INBOX: "An answer could not be delivered: its participant has no inbox.",
    DeadLetterReason.NOT_A_COMMAND: "A record of the exchange's own log holds no command.",
    DeadLetterReason.UNSIGNED: "The header signature is missing.",
    DeadLetterReason.BAD_SIGNATURE: "The signature is not its key's for this event and topic.",
    DeadLetterReason.UNKNOWN_KEY: "The key was not registered for the sender when this was taken.",
    DeadLetterReason.KEY_EXPIRED: "The key had ceased to count when this was taken.",
    DeadLetterReason.TOO_MANY_EVENTS: "Its sender was far above its events a second.",
    DeadLetterReason.TOO_COMPLEX: "The value is nested too deep, or made of too many values.",
}


def files(version: str) -> dict[str, str]:
    """Give every generated file but the releases, by path under `schemas/`."""
    made: dict[str, str] = {}
    for folder, schemas in (("inbound", inbound_schemas()), ("outbound", outbound_schemas())):
        made |= {f"{folder}/{name}.json": as_json(schema) for name, schema in schemas.items()}
    for event, example in EXAMPLES.items():
        made[f"examples/{name_of(event)}.json"] = as_json(example.body)
    made |= {f"examples/{name}.json": as_json(each.body) for name, each in VARIANTS.items()}
    made |= {f"{name}.json": as_json(schema) for name, schema in header_schemas().items()}
    made["refusals.json"] = as_json({"refusals": refusals(), "dead_letter_reasons": reasons()})
    made["asyncapi.yaml"] = _as_yaml(asyncapi(version))
    made["signature-vectors.json"] = as_json(vectors())
    made["README.md"] = _guide()
    return made


def release(version: str) -> str:
    """Give the whole contract as one file, for later ones to be compared with."""
    return as_json(contract(version))


def contract(version: str) -> dict[str, Any]:
    """Give the whole contract as one document: schemas, refusals and topics."""
    return {
        "version": version,
        "inbound": inbound_schemas(),
        "outbound": outbound_schemas(),
        "refusals": refusals(),
        "dead_letter_reasons": reasons(),
        "topics": {
            topic.name: {
                "partitions": topic.partitions,
                "config": dict(topic.config),
                "types": [event.TYPE for event in topic.events],
            }
            for topic in (*topics.ALL, topics.inbox("{participant}"))
        },
    }


def refusals() -> dict[str, dict[str, Any]]:
    """Give every refusal by its value."""
    return {
        refusal.value: {"retry": refusal.retry, "advice": refusal.advice} for refusal in Refusal
    }


def reasons() -> dict[str, str]:
    """Give every dead-letter reason with what it means."""
    return {reason.value: _REASONS[reason] for reason in DeadLetterReason}


def as_json(document: object) -> str:
    """Write a document as JSON for people: indented, in its own order, with a last newline."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


class _Dumper(yaml.SafeDumper):
    """Long texts as blocks, equal parts written out rather than anchored."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _as_yaml(document: object) -> str:
    written: str = yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )
    return "# Written by make schemas; do not edit.\n" + written


def _guide() -> str:
    shown = {
        name_of(event).partition(".")[0].replace("-", "_"): _record(example)
        for event, example in EXAMPLES.items()
    }
    return GUIDE.format(rules=RULES, provider=PROVIDER, buyer=BUYER, **shown)


def _record(example: Example) -> str:
    """Show an example as it travels: where, headers, body; indented, as part of a numbered step."""
    headers = [f"{name}: {value}" for name, value in example.headers.items()]
    body = as_json(example.body).splitlines()
    lines = ["```text", _where(example), *headers, "", *body, "```"]
    return "\n" + "".join(f"   {line}".rstrip() + "\n" for line in lines)


def _where(example: Example) -> str:
    for topic in topics.INBOUND_TOPICS:
        if type(example.event) in topic.events:
            return f"to topic {topic.name}, key {example.key}"
    if type(example.event) in FEED:
        return f"from topic {topics.BOOK_FEED.name}, key {example.key}"
    return "in your inbox"
