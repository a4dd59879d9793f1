"""Invariants 10 and 12 at the gateways: what becomes of a record says what the record said."""

import json
import math
from collections import Counter
from collections.abc import Iterator

from tests.simulation.checker.reading import Evidence, Facts, Place, Sent, Violation

_TYPES = {
    "offer-published": ("offer-published", "offer-withdrawn", "capacity-published"),
    "session-opened": ("session-opened",),
    "request-submitted": ("request-submitted",),
    "offer-accepted": ("offer-accepted", "outcome-requested"),
    "session-closed": ("session-closed",),
    "book-requested": ("book-requested",),
}
_TOO_MANY = "too_many_events"
_LEFT_OUT = {"publish-offer": {"firmness": "firm", "pool": None, "audience": None}}
"""What a command does not say where it is so."""

_ENVELOPE = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time")


def commands_say_what_was_sent(evidence: Evidence) -> Iterator[Violation]:
    """See each command in the log name the record behind it, its sender, and what it said."""
    sent = {each.place: each for each in evidence.sent}
    for event in evidence.history.committed("market-log"):
        command: Facts = json.loads(event.value or b"{}")
        if command["participant"] == "service:operator":
            continue
        origin = command.get("origin")
        place = (origin["topic"], origin["partition"], origin["offset"]) if origin else None
        if place not in sent:
            yield Violation(10, f"a command comes from {place}, where nothing was sent")
            continue
        record = sent[place]
        if record.sender != command["participant"]:
            yield Violation(12, f"{record.sender} sent {place}, {command['participant']} asks")
        if record.id != command["causation_id"]:
            yield Violation(10, f"{place} was sent as {record.id}, not {command['causation_id']}")
        known = {**_LEFT_OUT.get(command["command"], {}), **command}
        for name in record.body.keys() & known.keys() - {"service", "effective_at", "ranking"}:
            said = record.body[name]
            if said is not None and said != known[name]:
                yield Violation(10, f"{place} says another {name} than its command")


def only_what_cannot_be_read_is_put_away(evidence: Evidence) -> Iterator[Violation]:
    """See no event among the dead letters whose envelope and market can be read."""
    for sent in evidence.sent:
        letter = evidence.dead.get(sent.place)
        if letter is None or letter.header("dl_reason") == _TOO_MANY:
            continue
        if _is_readable(sent):
            yield Violation(10, f"{sent.place} of {sent.sender} can be read, and was put away")


def as_many_as_may_be_are_taken(evidence: Evidence) -> Iterator[Violation]:
    """See of each sender so many events taken within a second, as many refused, the rest put away.

    Whatever was read twice, or by another process: the count is that of the partition's log.
    """
    limit = evidence.history.events_per_second or math.inf
    refused = set(_refused(evidence))
    seconds: dict[tuple[str, int], int] = {}
    counts: Counter[tuple[str, int, str, int]] = Counter()
    for sent in evidence.sent:
        partition = sent.place[:2]
        second = max(seconds.get(partition, 0), sent.event.timestamp_ms // 1000)
        seconds[partition] = second
        letter = evidence.dead.get(sent.place)
        put_away = letter is not None and letter.header("dl_reason") == _TOO_MANY
        if sent.sender.startswith("service:") or (letter is not None and not put_away):
            continue
        counts[*partition, sent.sender, second] += 1
        count = counts[*partition, sent.sender, second]
        expected = (limit < count <= 2 * limit, count > 2 * limit)
        if (sent.place in refused, put_away) != expected:
            yield Violation(
                10, f"{sent.place} is event {count} of {sent.sender} within a second, of {limit}"
            )


def _refused(evidence: Evidence) -> Iterator[Place]:
    for event in evidence.history.committed("market-log"):
        command: Facts = json.loads(event.value or b"{}")
        if command.get("refusal") == _TOO_MANY and command.get("origin"):
            origin = command["origin"]
            yield origin["topic"], origin["partition"], origin["offset"]


def dead_letters_keep_what_was_sent(evidence: Evidence) -> Iterator[Violation]:
    """See each dead letter hold the bytes that were received, as often as it was written."""
    sent = {each.place: each for each in evidence.sent}
    for place, letter in evidence.letters:
        if place in sent and letter.value != sent[place].event.value:
            yield Violation(10, f"the dead letter of {place} has other bytes")


def _is_readable(sent: Sent) -> bool:
    event = sent.event
    kinds = {f"strowger.{each}.v1" for each in _TYPES[event.topic]}
    return (
        all(event.header(name) for name in _ENVELOPE)
        and event.header("ce_type") in kinds
        and bool(sent.sender)
        and isinstance(sent.body.get("market"), str)
    )
