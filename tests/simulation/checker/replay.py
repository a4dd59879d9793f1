"""Invariant 9: the log, decided once more by a fresh core, must give the same bytes.

This is the one place where the checker asks the core: what it decides is held against itself here,
and against the rules by `rules`.
"""

from collections.abc import Iterator

from strowger.market.markets import Markets
from tests.simulation.checker.reading import Evidence, Violation
from tests.simulation.checker.rules import commands_of


def decided_as_the_log_says(evidence: Evidence) -> Iterator[Violation]:
    """See a core that starts from nothing decide the log in the very same bytes."""
    recorded = [decided.event.value for decided in evidence.decided]
    replayed: list[bytes] = []
    for partition in sorted({each.event.partition for each in evidence.decided}):
        core = Markets()
        for command, event in commands_of(evidence, partition):
            decisions = core.apply(command, event.timestamp_ms, event.offset)
            replayed += [each.model_dump_json().encode() for each in decisions]
    for at, (once, again) in enumerate(zip(recorded, replayed, strict=False)):
        if once != again:
            yield Violation(9, f"decision {at} is decided otherwise when the log is replayed")
            return
    if len(recorded) != len(replayed):
        yield Violation(9, f"{len(recorded)} decisions, {len(replayed)} when the log is replayed")
