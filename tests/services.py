"""What commands of tests carry: services in normal form, their usual values, and keywords.

Offered ones are `Terms`, requested ones `Need`. Prices are integers of 1e-9 currency units.
"""

from collections.abc import Mapping
from typing import Final, TypedDict, Unpack

from strowger.contract.attributes import Value
from strowger.contract.commands import Origin
from strowger.contract.normal import Asked, Need, Ranking, Step, Tariff, Terms, Tier

NUMBER: Final = "442079460000"
"""In the range that Ofcom keeps for drama: nobody's number."""

Extra = dict[str, int | str]


class Published(TypedDict, total=False):
    """What a published offer says beside its service."""

    provider: str
    currency: str
    effective_at_ms: int | None
    firmness: str
    pool: str | None
    audience: tuple[str, ...] | None
    origin: Origin | None


class Wished(TypedDict, total=False):
    """What a request wishes beside the service, as `Wish` names it."""

    comparison_months: int
    max_term_months: int
    max_cost_nano: int | None
    undetermined_passes: bool
    firm_only: bool
    exclude_providers: tuple[str, ...]
    ranking: Ranking
    near_misses: int
    after: str | None


class Requested(Wished, total=False):
    """What a request says beside the service."""

    buyer: str
    max_matches: int | None
    country: str | None


class Charged(TypedDict, total=False):
    """The charges that every family shares, as `Tariff` names them."""

    one_off_nano: int
    recurring_nano: int | None
    steps: tuple[Step, ...]
    tiers: tuple[Tier, ...]
    volume: bool
    minimum_nano: int


def voice(
    prefix: str = "44",
    origin: str | None = None,
    *,
    deck: str = "standard",
    rate_nano: int = 10_000_000,
    minimum_seconds: int = 1,
    increment_seconds: int = 1,
    connect_fee_nano: int = 0,
    capacity_minutes: int | None = None,
    attributes: Mapping[str, Value] | None = None,
    **charged: Unpack[Charged],
) -> Terms:
    """Offer calls to a dial code."""
    return Terms(
        family="voice",
        scope=(prefix,) if origin is None else (prefix, origin),
        deck=deck,
        attributes=dict(attributes or {}),
        tariff=Tariff(
            usage_nano=rate_nano,
            fee_nano=connect_fee_nano,
            minimum=minimum_seconds,
            increment=increment_seconds,
            **charged,
        ),
        capacity=capacity_minutes,
    )


def voice_need(
    destination: str = NUMBER,
    *,
    codes: tuple[str, ...] | None = None,
    origin: str | None = None,
    minutes: int = 100,
    call_seconds: int | None = None,
    channels: int = 0,
    clauses: tuple[Asked, ...] = (),
) -> Need:
    """Ask for calls to a number or, where `codes` are given, to all numbers under them."""
    extra: Extra = {}
    if call_seconds is not None:
        extra["call_seconds"] = call_seconds
    if origin is not None:
        extra["origin"] = origin
    if codes is not None:
        extra["codes"] = 1
    return Need(
        family="voice",
        scope=(destination,) if codes is None else tuple(sorted(set(codes))),
        quantity=minutes,
        channels=channels,
        clauses=clauses,
        extra=extra,
    )


def internet(
    place: str = "GB/LON",
    *,
    deck: str = "standard",
    overage_nano: int | None = 1_000_000_000,
    port_mbps: int = 10_000,
    commit_mbps: int = 0,
    burst_mbps: int | None = None,
    capacity_mbps: int | None = None,
    attributes: Mapping[str, Value] | None = None,
    **charged: Unpack[Charged],
) -> Terms:
    """Offer internet access at a place; without a price of overage there is none to be had."""
    said: dict[str, Value] = {"port_mbps": port_mbps, "commit_mbps": commit_mbps}
    if burst_mbps is not None:
        said["burst_mbps"] = burst_mbps
    ceiling_mbps = commit_mbps if overage_nano is None else burst_mbps or port_mbps
    return Terms(
        family="internet",
        scope=(place,),
        deck=deck,
        attributes={**said, **(attributes or {})},
        tariff=Tariff(usage_nano=overage_nano or 0, **charged),
        capacity=capacity_mbps,
        extra={"ceiling_mbps": ceiling_mbps},
    )


def internet_need(
    place: str = "GB/LON", *, p95_mbps: int = 100, clauses: tuple[Asked, ...] = ()
) -> Need:
    """Ask for internet access at a place."""
    return Need(family="internet", scope=(place,), quantity=p95_mbps, clauses=clauses)


def ethernet(
    a: str = "GB/LON",
    z: str = "US/NYC",
    *,
    deck: str = "standard",
    cir_mbps: int = 1000,
    eir_mbps: int = 0,
    capacity_mbps: int | None = None,
    attributes: Mapping[str, Value] | None = None,
    **charged: Unpack[Charged],
) -> Terms:
    """Offer an Ethernet line between two places."""
    return Terms(
        family="ethernet",
        scope=tuple(sorted((a, z))),
        deck=deck,
        attributes={"cir_mbps": cir_mbps, "eir_mbps": eir_mbps, **(attributes or {})},
        tariff=Tariff(**charged),
        capacity=capacity_mbps,
    )


def ethernet_need(
    a: str = "GB/LON",
    z: str = "US/NYC",
    *,
    cir_mbps: int = 100,
    clauses: tuple[Asked, ...] = (),
) -> Need:
    """Ask for an Ethernet line between two places; its rate is the first of its clauses."""
    return Need(
        family="ethernet",
        scope=tuple(sorted((a, z))),
        quantity=cir_mbps,
        clauses=(Asked("cir_mbps", "floor", cir_mbps), *clauses),
    )


def sms(
    network: str = "234-15",
    *,
    deck: str = "standard",
    price_nano: int = 30_000_000,
    delivered: bool = False,
    rate_hundredths: int | None = None,
    capacity_messages: int | None = None,
    attributes: Mapping[str, Value] | None = None,
    **charged: Unpack[Charged],
) -> Terms:
    """Offer messages to a network; `rate_hundredths` is the delivery rate in 0.01 %."""
    said: dict[str, Value] = dict(attributes or {})
    if rate_hundredths is not None:
        said["delivery_rate_percent"] = rate_hundredths
    return Terms(
        family="sms",
        scope=(network,),
        deck=deck,
        attributes=said,
        tariff=Tariff(usage_nano=price_nano, **charged),
        capacity=capacity_messages,
        extra={"charged": "delivered"} if delivered else {},
    )


def sms_need(
    network: str = "234-15",
    country: str | None = "GB",
    *,
    messages: int = 1000,
    clauses: tuple[Asked, ...] = (),
) -> Need:
    """Ask for messages to arrive at a network; `country` is what a gateway looked up."""
    return Need(
        family="sms",
        scope=(network,),
        quantity=messages,
        clauses=clauses,
        looked_up=country,
    )
