"""A JSON document that remembers what was read of it, so that the rest can be listed."""

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final

from strowger.sheets.rows import SheetUnreadable

_MOST_BYTES: Final = 50_000_000
_MOST_DIGITS: Final = 24


def document_of(text: str) -> object:
    """Read JSON with its numbers exact.

    Raises:
        SheetUnreadable: it is no JSON.
    """
    if len(text) > _MOST_BYTES:
        raise SheetUnreadable("more than 50 MB of JSON; send it in parts")
    try:
        found: object = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError, InvalidOperation) as problem:
        raise SheetUnreadable(f"not JSON: {problem}") from None
    return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


class Node:
    """A place in a document; what is taken of it is marked as read."""

    def __init__(self, value: object, pointer: str, read: set[str]) -> None:
        self.value = value
        self.pointer = pointer
        self._read = read

    def __getitem__(self, key: str) -> "Node":
        """Give a member; one of nothing where there is none."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        escaped = key.replace("~", "~0").replace("/", "~1")
        return Node(value, f"{self.pointer}/{escaped}", self._read)

    def __iter__(self) -> Iterator["Node"]:
        """Give the elements of a list; nothing where it is none."""
        if isinstance(self.value, list):
            for index, value in enumerate(self.value):
                yield Node(value, f"{self.pointer}/{index}", self._read)

    @property
    def is_there(self) -> bool:
        """Say whether anything stands here."""
        return self.value is not None

    def members(self) -> Iterator["Node"]:
        """Give the members of an object."""
        if isinstance(self.value, dict):
            for key in self.value:
                yield self[key]

    def text(self) -> str:
        """Take what stands here as text; empty where it is none."""
        if not isinstance(self.value, str):
            return ""
        self._read.add(self.pointer)
        return self.value

    def number(self) -> Decimal | None:
        """Take what stands here as an exact number; none where it is none, or beyond measure."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | Decimal):
            return None
        number = Decimal(self.value)
        if abs(number.adjusted()) > _MOST_DIGITS:
            return None
        self._read.add(self.pointer)
        return number

    def flag(self) -> bool:
        """Take what stands here as true or false; false where it is neither."""
        if not isinstance(self.value, bool):
            return False
        self._read.add(self.pointer)
        return self.value


def unread(root: Node, read: set[str]) -> Iterator[tuple[str, object]]:
    """Give the pointer and value of every leaf that nobody took, in the document's order."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        beneath = [*node.members(), *node]
        if beneath:
            waiting.extend(reversed(beneath))
        elif node.pointer not in read:
            yield node.pointer, node.value
