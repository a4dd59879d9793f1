"""What no well-behaved client sends: events out of their order, copies of them, and garbage."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import Final

from aiokafka import AIOKafkaProducer

from strowger import keys
from strowger.broker import connections
from strowger.contract.envelope import Envelope, participant_source
from strowger.contract.inbound import (
    InboundEvent,
    OfferAccepted,
    OfferWithdrawn,
    RequestSubmitted,
    SessionClosed,
    SessionOpened,
)
from strowger.contract.topics import INBOUND_TOPICS
from strowger.contract.voice import VoiceDemand
from tests.faults.exchange import Exchange
from tests.faults.play import NUMBER, Play

_TOPIC_OF: Final = {event.TYPE: topic for topic in INBOUND_TOPICS for event in topic.events}


class Scrambler:
    """Sends whole sessions at once, in any order, each event up to three times, all signed."""

    def __init__(self, play: Play, exchange: Exchange) -> None:
        self._play, self._exchange = play, exchange
        self._chance = Random(f"{play.seed} scrambled")  # noqa: S311 - a script
        self._count = 0

    async def run(self) -> None:
        """Send until the play is over."""
        async with connections.producer(self._exchange.root, client_id="scrambler") as producer:
            while not self._play.over.is_set():
                await self._send_all(producer)
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await self._play.over.wait()

    async def _send_all(self, producer: AIOKafkaProducer) -> None:
        cast, market = self._play.cast, self._play.market
        buyer, provider = self._chance.choice(cast.buyers), cast.providers[0]
        self._count += 1
        session_id, request_id = f"s-{market}-{self._count}", f"r-{market}-{self._count}"
        demand = VoiceDemand(destination=NUMBER, minutes=5)
        events: list[tuple[str, InboundEvent]] = [
            (buyer, SessionOpened(market=market, session_id=session_id, ttl_seconds=2)),
            (
                buyer,
                RequestSubmitted(
                    market=market, request_id=request_id, session_id=session_id, service=demand
                ),
            ),
            (
                buyer,
                OfferAccepted(
                    market=market,
                    acceptance_id=f"a-{session_id}",
                    session_id=session_id,
                    request_id=request_id,
                    provider=provider,
                    offer_id="of-0",
                    revision=1,
                ),
            ),
            (buyer, SessionClosed(market=market, session_id=session_id)),
            (provider, OfferWithdrawn(market=market, offer_id="of-0", revision=self._count)),
        ]
        signed = [self._signed(who, event) for who, event in events]
        copies = [each for each in signed for _ in range(self._chance.choice((1, 1, 2, 3)))]
        self._chance.shuffle(copies)
        sending = [
            await producer.send(topic, value, headers=headers) for topic, value, headers in copies
        ]
        await asyncio.gather(*sending)

    def _signed(self, who: str, event: InboundEvent) -> tuple[str, bytes, list[tuple[str, bytes]]]:
        self._count += 1
        now = datetime.now(UTC)
        event_id = f"{self._play.market}-{self._count}"
        headers = Envelope(event_id, participant_source(who), event.TYPE, now).to_headers()
        topic, value = _TOPIC_OF[event.TYPE].name, event.model_dump_json().encode()
        headers.append(keys.read(self._exchange.key(who)).sign(topic, headers, value))
        return topic, value, headers


async def poison(exchange: Exchange, market: str, records: int) -> None:
    """Send a burst of what nobody can read to every inbound topic, in the market's name."""
    async with connections.producer(exchange.root, client_id="poison") as producer:
        sending = [
            await producer.send(topic.name, f"{market} garbage {each}".encode())
            for topic in INBOUND_TOPICS
            for each in range(records)
        ]
        await asyncio.gather(*sending)
