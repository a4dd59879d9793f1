"""An offer of limited capacity that stands for one scene only, cheaper than all others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Final

from strowger.client import Matches, ShownOffer
from strowger.contract.voice import VoiceTermination
from strowger.demo.cast import CURRENCY, LONDON, MARKET
from strowger.demo.narrator import Unexpected
from strowger.demo.stage import Stage

_CARRIER: Final = "carrier-e"
_RATE: Final = Decimal("0.001")
_CODE_DIGITS: Final = 5


@asynccontextmanager
async def pool(stage: Stage, name: str, capacity_minutes: int) -> AsyncIterator[str]:
    """Publish an offer of so many minutes to London; withdraw it at the end. Give its id."""
    offer_id = f"{name}-{stage.run}"
    service = VoiceTermination(
        prefix=LONDON.number[1 : 1 + _CODE_DIGITS],
        deck=offer_id,
        rate_per_minute=_RATE,
        capacity_minutes=capacity_minutes,
    )
    async with stage.provider(_CARRIER) as carrier:
        await carrier.publish(MARKET, offer_id, currency=CURRENCY, service=service)
        try:
            yield offer_id
        finally:
            await carrier.withdraw(MARKET, offer_id)


def find(matches: Matches, offer_id: str) -> ShownOffer:
    """Find an offer among those shown.

    Raises:
        Unexpected: it was not shown.
    """
    for shown in matches:
        if shown.offer_id == offer_id:
            return shown
    raise Unexpected(f"offer {offer_id} was not shown")
