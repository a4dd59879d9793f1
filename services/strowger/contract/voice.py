"""Voice termination: what is offered and what is asked for."""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from strowger.contract.attributes import Attribute, Clause
from strowger.contract.fields import (
    DialCode,
    E164Number,
    Milliseconds,
    Minutes,
    Money,
    Outbound,
    Percent,
    Price,
    Seconds,
    to_nano,
)
from strowger.contract.normal import Tariff
from strowger.contract.service import Offered, Requested

Codec = Literal["g711a", "g711u", "g722", "g729", "opus", "amr-nb", "amr-wb", "evs"]
Codecs = Annotated[tuple[Codec, ...], Field(min_length=1, max_length=8)]
Cli = Literal["guaranteed", "passed", "none"]
"""Whether the caller's number arrives: guaranteed (a CLI route), passed on as it comes, or not."""

Channels = Annotated[int, Field(ge=1, le=10**6)]


class VoiceTermination(Offered):
    """Calls to every number under one dial code, priced by the minute.

    A provider's offer for a longer dial code replaces this one for the numbers under it, within the
    same rate deck (the longest-prefix rule of rate decks); of two for one dial code, that with the
    longer origin that the caller's number begins with.
    """

    FAMILY: ClassVar[str] = "voice"
    family: Literal["voice"] = "voice"
    prefix: DialCode
    origin: DialCode | None = None
    """Only calls from numbers under this code (origin-based rating); none: from anywhere."""

    rate_per_minute: Price
    minimum_seconds: Annotated[int, Field(ge=0, le=3600)] = 1
    increment_seconds: Annotated[int, Field(ge=1, le=3600)] = 1
    connect_fee: Price = Decimal(0)
    capacity_minutes: Minutes | None = None
    """Committed minutes that can be sold in all; none means unlimited."""

    asr_percent: Annotated[Percent, Attribute("%", "higher", 2)] | None = None
    """Answer-seizure ratio (ITU-T E.411)."""

    acd_seconds: Annotated[int, Field(ge=0, le=86_400), Attribute("s", "higher")] | None = None
    """Average call duration."""

    pdd_ms: Annotated[Milliseconds, Attribute("ms", "lower", 3)] | None = None
    """Post-dial delay."""

    channels: Annotated[int, Field(ge=1, le=10**6), Attribute("channels", "higher")] | None = None
    """Concurrent calls that it can carry."""

    codecs: Annotated[Codecs, Attribute()] | None = None
    cli: Annotated[Cli, Attribute()] | None = None

    def scope(self) -> tuple[str, ...]:
        """Give the dial code and, where there is one, the origin."""
        return (self.prefix,) if self.origin is None else (self.prefix, self.origin)

    def usage_tariff(self) -> Tariff:
        """Give the price of a minute and of a call, and how calls are rounded, in seconds."""
        return Tariff(
            usage_nano=to_nano(self.rate_per_minute),
            fee_nano=to_nano(self.connect_fee),
            minimum=self.minimum_seconds,
            increment=self.increment_seconds,
        )

    def capacity(self) -> int | None:
        """Give the committed minutes."""
        return self.capacity_minutes


class VoiceDemand(Requested):
    """Minutes of calls to one number, or to every number under some dial codes.

    The call length settles how increments and fees weigh. Dial codes are satisfied only by an offer
    that applies to all numbers under all of them.
    """

    OFFERED: ClassVar[type[Offered]] = VoiceTermination
    family: Literal["voice"] = "voice"
    destination: E164Number | None = None
    codes: Annotated[tuple[DialCode, ...], Field(min_length=1, max_length=200)] | None = None
    origin: E164Number | None = None
    """The number that calls come from; without it only offers for any origin apply."""

    minutes: Minutes
    """Minutes wanted, a month where the request compares several."""

    call_seconds: Seconds | None = None
    """The expected length of a call; without it the market's declared default is used."""

    min_asr_percent: Annotated[Percent, Clause("floor", "asr_percent")] | None = None
    min_acd_seconds: (
        Annotated[int, Field(ge=0, le=86_400), Clause("floor", "acd_seconds")] | None
    ) = None
    max_pdd_ms: Annotated[Milliseconds, Clause("ceiling", "pdd_ms")] | None = None
    min_channels: Annotated[Channels, Clause("floor", "channels")] | None = None
    """Concurrent calls wanted; they are taken from the offer's pool too, if it counts channels."""

    all_codecs: Annotated[Codecs, Clause("cover", "codecs")] | None = None
    cli: Annotated[Cli, Clause("same", "cli")] | None = None

    @model_validator(mode="after")
    def _one_destination(self) -> "VoiceDemand":
        if (self.destination is None) == (self.codes is None):
            raise ValueError("a destination is a number or a set of codes: give one of the two")
        return self

    def scope(self) -> tuple[str, ...]:
        """Give the destination's digits, or its codes in order; see `extra` for the origin."""
        if self.destination is not None:
            return (self.destination.removeprefix("+"),)
        return tuple(sorted(set(self.codes or ())))

    def quantity(self) -> int:
        """Give the minutes."""
        return self.minutes

    def channels(self) -> int:
        """Give the concurrent calls."""
        return self.min_channels or 0

    def extra(self) -> dict[str, int | str]:
        """Give the call length, the origin, and whether codes are meant."""
        said: dict[str, int | str] = {}
        if self.call_seconds is not None:
            said["call_seconds"] = self.call_seconds
        if self.origin is not None:
            said["origin"] = self.origin.removeprefix("+")
        if self.codes is not None:
            said["codes"] = 1
        return said


class VoiceCost(Outbound):
    """How a cost came about, so that a person can check it by hand; the lines add it up.

    A month's usage is answered_calls x (connect_fee + rate_per_minute x billed_seconds / 60).
    `billed_seconds` is the call length rounded up to the increment, at least the minimum;
    `answered_calls` is minutes x 60 / call length, rounded up.
    """

    family: Literal["voice"] = "voice"
    answered_calls: int
    call_seconds: int
    billed_seconds: int
    rate_per_minute: Money
    connect_fee: Money


class VoiceQualities(Outbound):
    """The qualities of a voice offer; one that it does not give is none."""

    asr_percent: Percent | None = None
    acd_seconds: int | None = None
    pdd_ms: Milliseconds | None = None
    channels: int | None = None
    codecs: tuple[str, ...] | None = None
    cli: str | None = None


class VoiceShown(VoiceQualities):
    """The voice offer as a match shows it."""

    family: Literal["voice"] = "voice"
    prefix: str
    origin: str | None = None
    deck: str


class VoiceSold(VoiceQualities):
    """The voice service as it was sold: scope, price terms and minutes, frozen at the sale."""

    family: Literal["voice"] = "voice"
    prefix: str
    origin: str | None = None
    deck: str
    rate_per_minute: Money
    minimum_seconds: int
    increment_seconds: int
    connect_fee: Money
    minutes: int
