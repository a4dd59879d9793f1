"""What scripts offer and ask for: few values, so that scopes overlap and costs tie."""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import msgspec

from strowger.contract.attributes import Value
from strowger.contract.normal import Asked, Need, Ranking, Step, Terms, Tier
from tests.services import (
    Charged,
    Wished,
    ethernet,
    ethernet_need,
    internet,
    internet_need,
    sms,
    sms_need,
    voice,
    voice_need,
)

_Option = TypeVar("_Option")

FAMILIES: Final = ("voice", "internet", "ethernet", "voice", "sms")
CENT: Final = 10_000_000
PLACES: Final = ("GB/LON", "GB", "GB/LON/thn2", "US/NYC", "US")
PAIRS: Final = (
    ("GB/LON", "US"),
    ("US/NYC", "GB"),
    ("GB/LON", "US/NYC"),
    ("GB/LON/thn2", "US"),
    ("US/NYC/h60", "GB"),
    ("GB/LON/thn2", "US/NYC"),
    ("GB", "US"),
    ("GB/LON", "GB/LON"),
)
NETWORKS: Final = ("234-15", "234", "GB", "234-10", "310-26")


class Choices:
    """Reads one choice after the other off an integer."""

    def __init__(self, number: int) -> None:
        self._number = number

    def of(self, *options: _Option) -> _Option:
        """Choose one."""
        self._number, index = divmod(self._number, len(options))
        return options[index]

    def mostly(self, plain: _Option, *others: _Option) -> _Option:
        """Choose the first of them three times of four."""
        self._number, other = divmod(self._number, 4)
        return self.of(*others) if other == 3 else plain


def offered(choices: Choices, family: str) -> Terms:
    """Choose what to offer."""
    return _OFFERED[family](choices)


def needed(choices: Choices, family: str) -> Need:
    """Choose what to ask for."""
    return _NEEDED[family](choices)


def repriced(choices: Choices, before: Terms) -> Terms:
    """Choose other prices for what stays the same service."""
    return msgspec.structs.replace(before, tariff=offered(choices, before.family).tariff)


def priced_apart(choices: Choices, before: Terms) -> Terms:
    """Choose prices for a part of what an offer applies to: a longer code, in the same deck."""
    if before.family != "voice":
        return repriced(choices, before)
    prefix = before.scope[0] + choices.of("2", "20", "1")
    return msgspec.structs.replace(repriced(choices, before), scope=(prefix,))


def _charged(choices: Choices) -> Charged:
    charged: Charged = {}
    if choices.mostly("as it is", "in terms") == "in terms":
        step = Step(choices.of(12, 2, 24, 3), choices.of(CENT, 7, 0), choices.of(0, 2 * CENT))
        charged["steps"] = choices.of((step,), (step, Step(36, choices.of(CENT, 5), 0)))
        charged["recurring_nano"] = choices.of(None, CENT, 3 * CENT)
    elif choices.mostly("none", "monthly") == "monthly":
        charged["recurring_nano"] = choices.of(CENT, 100 * CENT)
        charged["one_off_nano"] = choices.of(0, 2 * CENT, 5)
    if choices.mostly("flat", "in tiers") == "in tiers":
        first = Tier(0, choices.of(2 * CENT, CENT, 7))
        second = Tier(choices.of(100, 50, 1), choices.of(CENT, 5, 3 * CENT))
        charged["tiers"] = choices.of((first, second), (first,), (first, second, Tier(150, 3)))
        charged["volume"] = choices.of(False, True)  # noqa: FBT003 - two values to choose from
    if choices.mostly("none", "least") == "least":
        charged["minimum_nano"] = choices.of(100 * CENT, 7)
    return charged


def _attributes(choices: Choices, **values: tuple[Value | None, ...]) -> dict[str, Value]:
    """Choose of each attribute a value or none; mostly of a few only."""
    if choices.of("silent", "told", "told") == "silent":
        return {}
    chosen = {name: choices.of(*options) for name, options in values.items()}
    return {name: value for name, value in chosen.items() if value is not None}


