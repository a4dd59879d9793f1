"""A provider, a buyer and an analyst written from `schemas/` alone, with a bare Kafka client.

They import nothing of the exchange: what they know of it, they were told by `schemas/README.md`.
All that they send and all that they receive is held against the JSON Schemas.
"""

import hashlib
import json
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jsonschema import Draft202012Validator, FormatChecker

SCHEMAS = Path(__file__).parents[2] / "schemas"
ANSWER_SECONDS = 30

Body = dict[str, Any]


def headers_of(message: Message) -> dict[str, str]:
    """Read a record's headers as text, held against their schema."""
    pairs: list[tuple[str, bytes]] = message.headers() or []  # type: ignore[assignment] # written wider
    headers = {name: value.decode() for name, value in pairs}
    _hold(headers, SCHEMAS / "event-headers.json")
    return headers


def body_of(message: Message) -> Body:
    """Read a record's value, held against the schema of its type."""
    body: Body = json.loads(message.value() or b"")
    _hold(body, _schema("outbound", headers_of(message)["ce_type"]))
    return body


def example(kind: str, family: str = "voice") -> Body:
    """Give the contract's own example of an event, to be filled in."""
    name = f"{kind}.v1.json" if family == "voice" else f"{kind}.v1.{family}.json"
    body: Body = json.loads((SCHEMAS / "examples" / name).read_text())
    return body


def refusals() -> dict[str, Body]:
    """Give every refusal that the contract names."""
    named: dict[str, Body] = json.loads((SCHEMAS / "refusals.json").read_text())["refusals"]
    return named


def _schema(direction: str, ce_type: str) -> Path:
    return SCHEMAS / direction / f"{ce_type.removeprefix('strowger.')}.json"


def _hold(thing: object, schema: Path) -> None:
    validator = Draft202012Validator(json.loads(schema.read_text()), format_checker=FormatChecker())
    validator.validate(thing)


def met_as(bootstrap: str, credentials: Path) -> dict[str, str]:
    """Connect as the user of whom the operator gave this file."""
    user = json.loads(credentials.read_text())
    return {
        "bootstrap.servers": bootstrap,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": user["mechanism"],
        "sasl.username": user["username"],
        "sasl.password": user["password"],
    }


class Signer:
    """A key of its owner's own making, and signatures as the guide describes them."""

    def __init__(self) -> None:
        self._private = Ed25519PrivateKey.generate()
        self.public_key = _base64url(self._private.public_key().public_bytes_raw())
        jwk = {"crv": "Ed25519", "kty": "OKP", "x": self.public_key}
        canonical = json.dumps(jwk, separators=(",", ":"), sort_keys=True)
        self.key_id = _base64url(hashlib.sha256(canonical.encode()).digest())

    def sign(self, topic: str, headers: dict[str, str], value: bytes) -> str:
        """Give the header `signature`."""
        protected = _base64url(
            json.dumps(
                {"alg": "Ed25519", "b64": False, "crit": ["b64"], "kid": self.key_id}
            ).encode()
        )
        said = [headers[name] for name in ("ce_type", "ce_id", "ce_source", "ce_time")]
        payload = b"\n".join([*(part.encode() for part in (topic, *said)), value])
        return f"{protected}..{_base64url(self._private.sign(protected.encode() + b'.' + payload))}"


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


