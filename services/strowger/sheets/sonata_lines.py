"""The product configuration of a Sonata response: what an Ethernet line is like."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from strowger.sheets.pointing import Node

_RATES: Final = {
    "BPS": Decimal("0.000001"),
    "KBPS": Decimal("0.001"),
    "MBPS": Decimal(1),
    "GBPS": Decimal(1000),
    "TBPS": Decimal(1_000_000),
}
"""In Mbit/s; all decimal (MEF LSO `irUnits`)."""

_DELAYS: Final = {
    "NS": Decimal("0.000001"),
    "US": Decimal("0.001"),
    "MS": Decimal(1),
    "SEC": Decimal(1000),
}
"""In milliseconds (MEF LSO `shortDurationUnits`)."""

_KINDS: Final = {
    "accesselineovc": {"interfaces": "enni-uni"},
    "eplevc": {"interfaces": "uni-uni", "vlan_mode": "port"},
    "evplevc": {"interfaces": "uni-uni", "vlan_mode": "vlan"},
}
"""By the part of a configuration's `@type` that names the product."""

_CLASS: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_PROFILES: Final = (
    "ingressBandwidthProfilePerClassOfServiceName",
    "egressBandwidthProfilePerClassOfServiceName",
)


class LeftOut(Exception):
    """An item makes no offer; `node` is why. `of_prices`: it stands among the prices."""

    def __init__(self, node: Node, reason: str, *, of_prices: bool = False) -> None:
        super().__init__(f"{node.pointer}: {reason}")
        self.node = node
        self.reason = reason
        self.of_prices = of_prices


def line_of(configuration: Node) -> dict[str, object]:
    """Give the qualities of a line, by the names of `EthernetLine`'s fields.

    Raises:
        LeftOut: it is no line, or its bandwidth can't be said as one rate each way.
    """
    name, cir_mbps, eir_mbps = _flow(configuration)
    said: dict[str, object] = {
        **_kind(configuration["@type"]),
        "cir_mbps": cir_mbps,
        "eir_mbps": eir_mbps,
    }
    if _CLASS.fullmatch(name.lower()):
        said["class_of_service"] = name.lower()
    for listed in ("listOfClassOfServiceNames", "listOfCosNames"):
        for each in configuration[listed]:
            if each.value == name:
                each.text()
    frame = configuration["maximumFrameSize"].number()
    if frame is not None:
        said["max_frame_bytes"] = int(frame)
    said.update(_objectives(configuration["carrierEthernetSls"], name))
    return said


def _kind(node: Node) -> dict[str, str]:
    for part in node.text().lower().replace("-", "").split(":"):
        if part in _KINDS:
            return _KINDS[part]
    raise LeftOut(node, f"none of the lines known here: {', '.join(_KINDS)}")


def _flow(configuration: Node) -> tuple[str, int, int]:
    """Give the class of service, CIR and EIR that all profiles agree on."""
    found: set[tuple[str, int, int]] = set()
    for end in configuration.members():
        for profile in _PROFILES:
            for entry in end[profile]:
                flow = entry["bwpFlow"]
                name = entry["classOfServiceName"].text()
                found.add((name, _mbps(flow["cir"]), _mbps(flow["eir"])))
    if not found:
        raise LeftOut(configuration, "no bandwidth profile of one of its ends")
    if len({name for name, _, _ in found}) > 1:
        raise LeftOut(configuration, "several classes of service in one line")
    if len(found) > 1:
        raise LeftOut(configuration, "other bandwidths at its ends, or each way")
    return found.pop()


def _mbps(rate: Node) -> int:
    if not rate.is_there:
        return 0
    value, unit = rate["irValue"].number(), rate["irUnits"].text()
    if value is None or value < 0 or unit not in _RATES:
        raise LeftOut(rate, "not a rate in BPS to TBPS")
    mbps = value * _RATES[unit]
    if mbps != int(mbps):
        raise LeftOut(rate, "not a whole number of Mbit/s")
    return int(mbps)


def _objectives(levels: Node, name: str) -> Iterator[tuple[str, object]]:
    """Give delay, loss and availability where there is one objective each for the class.

    Frame loss ratio and availability are percentages there, too (`Percentage` of its schemas).
    """
    entries = [
        entry
        for level in ([*levels] or [levels])
        for entry in level["slsCosNameEntry"]
        if entry["cosName"].value == name
    ]
    if len(entries) != 1:
        return
    entries[0]["cosName"].text()
    delay = [each["oneWayFdObjective"] for each in entries[0]["oneWayFrameDelayPmMetric"]]
    if len(delay) == 1 and delay[0]["shortDurationUnits"].value in _DELAYS:
        value = delay[0]["shortDurationValue"].number()
        if value is not None:
            yield "delay_ms", _plain(value * _DELAYS[delay[0]["shortDurationUnits"].text()])
    for metric, objective, quality in (
        ("oneWayFrameLossRatioPmMetric", "oneWayFlrObjective", "loss_percent"),
        ("oneWayAvailabilityPmMetric", "oneWayAvailabilityObjective", "availability_percent"),
    ):
        listed = [each[objective] for each in entries[0][metric]]
        if len(listed) == 1 and (value := listed[0].number()) is not None:
            yield quality, _plain(value)


def _plain(value: Decimal) -> str:
    return format(value, "f")
