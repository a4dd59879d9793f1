"""A part of `make mutants`: bugs planted in the services are seen by what the exchange does."""

import pytest

from tests.simulation.mutants.__main__ import MUTANTS
from tests.simulation.mutants.looking import look_for
from tests.simulation.mutants.mutant import Mutant

_QUICK = {
    "answer a repeat anew",
    "believe the body",
    "fence nobody",
    "move the ledger before it is written",
}
"""One a layer, each seen within few seeds."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "mutant", [each for each in MUTANTS if each.name in _QUICK], ids=lambda each: str(each.name)
)
def test_a_planted_bug_is_seen(mutant: Mutant) -> None:
    """The checker tells of each in a sentence about a promise that it is known to break."""
    seen = look_for(mutant, most_seeds=40)
    assert seen.is_caught, seen.sentence


def test_each_bug_is_told_apart() -> None:
    """No two mutants have one name, and each says what it does and which promise it breaks."""
    assert len({each.name for each in MUTANTS}) == len(MUTANTS)
    assert all(each.plant.__doc__ and each.breaks for each in MUTANTS)
