"""Normalise what a request says beside the service: terms, ceilings, exclusions, ranking."""

from collections.abc import Iterator
from typing import ClassVar

from strowger.contract.attributes import attributes_of
from strowger.contract.fields import to_nano
from strowger.contract.inbound import RankBy, RequestSubmitted
from strowger.contract.normal import Ranking, Wish
from strowger.contract.refusals import Refusal
from strowger.contract.service import Offered
from strowger.gateways.unknown import Unknown


class UnknownAttribute(Unknown):
    """The family has no such attribute, or none of which more, or less, is better."""

    refusal: ClassVar[Refusal] = Refusal.UNKNOWN_ATTRIBUTE


def wish_of(request: RequestSubmitted) -> Wish:
    """Give a request's wish; without a longest term it is as long as the comparison.

    Raises:
        UnknownAttribute: it ranks by what offers of this family cannot be ranked by.
    """
    months = request.comparison_months
    return Wish(
        comparison_months=months,
        max_term_months=months if request.max_term_months is None else request.max_term_months,
        max_cost_nano=None if request.max_cost is None else to_nano(request.max_cost),
        undetermined_passes=request.undetermined == "pass",
        firm_only=request.firm_only,
        exclude_providers=tuple(sorted(set(request.exclude_providers))),
        ranking=_ranking(request.ranking, request.service.OFFERED),
        near_misses=request.near_misses,
        after=request.after,
    )


def _ranking(said: RankBy, offered: type[Offered]) -> Ranking:
    known = attributes_of(offered)
    for name in _named(said):
        if name not in known or known[name].better is None:
            raise UnknownAttribute(f"offers of {offered.FAMILY} are not ranked by {name}")
    return Ranking(
        by=said.by,
        attributes=said.attributes,
        weights=tuple((weight.attribute, to_nano(weight.per_unit)) for weight in said.weights),
    )


def _named(said: RankBy) -> Iterator[str]:
    yield from said.attributes
    for weight in said.weights:
        yield weight.attribute
