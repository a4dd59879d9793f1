"""A part of the seeds that `make simulate` plays, and that a seed is all there is to a history."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.__main__ import play
from tests.simulation.checker.reading import Violation
from tests.simulation.history import History
from tests.simulation.story import story, verdict

SEEDS = (*range(1, 41), 1760)
"""The first ones, and one that found matching trying to abort what was aborted already."""

Played = list[tuple[History, list[Violation]]]


@pytest.fixture(scope="module")
def played() -> Played:
    """Play CI's part of the seeds, once."""
    return [play(seed) for seed in SEEDS]


@pytest.mark.timeout(300)
def test_no_seed_breaks_a_promise(played: Played) -> None:
    """Whatever is killed, paused, lost and dealt out anew: every invariant holds."""
    broken = [verdict(history, violations) for history, violations in played if violations]
    assert not broken, "\n".join(broken)


def test_the_seeds_reach_what_is_worth_checking(played: Played) -> None:
    """Faults of each kind happen, and so do sales, ends of sessions and refusals of many names."""
    histories = [history for history, _ in played]
    faults = " ".join(fault for history in histories for fault in history.faults)
    for kind in ("is killed at", "stands still", "cannot reach", "is not told", "dealt out anew"):
        assert kind in faults, kind
    assert "compacted" in faults
    assert "the log's clock" in faults
    for step in ("ending the transaction", "having ended the transaction", "starting a producer"):
        assert f"at {step}" in faults, step
    told = {word for history in histories for line in story(history) for word in line.split()}
    for outcome in ("acceptance-confirmed", "session-ended", "offer-sold", "change-taken"):
        assert outcome in told, outcome
    for refusal in ("session_ended", "offer_changed", "not_shown", "capacity_exhausted"):
        assert refusal in told, refusal


def test_a_seed_is_all_there_is_to_a_history() -> None:
    """The same seed leaves the same bytes, in another process with other hashes, too."""
    ours = [_digest(play(seed)[0]) for seed in (3, 6)]
    script = (
        "from tests.simulation.test_simulation import digests; print(' '.join(digests((3, 6))))"
    )
    for hash_seed in ("1", "2"):
        path = os.pathsep.join(["services", "."])
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
        theirs = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", script],
            cwd=Path(__file__).parents[2],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        assert theirs.stdout.split() == ours


def digests(seeds: tuple[int, ...]) -> list[str]:
    """Play seeds; give a digest of all that each left behind."""
    return [_digest(play(seed)[0]) for seed in seeds]


def _digest(history: History) -> str:
    digest = hashlib.sha256()
    for topic in sorted(history.records):
        for event in history.records[topic]:
            digest.update(repr(event).encode())
    digest.update(repr(history.faults).encode())
    return digest.hexdigest()
