"""Read spans of time as people write them."""

import re
from typing import Final

from strowger.cli.shared.place import NotSaid

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"([0-9]{1,9})([smhdw]?)")


def seconds_of(option: str, said: str) -> int:
    """Read a span such as `7d`, `36h`, `90m`, `45s`; a bare number is seconds.

    Raises:
        NotSaid: it is none.
    """
    span = _SPAN.fullmatch(said)
    if span is None:
        raise NotSaid(f"{option}: {said!r} is no time such as 7d, 36h, 90m or 45s")
    count, unit = span.groups()
    return int(count) * _SECONDS[unit or "s"]
