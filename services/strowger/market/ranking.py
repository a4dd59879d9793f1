"""The order of offers: by cost, by quality, or by cost with qualities priced in; in integers."""

from collections.abc import Mapping
from typing import Final

from strowger.contract.attributes import Attribute, Value
from strowger.contract.normal import Ranking, Terms
from strowger.market.entities import Quote
from strowger.market.scopes import Item

Order = tuple[int | str, ...]
"""What offers are sorted by; no two offers have the same."""

FINEST: Final = 6
"""No attribute has more decimals than this: weighted sums count in so many more."""


def rankable(ranking: Ranking, attributes: Mapping[str, Attribute]) -> bool:
    """Say whether a family can be ranked so: by its own attributes, of which one way is better."""
    named = (*ranking.attributes, *(name for name, _ in ranking.weights))
    return all(name in attributes and attributes[name].better for name in named)


def order(
    ranking: Ranking, attributes: Mapping[str, Attribute], item: Item, terms: Terms, quote: Quote
) -> Order:
    """Give an offer's place; ties by how long the revision has stood, then by its names."""
    return (*first(ranking, attributes, terms.attributes, quote.ranking_nano), *item.standing)


def first(
    ranking: Ranking,
    attributes: Mapping[str, Attribute],
    values: Mapping[str, Value],
    ranking_nano: int,
) -> Order:
    """Give the parts of a place that come before ties, from the values that an offer gives."""
    match ranking.by:
        case "quality":
            qualities = (
                _quality(values.get(name), attributes[name]) for name in ranking.attributes
            )
            return (*(part for quality in qualities for part in quality), ranking_nano)
        case "weighted":
            return _weighted(ranking, attributes, values, ranking_nano)
    return (ranking_nano,)


def _quality(value: Value | None, mark: Attribute) -> tuple[int, int]:
    if not isinstance(value, int):
        return 1, 0
    return 0, -value if mark.better == "higher" else value


def _weighted(
    ranking: Ranking,
    attributes: Mapping[str, Attribute],
    values: Mapping[str, Value],
    ranking_nano: int,
) -> tuple[int, int]:
    absent = 0
    score = ranking_nano * 10**FINEST
    for name, weight_nano in ranking.weights:
        value, mark = values.get(name), attributes[name]
        if not isinstance(value, int):
            absent = 1
            continue
        worth = weight_nano * value * 10 ** (FINEST - mark.scale)
        score += -worth if mark.better == "higher" else worth
    return absent, score
