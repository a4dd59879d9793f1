"""A flood of one participant: valid events, signed beforehand, sent as fast as the broker lets it.

Goes and rests by the lines that it reads; tells after each flood how many events were appended.
"""

import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaError, Message, Producer

from strowger import keys
from strowger.contract.envelope import Envelope, participant_source
from strowger.contract.inbound import (
    InboundEvent,
    OfferAccepted,
    RequestSubmitted,
    SessionOpened,
)
from strowger.contract.topics import (
    OFFER_ACCEPTED,
    REQUEST_SUBMITTED,
    SESSION_OPENED,
    Topic,
)
from strowger.contract.voice import VoiceDemand
from tests.e2e.bare_participants import met_as

SIGNED: Final = 30_000
GO: Final = "go"
REST: Final = "rest"
_WAITING: Final = 10_000
_NUMBER: Final = "+442079460000"

Signed = tuple[str, list[tuple[str, bytes]], bytes]


def _events(market: str, name: str) -> Iterator[tuple[Topic, InboundEvent]]:
    """Give, of each four events, a session, an acceptance of what nobody showed, two requests."""
    for number in range(SIGNED):
        match number % 4:
            case 0:
                session = SessionOpened(market=market, session_id=f"{name}-{number}", ttl_seconds=5)
                yield SESSION_OPENED, session
            case 1:
                yield (
                    OFFER_ACCEPTED,
                    OfferAccepted(
                        market=market,
                        acceptance_id=f"{name}-{number}",
                        request_id=f"{name}-{number - 2}",
                        provider=name,
                        offer_id="none",
                        revision=1,
                    ),
                )
            case _:
                yield (
                    REQUEST_SUBMITTED,
                    RequestSubmitted(
                        market=market,
                        request_id=f"{name}-{number}",
                        service=VoiceDemand(destination=_NUMBER, minutes=100),
                    ),
                )


def signed(market: str, name: str, key: Path) -> list[Signed]:
    """Sign all that will be sent."""
    signing, source = keys.read(key), participant_source(name)
    made: list[Signed] = []
    for number, (topic, event) in enumerate(_events(market, name)):
        value = event.model_dump_json(exclude_unset=True).encode()
        headers = Envelope(f"{name}-{number}", source, event.TYPE, datetime.now(UTC)).to_headers()
        made.append((topic.name, [*headers, signing.sign(topic.name, headers, value)], value))
    return made


class Flood:
    """Sends on and on, the same again when all was sent."""

    def __init__(self, producer: Producer, events: list[Signed]) -> None:
        self._producer, self._events = producer, events
        self._next = 0
        self._appended = 0
        self._going = threading.Event()
        self.seconds = 0.0

    def start(self) -> threading.Thread:
        """Begin."""
        self._appended = 0
        self._going.set()
        thread = threading.Thread(target=self._run)
        thread.start()
        return thread

    def stop(self, thread: threading.Thread) -> int:
        """End; give how many events the broker took meanwhile."""
        self._going.clear()
        appended = self._appended
        thread.join()
        self._producer.purge()
        self._producer.flush(10)
        return appended

    def _run(self) -> None:
        while self._going.is_set():
            if len(self._producer) >= _WAITING:
                self._producer.poll(0.01)
                continue
            topic, headers, value = self._events[self._next % len(self._events)]
            key = str(self._next).encode()
            self._producer.produce(topic, value, key, headers=headers, on_delivery=self._told)  # type: ignore[arg-type]  # a list of pairs is what it takes
            self._next += 1
            self._producer.poll(0)

    def _told(self, error: KafkaError | None, _: Message) -> None:
        self._appended += error is None


def main() -> None:
    """Flood as `<bootstrap> <credentials> <key> <market> <name>` say."""
    bootstrap, credentials, key, market, name = sys.argv[1:]
    flood = Flood(
        Producer({**met_as(bootstrap, Path(credentials)), "linger.ms": 5}),
        signed(market, name, Path(key)),
    )
    print("ready", flush=True)  # noqa: T201 - what it is heard by
    thread, began = None, 0.0
    for line in sys.stdin:
        if line.strip() == GO:
            thread, began = flood.start(), time.monotonic()
        elif thread is not None:
            seconds = time.monotonic() - began
            print(flood.stop(thread) / seconds, flush=True)  # noqa: T201 - as above
            thread = None


if __name__ == "__main__":
    main()
