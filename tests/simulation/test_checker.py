"""The checker is tested, too: it finds nothing in good histories, and each doctored one broken."""

from pathlib import Path
from typing import Final

import pytest

from tests.simulation.checker import CHECKS, check
from tests.simulation.checker.reading import Evidence
from tests.simulation.doctored import DOCTORED, Check
from tests.simulation.doctoring import Doctor
from tests.simulation.history import History
from tests.simulation.world import live

SEEDS: Final = range(1, 11)
"""Among them are markets of all kinds that the doctors look for."""


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> list[History]:
    """Play some seeds, once."""
    return [live(seed, Path(tmp_path_factory.mktemp(f"seed-{seed}"))) for seed in SEEDS]


@pytest.mark.timeout(300)
def test_a_good_history_passes(histories: list[History]) -> None:
    """Nothing is found where nothing is wrong."""
    assert [violation for history in histories for violation in check(history)] == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("promise", "doctor"),
    [pytest.param(promise, doctor, id=name) for name, promise, doctor in DOCTORED],
)
def test_a_doctored_history_is_caught(
    promise: Check, doctor: Doctor, histories: list[History]
) -> None:
    """Each check sees what it is there for: a good history with one thing made wrong."""
    for history in histories:
        doctored = doctor(history)
        if doctored is not None and list(promise(Evidence(doctored))):
            assert not list(promise(Evidence(history)))
            return
    pytest.fail("no doctored history was caught")


def test_every_check_is_tested() -> None:
    """No check is without a history that it must catch."""
    assert {promise for _, promise, _ in DOCTORED} == set(CHECKS)
