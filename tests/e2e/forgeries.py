"""Plays every forgery against a running exchange with a bare Kafka client.

`python -m tests.e2e.forgeries` starts an exchange for it.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from strowger.broker.access import ROOT
from tests.e2e.bare_participants import Body, met_as
from tests.e2e.conftest import Exchange
from tests.e2e.forged import Cast, Forgery, Record, forgeries
from tests.support import unique

VERDICT_SECONDS: Final = 30


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass
class Result:
    """What became of what was tried."""

    tried: int = 0
    refused: int = 0
    dead_lettered: int = 0
    stalls: int = 0
    wrong: list[str] = field(default_factory=list)
    """Forgeries that became anything else than they had to, or that their victim heard of."""


class Wire:
    """The bare Kafka client: it sends, and sees what comes of it."""

    def __init__(self, exchange: Exchange, cast: Cast) -> None:
        courier = met_as(exchange.bootstrap, exchange.credentials(cast.courier.id))
        root = met_as(exchange.bootstrap, exchange.credentials(ROOT))
        self._producer = Producer({**courier, "enable.idempotence": True})
        self._consumer = Consumer(
            {**root, "group.id": unique("forgeries"), "enable.auto.commit": False}
        )
        topics = ["dead-letters", *(f"inbox.{each.id}" for each in cast.parties)]
        places = [TopicPartition(topic, 0) for topic in topics]
        for place in places:
            _, place.offset = self._consumer.get_watermark_offsets(place, timeout=VERDICT_SECONDS)
        self._consumer.assign(places)
        self.dead: dict[str, str] = {}
        self.told: list[tuple[str, Body]] = []

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()

    def send(self, record: Record) -> str:
        """Send a record; give its place, as dead letters name it."""
        placed: list[Message] = []
        headers = [(name, value.encode()) for name, value in record.headers.items()]
        self._producer.produce(
            record.topic,
            key=b"k",
            value=record.value,
            headers=[*headers, *record.more],
            on_delivery=lambda problem, message: placed.append(message) if not problem else None,
        )
        if self._producer.flush(VERDICT_SECONDS) or not placed:
            raise TimeoutError("not delivered")
        return f"{placed[0].topic()}/{placed[0].partition()}/{placed[0].offset()}"

    def wait(self, came: Callable[[], bool]) -> bool:
        """Read until something has come, or for too long."""
        deadline = time.monotonic() + VERDICT_SECONDS
        while not came():
            if time.monotonic() > deadline:
                return False
            self._poll()
        return True

    def answers(self, record: Record) -> list[tuple[str, Body]]:
        """Give what was said on a record, and to whom."""
        cause = record.headers["ce_id"]
        return [(who, body) for who, body in self.told if body["causation_id"] == cause]

    def _poll(self) -> None:
        message = self._consumer.poll(0.1)
        if message is None or message.error():
            return
        topic = message.topic() or ""
        if topic == "dead-letters":
            headers = dict(message.headers() or [])
            self.dead[_text(headers["ce_id"])] = _text(headers["dl_reason"])
        else:
            self.told.append((topic.removeprefix("inbox."), json.loads(message.value() or b"")))


def _text(value: str | bytes | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""


def play(exchange: Exchange, say: Callable[[str], object] = _say) -> Result:
    """Play every forgery, then have the honest trade; say in a line what became of each."""
    cast = Cast(exchange)
    wire = Wire(exchange, cast)
    result = Result()
    try:
        _prepare(cast, wire)
        for forgery in forgeries(cast):
            say(_line(forgery, _try(forgery, wire, result)))
        after = cast.opening(cast.globex)
        wire.send(after)
        if not wire.wait(lambda: bool(wire.answers(after))):
            result.stalls += 1
    finally:
        wire.close()
    return result


def _prepare(cast: Cast, wire: Wire) -> None:
    """Let the honest have a session to be attacked, and be answered."""
    opened = cast.opening(cast.globex, session_id=cast.session_id)
    wire.send(opened)
    if not wire.wait(lambda: bool(wire.answers(opened))):
        raise TimeoutError("the exchange does not answer")


def _try(forgery: Forgery, wire: Wire, result: Result) -> str | None:
    """Send a forgery; give what became of it, and count it."""
    place = wire.send(forgery.record)
    result.tried += 1
    if not wire.wait(lambda: place in wire.dead or bool(wire.answers(forgery.record))):
        result.stalls += 1
        return None
    answers = wire.answers(forgery.record)
    if place in wire.dead:
        result.dead_lettered += 1
        became, expected = wire.dead[place], forgery.reason
    else:
        became, expected = str(answers[0][1].get("refusal")), forgery.refusal
        result.refused += became != "None"
    sender = forgery.record.headers["ce_source"].rpartition("/")[2]
    if became != expected or any(who != sender for who, _ in answers):
        result.wrong.append(f"{forgery.name}: {became}, told {answers}")
    return became


def _line(forgery: Forgery, became: str | None) -> str:
    where = "dead letter" if forgery.reason else "refused"
    return f"{forgery.name:<44} {where}: {became}" if became else f"{forgery.name:<44} STALLED"


def main() -> int:
    """Start an exchange of its own, play, and end with the figures as one line of JSON."""
    with tempfile.TemporaryDirectory(prefix="strowger-forgeries-") as home:
        exchange = Exchange(Path(home))
        try:
            exchange.start()
            exchange.command("market", "declare", exchange.market, "--currency", "EUR")
            result = play(exchange)
        finally:
            exchange.stop()
    for wrong in result.wrong:
        _say(f"WRONG: {wrong}")
    figures = {
        "tried": result.tried,
        "refused": result.refused,
        "dead_lettered": result.dead_lettered,
        "stalls": result.stalls,
    }
    _say(json.dumps(figures))
    sound = not result.wrong and result.refused + result.dead_lettered == result.tried
    return 0 if sound and not result.stalls else 1


if __name__ == "__main__":
    sys.exit(main())
