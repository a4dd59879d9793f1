"""What lies in `schemas/`, and what its schemas and the models take."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import regress
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError as SchemaError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from pydantic import ValidationError

from strowger.contract.fields import Inbound
from strowger.contract.generate.schemas import EMITTED, AnyEvent, name_of
from strowger.contract.inbound import INBOUND

Json = Any

SCHEMAS: Final = Path(__file__).parents[1] / "schemas"
EVENTS: Final[tuple[type[AnyEvent], ...]] = (*INBOUND, *EMITTED)


def _pattern(
    validator: Validator, pattern: str, instance: object, schema: object
) -> Iterator[SchemaError]:
    """Match as ECMA 262 does, as JSON Schema says; in Python `$` also stands before a newline."""
    del validator, schema
    if isinstance(instance, str) and regress.Regex(pattern, "u").find(instance) is None:
        yield SchemaError(f"{instance!r} does not match {pattern!r}")


Ecma: Final[type[Validator]] = extend(  # type: ignore[no-untyped-call]  # jsonschema's stubs say no
    Draft202012Validator, {"pattern": _pattern}
)


def load(path: str) -> Json:
    """Read a published file."""
    return json.loads((SCHEMAS / path).read_text(encoding="utf-8"))


def _folder(event: type[AnyEvent]) -> str:
    return "inbound" if issubclass(event, Inbound) else "outbound"


def validator_of(event: type[AnyEvent]) -> Validator:
    """Give the validator of an event's published schema."""
    schema = load(f"{_folder(event)}/{name_of(event)}.json")
    validator: Validator = Ecma(schema)
    return validator


def model_takes(event: type[AnyEvent], document: Json) -> bool:
    """Say whether the model takes a document."""
    try:
        event.model_validate_json(json.dumps(document))
    except ValidationError:
        return False
    return True
