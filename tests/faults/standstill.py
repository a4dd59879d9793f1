"""How long a market stood still: from when a command was in the log to when it was decided.

Both are times of the broker's own, so no clock of a service tells.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.faults.faults import Done
from tests.simulation.history import History

OWNER_KILLED: Final = "killed, alone"
AFTERWARDS_MS: Final = 12_000


@dataclass(frozen=True)
class Standstill:
    """The longest waits of one market, in seconds; none where there was no such time."""

    worst_seconds: float
    """Whatever was done to the exchange."""

    owner_killed_seconds: float | None
    """Of commands that came when matching had just been killed, and nothing else was done."""


def standstill(history: History, done: Sequence[Done]) -> Standstill:
    """Measure the waits of a market's commands."""
    logged = {
        (event.partition, event.offset): event.timestamp_ms
        for event in history.committed("market-log")
    }
    waits: dict[tuple[int, int], int] = {}
    for event in history.committed("decisions"):
        place = (event.partition, json.loads(event.value or b"{}")["log_offset"])
        if place in logged:
            waits.setdefault(place, event.timestamp_ms - logged[place])
    killed = [each for each in done if OWNER_KILLED in each.what]
    after = [
        wait
        for place, wait in waits.items()
        for each in killed
        if -1_000 < logged[place] - each.begun_ms < AFTERWARDS_MS and not _disturbed(each, done)
    ]
    return Standstill(max(waits.values(), default=0) / 1000, max(after) / 1000 if after else None)


def _disturbed(kill: Done, done: Sequence[Done]) -> bool:
    """Say whether something else happened at the time."""
    return any(
        other is not kill
        and other.begun_ms < kill.begun_ms + AFTERWARDS_MS
        and other.ended_ms > kill.begun_ms - 2_000
        for other in done
    )
