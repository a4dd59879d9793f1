"""Ethernet lines between two places: what is offered and what is asked for.

Field meanings are those of MEF LSO Sonata: bandwidth profiles (`cir`, `eir`, decimal MBPS),
`classOfServiceName`, `maximumFrameSize`, and the one-way objectives of its service level
specification (`oneWayFdObjective`, `oneWayFlrObjective`, `oneWayAvailabilityObjective`).
"""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, Field, StringConstraints

from strowger.contract.attributes import Attribute, Clause
from strowger.contract.fields import FinePercent, Mbps, Milliseconds, Outbound, Place
from strowger.contract.service import Offered, Requested, Shown

Interfaces = Literal["uni-uni", "enni-uni", "enni-enni"]
"""What the ends are, whichever is which: user-to-network or external network-to-network (MEF)."""

ClassOfService = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
"""A class of service name, as `high`, `medium`, `low`."""

VlanMode = Literal["port", "vlan"]
"""Port-based (EPL, Access EPL) or VLAN-based (EVPL, Access EVPL)."""

FrameBytes = Annotated[int, Field(ge=1518, le=16_000)]


class _Qualities(BaseModel):
    cir_mbps: Annotated[Mbps, Attribute("Mbit/s", "higher")]
    """Committed information rate, each way."""

    eir_mbps: Annotated[Mbps, Attribute("Mbit/s", "higher")] = 0
    """Excess information rate above it, each way."""

    interfaces: Annotated[Interfaces, Attribute()] | None = None
    class_of_service: Annotated[ClassOfService, Attribute()] | None = None
    vlan_mode: Annotated[VlanMode, Attribute()] | None = None
    max_frame_bytes: Annotated[FrameBytes, Attribute("bytes", "higher")] | None = None
    delay_ms: Annotated[Milliseconds, Attribute("ms", "lower", 3)] | None = None
    """One-way frame delay objective."""

    loss_percent: Annotated[FinePercent, Attribute("%", "lower", 5)] | None = None
    """One-way frame loss ratio objective."""

    availability_percent: Annotated[FinePercent, Attribute("%", "higher", 5)] | None = None
    install_days: Annotated[int, Field(ge=0, le=3650), Attribute("days", "lower")] | None = None


class EthernetLine(_Qualities, Offered):
    """An Ethernet line between two places, whichever is named first.

    Within a deck the pair that is told most exactly wins: levels count site 3, metro 2, country 1;
    the greater sum of both ends first, then the pair whose better end is better.
    """

    FAMILY: ClassVar[str] = "ethernet"
    family: Literal["ethernet"] = "ethernet"
    a: Place
    z: Place
    capacity_mbps: Annotated[int, Field(ge=1, le=10**9)] | None = None
    """What can be committed in all; none means unlimited."""

    def scope(self) -> tuple[str, ...]:
        """Give both ends, in the order of their names."""
        return tuple(sorted((self.a, self.z)))

    def capacity(self) -> int | None:
        """Give the Mbit/s that can be committed."""
        return self.capacity_mbps


class EthernetDemand(Requested):
    """An Ethernet line between two places, whichever is named first."""

    OFFERED: ClassVar[type[Offered]] = EthernetLine
    family: Literal["ethernet"] = "ethernet"
    a: Place
    z: Place
    min_cir_mbps: Annotated[int, Field(ge=0, le=10**9), Clause("floor", "cir_mbps")]
    min_eir_mbps: Annotated[Mbps, Clause("floor", "eir_mbps")] | None = None
    interfaces: Annotated[Interfaces, Clause("same", "interfaces")] | None = None
    class_of_service: Annotated[ClassOfService, Clause("same", "class_of_service")] | None = None
    vlan_mode: Annotated[VlanMode, Clause("same", "vlan_mode")] | None = None
    min_frame_bytes: Annotated[FrameBytes, Clause("floor", "max_frame_bytes")] | None = None
    max_delay_ms: Annotated[Milliseconds, Clause("ceiling", "delay_ms")] | None = None
    max_loss_percent: Annotated[FinePercent, Clause("ceiling", "loss_percent")] | None = None
    min_availability_percent: (
        Annotated[FinePercent, Clause("floor", "availability_percent")] | None
    ) = None
    max_install_days: (
        Annotated[int, Field(ge=0, le=3650), Clause("ceiling", "install_days")] | None
    ) = None

    def scope(self) -> tuple[str, ...]:
        """Give both ends, in the order of their names."""
        return tuple(sorted((self.a, self.z)))

    def quantity(self) -> int:
        """Give the committed rate wanted, Mbit/s."""
        return self.min_cir_mbps


class EthernetCost(Outbound):
    """An Ethernet line has no usage: its cost is its charges."""

    family: Literal["ethernet"] = "ethernet"


class EthernetShown(_Qualities, Shown):
    """The Ethernet line as a match shows it and a sale freezes it."""

    FAMILY: ClassVar[str] = "ethernet"
    family: Literal["ethernet"] = "ethernet"
    a: str
    z: str
