"""Which column of a sheet means which field of an offer; carriers' headings differ."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

PREFIX: Final = "prefix"
RATE: Final = "rate_per_minute"
REQUIRED: Final = (PREFIX, RATE)

WHOLE_NUMBERS: Final = frozenset({"minimum_seconds", "increment_seconds", "capacity_minutes"})
"""The fields of an offer that are counted, not measured."""

_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        PREFIX: ("prefix", "dial code", "code"),
        RATE: ("rate_per_minute", "rate per minute", "price / min", "rate"),
        "minimum_seconds": ("minimum_seconds", "minimum seconds"),
        "increment_seconds": ("increment_seconds", "increment seconds"),
        "connect_fee": ("connect_fee", "connect fee"),
        "capacity_minutes": ("capacity_minutes", "capacity minutes"),
        "deck": ("deck",),
        "destination": ("destination", "destination name"),
        "kind": ("kind", "destination type"),
        "country": ("country",),
    }
)
_FIELD_OF: Final = {name: field for field, names in _HEADINGS.items() for name in names}


def fields_of(header: Sequence[str]) -> list[str | None]:
    """Name the field that each column of a header row holds; none where it is not of ours."""
    return [_FIELD_OF.get(" ".join(heading.lower().split())) for heading in header]


def known_headings() -> str:
    """List the headings of the columns that a sheet must have, for a message to people."""
    return "; ".join(f"{field}: {' or '.join(map(repr, _HEADINGS[field]))}" for field in REQUIRED)
