"""Ethernet lines: scopes by unordered pairs of places, cost as charges alone."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from strowger.contract.attributes import Attribute, attributes_of
from strowger.contract.ethernet import EthernetCost, EthernetLine, EthernetShown
from strowger.contract.normal import Need, Terms
from strowger.contract.service import shown_fields
from strowger.market.families import Family
from strowger.market.meters import Flat
from strowger.market.places import and_around


class Ethernet(Family):
    """The Ethernet family; its unit is the Mbit/s of committed information rate."""

    name: ClassVar[str] = EthernetLine.FAMILY
    unit: ClassVar[str] = "Mbit/s"
    usage_unit: ClassVar[str] = ""
    counts_calls: ClassVar[bool] = False
    attributes: ClassVar[Mapping[str, Attribute]] = attributes_of(EthernetLine)

    def key(self, scope: tuple[str, ...]) -> str:
        """Give both ends, in the order of their names."""
        return "|".join(sorted(scope))

    def lookups(self, need: Need) -> Sequence[Sequence[str]]:
        """Give the pairs of places around the ends, the most exact first, equals together."""
        near, far = (and_around(end) for end in need.scope)
        exact: dict[tuple[int, int], list[str]] = {}
        for a_level, a in zip(range(len(near), 0, -1), near, strict=True):
            for z_level, z in zip(range(len(far), 0, -1), far, strict=True):
                key = f"{a}|{z}" if a <= z else f"{z}|{a}"
                equals = exact.setdefault((a_level + z_level, max(a_level, z_level)), [])
                if key not in equals:
                    equals.append(key)
        return [exact[each] for each in sorted(exact, reverse=True)]

    def meter(self, need: Need, months: int, default_call_seconds: int) -> Flat:
        """There is no usage to meter."""
        del need, months, default_call_seconds
        return Flat()

    def shown(self, terms: Terms) -> EthernetShown:
        """Give the service as a match shows it."""
        a, z = terms.scope
        return EthernetShown.model_validate({"a": a, "z": z, **shown_fields(EthernetLine, terms)})

    def sold(self, terms: Terms, need: Need) -> EthernetShown:
        """Give the service as a sale freezes it."""
        del need
        return self.shown(terms)

    def basis(self, terms: Terms, need: Need, default_call_seconds: int) -> EthernetCost:
        """There is no usage to tell."""
        del terms, need, default_call_seconds
        return EthernetCost()
