"""Voice termination: scopes by dial code and origin, cost by call and minute."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from strowger.contract.attributes import Attribute, attributes_of
from strowger.contract.fields import from_nano
from strowger.contract.normal import Need, Terms
from strowger.contract.service import shown_fields
from strowger.contract.voice import VoiceCost, VoiceShown, VoiceSold, VoiceTermination
from strowger.market.families import Family, Usage
from strowger.market.meters import Calls


class Voice(Family):
    """The voice family; its unit is the minute."""

    name: ClassVar[str] = VoiceTermination.FAMILY
    unit: ClassVar[str] = "minutes"
    usage_unit: ClassVar[str] = "minute"
    counts_calls: ClassVar[bool] = True
    attributes: ClassVar[Mapping[str, Attribute]] = attributes_of(VoiceTermination)

    def key(self, scope: tuple[str, ...]) -> str:
        """Give the dial code, with its origin behind `<`."""
        return "<".join(scope)

    def lookups(self, need: Need) -> Sequence[Sequence[str]]:
        """Give the number's dial codes, the longest first, and of each the longest origin first."""
        number, origin = need.scope[0], need.extra.get("origin")
        if origin is None:
            return [(number[:length],) for length in range(len(number), 0, -1)]
        return [(key,) for key in number_keys(number, str(origin))]

    def codes(self, need: Need) -> tuple[str, ...]:
        """Give the dial codes of a request that names some."""
        return need.scope if "codes" in need.extra else ()

    def usage(self, terms: Terms, need: Need, default_call_seconds: int) -> Sequence[Usage]:
        """Give a month's calls and billed minutes."""
        tariff = terms.tariff
        calls, _, billed = _calls(terms, need, default_call_seconds)
        return (
            Usage("connect fee", calls, 1, "call", tariff.fee_nano, tiered=False),
            Usage("usage", calls * billed, 60, "minute", tariff.usage_nano, tiered=True),
        )

    def meter(self, need: Need, months: int, default_call_seconds: int) -> Calls:
        """Give a meter of calls."""
        calls, call_seconds = _calls_of(need, default_call_seconds)
        return Calls(calls * months, call_seconds)

    def shown(self, terms: Terms) -> VoiceShown:
        """Give the terms as a match shows them."""
        return VoiceShown.model_validate(_fields(terms))

    def sold(self, terms: Terms, need: Need) -> VoiceSold:
        """Give the service as it is sold."""
        tariff = terms.tariff
        prices = {
            "rate_per_minute": from_nano(tariff.usage_nano),
            "minimum_seconds": tariff.minimum,
            "increment_seconds": tariff.increment,
            "connect_fee": from_nano(tariff.fee_nano),
        }
        return VoiceSold.model_validate({**_fields(terms), **prices, "minutes": need.quantity})

    def basis(self, terms: Terms, need: Need, default_call_seconds: int) -> VoiceCost:
        """Say how many calls there are and what of each is billed."""
        calls, call_seconds, billed = _calls(terms, need, default_call_seconds)
        return VoiceCost(
            answered_calls=calls,
            call_seconds=call_seconds,
            billed_seconds=billed,
            rate_per_minute=from_nano(terms.tariff.usage_nano),
            connect_fee=from_nano(terms.tariff.fee_nano),
        )


def number_keys(number: str, origin: str) -> Iterator[str]:
    """Give the keys that apply to a number called from an origin, the most specific first."""
    for length in range(len(number), 0, -1):
        prefix = number[:length]
        for digits in range(len(origin), 0, -1):
            yield f"{prefix}<{origin[:digits]}"
        yield prefix


def _calls(terms: Terms, need: Need, default_call_seconds: int) -> tuple[int, int, int]:
    """Give a month's calls, their length and what of it is billed, in seconds.

    Calls are the minutes at the expected length, rounded up to whole calls; billed seconds are that
    length rounded up to the increment, at least the minimum.
    """
    calls, call_seconds = _calls_of(need, default_call_seconds)
    increment = terms.tariff.increment
    billed = max(terms.tariff.minimum, -(-call_seconds // increment) * increment)
    return calls, call_seconds, billed


def _calls_of(need: Need, default_call_seconds: int) -> tuple[int, int]:
    call_seconds = int(need.extra.get("call_seconds", default_call_seconds))
    return -(-need.quantity * 60 // call_seconds), call_seconds


def _fields(terms: Terms) -> dict[str, Any]:
    prefix, *origin = terms.scope
    fields = {"prefix": prefix, **shown_fields(VoiceTermination, terms)}
    return {**fields, "origin": origin[0]} if origin else fields