def _voice(choices: Choices) -> Terms:
    return voice(
        choices.of("44", "4420", "44", "4", "33", "442079", "4420"),
        choices.mostly(None, "49", "4930", "4"),
        deck=choices.mostly("standard", "gold"),
        rate_nano=choices.of(CENT, 2 * CENT, CENT + 1, 7, 5),
        minimum_seconds=choices.of(1, 30, 0),
        increment_seconds=choices.of(1, 6, 60),
        connect_fee_nano=choices.of(0, CENT),
        capacity_minutes=choices.mostly(None, 150, 100),
        attributes=_attributes(
            choices,
            asr_percent=(None, 9950, 5000),
            pdd_ms=(1500, 2000, None),
            channels=(None, 30, 10),
            codecs=(None, ("g711a", "g729"), ("g729",)),
            cli=(None, "guaranteed", "passed"),
        ),
        **_charged(choices),
    )


def _internet(choices: Choices) -> Terms:
    return internet(
        choices.of(*PLACES[:3], PLACES[0]),
        deck=choices.mostly("standard", "gold"),
        overage_nano=choices.of(CENT, CENT, 2 * CENT, 7, None),
        commit_mbps=choices.of(0, 50, 100),
        burst_mbps=choices.of(None, 150, 100),
        capacity_mbps=choices.mostly(None, 150, 100),
        attributes=_attributes(
            choices,
            uptime_percent=(None, 9_999_000, 9_950_000),
            mtu_bytes=(None, 1500, 9000),
            routes=(None, ("default", "full"), ("full",)),
            mttr_minutes=(None, 240, 120),
        ),
        **_charged(choices),
    )


def _ethernet(choices: Choices) -> Terms:
    return ethernet(
        *choices.of(*PAIRS),
        deck=choices.mostly("standard", "gold"),
        cir_mbps=choices.of(100, 1000, 50),
        capacity_mbps=choices.mostly(None, 150, 100),
        attributes=_attributes(
            choices,
            delay_ms=(None, 35_000, 40_000),
            class_of_service=(None, "high", "low"),
            availability_percent=(None, 9_999_000, 9_990_000),
        ),
        **_charged(choices),
    )


def _sms(choices: Choices) -> Terms:
    return sms(
        choices.of(*NETWORKS[:4]),
        deck=choices.mostly("standard", "gold"),
        price_nano=choices.of(CENT, 2 * CENT, 7, 5),
        delivered=choices.of(False, True),  # noqa: FBT003 - two values to choose from
        rate_hundredths=choices.of(5000, 8000, 10_000, 3333, None, 0),
        capacity_messages=choices.mostly(None, 150, 100),
        attributes=_attributes(
            choices,
            tps=(None, 100, 30),
            sender_types=(None, ("alphanumeric",), ("alphanumeric", "short-code")),
            dlr=(None, "handset", "network"),
        ),
        **_charged(choices),
    )


def _clauses(choices: Choices, *clauses: Asked) -> tuple[Asked, ...]:
    """Choose none, one or two of some clauses."""
    some: int = choices.mostly(0, 1, 2, 1)
    return tuple(choices.of(*clauses) for _ in range(some))


def _voice_need(choices: Choices) -> Need:
    return voice_need(
        choices.of("442079460000", "441632960000", "441632960000", "33140000000"),
        codes=choices.mostly(None, ("44",), ("33", "44"), ("4420", "4479"), ("44", "442")),
        origin=choices.of(None, "4930123456", "33140000001"),
        minutes=choices.of(100, 50, 1, 150),
        call_seconds=choices.of(None, 60, 90, 61, 30),
        channels=choices.mostly(0, 10, 31),
        clauses=_clauses(
            choices,
            Asked("asr_percent", "floor", 9000),
            Asked("pdd_ms", "ceiling", 1500),
            Asked("channels", "floor", 30),
            Asked("codecs", "cover", ("g711a",)),
            Asked("cli", "same", "guaranteed"),
        ),
    )


