"""Charges that every family shares: one-off, recurring, usage in tiers, terms with their prices.

Prices are without taxes. A month is a month of the comparison that a request asks for; usage is a
month's.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from strowger.contract.fields import Charge, Inbound, Money, Outbound, Price

Units = Annotated[int, Field(ge=0, le=10**12)]


class Tier(Inbound):
    """A price of usage above so many units a month: the first tier above none."""

    above_units: Units
    price: Price


class TermStep(Inbound):
    """A price for being bound for so many months (MEF LSO: a term's duration)."""

    months: Annotated[int, Field(ge=2, le=120)]
    recurring: Charge
    one_off: Charge | None = None
    """The one-off charge under this term; none: that of the offer."""


class Charges(Inbound):
    """What an offer charges beside the family's own price of a unit of usage.

    `tiers` replace that price: `graduated` prices each unit by the tier that it falls in, `volume`
    prices all of them by the tier that the last one falls in. Tiers above 0 and 100 units part
    usage after the hundredth unit: a month of just 100 is wholly in the first.
    `minimum_monthly` is the least that usage is charged a month. `recurring` is the price of a
    month without a term; where it is left out beside `terms`, there is no month without one.
    """

    one_off: Charge = Decimal(0)
    recurring: Charge | None = None
    terms: Annotated[tuple[TermStep, ...], Field(max_length=12)] = ()
    tiers: Annotated[tuple[Tier, ...], Field(max_length=24)] = ()
    tiering: Literal["graduated", "volume"] = "graduated"
    minimum_monthly: Charge = Decimal(0)

    @model_validator(mode="after")
    def _in_order(self) -> "Charges":
        months = [step.months for step in self.terms]
        if months != sorted(set(months)):
            raise ValueError("terms go from the shortest to the longest, each once")
        starts = [tier.above_units for tier in self.tiers]
        if starts and (starts[0] != 0 or starts != sorted(set(starts))):
            raise ValueError("tiers start at 0 units and go up, each start once")
        return self


class TierShown(Outbound):
    """A price of usage above so many units a month: the first tier above none."""

    above_units: int
    price: Money


class TermShown(Outbound):
    """A price for being bound for so many months."""

    months: int
    recurring: Money
    one_off: Money


class PriceTerms(Outbound):
    """An offer's prices as they stood when it was sold, without taxes.

    `usage` is the price of one `usage_unit`; where there are `tiers`, they are its prices.
    """

    usage: Money
    usage_unit: str
    connect_fee: Money
    minimum_seconds: int | None
    increment_seconds: int | None
    one_off: Money
    recurring: Money | None
    terms: tuple[TermShown, ...]
    tiers: tuple[TierShown, ...]
    tiering: str
    minimum_monthly: Money


class CostLine(Outbound):
    """One line of a cost: amount = quantity x price, rounded half up to 1e-9; lines add up.

    `quantity` counts `unit`s; where it is no whole number it is an exact fraction like `100/3`.
    """

    charge: str
    quantity: str
    unit: str
    price: Money
    amount: Money
