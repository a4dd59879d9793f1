"""The seam between the market and the services traded in it: one family, one file.

A family says what its scopes mean, how usage is counted and how it is told to people. Selecting,
testing, costing and ranking are the market's, and the same for all.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, NamedTuple

from strowger.contract.attributes import Attribute, Test, Value
from strowger.contract.families import CostBasis, ShownService, SoldService
from strowger.contract.normal import Need, Terms
from strowger.market.meters import Meter


class Usage(NamedTuple):
    """A month's usage: `quantity` / `per` units at a price, or in the offer's tiers."""

    charge: str
    quantity: int
    per: int
    unit: str
    price_nano: int
    tiered: bool


class Failed(NamedTuple):
    """A clause that an offer fails; `offered` is none where the offer says nothing to it.

    Values are normalised; `scale` is how many decimals an integer has. With `costless` the offer
    cannot even be costed.
    """

    clause: str
    test: Test
    asked: Value
    offered: Value | None
    scale: int = 0
    unit: str = ""
    costless: bool = False


class Family(ABC):
    """One service family; stateless."""

    name: ClassVar[str]
    unit: ClassVar[str]
    """What its quantities count, in words."""

    usage_unit: ClassVar[str] = ""
    """What its usage prices count, in words; empty where there is no usage."""

    counts_calls: ClassVar[bool] = False
    """Whether usage is calls, each rounded to an increment of seconds."""

    attributes: ClassVar[Mapping[str, Attribute]]

    @abstractmethod
    def key(self, scope: tuple[str, ...]) -> str:
        """Give what an offer's scope is indexed under; equal exactly for equal scopes."""

    @abstractmethod
    def lookups(self, need: Need) -> Sequence[Sequence[str]]:
        """Give the keys that apply to a request, from the most specific; equals stand together."""

    def codes(self, need: Need) -> tuple[str, ...]:
        """Give the codes that one offer must cover all of; none for a request of one place."""
        del need
        return ()

    def limits(self, terms: Terms, need: Need) -> Iterable[Failed]:
        """Give what of the family's own limits the offer fails."""
        del terms, need
        return ()

    def usage(self, terms: Terms, need: Need, default_call_seconds: int) -> Sequence[Usage]:
        """Give a month's usage; only asked for an offer that no costless limit failed."""
        del terms, need, default_call_seconds
        return ()

    def takes(self, terms: Terms, need: Need) -> int:
        """Give the units that a sale takes from the capacity: what was asked for."""
        del terms
        return need.quantity

    def metering(self, terms: Terms) -> int:
        """Give what of an offer its meter counts by, beside its prices."""
        del terms
        return 0

    def meter(self, need: Need, months: int, default_call_seconds: int) -> Meter | None:
        """Give the meter of a request; none: what an offer costs is only told by the offer."""
        del need, months, default_call_seconds
        return None

    def most(self, terms: Terms, left: int | None) -> int | None:
        """Give the greatest quantity that the offer's limits and what is left of it leave.

        Told of every offer: `limits` and `takes` fail exactly where a request is for more. None: as
        much as is wanted; negative: none at all.
        """
        del terms
        return left

    def takes_metered(self) -> bool:
        """Say whether a sale takes the offer's `metering`, and not the request's quantity."""
        return False

    @abstractmethod
    def shown(self, terms: Terms) -> ShownService:
        """Give the service as a match shows it."""

    @abstractmethod
    def sold(self, terms: Terms, need: Need) -> SoldService:
        """Give the service as a sale freezes it."""

    @abstractmethod
    def basis(self, terms: Terms, need: Need, default_call_seconds: int) -> CostBasis:
        """Say how a month's usage came about."""
