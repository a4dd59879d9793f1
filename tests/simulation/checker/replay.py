"""Invariants 5, 6, 8 and 9: the log, decided once more by the core and by the naive market.

The naive market scans everything and shares no code with the core. The core is asked to decide the
log again: it must give the same bytes.
"""

import contextlib
from collections.abc import Iterator

import msgspec

from strowger.contract import commands
from strowger.contract.commands import AnyCommand
from tests.property.comparing import Comparison, Disagreement
from tests.simulation.checker.reading import Evidence, Violation
from tests.simulation.history import Event


def decided_as_the_log_says(evidence: Evidence) -> Iterator[Violation]:
    """See every decision follow from the log, as the rules of the design say it must."""
    recorded = [decided.event.value for decided in evidence.decided]
    replayed: list[bytes] = []
    for partition in sorted({each.event.partition for each in evidence.decided}):
        comparison = Comparison()
        for command, event in _commands(evidence, partition):
            try:
                decisions = comparison.decide_at(command, event.timestamp_ms, event.offset)
            except Disagreement as disagreement:
                yield Violation(8, f"decided otherwise than the rules say: {disagreement}")
                return
            replayed += [each.model_dump_json().encode() for each in decisions]
    for at, (once, again) in enumerate(zip(recorded, replayed, strict=False)):
        if once != again:
            yield Violation(9, f"decision {at} is decided otherwise when the log is replayed")
            return
    if len(recorded) != len(replayed):
        yield Violation(9, f"{len(recorded)} decisions, {len(replayed)} when the log is replayed")


def _commands(evidence: Evidence, partition: int) -> Iterator[tuple[AnyCommand, Event]]:
    """Give the commands of a partition; what was redelivered to the log counts once."""
    applied: dict[tuple[str, int], int] = {}
    for event in evidence.history.committed("market-log"):
        if event.partition != partition:
            continue
        with contextlib.suppress(msgspec.MsgspecError):
            command = commands.decode(event.value or b"")
            if command.origin is not None:
                place = (command.origin.topic, command.origin.partition)
                if command.origin.offset <= applied.get(place, -1):
                    continue
                applied[place] = command.origin.offset
            yield command, event
