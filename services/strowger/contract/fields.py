"""The field types that every event is made of: identifiers, numbers, money and time on the wire."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

NANO: Final = 1_000_000_000
"""Amounts inside the exchange are integers of 1e-9 currency units: so many make one unit."""

MAX_PRICE: Final = Decimal(1000)
"""The dearest price of a minute or a call that is taken for meant; above it: refused."""

_PRICE = re.compile(r"[0-9]{1,4}(\.[0-9]{1,9})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SLUG_PATTERN: Final = r"^[a-z0-9][a-z0-9-]{0,47}$"
REFERENCE_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._:~-]{0,79}$"

MarketId = Annotated[str, StringConstraints(pattern=SLUG_PATTERN)]
ParticipantId = Annotated[str, StringConstraints(pattern=SLUG_PATTERN)]
Reference = Annotated[str, StringConstraints(pattern=REFERENCE_PATTERN)]
"""An id chosen by a participant, unique among its own things of that kind in a market."""

E164Number = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{1,14}$")]
"""A number in international form, `+` and at most 15 digits (ITU-T E.164, 6.2)."""

DialCode = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,14}$")]
"""Leading digits of E.164 numbers, without the `+`."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 alphabetic code."""

Revision = Annotated[int, Field(ge=1, le=2**53 - 1)]
"""An offer's revision, counted by its provider: every change carries a greater one."""

Minutes = Annotated[int, Field(ge=1, le=10**9)]
Seconds = Annotated[int, Field(ge=1, le=86_400)]


def _price_from_text(value: object) -> Decimal:
    """Take a price only as a plain decimal string, so that no float ever touches money."""
    if isinstance(value, Decimal):
        value = format(value, "f")
    if not isinstance(value, str) or not _PRICE.fullmatch(value):
        message = (
            'a price is a string of digits such as "0.0125", not negative, at most '
            f"{MAX_PRICE}, at most 9 decimals"
        )
        raise ValueError(message)
    return Decimal(value)


def plain(amount: Decimal) -> str:
    """Write a decimal without exponent and without trailing zeros: `0.0125`, `12`."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


_Plain = PlainSerializer(plain, return_type=str, when_used="json")

Price = Annotated[
    Decimal,
    BeforeValidator(_price_from_text),
    Field(ge=0, le=MAX_PRICE),
    _Plain,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(0?[0-9]{1,3}(\.[0-9]{1,9})?|1000(\.0{1,9})?)$",
            "description": f"A decimal string of currency units, 0 to {MAX_PRICE}.",
        }
    ),
]
"""A price of one minute, one call or one unit, in currency units."""

Money = Annotated[
    Decimal,
    _Plain,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?$",
            "description": "A decimal string of currency units.",
        }
    ),
]
"""An amount that the exchange worked out, in currency units."""


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Timestamp = Annotated[AwareDatetime, PlainSerializer(_rfc3339, return_type=str, when_used="json")]
"""An instant as RFC 3339 in UTC with milliseconds: `2026-01-31T12:00:00.000Z`."""


def to_nano(amount: Decimal) -> int:
    """Turn currency units into integers of 1e-9; exact, since nothing on the wire is finer."""
    return int(amount * NANO)


def from_nano(amount_nano: int) -> Decimal:
    """Turn integers of 1e-9 into currency units, exact."""
    return Decimal(amount_nano).scaleb(-9)


def to_millis(moment: datetime) -> int:
    """Milliseconds since 1970-01-01T00:00Z, what is finer cut off."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_millis(moment_ms: int) -> datetime:
    """Turn milliseconds since 1970-01-01T00:00Z into an instant."""
    return _EPOCH + timedelta(milliseconds=moment_ms)


class Inbound(BaseModel):
    """What participants send: nothing missing, nothing extra, nothing guessed."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )


class Outbound(BaseModel):
    """What the exchange emits: readers ignore fields they do not know, so that it can grow."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)
