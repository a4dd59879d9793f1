"""What every event that the exchange emits has, and how it is encoded."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Self

from strowger.contract.fields import MarketId, Outbound, Timestamp


class OutboundEvent(Outbound):
    """What every outbound event has.

    `causation_id` is the `ce_id` of the event that this answers, or that led to it; `at` is market
    time, the broker's append time in the market's log, never stepping back.
    """

    TYPE: ClassVar[str]
    market: MarketId
    causation_id: str
    at: Timestamp

    @cached_property
    def traceparent(self) -> str | None:
        """The trace of the event that this answers, if it named one: whoever reads it sets it.

        It travels beside the event, in a header, and is no part of it.
        """
        return None

    @cached_property
    def encoded(self) -> bytes:
        """The event as JSON, made once: it is measured, remembered and told."""
        return self.model_dump_json().encode()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Give a copy, which is encoded anew: it may differ."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("encoded", None)
        return copied
