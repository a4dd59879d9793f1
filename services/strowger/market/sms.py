"""SMS: scopes by network, MCC and country, cost by the message that is paid."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import ClassVar, Final

from strowger.contract.attributes import Attribute, attributes_of
from strowger.contract.normal import Need, Terms
from strowger.contract.service import shown_fields
from strowger.contract.sms import SmsCost, SmsDelivery, SmsShown
from strowger.market.families import Failed, Family, Usage
from strowger.market.meters import Shares

_RATE: Final = "delivery_rate_percent"
_ALL: Final = 100_00
"""A delivery rate of 100 %, at its attribute's scale."""


class Sms(Family):
    """The SMS family; its unit is the delivered message."""

    name: ClassVar[str] = SmsDelivery.FAMILY
    unit: ClassVar[str] = "messages"
    usage_unit: ClassVar[str] = "message"
    counts_calls: ClassVar[bool] = False
    attributes: ClassVar[Mapping[str, Attribute]] = attributes_of(SmsDelivery)

    def key(self, scope: tuple[str, ...]) -> str:
        """Give the network, MCC or country."""
        return scope[0]

    def lookups(self, need: Need) -> Sequence[Sequence[str]]:
        """Give the network, its MCC, and its country where the gateway knew it."""
        network = need.scope[0]
        keys = (network, network.partition("-")[0], need.looked_up)
        return [(key,) for key in keys if key is not None]

    def limits(self, terms: Terms, need: Need) -> Iterator[Failed]:
        """Ask for a delivery rate where submission is paid: without it nothing can be compared."""
        del need
        if not _by_delivered(terms) and not _delivery_rate(terms):
            yield Failed(_RATE, "floor", 1, None, scale=2, unit="%", costless=True)

    def usage(self, terms: Terms, need: Need, default_call_seconds: int) -> Sequence[Usage]:
        """Give a month's paid messages."""
        del default_call_seconds
        messages = _charged(terms, need)
        return (
            Usage(
                "usage",
                messages.numerator,
                messages.denominator,
                "message",
                terms.tariff.usage_nano,
                tiered=True,
            ),
        )

    def metering(self, terms: Terms) -> int:
        """Give the delivery rate where submitted messages are paid."""
        return 0 if _by_delivered(terms) else _delivery_rate(terms)

    def meter(self, need: Need, months: int, default_call_seconds: int) -> Shares:
        """Give a meter of the messages that have to be paid for so many to arrive."""
        del default_call_seconds
        return Shares(need.quantity * months, _ALL)

    def most(self, terms: Terms, left: int | None) -> int | None:
        """Give none where submission is paid and nothing told of delivery."""
        return left if _by_delivered(terms) or _delivery_rate(terms) else -1

    def shown(self, terms: Terms) -> SmsShown:
        """Give the service as a match shows it."""
        charged = "delivered" if _by_delivered(terms) else "submitted"
        return SmsShown.model_validate(
            {"network": terms.scope[0], "charged": charged, **shown_fields(SmsDelivery, terms)}
        )

    def sold(self, terms: Terms, need: Need) -> SmsShown:
        """Give the service as a sale freezes it."""
        del need
        return self.shown(terms)

    def basis(self, terms: Terms, need: Need, default_call_seconds: int) -> SmsCost:
        """Say how many messages have to be paid."""
        del default_call_seconds
        shown = self.shown(terms)
        rate = shown.delivery_rate_percent
        return SmsCost(
            charged=shown.charged,
            delivered_messages=need.quantity,
            delivery_rate_percent=None if rate is None else f"{rate.normalize():f}",
            charged_messages=str(_charged(terms, need)),
        )


def _by_delivered(terms: Terms) -> bool:
    return terms.extra.get("charged") == "delivered"


def _delivery_rate(terms: Terms) -> int:
    rate = terms.attributes.get(_RATE, 0)
    if not isinstance(rate, int):
        raise TypeError(f"{_RATE} is {rate!r}")
    return rate


def _charged(terms: Terms, need: Need) -> Fraction:
    if _by_delivered(terms):
        return Fraction(need.quantity)
    return Fraction(need.quantity * _ALL, _delivery_rate(terms))
