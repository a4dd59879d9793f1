"""The normal form of what is offered and asked: what commands carry and the market decides on.

Amounts are integers of 1e-9 currency units, attributes integers of their scale. Every family has
the same form, so that the market's mechanism is one; only the family's own file knows what a scope
means and how usage is counted.
"""

import msgspec

from strowger.contract.attributes import Test, Value


class Tier(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A price of usage above so many units a month."""

    above_units: int
    price_nano: int


class Step(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A price for being bound for so many months."""

    months: int
    recurring_nano: int
    one_off_nano: int


class Tariff(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """An offer's prices. `recurring_nano` none: it is had under a term only."""

    usage_nano: int = 0
    fee_nano: int = 0
    minimum: int = 0
    """The least of a billing unit, in the family's small units (voice: seconds a call)."""
    increment: int = 1
    one_off_nano: int = 0
    recurring_nano: int | None = 0
    steps: tuple[Step, ...] = ()
    tiers: tuple[Tier, ...] = ()
    volume: bool = False
    minimum_nano: int = 0


class Terms(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """An offered service: where it applies, what it is like, what it costs.

    `scope` is the family's own, from the first field that tells it to the last; within a provider's
    `deck` the most specific scope wins. `capacity` is what this offer alone has to sell, in the
    family's units; a shared pool is the offer's, not the service's. `extra` is what only the
    family's own file reads.
    """

    family: str
    scope: tuple[str, ...]
    deck: str = "standard"
    attributes: dict[str, Value] = {}
    tariff: Tariff = Tariff()
    capacity: int | None = None
    extra: dict[str, int | str] = {}


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """One clause of a request; `value` is normalised as the attribute is."""

    attribute: str
    test: Test
    value: Value


class Need(msgspec.Struct, frozen=True, omit_defaults=True):
    """A requested service.

    `scope` is the family's own; `looked_up` is what a gateway found out of reference data: the
    country of a number or a network. `quantity` is in the family's units, a month; `channels` is
    how many at once. `extra` is what only the family's file reads.
    """

    family: str
    scope: tuple[str, ...]
    quantity: int = 0
    channels: int = 0
    clauses: tuple[Asked, ...] = ()
    extra: dict[str, int | str] = {}
    looked_up: str | None = None


class Ranking(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a request wants its offers ranked.

    `cost`; `quality`: by `attributes`, the best first, then cost; `weighted`: by cost plus, for
    each attribute, `weights` of 1e-9 currency units for each unit that it is worse than nothing (a
    higher-is-better attribute lowers the sum).
    """

    by: str = "cost"
    attributes: tuple[str, ...] = ()
    weights: tuple[tuple[str, int], ...] = ()


class Wish(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a request says beside the service: terms, ceilings, exclusions, ranking, pages."""

    comparison_months: int = 1
    max_term_months: int = 1
    max_cost_nano: int | None = None
    undetermined_passes: bool = False
    firm_only: bool = False
    exclude_providers: tuple[str, ...] = ()
    ranking: Ranking = Ranking()
    near_misses: int = 3
    after: str | None = None
