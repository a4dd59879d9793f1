"""Internet access: scopes by place, cost as commit plus what the 95th percentile is above it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from strowger.contract.attributes import Attribute, attributes_of
from strowger.contract.internet import InternetAccess, InternetCost, InternetShown
from strowger.contract.normal import Need, Terms
from strowger.contract.service import shown_fields
from strowger.market.families import Failed, Family, Usage
from strowger.market.meters import Excess
from strowger.market.places import and_around


class Internet(Family):
    """The internet family; its unit is the Mbit/s of commit."""

    name: ClassVar[str] = InternetAccess.FAMILY
    unit: ClassVar[str] = "Mbit/s"
    usage_unit: ClassVar[str] = "Mbit/s"
    counts_calls: ClassVar[bool] = False
    attributes: ClassVar[Mapping[str, Attribute]] = attributes_of(InternetAccess)

    def key(self, scope: tuple[str, ...]) -> str:
        """Give the place."""
        return scope[0]

    def lookups(self, need: Need) -> Sequence[Sequence[str]]:
        """Give the site, its metro, its country."""
        return [(place,) for place in and_around(need.scope[0])]

    def limits(self, terms: Terms, need: Need) -> Iterator[Failed]:
        """Hold the expected 95th percentile below how far traffic may go."""
        ceiling = _ceiling(terms)
        if ceiling < need.quantity:
            yield Failed("ceiling_mbps", "floor", need.quantity, ceiling, unit="Mbit/s")

    def usage(self, terms: Terms, need: Need, default_call_seconds: int) -> Sequence[Usage]:
        """Give a month's Mbit/s above the commit."""
        del default_call_seconds
        over = _overage(terms, need)
        return (Usage("overage", over, 1, "Mbit/s", terms.tariff.usage_nano, tiered=True),)

    def takes(self, terms: Terms, need: Need) -> int:
        """Give the commit."""
        del need
        return _commit(terms)

    def metering(self, terms: Terms) -> int:
        """Give the commit."""
        return _commit(terms)

    def meter(self, need: Need, months: int, default_call_seconds: int) -> Excess:
        """Give a meter of what is above the commit."""
        del default_call_seconds
        return Excess(need.quantity, months)

    def most(self, terms: Terms, left: int | None) -> int | None:
        """Give how far traffic may go, while there is room for the commit."""
        return -1 if left is not None and left < _commit(terms) else _ceiling(terms)

    def takes_metered(self) -> bool:
        """Say that a sale takes the commit."""
        return True

    def shown(self, terms: Terms) -> InternetShown:
        """Give the service as a match shows it."""
        return InternetShown.model_validate(
            {"place": terms.scope[0], **shown_fields(InternetAccess, terms)}
        )

    def sold(self, terms: Terms, need: Need) -> InternetShown:
        """Give the service as a sale freezes it."""
        del need
        return self.shown(terms)

    def basis(self, terms: Terms, need: Need, default_call_seconds: int) -> InternetCost:
        """Say what is above the commit."""
        del default_call_seconds
        return InternetCost(
            expected_p95_mbps=need.quantity,
            commit_mbps=_commit(terms),
            overage_mbps=_overage(terms, need),
        )


def _commit(terms: Terms) -> int:
    commit = terms.attributes["commit_mbps"]
    if not isinstance(commit, int):
        raise TypeError(f"commit_mbps is {commit!r}")
    return commit


def _ceiling(terms: Terms) -> int:
    return int(terms.extra["ceiling_mbps"])


def _overage(terms: Terms, need: Need) -> int:
    return max(0, need.quantity - _commit(terms))
