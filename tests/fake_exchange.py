"""An exchange played by hand, for what the real one does not do on cue: silence, repeats, refusals.

Nothing else may answer on the broker that it is played on.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from strowger.broker import connections
from strowger.contract.envelope import EXCHANGE_SOURCE, Envelope
from strowger.contract.event import OutboundEvent
from strowger.contract.inbound import OfferPublished, SessionOpened
from strowger.contract.outbound import EventRefused, OfferStored, SessionEnded, SessionGranted
from strowger.contract.reading import Received, read
from strowger.contract.refusals import Refusal
from strowger.contract.topics import INBOUND_TOPICS, inbox

AT = datetime(2026, 1, 31, tzinfo=UTC)
TOPICS = {topic.name: topic for topic in INBOUND_TOPICS}

Script = Callable[[Received], Iterable[OutboundEvent]]


class PlayedExchange:
    """Writes into inboxes what a script says; keeps what it received."""

    def __init__(self, producer: Any) -> None:  # noqa: ANN401 - aiokafka is untyped
        self._producer = producer
        self.received: list[Received] = []

    async def tell(self, participant: str, event: OutboundEvent, event_id: str) -> int:
        """Write one event into an inbox, and give its offset."""
        value = event.model_dump_json().encode()
        return int((await (await self.write(participant, event.TYPE, value, event_id))).offset)

    async def write(self, participant: str, kind: str, value: bytes, event_id: str) -> Any:  # noqa: ANN401 - aiokafka is untyped
        """Write a record into an inbox, and give its delivery."""
        headers = Envelope(event_id, EXCHANGE_SOURCE, kind, AT).to_headers()
        return await self._producer.send(inbox(participant).name, value=value, headers=headers)

    async def answer(self, consumer: Any, script: Script) -> None:  # noqa: ANN401 - as above
        """Answer every inbound event as the script says, for ever."""
        async for record in consumer:
            got = read(TOPICS[record.topic], record.headers, record.value)
            assert isinstance(got, Received)
            self.received.append(got)
            for number, event in enumerate(script(got)):
                value = event.model_dump_json().encode()
                await self.write(got.sender, event.TYPE, value, f"{got.envelope.id}-{number}")


@asynccontextmanager
async def played(address: str, script: Script) -> AsyncIterator[PlayedExchange]:
    """Play an exchange that answers as the script says."""
    consumer = connections.consumer(address, *TOPICS, client_id="played", start="latest")
    async with connections.producer(address, client_id="played") as producer, consumer:
        await consumer.seek_to_end()
        exchange = PlayedExchange(producer)
        answering = asyncio.create_task(exchange.answer(consumer, script))
        try:
            yield exchange
        finally:
            answering.cancel()
            with suppress(asyncio.CancelledError):
                await answering


def granted(got: Received) -> SessionGranted:
    """Grant the session that was opened."""
    assert isinstance(got.event, SessionOpened)
    return SessionGranted(
        market=got.event.market,
        causation_id=got.envelope.id,
        at=AT,
        session_id=got.event.session_id,
        deadline=AT,
    )


def said_no(got: Received, why: Refusal) -> EventRefused:
    """Refuse what was sent."""
    return EventRefused(
        market=got.event.market,
        causation_id=got.envelope.id,
        at=AT,
        refusal=why,
        retry=why.retry,
        message=why.advice,
        subject="it",
    )


def ended(cause: str, session_id: str = "s-1") -> SessionEnded:
    """Tell that a session timed out."""
    return SessionEnded(
        market="voice", causation_id=cause, at=AT, session_id=session_id, reason="timed_out"
    )


def stored(got: Received) -> OfferStored:
    """Store the offer that was published."""
    assert isinstance(got.event, OfferPublished)
    return OfferStored(
        market=got.event.market,
        causation_id=got.envelope.id,
        at=AT,
        offer_id=got.event.offer_id,
        revision=got.event.revision,
        effective_at=AT,
    )
