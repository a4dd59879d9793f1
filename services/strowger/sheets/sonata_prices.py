"""Prices of a Sonata response: by term, without taxes, exact; one that has no place is no price."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from strowger.sheets.pointing import Node
from strowger.sheets.sonata_lines import LeftOut

_MONTHS: Final = {"calendarMonths": 1, "calendarYears": 12}

_Term = tuple[int, Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Prices:
    """One-off and monthly charges; `terms` are months, the monthly and the one-off charge."""

    currency: str
    one_off: Decimal
    recurring: Decimal | None
    terms: tuple[_Term, ...]


def charges_of(node: Node, *, quoted: bool = False) -> Prices:
    """Read the prices of a configuration, a list by term, or of a quote item, one term.

    A term of one month is a price without a term. Taken are `dutyFreeAmount`s, one-off and by the
    month; an offer that left out a price by usage or by the year would say too little.

    Raises:
        LeftOut: a price has no place in an offer, or they don't agree.
    """
    terms: dict[int, _Term] = {}
    currencies: set[str] = set()
    for each in [node] if quoted else node:
        term = each["quoteItemTerm"] if quoted else each["term"]
        months = _months(next(iter(term), term)["duration"])
        if months in terms:
            raise LeftOut(each, f"two prices for a term of {months} months", of_prices=True)
        prices = each["quoteItemPrice"] if quoted else each["price"]
        one_off, recurring = _sum(prices, currencies)
        terms[months] = (months, recurring, one_off)
        if each["subjectToAdditionalNonrecurringCharges"].flag():
            raise LeftOut(
                each["subjectToAdditionalNonrecurringCharges"],
                "charges that are not said may be added",
                of_prices=True,
            )
    if not terms or len(currencies) != 1:
        reason = "prices in several currencies" if currencies else "no price"
        raise LeftOut(node, reason, of_prices=True)
    free = terms.pop(1, None)
    return Prices(
        currencies.pop(),
        one_off=Decimal(0) if free is None else free[2],
        recurring=None if free is None else free[1],
        terms=tuple(sorted(terms.values())),
    )


def _months(duration: Node) -> int:
    if not duration.is_there:
        return 1
    amount, unit = duration["amount"].number(), duration["units"].text()
    if amount is None or unit not in _MONTHS or amount != int(amount) or amount < 1:
        raise LeftOut(duration, "a term that is not in whole months or years", of_prices=True)
    return int(amount) * _MONTHS[unit]


def _sum(prices: Iterable[Node], currencies: set[str]) -> tuple[Decimal, Decimal]:
    """Give the one-off and the monthly sum."""
    one_off, recurring = Decimal(0), Decimal(0)
    for each in prices:
        kind, period = each["priceType"].text(), each["recurringChargePeriod"].text()
        money = each["price"]["dutyFreeAmount"]
        amount, currency = money["value"].number(), money["unit"].text()
        if amount is None or not currency:
            raise LeftOut(money, "no amount without taxes, or no currency", of_prices=True)
        if kind == "nonRecurring":
            one_off += amount
        elif (kind, period) == ("recurring", "month"):
            recurring += amount
        else:
            reason = "neither a one-off charge nor one by the month"
            raise LeftOut(each["priceType"], reason, of_prices=True)
        currencies.add(currency)
    return one_off, recurring
