"""Which column of a sheet means which field of an offer; carriers' headings differ."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

PREFIX: Final = "prefix"
RATE: Final = "rate_per_minute"
COUNTRY_CODE: Final = "country_code"
AREA_CODE: Final = "area_code"
BILLING: Final = "billing"
EFFECTIVE: Final = "effective"
CURRENCY: Final = "currency"
STATUS: Final = "status"

WHOLE_NUMBERS: Final = frozenset(
    {"minimum_seconds", "increment_seconds", "capacity_minutes", "acd_seconds", "channels"}
)
"""The fields of an offer that are counted, not measured."""

FOR_PEOPLE: Final = frozenset({"destination", "kind", "country"})
"""What a reader is shown and no decision rests on: where two columns hold it, the first counts."""

_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        PREFIX: (
            *("prefix", "dial code", "dialcode", "dial codes", "code", "codes", "dialing code"),
            *("dialling code", "dial prefix", "destination code", "destination prefix"),
            *("full code", "full dial code", "e164", "e 164", "number prefix", "breakout"),
            *("dialed digits", "dialled digits", "digits", "b number", "dst prefix"),
            *("match prefix", "dest code"),
        ),
        COUNTRY_CODE: ("country code", "country codes", "cc", "ctry code", "country dial code"),
        AREA_CODE: (
            *("area code", "area codes", "city code", "city codes", "area city code"),
            *("national destination code", "ndc", "national code", "city area code", "npa"),
            *("operator code", "network code"),
        ),
        RATE: (
            *("rate per minute", "rate", "price", "price min", "rate min", "price per minute"),
            *("price per min", "rate per min", "per minute", "cost per minute", "ppm"),
            *("minute rate", "minute price", "new rate", "new price", "unit price", "unit rate"),
            *("voice rate", "standard rate", "peak rate", "tariff"),
        ),
        "minimum_seconds": (
            *("minimum seconds", "minimum", "min seconds", "minimum duration"),
            *("initial increment", "first increment", "initial interval", "first interval"),
            *("minimum charge seconds", "min duration", "interval 1", "rate minimum"),
            *("minimum time", "initial period", "initial billing increment"),
        ),
        "increment_seconds": (
            *("increment seconds", "next increment", "subsequent increment", "second increment"),
            *("next interval", "recurring increment", "additional increment", "interval n"),
            *("rate increment", "subsequent interval", "subsequent period", "billing unit"),
            *("additional billing increment",),
        ),
        BILLING: (
            *("billing increment", "billing increments", "increment", "increments", "billing"),
            *("billing interval", "interval", "intervals", "rounding", "billing rounding"),
            *("charging interval", "charging increment", "tariffication", "billing terms"),
            *("bill increment", "billing cycle", "min incr"),
        ),
        "connect_fee": (
            *("connect fee", "connection fee", "connection charge", "setup fee", "set up fee"),
            *("call setup fee", "rate surcharge", "connection cost", "setup charge"),
            *("connect charge", "call set up", "connection"),
        ),
        "capacity_minutes": ("capacity minutes", "committed minutes"),
        "deck": (
            *("deck", "product", "product name", "rate deck", "price list", "pricelist"),
            *("route type", "service level", "tariff name", "product type"),
        ),
        "origin": (
            *("origin", "origin code", "origin codes", "origin prefix", "origination"),
            *("originating code", "a number", "a number prefix", "orig code", "src prefix"),
            *("origin dial code", "origination code"),
        ),
        EFFECTIVE: (
            *("effective date", "effective", "effective from", "effective at", "valid from"),
            *("start date", "date effective", "eff date", "activation date", "from date"),
            *("date start", "effective date utc", "effective time", "effective date time"),
        ),
        CURRENCY: ("currency", "ccy", "currency code", "cur"),
        STATUS: (
            *("status", "change", "change type", "rate change", "change status", "action"),
            *("rate status", "price change", "type of change", "change code", "movement"),
        ),
        "asr_percent": ("asr percent", "asr"),
        # Without a unit, an ACD of 3 is minutes to some and seconds to others: not taken.
        "acd_seconds": ("acd seconds", "acd sec", "acd s"),
        "pdd_ms": ("pdd ms", "pdd milliseconds"),
        "channels": ("channels", "concurrent channels", "simultaneous calls"),
        "codecs": ("codecs", "codec"),
        "cli": ("cli", "cli delivery"),
        "destination": (
            *("destination", "destination name", "destination description", "zone"),
            *("rate name", "description", "network", "area", "area name", "zone name", "operator"),
        ),
        "kind": ("kind", "destination type", "type", "number type", "network type"),
        "country": ("country", "country name", "iso country code", "country iso"),
    }
)
_FIELD_OF: Final = {name: field for field, names in _HEADINGS.items() for name in names}

_FREQUENT_CURRENCY: Final = re.compile(
    "AED|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|INR|JPY|MXN|NOK|NZD|PLN|RUB|SEK|SGD|TRY|UAH|"
    "USD|XDR|ZAR"
)
_WORD: Final = re.compile(r"[A-Za-z0-9]+")
_ASIDE: Final = re.compile(r"\([^)]*\)|\[[^\]]*\]")


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a header hold, in their order; `currency` is what a heading names."""

    fields: tuple[str | None, ...]
    headings: tuple[str, ...]
    currency: str = ""

    @property
    def is_header(self) -> bool:
        """Say whether a row of these headings can be a header: it names a code and a rate."""
        has_code = PREFIX in self.fields or (
            COUNTRY_CODE in self.fields and AREA_CODE in self.fields
        )
        return has_code and RATE in self.fields

    @property
    def twice(self) -> str | None:
        """Name a field that two columns hold, where it matters which is meant."""
        named = [field for field in self.fields if field and field not in FOR_PEOPLE]
        doubled = sorted(field for field in set(named) if named.count(field) > 1)
        steps = {"minimum_seconds", "increment_seconds"} & set(named)
        if BILLING in named and steps:
            doubled.append(min(steps))
        return doubled[0] if doubled else None

    def heading(self, field: str) -> str:
        """Give the sheet's own name of a field; ours where it has none."""
        place = self.place(field)
        return field if place is None else self.headings[place]

    def place(self, field: str) -> int | None:
        """Say in which column, from 0, a field stands; none where it stands in no column."""
        return self.fields.index(field) if field in self.fields else None


