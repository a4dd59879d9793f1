"""What a request says beside the service, as the market takes it."""

from typing import Any

import pytest

from strowger.contract.commands import RefuseEvent, SubmitRequest
from strowger.contract.normal import Ranking
from tests.gateway_records import DEMAND, REQUEST, record, verdict


def _wished(**said: object) -> object:
    return verdict(record("request-submitted", {**REQUEST, "service": DEMAND, **said}))


@pytest.mark.parametrize(
    ("said", "ranking"),
    [
        ({"by": "cost"}, Ranking()),
        (
            {"by": "quality", "attributes": ["pdd_ms", "asr_percent"]},
            Ranking(by="quality", attributes=("pdd_ms", "asr_percent")),
        ),
        (
            {"by": "weighted", "weights": [{"attribute": "asr_percent", "per_unit": "0.5"}]},
            Ranking(by="weighted", weights=(("asr_percent", 500_000_000),)),
        ),
    ],
)
def test_a_ranking_is_normalised(said: dict[str, Any], ranking: Ranking) -> None:
    """Attributes keep their order, weights are integers of 1e-9 a unit."""
    command = _wished(ranking=said)
    assert isinstance(command, SubmitRequest)
    assert command.wish.ranking == ranking


@pytest.mark.parametrize(
    "said",
    [
        {"by": "quality", "attributes": ["delay_ms"]},
        {"by": "quality", "attributes": ["asr_percent", "codecs"]},
        {"by": "weighted", "weights": [{"attribute": "cli", "per_unit": "1"}]},
        {"by": "weighted", "weights": [{"attribute": "rate_per_minute", "per_unit": "1"}]},
    ],
)
def test_only_numbers_with_a_better_end_rank(said: dict[str, Any]) -> None:
    """An attribute of another family, a word, a set or a price is refused for good."""
    command = _wished(ranking=said)
    assert isinstance(command, RefuseEvent)
    assert command.refusal == "unknown_attribute"


@pytest.mark.parametrize(
    ("said", "months"),
    [
        ({}, (1, 1)),
        ({"comparison_months": 24}, (24, 24)),
        ({"comparison_months": 24, "max_term_months": 12}, (24, 12)),
        ({"max_term_months": 36}, (1, 36)),
    ],
)
def test_without_a_longest_term_it_is_the_comparison(
    said: dict[str, Any], months: tuple[int, int]
) -> None:
    """Whoever compares two years is ready to be bound for two, unless it says otherwise."""
    command = _wished(**said)
    assert isinstance(command, SubmitRequest)
    assert (command.wish.comparison_months, command.wish.max_term_months) == months
