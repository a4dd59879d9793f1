"""A session is left to time out."""

import asyncio
from typing import Final

from strowger.cli.shared import topic_reader
from strowger.client import Notices, refused
from strowger.contract.envelope import service_source
from strowger.contract.inbound import SessionClosed
from strowger.contract.outbound import SessionEnded
from strowger.contract.topics import SESSION_CLOSED
from strowger.demo.cast import LONDON, MARKET
from strowger.demo.narrator import expect, saw, say
from strowger.demo.stage import Stage

TITLE = "A session left alone times out, closed by the session-timeout processor"

_TTL_SECONDS: Final = 2
_PATIENCE_SECONDS: Final = 30
_PROCESSOR: Final = service_source("session-timeout").encode()


async def play(stage: Stage) -> None:
    """Open a session of two seconds, ask, and wait to be told that it has ended."""
    notices = stage.buyer.notices()
    session = await stage.buyer.open_session(MARKET, ttl=_TTL_SECONDS)
    matches = await session.request(to=LONDON.number, minutes=100)
    say(f"a session of {_TTL_SECONDS} seconds; the buyer waits in it and sends nothing more")
    async with asyncio.timeout(_PATIENCE_SECONDS):
        ended = await _ended(notices, session.session_id)
        await _processor_closed(stage, session.session_id)
    expect(ended.reason == "timed_out", f"the session was to time out, not {ended.reason}")
    saw("the processor sent session-closed at the deadline, and the buyer was told it timed out")
    try:
        await session.accept(matches[0])
    except refused.SessionEnded as no:
        saw(f"an acceptance after it is refused: [red]{no.refusal}[/red]. {no.message}")
    else:
        expect(truth=False, otherwise="an offer was sold in a session that had timed out")


async def _ended(notices: Notices, session_id: str) -> SessionEnded:
    async for notice in notices:
        if isinstance(notice, SessionEnded) and notice.session_id == session_id:
            return notice
    raise AssertionError("notices end only with the client")


async def _processor_closed(stage: Stage, session_id: str) -> None:
    since = {at: n for at, n in stage.since.items() if at.topic == SESSION_CLOSED.name}
    async for record in topic_reader.follow(stage.bootstrap, since):
        if dict(record.headers).get("ce_source") != _PROCESSOR:
            continue
        if SessionClosed.model_validate_json(record.value).session_id == session_id:
            return
