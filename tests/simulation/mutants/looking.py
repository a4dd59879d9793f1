"""Play seeds with a bug planted, until the checker tells of it in a sentence about behaviour."""

import tempfile
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.simulation.__main__ import MEMORY
from tests.simulation.checker import check, ends
from tests.simulation.checker.reading import Evidence, Violation
from tests.simulation.mutants.mutant import Mutant
from tests.simulation.world import live

MOST_SEEDS: Final = 1000
"""A bug that so many seeds do not show is missed.

Most show within ten. One took 616: a schedule has to come into force between showing and sale in a
guarded market.
"""

_OUR_WORDS: Final = ("RestoreFailed(", "LogGap(", "TransactionHangs(")
"""What services are meant to end by when they find what cannot be: no crash of a patch."""


class Seen(NamedTuple):
    """How a bug was seen: by which invariants, after how many seeds, in the checker's words."""

    invariants: tuple[int, ...]
    seeds: int
    sentence: str

    @property
    def is_caught(self) -> bool:
        """Whether it was seen at all."""
        return bool(self.invariants)


def look_for(mutant: Mutant, most_seeds: int = MOST_SEEDS) -> Seen:
    """Play seeds until one breaks a promise that the bug is known to break.

    The patch is undone before the history is checked: whoever checks it decides as ever.
    """
    last = ""
    for seed in range(1, most_seeds + 1):
        crashes, violations = _play(mutant, seed)
        if crashes:
            last = f"crashes instead: {crashes[0]}"
            continue
        found = [each for each in violations if each.invariant in mutant.breaks]
        if found:
            invariants = tuple(sorted({each.invariant for each in violations}))
            return Seen(invariants, seed, found[0].sentence)
        if violations:
            last = f"seen otherwise: {violations[0]}"
    return Seen((), most_seeds, last)


def _play(mutant: Mutant, seed: int) -> tuple[list[str], list[Violation]]:
    """Give what crashed, and what is seen of the bug by what the exchange did."""
    with tempfile.TemporaryDirectory(prefix="strowger-mutant-", dir=MEMORY) as folder:
        with pytest.MonkeyPatch.context() as patch:
            mutant.plant_in(patch)
            history = live(seed, Path(folder))
        crashes = [
            death for death in history.deaths if not any(word in death for word in _OUR_WORDS)
        ]
        told_of_deaths = set(map(str, ends.services_bear_it(Evidence(history))))
        return crashes, [each for each in check(history) if str(each) not in told_of_deaths]
