"""A change may not break those who were built on the last release; the checker itself is tried."""

import copy
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import strowger
from strowger.contract.generate.files import contract
from tests.compatibility import breaks

Json = dict[str, Any]
Change = Callable[[Json], object]

_RELEASED = Path(__file__).parents[2] / "schemas" / "released"


def _last_release() -> Json:
    last = max(_RELEASED.glob("*.json"), key=lambda path: [int(n) for n in path.stem.split(".")])
    released: Json = json.loads(last.read_text(encoding="utf-8"))
    return released


@functools.cache
def _present() -> Json:
    return contract(strowger.__version__)


def _field(contract: Json, side: str, event: str, name: str) -> Json:
    field: Json = contract[side][event]["properties"][name]
    return field


def _voice(contract: Json, side: str, event: str, model: str) -> Json:
    part: Json = contract[side][event]["$defs"][model]
    return part


def test_the_present_contract_breaks_nobody() -> None:
    """Whoever was built on the last release goes on working."""
    assert breaks(_last_release(), _present()) == []


def _in(side: str, event: str, field: str, **changes: object) -> Change:
    return lambda c: _field(c, side, event, field).update(changes)


def _rule(field: str, otherwise: str) -> Json:
    """Make a rule of what a sender gives where it gives `field`, and what where it does not."""
    return {"if": {"required": [field]}, "then": {}, "else": {"required": [otherwise]}}


_OFFERED = ("inbound", "offer-published.v1", "VoiceTermination")
_SHOWN = ("outbound", "offers-matched.v1", "VoiceShown")
_STORED = ("outbound", "offer-stored.v1")

