"""Spans, where STROWGER_TRACES_ENDPOINT names a collector; elsewhere nothing is even imported."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from strowger.broker.consuming import Record
from strowger.settings import SettingsError

if TYPE_CHECKING:
    from strowger.telemetry.spans import Spans

_spans: "Spans | None" = None


def tell(does: str, topic: str, records: Collection[Record], began_ns: int, ended_ns: int) -> None:
    """Tell of a batch, and of each record in it that belongs to a trace; times since 1970."""
    if _spans is not None:
        _spans.tell(does, topic, records, began_ns, ended_ns)


@asynccontextmanager
async def traced(service: str, endpoint: str | None) -> AsyncIterator[None]:
    """Send spans to a collector's OTLP over HTTP within the block; without an endpoint, none.

    Raises:
        SettingsError: an endpoint is set, and what sends to it isn't installed.
    """
    global _spans  # noqa: PLW0603 - one a process, as its metrics are
    if endpoint is None:
        yield
        return
    try:
        from strowger.telemetry.spans import Spans  # noqa: PLC0415 - costly, and seldom wanted
    except ModuleNotFoundError as missing:
        raise SettingsError(
            f"STROWGER_TRACES_ENDPOINT is set, but {missing.name} is not installed: install "
            "strowger[telemetry], or unset it"
        ) from None
    _spans = Spans.to(endpoint, service)
    try:
        yield
    finally:
        spans, _spans = _spans, None
        await spans.stop()
