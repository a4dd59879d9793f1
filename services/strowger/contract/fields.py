"""The field types that every event is made of: identifiers, numbers, money and time on the wire."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
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
_EXACT: Final = Context(prec=100)
"""Python's own context rounds to 28 digits: the dearest request that can be made has 31."""

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

CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""An ISO 3166-1 alpha-2 code."""

Place = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{2}(/[A-Z]{3}(/[A-Za-z0-9][A-Za-z0-9._-]{0,39})?)?$")
]
"""A country, a metro in it, or a site in that: `GB`, `GB/LON`, `GB/LON/thn2`.

Country: ISO 3166-1 alpha-2; metro: IATA code of a metropolitan area or airport; site: as its
operator calls it.
"""

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


def _decimal_string(pattern: str, description: str) -> tuple[BeforeValidator, WithJsonSchema]:
    """Take a decimal only as a string of this pattern, in the models and in the schemas alike."""
    taken = re.compile(pattern.removeprefix("^").removesuffix("$"))

    def from_text(value: object) -> Decimal:
        if isinstance(value, Decimal):
            value = plain(value)
        if not isinstance(value, str) or not taken.fullmatch(value):
            raise ValueError(description[0].lower() + description[1:])
        return Decimal(value)

    schema = {"type": "string", "pattern": pattern, "description": description}
    return BeforeValidator(from_text), WithJsonSchema(schema)


def _percent(decimals: int) -> tuple[BeforeValidator, WithJsonSchema]:
    return _decimal_string(
        rf"^([0-9]{{1,2}}(\.[0-9]{{1,{decimals}}})?|100(\.0{{1,{decimals}}})?)$",
        f'A decimal string such as "99.95", 0 to 100, at most {decimals} decimals.',
    )


Percent = Annotated[Decimal, *_percent(2), _Plain]
"""A ratio in percent, to 0.01."""

FinePercent = Annotated[Decimal, *_percent(5), _Plain]
"""A ratio in percent, to 0.00001: loss and availability come in many nines."""

Milliseconds = Annotated[
    Decimal,
    *_decimal_string(
        r"^[0-9]{1,6}(\.[0-9]{1,3})?$",
        'A decimal string of milliseconds such as "12.5", at most 3 decimals.',
    ),
    _Plain,
]
"""A delay in milliseconds, to a microsecond."""

Mbps = Annotated[int, Field(ge=0, le=10**9)]
"""A rate in units of 10**6 bit/s, as MEF's MBPS: decimal."""


MAX_CHARGE: Final = Decimal(1_000_000_000)
"""The largest one-off or monthly charge that is taken for meant; above it: refused."""

Charge = Annotated[
    Decimal,
    *_decimal_string(
        r"^([0-9]{1,9}(\.[0-9]{1,9})?|1000000000(\.0{1,9})?)$",
        f'A decimal string of currency units such as "1250.50", 0 to {MAX_CHARGE}.',
    ),
    _Plain,
]
"""A one-off or monthly charge, or a ceiling on a cost, in currency units, without taxes."""


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


MOMENT_PATTERN: Final = (
    r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""RFC 3339 as senders may write it: with seconds and the offset from UTC, to a nanosecond."""

_MOMENT = re.compile(MOMENT_PATTERN.removeprefix("^").removesuffix("$"))


def _moment_from_text(value: object) -> object:
    """Hold texts to RFC 3339: pydantic would also take a count of seconds, or leave seconds out."""
    if not isinstance(value, str):
        return value
    if not _MOMENT.fullmatch(value):
        raise ValueError('a time is as RFC 3339 writes it, such as "2026-01-31T12:00:00Z"')
    return datetime.fromisoformat(value.upper())


Timestamp = Annotated[
    AwareDatetime,
    BeforeValidator(_moment_from_text),
    PlainSerializer(_rfc3339, return_type=str, when_used="json"),
]
"""An instant as RFC 3339; the exchange writes UTC and milliseconds: `2026-01-31T12:00:00.000Z`."""


def to_nano(amount: Decimal) -> int:
    """Turn currency units into integers of 1e-9; exact, since nothing on the wire is finer."""
    return int(amount.scaleb(9, _EXACT))


def from_nano(amount_nano: int) -> Decimal:
    """Turn integers of 1e-9 into currency units, exact."""
    return scaled(amount_nano, 9)


def scaled(value: int, decimals: int) -> Decimal:
    """Turn an integer of 10**-`decimals` units into units, exact."""
    return Decimal(value).scaleb(-decimals, _EXACT)


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
