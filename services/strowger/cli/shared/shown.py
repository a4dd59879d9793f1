"""Show bytes that anybody may have sent: nothing in them acts on a terminal, no secret is told."""

import re
from dataclasses import dataclass
from typing import Final

MOST_BYTES: Final = 2_048
"""So much of a value is shown unless all of it is asked for."""

MASK: Final = "[masked]"

_LINE_BYTES: Final = 32
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*-----|\Z)", re.DOTALL
)
_MEMBERS: Final = r"d|k|secret|token|api_?key|private_?key|client_?secret|[a-z_]*password"
_SECRET_MEMBER: Final = re.compile(
    rf"""(["'](?:{_MEMBERS})["']\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|[^\s,}}\]]+)""", re.IGNORECASE
)
_SECRET_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})


@dataclass(frozen=True)
class Shown:
    """Bytes as they may be shown: text where they are UTF-8, else hex; how many there are."""

    size: int
    text: str | None = None
    hex: str | None = None
    left_out: int = 0
    masked: int = 0


def shown(value: bytes | None, most: int | None = MOST_BYTES) -> Shown | None:
    """Give what may be shown of a value, at most so many of its bytes; none where there is none.

    Private keys, and JSON members that are named as secrets are, become a mask. It is a net for
    what was sent by mistake, and no promise: whoever may read dead letters sees what was sent.
    """
    if value is None:
        return None
    kept = value if most is None else value[:most]
    try:
        text = _decoded(kept, cut=len(kept) < len(value))
    except UnicodeDecodeError:
        return Shown(len(value), hex=kept.hex(), left_out=len(value) - len(kept))
    text, keys = _PRIVATE_KEY.subn(MASK, text)
    text, members = _SECRET_MEMBER.subn(rf'\1"{MASK}"', text)
    return Shown(len(value), text=text, left_out=len(value) - len(kept), masked=keys + members)


def shown_header(name: str, value: bytes | None) -> Shown | None:
    """Give what may be shown of a header; one that carries credentials is masked whole."""
    if value is not None and name.lower() in _SECRET_HEADERS:
        return Shown(len(value), text=MASK, masked=1)
    return shown(value)


def lines(what: Shown | None) -> list[str]:
    """Write it for a terminal: hex in lines of 32 bytes; what is not printable, escaped."""
    if what is None:
        return ["(none)"]
    if what.text is not None:
        found = [printable(line) for line in what.text.splitlines()] or ["(empty)"]
    else:
        digits = what.hex or ""
        step = 2 * _LINE_BYTES
        found = [
            f"{start // 2:08x}  {digits[start : start + step]}"
            for start in range(0, len(digits), step)
        ]
    if what.left_out:
        found.append(f"… {what.left_out:,} more of {what.size:,} bytes; --full shows all")
    return found


def printable(text: str) -> str:
    r"""Escape what a terminal would act on or hide: control characters, `\x1b`, bidi marks."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def _decoded(kept: bytes, *, cut: bool) -> str:
    """Read UTF-8; a character that the cut went through is left out."""
    try:
        return kept.decode()
    except UnicodeDecodeError as problem:
        if cut and problem.reason == "unexpected end of data":
            return kept[: problem.start].decode()
        raise