def columns_of(header: Sequence[str]) -> Columns:
    """Name the field that each column of a header row holds; none where it is not of ours.

    An area code alone is read as a whole dial code where no column holds the country code. A
    heading such as "Rate (USD)" names the currency as well.
    """
    fields: list[str | None] = []
    currency = ""
    for heading in header:
        field, named = _field_of(heading)
        fields.append(field)
        if field == RATE and named:
            currency = named
    if COUNTRY_CODE not in fields and PREFIX not in fields:
        fields = [PREFIX if field == AREA_CODE else field for field in fields]
    return Columns(tuple(fields), tuple(" ".join(each.split()) for each in header), currency)


def _field_of(heading: str) -> tuple[str | None, str]:
    words = _WORD.findall(heading)
    named = next((word for word in words if _FREQUENT_CURRENCY.fullmatch(word)), "")
    for said in (words, _WORD.findall(_ASIDE.sub(" ", heading))):
        plain = [word.lower() for word in said if not _FREQUENT_CURRENCY.fullmatch(word)]
        field = _FIELD_OF.get(" ".join(plain))
        if field is not None:
            return field, named
    return None, ""


def known_headings() -> str:
    """List headings of the columns that a sheet must have, for a message to people."""
    codes, rates = (", ".join(map(repr, _HEADINGS[field][:4])) for field in (PREFIX, RATE))
    return f"a code ({codes} …; or 'country code' and 'area code') and a rate ({rates} …)"
