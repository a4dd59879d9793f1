"""A buyer ends a session, then tries to accept in it."""

from strowger.client import refused
from strowger.demo.cast import LONDON, MARKET
from strowger.demo.narrator import expect, saw
from strowger.demo.stage import Stage

TITLE = "An acceptance after the buyer ended the session is refused"


async def play(stage: Stage) -> None:
    """Open, ask, end, accept."""
    session = await stage.buyer.open_session(MARKET, ttl=60)
    matches = await session.request(to=LONDON.number, minutes=100)
    await session.close()
    saw("the buyer has ended the session")
    try:
        await session.accept(matches[0])
    except refused.SessionEnded as no:
        saw(f"its acceptance is refused: [red]{no.refusal}[/red]. {no.message}")
    else:
        expect(truth=False, otherwise="an offer was sold in a session that had ended")
