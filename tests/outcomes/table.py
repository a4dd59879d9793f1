"""The table: each command decided by the real core in each state, made anew for every cell."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from strowger.contract.decision import Decision
from strowger.contract.outbound import EventRefused
from strowger.contract.refusals import Refusal
from tests.outcomes.sent import SENT, SENT_MS
from tests.outcomes.states import STATES

Table = Mapping[str, Mapping[str, str]]

ELSEWHERE: Final[Mapping[Refusal, str]] = MappingProxyType(
    {
        Refusal.NOT_E164: "found by a gateway, and passed on as `malformed` is",
        Refusal.UNKNOWN_PLACE: "found by a gateway, and passed on as `malformed` is",
        Refusal.UNKNOWN_NETWORK: "found by a gateway, and passed on as `malformed` is",
        Refusal.TOO_MANY_EVENTS: "found by a gateway, and passed on as `malformed` is",
        Refusal.BOOK_CHANGED: "needs a page of the book, and a change behind it",
        Refusal.KEY_REVOKED: "found where the operator revoked the key that signed an event",
        Refusal.ANSWER_TOO_LARGE: "needs more offers than an answer holds",
        Refusal.INTERNAL_FAULT: "a fault of ours, in whatever state",
    }
)
"""Refusals that no cell of the table has, and why; the tests of refusals reach each."""


def table() -> Table:
    """Decide every command in every state; give what was answered, and who else was told."""
    return {name: {state: _outcome(name, state) for state in STATES} for name in SENT}


def as_json(cells: Table) -> str:
    """Write the table for programs."""
    document = {
        "states": {name: meaning for name, (meaning, _) in STATES.items()},
        "outcomes": cells,
        "refused_elsewhere": {refusal.value: why for refusal, why in ELSEWHERE.items()},
    }
    return json.dumps(document, indent=2) + "\n"


def as_markdown(cells: Table) -> str:
    """Write the table for people: of each command what becomes of it, and where."""
    lines = [
        "# What becomes of every command in every state",
        "",
        "Written by `make schemas`, from what the core decides; the same for programs is in",
        "`outcomes.json`. An outcome is the answer's event, or the refusal that it names; *again*",
        "where nothing happened anew; with the notices that went out beside it.",
        "",
        "## States",
        "",
        "| state | what is so |",
        "|---|---|",
        *(f"| {name} | {meaning} |" for name, (meaning, _) in STATES.items()),
    ]
    for command, row in cells.items():
        lines += [
            "",
            f"## {command.capitalize()}",
            "",
            "| outcome | in these states |",
            "|---|---|",
        ]
        for outcome in dict.fromkeys(row.values()):
            states = [state for state, found in row.items() if found == outcome]
            where = "all" if len(states) == len(row) else "; ".join(states)
            lines.append(f"| {outcome} | {where} |")
    lines += [
        "",
        "## Refused elsewhere",
        "",
        "| refusal | why no state above has it |",
        "|---|---|",
    ]
    lines += [f"| `{refusal.value}` | {why} |" for refusal, why in ELSEWHERE.items()]
    return "\n".join(lines) + "\n"


def _outcome(name: str, state: str) -> str:
    play = STATES[state][1]()
    play.commands.sent_at_ms = play.now_ms
    command = SENT[name](play.commands)
    decisions = play.decide(command, sent_at_ms=play.now_ms + SENT_MS.get(name, 0))
    (answer,) = (each for each in decisions if each.role == "answer")
    ended = [f"with {each.event.type}" for each in decisions if each.role == "notice"]
    return "; ".join(dict.fromkeys((_said(answer), *ended)))


def _said(answer: Decision) -> str:
    event = answer.event
    said = f"`{event.refusal}`" if isinstance(event, EventRefused) else event.type
    return f"{said} *again*" if answer.repeat else said
