"""Say in a few words what a service is: where it applies, how much of it, what it is like."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from pydantic import BaseModel

from strowger.cli.shared.output import amount

_SCOPES: Final[Mapping[str, tuple[str, ...]]] = {
    "voice": ("prefix", "origin"),
    "internet": ("place",),
    "ethernet": ("a", "z"),
    "sms": ("network",),
}
_UNITS: Final[Mapping[str, str]] = {
    "voice": "minutes",
    "internet": "Mbit/s",
    "ethernet": "Mbit/s",
    "sms": "messages",
}
_PREPOSITIONS: Final[Mapping[str, str]] = {"voice": "to ", "internet": "at ", "sms": "to "}
_ENDINGS: Final[Mapping[str, str]] = {
    "percent": "%",
    "ms": "ms",
    "seconds": "s",
    "mbps": "Mbit/s",
    "minutes": "min",
    "bytes": "bytes",
    "days": "days",
}
"""How the unit that a field's name ends with is written."""

Fields = dict[str, object]


def family_of(service: BaseModel) -> str:
    """Give the family's name."""
    return str(getattr(service, "family", ""))


def where(service: BaseModel) -> str:
    """Say where a shown or sold service applies: `+4420`, `GB/LON to DE/FRA`, `234-15`."""
    parts = [str(part) for name in _scope_of(service) if (part := getattr(service, name))]
    if family_of(service) == "voice":
        return " from ".join(f"+{part}" for part in parts)
    return " to ".join(parts)


def how_much(quantity: int, service: BaseModel) -> str:
    """Say a quantity of a service in its family's unit, such as `1,000 minutes`."""
    return f"{quantity:,} {_UNITS.get(family_of(service), 'units')}"


def bought(quantity: int, service: BaseModel) -> str:
    """Say how much of a service where: `1,000 minutes to +4420`, `500 Mbit/s at GB/LON`."""
    preposition = _PREPOSITIONS.get(family_of(service), "")
    return f"{how_much(quantity, service)} {preposition}{where(service)}"


def traits(service: BaseModel) -> Fields:
    """Give what a shown service says beside its family and its scope; what it leaves out not."""
    left_out = {"family", *_scope_of(service)}
    return {name: value for name, value in service if name not in left_out and value is not None}


def heading(name: str) -> str:
    """Write a field's name as people do: `asr_percent` as `asr %`."""
    words, unit = _words(name)
    return f"{words} {unit}".rstrip()


def phrase(name: str, value: object) -> str:
    """Write a field with its value: `asr 52.5 %`, `deck standard`."""
    words, unit = _words(name)
    return f"{words} {said(value)} {unit}".rstrip()


def said(value: object) -> str:
    """Write a field's value as people do."""
    match value:
        case None:
            return ""
        case Decimal():
            return amount(value)
        case int():
            return f"{value:,}"
        case tuple():
            return " ".join(map(str, value))
        case _:
            return str(value)


def _words(name: str) -> tuple[str, str]:
    """Take the unit off a field's name, where it ends with one and is not that alone."""
    *words, last = name.split("_")
    if words and last in _ENDINGS:
        return " ".join(words), _ENDINGS[last]
    return " ".join((*words, last)), ""


def _scope_of(service: BaseModel) -> tuple[str, ...]:
    return _SCOPES.get(family_of(service), ())
