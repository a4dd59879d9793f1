"""What an audit finds: the first record that does not follow from the log, and how it differs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from strowger.broker.consuming import Record
from strowger.contract import commands

What = Literal["changed", "missing", "follows from nothing", "out of order"]

_LINES: Final = 8
_WIDTH: Final = 60
_NOTHING: Final = object()


@dataclass(frozen=True)
class Finding:
    """One record that is not as the log decides it.

    `log_offset` is where the command stands that it follows from, or claims to; `offset` where the
    record stands in its topic, none for one that is missing. `difference` tells each field that is
    otherwise: as it follows, and as it was found.
    """

    what: What
    topic: str
    partition: int
    offset: int | None
    log_offset: int | None
    command: str | None
    difference: tuple[str, ...]


def described(command: Record | None) -> str | None:
    """Say in a few words which command a record of the log holds."""
    if command is None:
        return None
    try:
        said = commands.decode(command.value or b"")
    except msgspec.MsgspecError:
        return "a value that is no command"
    kind = said.__struct_config__.tag
    return f"{kind} of {said.participant} in {said.market}, sent as {said.causation_id}"


def differences(expected: bytes | None, found: bytes | None) -> tuple[str, ...]:
    """Tell how two values differ: field by field where both are JSON, else at their first byte."""
    try:
        lines = list(_fields("", _read(expected), _read(found)))
    except msgspec.DecodeError:
        lines = []
    if not lines and expected != found:
        lines = [_bytes(expected or b"", found or b"")]
    more = len(lines) - _LINES
    return (*lines[:_LINES], *([f"and {more} more"] if more > 0 else []))


def _read(value: bytes | None) -> object:
    return None if value is None else msgspec.json.decode(value)


def _fields(at: str, expected: object, found: object) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in dict.fromkeys((*expected, *found)):
            ours, theirs = expected.get(name, _NOTHING), found.get(name, _NOTHING)
            yield from _fields(f"{at}.{name}" if at else name, ours, theirs)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for place, (ours, theirs) in enumerate(zip(expected, found, strict=True)):
            yield from _fields(f"{at}[{place}]", ours, theirs)
    elif expected != found or type(expected) is not type(found):
        yield f"{at or 'the value'}: {_spelled(expected)} follows, {_spelled(found)} was found"


def _spelled(value: object) -> str:
    if value is _NOTHING:
        return "nothing"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"


def _bytes(expected: bytes, found: bytes) -> str:
    pairs = zip(expected, found, strict=False)
    shorter = min(len(expected), len(found))
    at = next((place for place, (ours, theirs) in enumerate(pairs) if ours != theirs), shorter)
    ours, theirs = expected[at : at + 20], found[at : at + 20]
    return f"byte {at} of {len(expected)}: {ours!r} follows, {theirs!r} was found"
