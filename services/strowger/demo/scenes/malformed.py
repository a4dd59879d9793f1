"""Somebody sends what nobody can read."""

import asyncio
from typing import Final

from strowger.broker.connections import producer
from strowger.cli.shared import topic_reader
from strowger.contract.topics import DEAD_LETTERS, OFFER_PUBLISHED
from strowger.demo.carriers import CARRIERS
from strowger.demo.narrator import saw, say
from strowger.demo.stage import Stage

TITLE = "A malformed event is set aside with its provenance, and holds nothing up"

_GARBAGE: Final = b"\xff\xfe not an offer"
_PATIENCE_SECONDS: Final = 30


async def play(stage: Stage) -> None:
    """Send bytes without an envelope; find them among the dead letters as they were received."""
    async with producer(stage.as_user(CARRIERS[0].name), client_id="demo-clumsy") as clumsy:
        sent = await clumsy.send_and_wait(OFFER_PUBLISHED.name, value=_GARBAGE)
    say(f"{_GARBAGE!r} is sent to {sent.topic}")
    since = {at: n for at, n in stage.since.items() if at.topic == DEAD_LETTERS.name}
    wanted = f"{sent.topic}/{sent.partition}/{sent.offset}".encode()
    async with asyncio.timeout(_PATIENCE_SECONDS):
        async for record in topic_reader.follow(stage.bootstrap, since):
            headers = dict(record.headers)
            if headers.get("ce_id") == wanted and record.value == _GARBAGE:
                reason, detail = headers["dl_reason"].decode(), headers["dl_detail"].decode()
                saw(f"it lies in dead-letters, byte for byte: [red]{reason}[/red], {detail}")
                return
