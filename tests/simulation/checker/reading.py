"""What the checker reads a history by: JSON and headers, with none of the exchange's own code."""

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from tests.simulation.history import Event, History

INBOUND: Final = (
    "offer-published",
    "session-opened",
    "request-submitted",
    "offer-accepted",
    "session-closed",
    "book-requested",
)
OPERATOR: Final = "service:operator"
Facts = dict[str, Any]
Place = tuple[str, int, int]

_SOURCE: Final = re.compile(r"/(participants|services)/([a-z0-9][a-z0-9-]*)")


@dataclass(frozen=True)
class Violation:
    """A promise that the history breaks: which of the design's invariants, and how."""

    invariant: int
    sentence: str

    def __str__(self) -> str:
        return f"invariant {self.invariant}: {self.sentence}"


@dataclass(frozen=True)
class Sent:
    """A record that a participant, or a service of ours, sent to the exchange."""

    event: Event
    sender: str
    id: str
    body: Facts = field(hash=False)

    @property
    def place(self) -> Place:
        """Give where it was appended."""
        return self.event.topic, self.event.partition, self.event.offset


@dataclass(frozen=True)
class Decided:
    """A decision as it was written."""

    event: Event
    facts: Facts = field(hash=False)

    @property
    def told(self) -> Facts:
        """Give what was told."""
        told: Facts = self.facts["event"]
        return told

    @property
    def kind(self) -> str:
        """Give what kind of event was told."""
        return str(self.told["type"])

    @property
    def at(self) -> datetime:
        """Give market time."""
        return moment(self.facts["at"])

    @property
    def participant(self) -> str:
        """Give whose command it was."""
        return str(self.facts["participant"])

    @property
    def recipient(self) -> str | None:
        """Give whose inbox it goes to."""
        recipient: str | None = self.facts["recipient"]
        return recipient

    @property
    def is_new(self) -> bool:
        """Whether it is no answer given again."""
        return not self.facts.get("repeat", False)


class Evidence:
    """A history, read once."""

    def __init__(self, history: History) -> None:
        self.history = history

    @cached_property
    def sent(self) -> Sequence[Sent]:
        """Give everything that was sent, in the order of appending within a partition."""
        return [_sent(event) for event in self.history.committed(*INBOUND)]

    @cached_property
    def sent_by_id(self) -> dict[tuple[str, str], list[Sent]]:
        """Give what was sent by sender and event id."""
        found: dict[tuple[str, str], list[Sent]] = defaultdict(list)
        for each in self.sent:
            found[each.sender, each.id].append(each)
        return found

    @cached_property
    def decided(self) -> Sequence[Decided]:
        """Give the decisions, partition by partition, in their order."""
        return [
            Decided(event, json.loads(event.value or b"{}"))
            for event in self.history.committed("decisions")
        ]

    @cached_property
    def sales(self) -> Sequence[Decided]:
        """Give the acceptances that were confirmed."""
        return [
            each
            for each in self.decided
            if each.kind == "acceptance-confirmed"
            and each.facts["role"] == "answer"
            and each.is_new
        ]

    @cached_property
    def public(self) -> Sequence[Facts]:
        """Give the public record of sales."""
        return [
            json.loads(event.value or b"{}")
            for event in self.history.committed("acceptance-confirmed")
        ]

    @cached_property
    def letters(self) -> Sequence[tuple[Place, Event]]:
        """Give the dead letters, each with the record that it is of; some were written twice."""
        return [
            (
                (
                    letter.header("dl_topic"),
                    int(letter.header("dl_partition")),
                    int(letter.header("dl_offset")),
                ),
                letter,
            )
            for letter in self.history.committed("dead-letters")
        ]

    @cached_property
    def dead(self) -> dict[Place, Event]:
        """Give the dead letters by the record that each of them is of."""
        return dict(self.letters)


def moment(text: str) -> datetime:
    """Read an instant."""
    return datetime.fromisoformat(text)


def _sent(event: Event) -> Sent:
    found = _SOURCE.fullmatch(event.header("ce_source"))
    sender = ""
    if found is not None:
        sender = found[2] if found[1] == "participants" else f"service:{found[2]}"
    try:
        body = json.loads(event.value or b"")
    except (ValueError, RecursionError):
        body = {}
    return Sent(event, sender, event.header("ce_id"), body if isinstance(body, dict) else {})
