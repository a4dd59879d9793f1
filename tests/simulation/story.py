"""What happened in a history, told in lines: what was sent, decided, and done to the exchange."""

import json
from collections.abc import Iterator, Sequence

from tests.simulation.checker.reading import INBOUND, Violation
from tests.simulation.history import Event, History
from tests.simulation.loop import EPOCH_SECONDS

_LONGEST = 150


def verdict(history: History, violations: Sequence[Violation]) -> str:
    """Tell shortly what a seed broke, and how to see all of it."""
    lines = [f"seed {history.seed} breaks {len(violations)} promises; first:"]
    lines += [f"  {_cut(str(each))}" for each in violations[:4]]
    lines += [f"after {len(history.faults)} faults, the last of them:"]
    lines += [f"  {fault}" for fault in history.faults[-6:]]
    return "\n".join([*lines, f"the whole story: make simulate SEED={history.seed}"])


def story(history: History) -> Iterator[str]:
    """Tell everything, in the order of time."""
    told = [(float(fault.split(maxsplit=1)[0]), f"!! {fault[12:]}") for fault in history.faults]
    for topic in (*INBOUND, "market-log", "decisions", "dead-letters"):
        for event in history.records[topic]:
            seconds = event.timestamp_ms / 1000 - EPOCH_SECONDS
            told.append((seconds, f"{topic}-{event.partition} {event.offset}: {_words(event)}"))
    for seconds, line in sorted(told, key=lambda each: each[0]):
        yield f"{seconds:8.3f} s  {_cut(line)}"


def _words(event: Event) -> str:
    taken = "" if event.committed else "(aborted) "
    try:
        facts = json.loads(event.value or b"")
    except (ValueError, RecursionError):
        return f"{taken}{(event.value or b'')[:40]!r}"
    if isinstance(facts, dict) and "event" in facts:
        who, told = facts["recipient"] or facts["participant"], facts["event"]
        what = told.get("refusal") or told["type"]
        return f"{taken}{what} to {who} on {told['causation_id']}, {facts['command']}"
    return f"{taken}{event.header('ce_id')} {json.dumps(facts)}"


def _cut(line: str) -> str:
    first, *more = line.split("\n")
    return first[:_LONGEST] + (" …" if more or len(first) > _LONGEST else "")
