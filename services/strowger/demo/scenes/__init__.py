"""The scenes, in the order of playing: each has a title and a `play` that checks what it shows."""

from types import ModuleType
from typing import Final

from strowger.demo.scenes import (
    accepted,
    beyond_capacity,
    ended_by_buyer,
    ethernet_line,
    guarded_market,
    killed,
    malformed,
    new_price,
    ranked_offers,
    rate_sheets,
    sealed_market,
    sms_messages,
    timed_out,
)

SCENES: Final[tuple[ModuleType, ...]] = (
    rate_sheets,
    ranked_offers,
    accepted,
    beyond_capacity,
    ended_by_buyer,
    timed_out,
    new_price,
    sealed_market,
    guarded_market,
    ethernet_line,
    sms_messages,
    malformed,
    killed,
)
