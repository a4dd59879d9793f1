"""How commands speak: results to stdout, as tables or JSON; all else to stderr."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from strowger.contract.fields import plain

_PIPED_WIDTH = 400
"""A table that goes to a file or a program is not cut at the edge of a screen it never sees."""

out = Console(
    highlight=False,
    soft_wrap=True,
    width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPED_WIDTH,
)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def emit(document: BaseModel | Mapping[str, object] | Sequence[object]) -> None:
    """Write one JSON document, on one line, to stdout."""
    print(json.dumps(document, default=_jsonable, ensure_ascii=False), flush=True)


def _jsonable(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def grid(*headings: str, title: str | None = None) -> Table:
    """Make a table; a heading that starts with `>` sets its column to the right."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for heading in headings:
        right = heading.startswith(">")
        table.add_column(
            heading.removeprefix(">"), justify="right" if right else "left", overflow="fold"
        )
    return table


def amount(value: Decimal) -> str:
    """Write money as it stands, without exponent or trailing zeros."""
    return plain(value)
