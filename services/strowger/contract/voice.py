"""Voice termination, the first service family: what is offered and what is asked for."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from strowger.contract.fields import (
    DialCode,
    E164Number,
    Inbound,
    Minutes,
    Money,
    Outbound,
    Price,
    Reference,
    Seconds,
)


class VoiceTermination(Inbound):
    """Calls to every number under one dial code, priced by the minute.

    A provider's offer for a longer dial code replaces this one for the numbers under it, within the
    same rate deck (the longest-prefix rule of rate decks).
    """

    family: Literal["voice"] = "voice"
    prefix: DialCode
    deck: Reference = "standard"
    rate_per_minute: Price
    minimum_seconds: Annotated[int, Field(ge=0, le=3600)] = 1
    increment_seconds: Annotated[int, Field(ge=1, le=3600)] = 1
    connect_fee: Price = Decimal(0)
    capacity_minutes: Minutes | None = None
    """Committed minutes that can be sold in all; none means unlimited."""


class VoiceDemand(Inbound):
    """Minutes of calls to one number; the call length settles how increments and fees weigh."""

    family: Literal["voice"] = "voice"
    destination: E164Number
    minutes: Minutes
    call_seconds: Seconds | None = None
    """The expected length of a call; without it the market's declared default is used."""


class VoiceCost(Outbound):
    """How a cost came about, so that a person can check it by hand.

    cost = answered_calls x (connect_fee + rate_per_minute x billed_seconds / 60), rounded half up
    to 1e-9 once, at the end. `billed_seconds` is the call length rounded up to the increment, at
    least the minimum; `answered_calls` is minutes x 60 / call length, rounded up.
    """

    family: Literal["voice"] = "voice"
    answered_calls: int
    call_seconds: int
    billed_seconds: int
    rate_per_minute: Money
    connect_fee: Money


class VoiceShown(Outbound):
    """The voice offer as a match shows it."""

    family: Literal["voice"] = "voice"
    prefix: str
    deck: str


class VoiceSold(Outbound):
    """The voice service as it was sold: scope, price terms and minutes, frozen at the sale."""

    family: Literal["voice"] = "voice"
    prefix: str
    deck: str
    rate_per_minute: Money
    minimum_seconds: int
    increment_seconds: int
    connect_fee: Money
    minutes: int
