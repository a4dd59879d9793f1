"""What makes services comparable: attributes of what is offered, and clauses of what is asked.

A family's contract type marks its fields with these, and everything else follows from the marks:
how a gateway normalises an offer and a request, how the market tests one against the other, and how
a match shows the offer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final, Literal, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

Value = int | str | tuple[str, ...]
"""A normalised value: a scaled integer, a word, or a sorted set of words."""

Test = Literal["floor", "ceiling", "cover", "same"]

TESTS: Final[tuple[Test, ...]] = ("floor", "ceiling", "cover", "same")


@dataclass(frozen=True, slots=True)
class Attribute:
    """Marks a field of an offered service as an attribute.

    A number is kept as an integer of 10**-`scale` units. `better` says which way quality goes; an
    attribute without it cannot be ranked by.
    """

    unit: str = ""
    better: Literal["higher", "lower"] | None = None
    scale: int = 0


@dataclass(frozen=True, slots=True)
class Clause:
    """Marks a field of a request as a clause on an attribute of the offered service.

    `floor`: the offer has at least as much. `ceiling`: at most. `cover`: every asked word is among
    the offer's. `same`: the very word.
    """

    test: Test
    attribute: str


@cache
def attributes_of(service: type[BaseModel]) -> dict[str, Attribute]:
    """Give the attributes that a contract type of an offered service has, by name."""
    return {
        name: mark
        for name, field in service.model_fields.items()
        for mark in _marks(field)
        if isinstance(mark, Attribute)
    }


@cache
def clauses_of(demand: type[BaseModel]) -> dict[str, Clause]:
    """Give the clauses that a contract type of a request can set, by field."""
    return {
        name: mark
        for name, field in demand.model_fields.items()
        for mark in _marks(field)
        if isinstance(mark, Clause)
    }


def normal_attributes(service: BaseModel) -> dict[str, Value]:
    """Normalise an offered service's attributes; one that is not given is left out."""
    return dict(_normal(service, attributes_of(type(service))))


def normal_clauses(
    demand: BaseModel, attributes: dict[str, Attribute]
) -> Iterator[tuple[str, Test, Value]]:
    """Give a request's clauses as (attribute, test, normalised value), in the order of fields."""
    for field, clause in clauses_of(type(demand)).items():
        asked = getattr(demand, field)
        if asked is not None:
            value = to_normal(asked, attributes[clause.attribute].scale)
            yield clause.attribute, clause.test, value


def to_normal(value: object, scale: int) -> Value:
    """Normalise one value.

    Raises:
        TypeError: the contract type marks a field of a kind that no attribute has.
    """
    match value:
        case bool() | float():
            raise TypeError(f"{value!r} is no attribute's value")
        case Decimal() | int():
            scaled = Decimal(value).scaleb(scale)
            if scaled != int(scaled):
                raise TypeError(f"{value} is finer than its attribute's scale")
            return int(scaled)
        case str():
            return value
        case tuple() | frozenset() | list():
            return tuple(sorted(set(map(str, value))))
        case _:
            raise TypeError(f"{value!r} is no attribute's value")


def to_wire(value: Value, scale: int) -> int | str | Decimal | tuple[str, ...]:
    """Turn a normalised value into that of the contract type."""
    if isinstance(value, int) and scale:
        return Decimal(value).scaleb(-scale)
    return value


def _marks(field: FieldInfo) -> Iterator[object]:
    """Give a field's marks, also those of one that may be none."""
    yield from field.metadata
    for branch in get_args(field.annotation):
        yield from getattr(branch, "__metadata__", ())


def _normal(model: BaseModel, marks: dict[str, Attribute]) -> Iterator[tuple[str, Value]]:
    for name, mark in marks.items():
        value = getattr(model, name)
        if value is not None:
            yield name, to_normal(value, mark.scale)