def _internet_need(choices: Choices) -> Need:
    return internet_need(
        choices.mostly("GB/LON/thn2", "GB/LON", "GB", "GB/MAN"),
        p95_mbps=choices.of(100, 50, 150, 1),
        clauses=_clauses(
            choices,
            Asked("uptime_percent", "floor", 9_999_000),
            Asked("commit_mbps", "ceiling", 50),
            Asked("commit_mbps", "floor", 50),
            Asked("routes", "cover", ("default",)),
            Asked("mttr_minutes", "ceiling", 200),
        ),
    )


def _ethernet_need(choices: Choices) -> Need:
    return ethernet_need(
        choices.mostly("GB/LON/thn2", "GB/LON", "GB", "US/NYC"),
        choices.mostly("US/NYC/h60", "US/NYC", "GB/LON", "US"),
        cir_mbps=choices.of(100, 50, 101),
        clauses=_clauses(
            choices,
            Asked("delay_ms", "ceiling", 36_000),
            Asked("class_of_service", "same", "high"),
            Asked("availability_percent", "floor", 9_995_000),
        ),
    )


def _sms_need(choices: Choices) -> Need:
    return sms_need(
        choices.mostly("234-15", "234-10", "310-26"),
        choices.mostly("GB", None),
        messages=choices.of(100, 50, 1, 150),
        clauses=_clauses(
            choices,
            Asked("delivery_rate_percent", "floor", 9000),
            Asked("tps", "floor", 50),
            Asked("sender_types", "cover", ("short-code",)),
            Asked("dlr", "same", "handset"),
        ),
    )


_OFFERED: Final[Mapping[str, Callable[[Choices], Terms]]] = {
    "voice": _voice,
    "internet": _internet,
    "ethernet": _ethernet,
    "sms": _sms,
}
_NEEDED: Final[Mapping[str, Callable[[Choices], Need]]] = {
    "voice": _voice_need,
    "internet": _internet_need,
    "ethernet": _ethernet_need,
    "sms": _sms_need,
}
_BEST_AND_WORST: Final = {
    "voice": ("asr_percent", "pdd_ms", "codecs"),
    "internet": ("uptime_percent", "mttr_minutes", "routes"),
    "ethernet": ("availability_percent", "delay_ms", "vlan_mode"),
    "sms": ("tps", "delivery_rate_percent", "asr_percent"),
}


def wished(choices: Choices, family: str) -> Wished:
    """Choose what a request says beside the service."""
    months = choices.of(1, 1, 3, 12)
    return {
        "comparison_months": months,
        "max_term_months": choices.of(months, 12, 24, 2),
        "ranking": _ranking(choices, *_BEST_AND_WORST[family]),
        "near_misses": choices.of(3, 3, 0, 1, 20),
        "undetermined_passes": choices.of(False, True),  # noqa: FBT003 - two values to choose from
        "max_cost_nano": choices.mostly(None, 100 * CENT, 5, 50 * CENT),
        "firm_only": choices.mostly(False, True),  # noqa: FBT003 - two values to choose from
        "exclude_providers": choices.mostly((), ("acme",), ("acme", "initech")),
    }


def _ranking(choices: Choices, higher: str, lower: str, word: str) -> Ranking:
    by = choices.of("cost", "cost", "quality", "weighted")
    if by == "quality":
        names = choices.mostly((higher,), (lower,), (lower, higher), (higher, word))
        return Ranking(by, names)
    if by == "weighted":
        worth = choices.of(1_000, CENT, 3)
        chosen = choices.of(((higher, worth),), ((lower, worth), (higher, 7)))
        return Ranking(by, weights=chosen)
    return Ranking()
