"""The traces that a participant's own telemetry is in: told with what is sent, and read back."""

import sys
from collections.abc import Iterable
from typing import Final, TypeVar

from strowger.contract.event import OutboundEvent
from strowger.contract.tracing import header_of, traceparent_of

_OPENTELEMETRY: Final = "opentelemetry.trace"

_Event = TypeVar("_Event", bound=OutboundEvent)


def current() -> list[tuple[str, bytes]]:
    """Give the header of the trace that the caller is in; none outside of any.

    Whoever traces has imported OpenTelemetry; nobody else has to have it, or pays for it.
    """
    trace = sys.modules.get(_OPENTELEMETRY)
    context = None if trace is None else trace.get_current_span().get_span_context()
    if context is None or not context.is_valid:
        return []
    traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    return header_of(traceparent.encode())


def traced(event: _Event, headers: Iterable[tuple[str, bytes | None]]) -> _Event:
    """Give the event, with the trace that its record says it belongs to, if it says one."""
    traceparent = traceparent_of(headers)
    if traceparent is not None:
        event.__dict__["traceparent"] = traceparent.decode()
    return event
