"""Internet access and IP transit: what is offered and what is asked for."""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, Field, model_validator

from strowger.contract.attributes import Attribute, Clause
from strowger.contract.fields import FinePercent, Mbps, Outbound, Place, Price, to_nano
from strowger.contract.normal import Tariff
from strowger.contract.service import Offered, Requested, Shown

IpVersions = Annotated[tuple[Literal["ipv4", "ipv6"], ...], Field(min_length=1, max_length=2)]
Routes = Annotated[
    tuple[Literal["default", "full", "partial"], ...], Field(min_length=1, max_length=3)
]
Minutes = Annotated[int, Field(ge=1, le=10**6)]
Bytes = Annotated[int, Field(ge=64, le=65_535)]


class _Qualities(BaseModel):
    port_mbps: Annotated[Mbps, Attribute("Mbit/s", "higher")]
    """The access port's rate: traffic can never be more."""

    commit_mbps: Annotated[Mbps, Attribute("Mbit/s", "higher")] = 0
    """The committed rate, which the recurring charge pays for."""

    burst_mbps: Annotated[Mbps, Attribute("Mbit/s", "higher")] | None = None
    """How far traffic may go above the commit; none: as far as the port."""

    ip_versions: Annotated[IpVersions, Attribute()] | None = None
    routes: Annotated[Routes, Attribute()] | None = None
    """What is announced over BGP: a default route, part of the table, or all of it."""

    mtu_bytes: Annotated[Bytes, Attribute("bytes", "higher")] | None = None
    uptime_percent: Annotated[FinePercent, Attribute("%", "higher", 5)] | None = None
    loss_percent: Annotated[FinePercent, Attribute("%", "lower", 5)] | None = None
    mttr_minutes: Annotated[Minutes, Attribute("min", "lower")] | None = None
    """Mean time to repair (MEF W160: mttrObjective)."""

    install_days: Annotated[int, Field(ge=0, le=3650), Attribute("days", "lower")] | None = None


class InternetAccess(_Qualities, Offered):
    """Internet access or IP transit at a place, paid as a commit with the 95th percentile above.

    A provider's offer for a site replaces its offer for the metro, and that for the metro the one
    for the country, within the same deck.
    """

    FAMILY: ClassVar[str] = "internet"
    family: Literal["internet"] = "internet"
    place: Place
    overage_per_mbps: Price | None = None
    """The price of a month's Mbit/s above the commit, by the 95th percentile; none: no overage."""

    capacity_mbps: Annotated[int, Field(ge=1, le=10**9)] | None = None
    """What can be committed in all; none means unlimited."""

    @model_validator(mode="after")
    def _within_the_port(self) -> "InternetAccess":
        if self.commit_mbps > self.port_mbps or (self.burst_mbps or 0) > self.port_mbps:
            raise ValueError("neither commit nor burst can be above the port")
        return self

    def scope(self) -> tuple[str, ...]:
        """Give the place."""
        return (self.place,)

    def usage_tariff(self) -> Tariff:
        """Give the price of a month's Mbit/s above the commit."""
        return Tariff(usage_nano=to_nano(self.overage_per_mbps or Decimal(0)))

    def capacity(self) -> int | None:
        """Give the Mbit/s that can be committed."""
        return self.capacity_mbps

    def extra(self) -> dict[str, int | str]:
        """Say how far traffic may go."""
        if self.overage_per_mbps is None:
            return {"ceiling_mbps": self.commit_mbps}
        return {"ceiling_mbps": self.burst_mbps or self.port_mbps}


class InternetDemand(Requested):
    """Internet access at a place, for traffic of an expected 95th percentile."""

    OFFERED: ClassVar[type[Offered]] = InternetAccess
    family: Literal["internet"] = "internet"
    place: Place
    expected_p95_mbps: Annotated[int, Field(ge=1, le=10**9)]
    """The 95th percentile of a month's five-minute samples that the buyer expects."""

    min_port_mbps: Annotated[Mbps, Clause("floor", "port_mbps")] | None = None
    min_commit_mbps: Annotated[Mbps, Clause("floor", "commit_mbps")] | None = None
    max_commit_mbps: Annotated[Mbps, Clause("ceiling", "commit_mbps")] | None = None
    min_burst_mbps: Annotated[Mbps, Clause("floor", "burst_mbps")] | None = None
    ip_versions: Annotated[IpVersions, Clause("cover", "ip_versions")] | None = None
    routes: Annotated[Routes, Clause("cover", "routes")] | None = None
    min_mtu_bytes: Annotated[Bytes, Clause("floor", "mtu_bytes")] | None = None
    min_uptime_percent: Annotated[FinePercent, Clause("floor", "uptime_percent")] | None = None
    max_loss_percent: Annotated[FinePercent, Clause("ceiling", "loss_percent")] | None = None
    max_mttr_minutes: Annotated[Minutes, Clause("ceiling", "mttr_minutes")] | None = None
    max_install_days: (
        Annotated[int, Field(ge=0, le=3650), Clause("ceiling", "install_days")] | None
    ) = None

    def scope(self) -> tuple[str, ...]:
        """Give the place."""
        return (self.place,)

    def quantity(self) -> int:
        """Give the expected 95th percentile, Mbit/s."""
        return self.expected_p95_mbps


class InternetCost(Outbound):
    """How a month's usage came about: overage is the 95th percentile above the commit."""

    family: Literal["internet"] = "internet"
    expected_p95_mbps: int
    commit_mbps: int
    overage_mbps: int


class InternetShown(_Qualities, Shown):
    """The internet offer as a match shows it and a sale freezes it."""

    FAMILY: ClassVar[str] = "internet"
    family: Literal["internet"] = "internet"
    place: str
