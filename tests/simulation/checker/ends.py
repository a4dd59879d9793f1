"""Invariant 11, and that all comes to its end once faults are healed."""

from collections.abc import Iterator

from tests.simulation.checker.reading import Evidence, Violation


def all_comes_to_its_end(evidence: Evidence) -> Iterator[Violation]:
    """See nothing left over, within the bound, after everything was healed."""
    if not evidence.history.settled:
        yield Violation(11, f"not at its end: {evidence.history.unsettled}")


def sessions_end(evidence: Evidence) -> Iterator[Violation]:
    """See every session that was granted ended."""
    ended = {
        (each.recipient, each.told["session_id"])
        for each in evidence.decided
        if each.kind == "session-ended"
    }
    for decided in evidence.decided:
        if decided.kind == "session-granted":
            session = (decided.participant, decided.told["session_id"])
            if session not in ended:
                yield Violation(11, f"session {session} never ended")


def services_bear_it(evidence: Evidence) -> Iterator[Violation]:
    """See no service end by an error of its own, and no rule of the market fail."""
    for death in evidence.history.deaths:
        yield Violation(10, f"a service ended by itself: {death}")
    for decided in evidence.decided:
        if decided.told.get("refusal") == "internal_fault":
            yield Violation(10, f"a rule failed on {decided.told['subject']}")