BREAKS: dict[str, tuple[Change, str]] = {
    "outbound event removed": (
        lambda c: c["outbound"].pop("offer-stored.v1"),
        "offer-stored.v1: removed",
    ),
    "outbound property removed": (
        lambda c: c["outbound"]["offer-stored.v1"]["properties"].pop("revision"),
        "offer-stored.v1.revision: removed",
    ),
    "outbound property retyped": (
        _in(*_STORED, "revision", type="string"),
        "offer-stored.v1.revision: type string where integer was agreed",
    ),
    "outbound property made optional": (
        lambda c: c["outbound"]["offer-stored.v1"]["required"].remove("revision"),
        "offer-stored.v1.revision: may be missing now",
    ),
    "outbound property made nullable": (
        lambda c: c["outbound"]["offer-stored.v1"]["properties"].update(
            revision={"anyOf": [{"type": "integer"}, {"type": "null"}]}
        ),
        "offer-stored.v1.revision: type null where integer was agreed",
    ),
    "outbound type const changed": (
        _in(*_STORED, "type", const="offer-kept"),
        "offer-stored.v1.type: values that were not agreed",
    ),
    "outbound enum value added": (
        _in("outbound", "session-ended.v1", "reason", enum=["terminated", "timed_out", "lost"]),
        "session-ended.v1.reason: values that were not agreed",
    ),
    "outbound enum value removed": (
        _in("outbound", "session-ended.v1", "reason", enum=["timed_out"]),
        "session-ended.v1.reason: values that are gone",
    ),
    "outbound pattern changed": (
        _in(*_STORED, "at", pattern="^.*$"),
        "offer-stored.v1.at: pattern changed",
    ),
    "outbound family renamed": (
        lambda c: _voice(c, *_SHOWN)["properties"]["family"].update(const="calls"),
        "offers-matched.v1.matches.items.service: voice is gone",
    ),
    "outbound property removed deep inside": (
        lambda c: _voice(c, *_SHOWN)["properties"].pop("deck"),
        "offers-matched.v1.matches.items.service.deck: removed",
    ),
    "event gone from decisions": (
        lambda c: _field(c, "outbound", "decision.v1", "event")["oneOf"].pop(),
        "decision.v1.event: event-refused is gone",
    ),
    "inbound event removed": (
        lambda c: c["inbound"].pop("session-opened.v1"),
        "session-opened.v1: removed",
    ),
    "inbound property removed": (
        lambda c: c["inbound"]["request-submitted.v1"]["properties"].pop("max_matches"),
        "request-submitted.v1.max_matches: removed",
    ),
    "inbound property required": (
        lambda c: c["inbound"]["request-submitted.v1"]["required"].append("max_matches"),
        "request-submitted.v1.max_matches: required now",
    ),
    "new inbound property required": (
        lambda c: (
            c["inbound"]["session-opened.v1"]["properties"].update(why={"type": "string"}),
            c["inbound"]["session-opened.v1"]["required"].append("why"),
        ),
        "session-opened.v1.why: required now",
    ),
    "inbound maximum lowered": (
        _in("inbound", "session-opened.v1", "ttl_seconds", maximum=60),
        "session-opened.v1.ttl_seconds: maximum changed",
    ),
    "inbound minimum raised": (
        _in("inbound", "session-opened.v1", "ttl_seconds", minimum=2),
        "session-opened.v1.ttl_seconds: minimum changed",
    ),
    "inbound pattern changed": (
        _in("inbound", "session-opened.v1", "market", pattern="^[a-z]+$"),
        "session-opened.v1.market: pattern changed",
    ),
    "inbound enum narrowed": (
        _in("inbound", "session-closed.v1", "reason", enum=["timed_out"]),
        "session-closed.v1.reason: values that were not agreed",
    ),
    "inbound null no longer taken": (
        _in("inbound", "request-submitted.v1", "session_id", anyOf=[{"type": "string"}]),
        "request-submitted.v1.session_id: type null where string was agreed",
    ),
    "inbound default changed": (
        lambda c: _voice(c, *_OFFERED)["properties"]["increment_seconds"].update(default=60),
        "increment_seconds: its default changed",
    ),
    "inbound rule added": (
        lambda c: c["inbound"]["session-opened.v1"].update(then={"required": ["why"]}),
        "session-opened.v1: then changed",
    ),
    "new inbound rule that asks for more where it does not apply": (
        lambda c: c["inbound"]["session-opened.v1"].update(_rule("why", "ttl_minutes")),
        "session-opened.v1.ttl_minutes: required now",
    ),
    "refusal removed": (
        lambda c: c["refusals"].pop("not_shown"),
        "refusal not_shown: removed",
    ),
    "retry flipped": (
        lambda c: c["refusals"]["not_shown"].update(retry=True),
        "refusal not_shown: retry is no longer False",
    ),
    "topic removed": (
        lambda c: c["topics"].pop("decisions"),
        "topic decisions: removed",
    ),
    "partitions changed": (
        lambda c: c["topics"]["decisions"].update(partitions=8),
        "topic decisions: partitions changed",
    ),
    "topic takes less": (
        lambda c: c["topics"]["offer-published"]["types"].pop(),
        "topic offer-published: no longer takes strowger.capacity-published.v1",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_caught(name: str) -> None:
    """Each kind of break, planted, is found and named with its place."""
    change, expected = BREAKS[name]
    present = copy.deepcopy(released := _present())
    change(present)
    found = breaks(released, present)
    assert any(expected in each for each in found), found


_BANDWIDTH = {
    "type": "object",
    "properties": {"family": {"const": "bandwidth", "type": "string"}},
    "required": ["family"],
}


def _with_bandwidth(service: Json) -> list[Json]:
    return [*service["oneOf"], {"$ref": "#/$defs/Bandwidth"}]


HARMLESS: dict[str, Change] = {
    "outbound property added": lambda c: c["outbound"]["offer-stored.v1"]["properties"].update(
        note={"type": "string"}
    ),
    "outbound event added": lambda c: c["outbound"].update({"offer-held.v1": {"type": "object"}}),
    "outbound family added": lambda c: (
        c["outbound"]["acceptance-confirmed.v1"]["$defs"].update(Bandwidth=_BANDWIDTH),
        _field(c, "outbound", "acceptance-confirmed.v1", "service").update(
            oneOf=_with_bandwidth(_field(c, "outbound", "acceptance-confirmed.v1", "service"))
        ),
    ),
    "outbound null no longer emitted": lambda c: _field(
        c, "outbound", "offers-matched.v1", "valid_until"
    )["anyOf"].pop(),
    "inbound property added": lambda c: c["inbound"]["session-opened.v1"]["properties"].update(
        note={"type": "string"}
    ),
    "inbound rule on a new property": lambda c: c["inbound"]["session-opened.v1"].update(
        _rule("why", "ttl_seconds")
    ),
    "inbound bounds widened": _in(
        "inbound", "session-opened.v1", "ttl_seconds", minimum=0, maximum=10**6
    ),
    "inbound enum widened": _in(
        "inbound", "session-closed.v1", "reason", enum=["terminated", "timed_out", "moved"]
    ),
    "inbound family added": lambda c: (
        c["inbound"]["offer-published.v1"]["$defs"].update(Bandwidth=_BANDWIDTH),
        _field(c, "inbound", "offer-published.v1", "service").update(
            oneOf=_with_bandwidth(_field(c, "inbound", "offer-published.v1", "service"))
        ),
    ),
    "refusal added": lambda c: c["refusals"].update(
        sealed={"retry": True, "advice": "Wait for the session's end."}
    ),
    "topic added": lambda c: c["topics"].update(
        {"price-feed": {"partitions": 1, "config": {}, "types": []}}
    ),
    "words changed": lambda c: c["outbound"]["offer-stored.v1"].update(description="Stored."),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_growth_is_allowed(name: str) -> None:
    """What the guide says may be added, may be added."""
    present = copy.deepcopy(released := _present())
    HARMLESS[name](present)
    assert present != released
    assert breaks(released, present) == []
