"""The matching benchmark, small: every engine gives the same answers. No time is asserted."""

import pytest

from tests.bench.matching.mixes import NAMES
from tests.bench.matching.one_mix import measure


@pytest.mark.parametrize("name", NAMES)
def test_every_engine_gives_the_same_answers(name: str) -> None:
    """SQLite, DuckDB, mokaccino and the index agree on who is able, the order and the costs."""
    result = measure(name, offers=400, operations=120, seed=7, peers=True)
    assert result["compared"] > 200
    assert result["different"] == 0, result["first"]


def test_answers_are_not_all_empty() -> None:
    """The mixes ask for what is there: else agreement would say nothing."""
    by_size = measure("skewed", offers=400, operations=120, seed=7, peers=False)["by_size"]
    assert by_size["1-9"] > 0
