"""Test an offer against a request's clauses, and say by how much it fails one."""

from collections.abc import Iterator
from typing import Final

from strowger.contract.attributes import Value
from strowger.contract.fields import plain, scaled
from strowger.contract.normal import Asked, Need, Terms
from strowger.market.families import Failed, Family

_PARTS: Final = 1_000_000
"""Shortfalls are compared in millionths of what was asked."""


def failed(family: Family, terms: Terms, need: Need, *, undetermined: bool) -> Iterator[Failed]:
    """Give the clauses on attributes that an offer fails; `undetermined`: whether silence passes.

    Raises:
        KeyError: a clause is on an attribute that the family does not have.
    """
    for asked in need.clauses:
        offered = terms.attributes.get(asked.attribute)
        if offered is None:
            if undetermined:
                continue
        elif passes(asked, offered):
            continue
        mark = family.attributes[asked.attribute]
        yield Failed(asked.attribute, asked.test, asked.value, offered, mark.scale, mark.unit)


def undetermined(terms: Terms, need: Need) -> tuple[str, ...]:
    """Name the clauses on attributes that an offer does not give."""
    silent = (asked.attribute for asked in need.clauses if asked.attribute not in terms.attributes)
    return tuple(dict.fromkeys(silent))


def passes(asked: Asked, offered: Value) -> bool:
    """Say whether an offered value passes a clause; of two kinds, nothing passes."""
    match asked.test, offered, asked.value:
        case "floor", int(has), int(wanted):
            return has >= wanted
        case "ceiling", int(has), int(wanted):
            return has <= wanted
        case "cover", tuple(has), tuple(wanted):
            return set(has) >= set(wanted)
        case "same", has, wanted:
            return has == wanted
    return False


def shortfall(miss: Failed) -> tuple[int, int]:
    """Give how far a miss is off, to order by: measured ones first, in millionths of the asked."""
    if isinstance(miss.asked, int) and isinstance(miss.offered, int) and miss.test != "same":
        return 0, abs(miss.offered - miss.asked) * _PARTS // max(miss.asked, 1)
    return 1, 0


def spelled(value: Value | None, scale: int) -> str | None:
    """Write a normalised value for people: `99.95`, `g729`, `ipv4, ipv6`; none where it is none."""
    match value:
        case None:
            return None
        case int():
            return plain(scaled(value, scale))
        case str():
            return value
        case tuple():
            return ", ".join(value)


def short_by(miss: Failed) -> str | None:
    """Write by how much a miss is off; none where there is no measure."""
    if isinstance(miss.asked, int) and isinstance(miss.offered, int) and miss.test != "same":
        return spelled(abs(miss.offered - miss.asked), miss.scale)
    return None
