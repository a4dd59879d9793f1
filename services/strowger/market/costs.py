"""What an offer costs for a request: exact lines that a person can add up.

Every line is quantity x price, rounded half up to 1e-9 currency units; quantities are exact
fractions. Taxes are no part of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import gcd
from typing import Final

from strowger.contract.fields import NANO
from strowger.contract.normal import Need, Tariff, Terms, Tier, Wish
from strowger.market.entities import Line, Quote
from strowger.market.families import Family, Usage

_ONE_OFF: Final = "one-off"
_RECURRING: Final = "recurring"
_MINIMUM: Final = "minimum"


def best_term(tariff: Tariff, wish: Wish) -> tuple[int, int, int | None] | None:
    """Choose the cheapest eligible term: its one-off, its month, its length (none: no term).

    Equal costs: no term before any, the shorter before the longer. None if none is eligible.
    """
    months = wish.comparison_months
    terms: list[tuple[int, int, int | None]] = []
    if tariff.recurring_nano is not None:
        terms.append((tariff.one_off_nano, tariff.recurring_nano, None))
    terms += [
        (step.one_off_nano, step.recurring_nano, step.months)
        for step in tariff.steps
        if step.months <= wish.max_term_months
    ]
    if not terms:
        return None
    return min(terms, key=lambda term: (term[0] + term[1] * months, term[2] or 0))


def quote(
    family: Family,
    terms: Terms,
    need: Need,
    wish: Wish,
    *,
    rate_nano: int,
    default_call_seconds: int,
) -> Quote:
    """Work out the cost; the offer must have an eligible term and fail no costless limit."""
    term = best_term(terms.tariff, wish)
    if term is None:
        raise ValueError("no eligible term")
    one_off_nano, recurring_nano, term_months = term
    months = wish.comparison_months
    lines = []
    if one_off_nano:
        lines.append(Line(_ONE_OFF, 1, 1, "", one_off_nano, one_off_nano))
    if recurring_nano:
        amount = recurring_nano * months
        lines.append(Line(_RECURRING, months, 1, "month", recurring_nano, amount))
    lines += _usage_lines(terms.tariff, family.usage(terms, need, default_call_seconds), months)
    cost_nano = sum(line.amount_nano for line in lines)
    return Quote(
        cost_nano=cost_nano,
        ranking_nano=half_up(cost_nano * rate_nano, NANO),
        lines=tuple(lines),
        term_months=term_months,
        renewal_assumed=term_months is not None and term_months < months,
    )


def half_up(numerator: int, denominator: int) -> int:
    """Divide and round half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def _usage_lines(tariff: Tariff, usages: Sequence[Usage], months: int) -> Iterator[Line]:
    used_nano = 0
    for usage in usages:
        priced = _in_tiers(tariff, usage) if usage.tiered else [usage]
        for part in priced:
            line = _line(part, months)
            if part.tiered:
                used_nano += line.amount_nano
            if line.amount_nano or part.charge.startswith("usage"):
                yield line
    shortfall_nano = tariff.minimum_nano * months - used_nano
    if shortfall_nano > 0:
        yield Line(_MINIMUM, 1, 1, "", shortfall_nano, shortfall_nano)


def _line(usage: Usage, months: int) -> Line:
    quantity = usage.quantity * months
    divisor = gcd(quantity, usage.per)
    return Line(
        usage.charge,
        quantity // divisor,
        usage.per // divisor,
        usage.unit,
        usage.price_nano,
        half_up(quantity * usage.price_nano, usage.per),
    )


def _in_tiers(tariff: Tariff, usage: Usage) -> Iterable[Usage]:
    """Price a month's usage by the offer's tiers, if it has any."""
    tiers = tariff.tiers
    if not tiers:
        return [usage]
    if tariff.volume or not usage.quantity:
        first, *more = tiers
        reached = [tier for tier in more if tier.above_units * usage.per < usage.quantity]
        return [usage._replace(price_nano=[first, *reached][-1].price_nano)]
    return _graduated(tiers, usage)


def _graduated(tiers: tuple[Tier, ...], usage: Usage) -> Iterator[Usage]:
    ends = (*(tier.above_units * usage.per for tier in tiers[1:]), usage.quantity)
    for tier, end in zip(tiers, ends, strict=True):
        part = min(usage.quantity, end) - tier.above_units * usage.per
        if part > 0:
            yield usage._replace(
                charge=f"{usage.charge} above {tier.above_units}",
                quantity=part,
                price_nano=tier.price_nano,
            )
