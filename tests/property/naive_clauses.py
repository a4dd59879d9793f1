"""What of a request an offer fails: every clause and every limit is tested, none cut short."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from strowger.contract.attributes import Attribute, Value, attributes_of
from strowger.contract.commands import SubmitRequest
from strowger.contract.ethernet import EthernetLine
from strowger.contract.internet import InternetAccess
from strowger.contract.normal import Asked, Need
from strowger.contract.sms import SmsDelivery
from strowger.contract.voice import VoiceTermination
from tests.property.naive_capacity import Market, Standing, taken
from tests.property.naive_costs import Quoted, eligible, half_up, quoted
from tests.property.naive_scopes import covered
from tests.property.naive_words import Facts, spelled

ATTRIBUTES: dict[str, dict[str, Attribute]] = {
    "voice": attributes_of(VoiceTermination),
    "internet": attributes_of(InternetAccess),
    "ethernet": attributes_of(EthernetLine),
    "sms": attributes_of(SmsDelivery),
}
COUNTED_IN = {"voice": "minutes", "internet": "Mbit/s", "ethernet": "Mbit/s", "sms": "messages"}


@dataclass(frozen=True)
class Failure:
    """A clause that an offer fails, with both values, none where there is no such value."""

    clause: str
    test: str
    asked: Value
    offered: Value | None
    scale: int = 0
    unit: str = ""

    @property
    def measured(self) -> bool:
        """Say whether the failure has a size."""
        return self.test in {"floor", "ceiling"} and self.offered is not None

    @property
    def size(self) -> int:
        """Give how far the two values are apart."""
        assert isinstance(self.asked, int)
        assert isinstance(self.offered, int)
        return abs(self.offered - self.asked)

    def millionths(self) -> float:
        """Give the size in whole millionths of what was asked; endless where there is none."""
        if not self.measured:
            return math.inf
        assert isinstance(self.asked, int)
        return self.size * 10**6 // max(self.asked, 1)

    def told(self) -> Facts:
        """Write the failure as a near miss shows it."""
        return {
            "clause": self.clause,
            "test": self.test,
            "asked": spelled(self.asked, self.scale),
            "offered": None if self.offered is None else spelled(self.offered, self.scale),
            "short_by": spelled(self.size, self.scale) if self.measured else None,
            "unit": self.unit,
        }


@dataclass(frozen=True)
class Tested:
    """An offer with all that it fails, and its cost where it can have one."""

    standing: Standing
    failures: list[Failure]
    quoted: Quoted | None
    ranking_nano: int = 0


def tested(
    standing: Standing, in_force: list[Standing], request: SubmitRequest, market: Market
) -> Tested:
    """Test one offer against all that a request says."""
    need, wish, service = request.service, request.wish, standing.service
    failures = [
        failure
        for asked in need.clauses
        if (failure := _clause(standing, asked, undetermined_passes=wish.undetermined_passes))
    ]
    if wish.firm_only and standing.publication.firmness != "firm":
        failures.append(Failure("firmness", "same", "firm", standing.publication.firmness))
    failures += _family_limits(standing, in_force, need)
    costless = any(each.clause == "delivery_rate_percent" for each in _costless(standing, need))
    if not eligible(service.tariff, wish.max_term_months):
        costless = True
        shortest = min(step.months for step in service.tariff.steps)
        failures.append(Failure("term", "ceiling", wish.max_term_months, shortest, unit="months"))
    worth_nano = market.worth_nano(standing.publication.currency)
    if worth_nano is None:
        costless = True
        failures.append(
            Failure("currency", "same", market.terms.currency, standing.publication.currency)
        )
    failures += _room(standing, need, market)
    if costless or worth_nano is None:
        return Tested(standing, failures, None)
    quote = quoted(
        service,
        need,
        wish.comparison_months,
        wish.max_term_months,
        market.terms.default_call_seconds,
    )
    ranking_nano = half_up(quote.cost_nano * Fraction(worth_nano, 10**9))
    if wish.max_cost_nano is not None and ranking_nano > wish.max_cost_nano:
        failures.append(
            Failure(
                *("max_cost", "ceiling", wish.max_cost_nano, ranking_nano),
                scale=9,
                unit=market.terms.currency,
            )
        )
    return Tested(standing, failures, quote, ranking_nano)


def _says(standing: Standing, asked: Asked) -> Value | None:
    return standing.service.attributes.get(asked.attribute)


def _clause(standing: Standing, asked: Asked, *, undetermined_passes: bool) -> Failure | None:
    value = _says(standing, asked)
    if value is None:
        passes = undetermined_passes
    elif isinstance(value, int) and isinstance(asked.value, int):
        passes = {
            "floor": value >= asked.value,
            "ceiling": value <= asked.value,
            "same": value == asked.value,
        }[asked.test]
    elif asked.test == "cover":
        passes = set(asked.value) <= set(value)  # type: ignore[arg-type]  # sets of words
    else:
        passes = asked.test == "same" and value == asked.value
    if passes:
        return None
    mark = ATTRIBUTES[standing.service.family][asked.attribute]
    return Failure(asked.attribute, asked.test, asked.value, value, mark.scale, mark.unit)


def _family_limits(standing: Standing, in_force: list[Standing], need: Need) -> Iterator[Failure]:
    if need.family == "internet":
        ceiling = int(standing.service.extra["ceiling_mbps"])
        if ceiling < need.quantity:
            yield Failure("ceiling_mbps", "floor", need.quantity, ceiling, unit="Mbit/s")
    yield from _costless(standing, need)
    if need.extra.get("codes"):
        codes = covered(standing, in_force, need)
        if codes != list(need.scope):
            yield Failure("codes", "cover", need.scope, tuple(codes))


def _costless(standing: Standing, need: Need) -> Iterator[Failure]:
    """Tell an SMS offer whose submitted messages cannot be known."""
    delivered = standing.service.extra.get("charged") == "delivered"
    rate = standing.service.attributes.get("delivery_rate_percent")
    if need.family == "sms" and not delivered and not rate:
        yield Failure("delivery_rate_percent", "floor", 1, None, 2, "%")


def _room(standing: Standing, need: Need, market: Market) -> Iterator[Failure]:
    wanted, left = taken(standing, need), market.units_left(standing)
    if wanted > left:
        unit = COUNTED_IN[need.family]
        yield Failure("capacity", "floor", wanted, int(left), unit=unit)
    channels_left = market.channels_left(standing)
    if need.channels > channels_left:
        yield Failure("channels", "floor", need.channels, int(channels_left), unit="channels")
