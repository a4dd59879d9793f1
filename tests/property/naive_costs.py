"""What an offer costs for a request, in fractions of a currency unit: every line by its formula."""

import math
from dataclasses import dataclass
from fractions import Fraction

from strowger.contract.normal import Need, Tariff, Terms
from tests.property.naive_words import Facts, exactly, nano

ONE = Fraction(1)


@dataclass(frozen=True)
class Line:
    """One line: its amount is quantity x price in whole 1e-9 units, half of one rounded up."""

    charge: str
    quantity: Fraction
    unit: str
    price_nano: int
    of_usage: bool = False

    @property
    def amount_nano(self) -> int:
        """Give the amount."""
        return half_up(self.quantity * self.price_nano)

    def told(self) -> Facts:
        """Write the line as a match shows it."""
        return {
            "charge": self.charge,
            "quantity": exactly(self.quantity),
            "unit": self.unit,
            "price": nano(self.price_nano),
            "amount": nano(self.amount_nano),
        }


@dataclass(frozen=True)
class Bound:
    """How long a buyer is bound, and the charges of that: none is from month to month."""

    months: int | None
    recurring_nano: int
    one_off_nano: int


@dataclass(frozen=True)
class Quoted:
    """What an offer costs: the lines, how long it binds, and how usage came about."""

    lines: list[Line]
    bound: Bound
    months: int
    basis: Facts

    @property
    def cost_nano(self) -> int:
        """Give the sum of the lines."""
        return sum(line.amount_nano for line in self.lines)


def half_up(exact: Fraction) -> int:
    """Round to a whole number, a half up."""
    return math.floor(exact + Fraction(1, 2))


def eligible(tariff: Tariff, most_months: int) -> list[Bound]:
    """Give the ways to be bound that a buyer accepts, the shortest first."""
    ways = []
    if tariff.recurring_nano is not None:
        ways.append(Bound(None, tariff.recurring_nano, tariff.one_off_nano))
    steps = sorted(tariff.steps, key=lambda step: step.months)
    ways += [
        Bound(step.months, step.recurring_nano, step.one_off_nano)
        for step in steps
        if step.months <= most_months
    ]
    return ways


def quoted(terms: Terms, need: Need, months: int, most_months: int, default_call: int) -> Quoted:
    """Work out an offer's cost over some months; a way to be bound must be eligible."""
    tariff = terms.tariff
    ways = eligible(tariff, most_months)
    bound = min(ways, key=lambda way: way.one_off_nano + way.recurring_nano * months)
    lines = [
        Line("one-off", ONE, "", bound.one_off_nano),
        Line("recurring", Fraction(months), "month", bound.recurring_nano),
    ]
    usage, basis = _USAGE[terms.family](terms, need, months, default_call)
    lines = [line for line in lines + usage if line.amount_nano or line.of_usage]
    used_nano = sum(line.amount_nano for line in usage if line.charge != "connect fee")
    least_nano = tariff.minimum_nano * months
    if least_nano > used_nano:
        lines.append(Line("minimum", ONE, "", least_nano - used_nano))
    return Quoted(lines, bound, months, basis)


def _voice(terms: Terms, need: Need, months: int, default_call: int) -> tuple[list[Line], Facts]:
    tariff = terms.tariff
    call_seconds = int(need.extra.get("call_seconds", default_call))
    calls = math.ceil(Fraction(need.quantity * 60, call_seconds))
    increments = math.ceil(Fraction(call_seconds, tariff.increment))
    billed_seconds = max(tariff.minimum, increments * tariff.increment)
    minutes = Fraction(calls * billed_seconds, 60)
    fee = Line("connect fee", Fraction(calls * months), "call", tariff.fee_nano)
    basis: Facts = {
        "family": "voice",
        "answered_calls": calls,
        "call_seconds": call_seconds,
        "billed_seconds": billed_seconds,
        "rate_per_minute": nano(tariff.usage_nano),
        "connect_fee": nano(tariff.fee_nano),
    }
    return [fee, *_priced(tariff, "usage", minutes, "minute", months, kept=True)], basis


def _internet(terms: Terms, need: Need, months: int, _: int) -> tuple[list[Line], Facts]:
    commit = terms.attributes["commit_mbps"]
    assert isinstance(commit, int)
    over = max(0, need.quantity - commit)
    basis: Facts = {
        "family": "internet",
        "expected_p95_mbps": need.quantity,
        "commit_mbps": commit,
        "overage_mbps": over,
    }
    lines = _priced(terms.tariff, "overage", Fraction(over), "Mbit/s", months, kept=False)
    return lines, basis


def _sms(terms: Terms, need: Need, months: int, _: int) -> tuple[list[Line], Facts]:
    charged = str(terms.extra.get("charged", "submitted"))
    rate = terms.attributes.get("delivery_rate_percent")
    messages = Fraction(need.quantity)
    if charged == "submitted":
        assert isinstance(rate, int)
        messages /= Fraction(rate, 10_000)
    basis: Facts = {
        "family": "sms",
        "charged": charged,
        "delivered_messages": need.quantity,
        "delivery_rate_percent": nano(rate * 10**7) if isinstance(rate, int) else None,
        "charged_messages": exactly(messages),
    }
    return _priced(terms.tariff, "usage", messages, "message", months, kept=True), basis


def _ethernet(_terms: Terms, _need: Need, _months: int, _: int) -> tuple[list[Line], Facts]:
    return [], {"family": "ethernet"}


_USAGE = {"voice": _voice, "internet": _internet, "sms": _sms, "ethernet": _ethernet}


def _priced(
    tariff: Tariff, charge: str, used: Fraction, unit: str, months: int, *, kept: bool
) -> list[Line]:
    """Price a month's usage, in tiers if there are any, for all months."""
    if not tariff.tiers:
        return [Line(charge, used * months, unit, tariff.usage_nano, kept)]
    if tariff.volume:
        first, *others = tariff.tiers
        reached = [first, *(each for each in others if each.above_units < used)]
        price_nano = reached[-1].price_nano
        return [Line(charge, used * months, unit, price_nano, kept)]
    lines = []
    ends = [*(tier.above_units for tier in tariff.tiers[1:]), math.inf]
    for tier, end in zip(tariff.tiers, ends, strict=True):
        part = (used if end > used else Fraction(int(end))) - tier.above_units
        if part > 0 or (used == 0 and tier.above_units == 0):
            name = f"{charge} above {tier.above_units}"
            lines.append(Line(name, part * months, unit, tier.price_nano, kept))
    return lines
