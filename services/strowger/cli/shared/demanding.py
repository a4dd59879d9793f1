"""Options for everything that the contract lets a request say, and the request made of them."""

import inspect
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from strowger.cli.shared.place import NotSaid
from strowger.contract.attributes import attributes_of, clauses_of
from strowger.contract.service import Requested

_T = TypeVar("_T", bound=BaseModel)

_SHORT: Final[Mapping[str, str]] = {
    "destination": "to",
    "expected_p95_mbps": "p95",
    "min_cir_mbps": "cir",
    "comparison_months": "months",
    "max_term_months": "max-term",
    "max_matches": "max",
    "exclude_providers": "exclude",
    "attributes": "best",
    "attribute": "weight",
    "per_unit": "weight",
}
"""Options that are called otherwise than their field."""

_PLACE: Final = "country, metro or site such as GB, GB/LON or GB/LON/thn2"
_LOOKS: Final[Mapping[str, str]] = {
    "destination": "number in full international form, such as +442079460123",
    "origin": "number in full international form, such as +442079460123",
    "codes": "dial code: digits without +, such as 4420",
    "place": _PLACE,
    "a": _PLACE,
    "z": _PLACE,
    "network": "network by MCC and MNC, such as 234-15",
    "exclude_providers": "provider: lower-case letters, digits and dashes",
}
"""What a text that must have a form looks like; the contract's patterns are for machines."""

_WANTED: Final = {
    "floor": "The least {} that will do",
    "ceiling": "The most {} that will do",
    "cover": "What {} must all have",
    "same": "What {} must be",
}


def options_of(demand: type[Requested]) -> list[inspect.Parameter]:
    """Make an option of each field of a request, with its kind and its help from the contract."""
    fields = demand.model_json_schema()["properties"]
    return [_option(demand, name, fields[name]) for name in demand.model_fields if name != "family"]


def parsed(model: type[_T], document: Mapping[str, object]) -> _T:
    """Make a model of a JSON document, as the exchange would read it.

    Raises:
        NotSaid: it would be refused; the message names the option.
    """
    try:
        return model.model_validate_json(json.dumps(document))
    except ValidationError as invalid:
        problem = invalid.errors(include_url=False)[0]
        raise NotSaid(_told(problem["loc"], problem["type"], problem)) from None


def _told(location: tuple[int | str, ...], kind: str, problem: Mapping[str, Any]) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    names = [part for part in location if isinstance(part, str)]
    if names[:1] == ["service"]:
        names = names[2:]  # behind it stands the family
    if names in ([], ["ranking"]):
        return message  # a rule about several fields stands at their model, which is no option
    name = names[-1]
    if kind == "string_pattern_mismatch" and name in _LOOKS:
        message = f"{problem['input']!r} is no {_LOOKS[name]}"
    return f"--{_spelt(name)}: {message}"


def _spelt(name: str) -> str:
    return _SHORT.get(name, name.replace("_", "-"))


def _option(demand: type[Requested], name: str, schema: Mapping[str, Any]) -> inspect.Parameter:
    field = demand.model_fields[name]
    shape = next((each for each in schema.get("anyOf", ()) if each.get("type") != "null"), schema)
    words = shape.get("enum") or shape.get("items", {}).get("enum")
    said = _help(demand, name) + (f" One of {', '.join(words)}." if words else "")
    kind: Any = {"integer": int, "array": list[str]}.get(shape["type"], str)
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if field.is_required() else None,
        annotation=Annotated[
            kind if field.is_required() else kind | None,
            typer.Option(f"--{_spelt(name)}", help=said, rich_help_panel="The service"),
        ],
    )


def _help(demand: type[Requested], name: str) -> str:
    described = demand.model_fields[name].description
    if described:
        return " ".join(described.split())
    clause = clauses_of(demand).get(name)
    if clause is None:
        looks = _LOOKS.get(name, name.replace("_", " "))
        return f"{looks[:1].upper()}{looks[1:]}."
    unit = attributes_of(demand.OFFERED)[clause.attribute].unit
    attribute = clause.attribute.replace("_", " ")
    return f"{_WANTED[clause.test].format(attribute)}{f', {unit}' if unit else ''}."
