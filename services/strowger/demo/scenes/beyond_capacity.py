"""A buyer accepts more than an offer has left."""

from strowger.client import refused
from strowger.demo.cast import LONDON, MARKET
from strowger.demo.narrator import expect, saw, say
from strowger.demo.pool import find, pool
from strowger.demo.stage import Stage

TITLE = "An acceptance beyond the offer's capacity is refused"

_CAPACITY_MINUTES = 1_000
_WANTED_MINUTES = 600


async def play(stage: Stage) -> None:
    """Show a 1,000-minute offer to two requests of 600 minutes; accept it for both."""
    async with (
        pool(stage, "capacity", _CAPACITY_MINUTES) as offer_id,
        stage.buyer.session(MARKET, ttl=60) as session,
    ):
        say(f"an offer of {_CAPACITY_MINUTES:,} minutes is shown to two requests of 600 each")
        first = await session.request(to=LONDON.number, minutes=_WANTED_MINUTES)
        second = await session.request(to=LONDON.number, minutes=_WANTED_MINUTES)
        sale = await session.accept(find(first, offer_id))
        saw(f"the first is confirmed: {sale.quantity} minutes")
        try:
            await session.accept(find(second, offer_id))
        except refused.CapacityExhausted as no:
            saw(f"the second is refused: [red]{no.refusal}[/red]. {no.message}")
        else:
            expect(truth=False, otherwise="1,200 minutes were sold of 1,000")
