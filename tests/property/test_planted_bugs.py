"""The comparison is tested, too: bugs planted in the core are caught by a bounded look."""

import pytest
from hypothesis import Phase, given, settings

from tests.commands import NOON_MS, Commands
from tests.property import (
    planted_in_costs,
    planted_in_feed,
    planted_in_hiding,
    planted_in_index,
    planted_in_matching,
    planted_in_policies,
    planted_in_rules,
)
from tests.property.comparing import Comparison, Disagreement, compare
from tests.property.crowds import compare_crowd
from tests.property.plans import PLANS, take
from tests.property.planted_in_rules import Plant
from tests.property.script_operator import POLICIES
from tests.property.script_steps import Step
from tests.property.scripts import DECLARE, NOTICE, declaring, long_script, scripts

_OPENINGS = (
    DECLARE,
    NOTICE,
    *(declaring(policy) for policy in POLICIES),
    *(declaring(policy, holding=True) for policy in ("open", "guarded", "snapshot")),
)
_LIMITED = (
    (1912, declaring("open", limited=True)),
    (1913, declaring("guarded", limited=True)),
    (1914, declaring("sealed", limited=True)),
)
_PLANTED = {
    "as it chooses": (
        *planted_in_rules.PLANTED,
        *planted_in_policies.PLANTED,
        *planted_in_hiding.PLANTED,
        *planted_in_feed.PLANTED,
        *planted_in_index.PLANTED,
        *planted_in_index.PLANTED_ONE_BY_ONE,
    ),
    "by columns": (*planted_in_index.PLANTED, *planted_in_index.PLANTED_IN_COLUMNS),
    "by a scan": (*planted_in_matching.PLANTED, *planted_in_costs.PLANTED),
}


@pytest.mark.parametrize(
    ("plan", "plant"),
    [(plan, plant) for plan, plants in _PLANTED.items() for plant in plants],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
def test_a_planted_bug_is_caught(plan: str, plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look like that of every test run sees the core and the naive market disagree."""
    take(plan, monkeypatch)
    plant(monkeypatch)

    with pytest.raises(Disagreement) as caught:
        look()
    assert caught.value.__cause__ is None, "what fails is no bug that needs a comparison"


@pytest.mark.parametrize("plan", PLANS)
def test_without_a_bug_nothing_is_caught(plan: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same look at the core as it is sees no disagreement, by whichever plan."""
    take(plan, monkeypatch)

    look()


def look() -> None:
    """Compare some crowds, some long scripts, and a fixed sample of short ones."""
    for seed in range(16):
        compare_crowd(seed)
    for seed in (*range(1889, 1911), 1927, 1975, 2023):
        compare(long_script(seed, steps=600, opening=_OPENINGS[seed % len(_OPENINGS)]))
    look_at_short_ones()
    look_at_what_a_schedule_brings()
    for seed, opening in _LIMITED:
        compare(long_script(seed, steps=400, opening=opening))
    for seed, policy in enumerate(POLICIES, start=1930):
        compare(long_script(seed, steps=600, opening=declaring(policy, hiding=True)))


@settings(max_examples=150, derandomize=True, database=None, phases=[Phase.generate])
@given(scripts())
def look_at_short_ones(script: list[Step]) -> None:
    """Compare a fixed sample of scripts."""
    compare(script)


def look_at_what_a_schedule_brings() -> None:
    """Compare the sale of what a guarded session was shown before another price came into force."""
    make, comparison = Commands(), Comparison()
    dearer = make.publish(revision=2, rate_nano=90_000_000, effective_at_ms=NOON_MS + 2_000)
    for elapsed_ms, command in (
        *((0, each) for each in (make.declare(policy="guarded"), make.publish(), dearer)),
        *((1_000, each) for each in (make.open(), make.request())),
        *((2_000, each) for each in (make.accept(), make.close())),
    ):
        comparison.decide(command, NOON_MS + elapsed_ms)
