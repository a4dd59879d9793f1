"""W3C trace context as events carry it: the CloudEvents extension `traceparent`, never changed.

Sources: CloudEvents' Distributed Tracing extension, which is of the trace that an event began in
and not of each hop; W3C Trace Context, section 3.2. It decides nothing, and nobody signs it.
"""

import re
from collections.abc import Iterable
from typing import Final

HEADER: Final = "ce_traceparent"
OF_ONE_HOP: Final = "traceparent"
"""What tracing of Kafka clients writes; taken where an event says nothing of its own."""

PATTERN: Final = "00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"

_WHOLE: Final = re.compile(PATTERN.encode())

Headers = Iterable[tuple[str, bytes | None]]


def traceparent_of(headers: Headers) -> bytes | None:
    """Give the trace that an event belongs to; none if it names none, or not as it should.

    Whoever sends what is no trace context loses the trace, and never the event.
    """
    found: dict[str, bytes] = {}
    for name, value in headers:
        if name in {HEADER, OF_ONE_HOP} and value is not None and _WHOLE.fullmatch(value):
            found.setdefault(name, value)
    return found.get(HEADER) or found.get(OF_ONE_HOP)


def header_of(traceparent: bytes | None) -> list[tuple[str, bytes]]:
    """Write a trace as a record's header; none as no header."""
    return [] if traceparent is None else [(HEADER, traceparent)]