class Participant:
    """Sends events and waits for what answers them; reads its inbox from where it ended before."""

    def __init__(self, name: str, bootstrap: str, credentials: Path, signer: Signer) -> None:
        self.name = name
        self._signer = signer
        broker = met_as(bootstrap, credentials)
        self._producer = Producer({**broker, "enable.idempotence": True})
        self._inbox = Consumer({**broker, "group.id": name, "enable.auto.commit": False})
        place = TopicPartition(f"inbox.{name}", 0)
        _, place.offset = self._inbox.get_watermark_offsets(place, timeout=ANSWER_SECONDS)
        self._inbox.assign([place])
        self._seen: set[str] = set()
        self._received: list[tuple[str, Body]] = []

    def close(self) -> None:
        """Disconnect."""
        self._inbox.close()

    def ask(self, topic: str, key: str, kind: str, body: Body) -> tuple[str, Body]:
        """Send an event; give the type and the body of its answer."""
        ce_id = str(uuid.uuid4())
        ce_type = f"strowger.{kind}.v1"
        headers = {
            "ce_specversion": "1.0",
            "ce_id": ce_id,
            "ce_source": f"/participants/{self.name}",
            "ce_type": ce_type,
            "ce_time": datetime.now(UTC).isoformat(),
            "content-type": "application/json",
        }
        value = json.dumps(body).encode()
        headers["signature"] = self._signer.sign(topic, headers, value)
        _hold(headers, SCHEMAS / "event-headers.json")
        _hold(body, _schema("inbound", ce_type))
        self._producer.produce(
            topic,
            key=key,
            value=value,
            headers=[(name, value.encode()) for name, value in headers.items()],
        )
        if self._producer.flush(ANSWER_SECONDS):
            raise TimeoutError(f"{kind} was not delivered")
        return self.receive(lambda _, answer: answer["causation_id"] == ce_id)

    def receive(self, wanted: Callable[[str, Body], bool]) -> tuple[str, Body]:
        """Give the first event that is wanted, of those received and those to come."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            for ce_type, body in self._received:
                if wanted(ce_type, body):
                    self._received.remove((ce_type, body))
                    return ce_type, body
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} waited in vain; received {self._received}")
            self._poll()

    def _poll(self) -> None:
        message = self._inbox.poll(0.1)
        if message is None:
            return
        if message.error():
            raise KafkaException(message.error())
        headers = headers_of(message)
        if headers["ce_id"] not in self._seen:
            self._seen.add(headers["ce_id"])
            self._received.append((headers["ce_type"], body_of(message)))


class BareProvider(Participant):
    """Publishes and withdraws offers, reads the stored set, and hears of its sales."""

    def publish(
        self,
        market: str,
        offer_id: str,
        family: str = "voice",
        *,
        audience: list[str] | None = None,
        **service: str,
    ) -> tuple[str, Body]:
        """Publish the contract's example offer of a family, in this market and for this service."""
        body = example("offer-published", family)
        own = {
            "market": market,
            "offer_id": offer_id,
            "currency": "EUR",
            "audience": audience,
            "service": {**body["service"], **service},
        }
        return self.ask("offer-published", offer_id, "offer-published", {**body, **own})

    def withdraw(self, market: str, offer_id: str, revision: int) -> tuple[str, Body]:
        """Withdraw an offer."""
        body = {"market": market, "offer_id": offer_id, "revision": revision}
        return self.ask("offer-published", offer_id, "offer-withdrawn", body)

    def read(self, market: str, most: int, after: str | None = None) -> tuple[str, Body]:
        """Read a page of the stored set."""
        body = {"market": market, "read_id": f"b-{uuid.uuid4()}", "most": most, "after": after}
        return self.ask("book-requested", str(body["read_id"]), "book-requested", body)

    def sale(self, contract_id: str) -> Body:
        """Wait for the notice of a sale."""
        return self.receive(lambda _, body: body.get("contract_id") == contract_id)[1]


class BareBuyer(Participant):
    """Opens a session, requests, accepts, asks after the outcome, closes."""

    def open(self, market: str, session_id: str) -> tuple[str, Body]:
        """Open a session."""
        body = {"market": market, "session_id": session_id, "ttl_seconds": 60}
        return self.ask("session-opened", session_id, "session-opened", body)

    def request(
        self, market: str, session_id: str | None, family: str = "voice", **service: str
    ) -> tuple[str, Body]:
        """Submit the contract's example request for a family, for this service."""
        body = example("request-submitted", family)
        own = {
            "market": market,
            "request_id": f"r-{uuid.uuid4()}",
            "session_id": session_id,
            "service": {**body["service"], **service},
        }
        key = session_id or own["request_id"]
        return self.ask("request-submitted", str(key), "request-submitted", {**body, **own})

    def accept(self, matched: Body, match: Body, acceptance_id: str) -> tuple[str, Body]:
        """Accept one match of an answer."""
        body = {
            "market": matched["market"],
            "acceptance_id": acceptance_id,
            "session_id": matched["session_id"],
            "request_id": matched["request_id"],
            "provider": match["provider"],
            "offer_id": match["offer_id"],
            "revision": match["revision"],
        }
        return self.ask("offer-accepted", acceptance_id, "offer-accepted", body)

    def outcome(self, market: str, acceptance_id: str) -> tuple[str, Body]:
        """Ask what became of an acceptance."""
        body = {"market": market, "acceptance_id": acceptance_id}
        return self.ask("offer-accepted", acceptance_id, "outcome-requested", body)

    def end(self, market: str, session_id: str) -> tuple[str, Body]:
        """Close a session."""
        body = {"market": market, "session_id": session_id}
        return self.ask("session-closed", session_id, "session-closed", body)


def sales(analyst: str, bootstrap: str, credentials: Path) -> Iterator[Body]:
    """Read the public record of sales from its start, for as long as something comes."""
    consumer = Consumer(
        {
            **met_as(bootstrap, credentials),
            "group.id": f"{analyst}.{uuid.uuid4()}",
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe(["acceptance-confirmed"])
    try:
        while (message := consumer.poll(ANSWER_SECONDS)) is not None:
            if message.error():
                raise KafkaException(message.error())
            yield body_of(message)
    finally:
        consumer.close()
