"""What every family's contract types are: an offered service, and a requested one.

A fifth family is one file like `voice.py`, its types named in `families.py`, and one file in
`market/`. The recipe is in deploy/recipes/add-a-family.md.
"""

from abc import abstractmethod
from typing import Any, ClassVar

from strowger.contract.attributes import attributes_of, normal_attributes, normal_clauses, to_wire
from strowger.contract.charges import Charges
from strowger.contract.fields import Inbound, Outbound, Reference, to_nano
from strowger.contract.normal import Asked, Need, Step, Tariff, Terms, Tier


class Offered(Inbound):
    """A service as a provider offers it; its fields with an `Attribute` mark are its qualities."""

    FAMILY: ClassVar[str]
    deck: Reference = "standard"
    """The provider's product or rate deck: within it the most specific scope wins."""

    charges: Charges = Charges()

    @abstractmethod
    def scope(self) -> tuple[str, ...]:
        """Give where the service applies, in the family's own parts."""

    def usage_tariff(self) -> Tariff:
        """Give the family's own prices: of a unit of usage, of a call."""
        return Tariff()

    def capacity(self) -> int | None:
        """Give what this offer alone has to sell, in the family's units; none: unlimited."""
        return None

    def extra(self) -> dict[str, int | str]:
        """Give what only the family's own file reads."""
        return {}

    def terms(self) -> Terms:
        """Normalise the service."""
        return Terms(
            family=self.FAMILY,
            scope=self.scope(),
            deck=self.deck,
            attributes=normal_attributes(self),
            tariff=_with_charges(self.usage_tariff(), self.charges),
            capacity=self.capacity(),
            extra=self.extra(),
        )


class Shown(Outbound):
    """A service as a match shows it and a sale freezes it: its scope and its qualities."""

    FAMILY: ClassVar[str]
    deck: str


class Requested(Inbound):
    """A service as a buyer asks for it; its fields with a `Clause` mark are its clauses."""

    OFFERED: ClassVar[type[Offered]]

    @abstractmethod
    def scope(self) -> tuple[str, ...]:
        """Give where the service is wanted, in the family's own parts."""

    def quantity(self) -> int:
        """Give how much is wanted a month, in the family's units."""
        return 0

    def channels(self) -> int:
        """Give how many are wanted at once."""
        return 0

    def extra(self) -> dict[str, int | str]:
        """Give what only the family's own file reads."""
        return {}

    def need(self, looked_up: str | None) -> Need:
        """Normalise the request, with what the gateway found out about it."""
        attributes = attributes_of(self.OFFERED)
        return Need(
            family=self.OFFERED.FAMILY,
            scope=self.scope(),
            quantity=self.quantity(),
            channels=self.channels(),
            clauses=tuple(Asked(*clause) for clause in normal_clauses(self, attributes)),
            extra=self.extra(),
            looked_up=looked_up,
        )


def shown_fields(offered: type[Offered], terms: Terms) -> dict[str, Any]:
    """Give the fields of a shown service that its deck and attributes settle."""
    marks = attributes_of(offered)
    return {
        "deck": terms.deck,
        **{name: to_wire(value, marks[name].scale) for name, value in terms.attributes.items()},
    }


def _with_charges(usage: Tariff, charges: Charges) -> Tariff:
    recurring_nano = 0 if charges.recurring is None else to_nano(charges.recurring)
    one_off_nano = to_nano(charges.one_off)
    return Tariff(
        usage_nano=usage.usage_nano,
        fee_nano=usage.fee_nano,
        minimum=usage.minimum,
        increment=usage.increment,
        one_off_nano=one_off_nano,
        recurring_nano=None if charges.recurring is None and charges.terms else recurring_nano,
        steps=tuple(
            Step(
                step.months,
                to_nano(step.recurring),
                one_off_nano if step.one_off is None else to_nano(step.one_off),
            )
            for step in charges.terms
        ),
        tiers=tuple(Tier(tier.above_units, to_nano(tier.price)) for tier in charges.tiers),
        volume=charges.tiering == "volume",
        minimum_nano=to_nano(charges.minimum_monthly),
    )
