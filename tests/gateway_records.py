"""Records as participants write them, and what the gateways make of them."""

import json
from datetime import UTC, datetime
from typing import Any

from strowger.broker.consuming import Record
from strowger.broker.dead_letters import DeadLetter
from strowger.contract.commands import AnyCommand, Origin, RefuseEvent
from strowger.contract.envelope import Envelope
from strowger.gateways import (
    book_requested,
    offer_accepted,
    offer_published,
    request_submitted,
    session_closed,
    session_opened,
)
from strowger.gateways.gateway import Gateway

GATEWAYS = [
    module.GATEWAY
    for module in (
        offer_published,
        session_opened,
        request_submitted,
        offer_accepted,
        session_closed,
        book_requested,
    )
]
GATEWAY_OF: dict[str, Gateway] = {
    event.TYPE: gateway for gateway in GATEWAYS for event in gateway.topic.events
}

NOON_MS = 1_769_860_800_000
COMMON: dict[str, Any] = {
    "market": "voice",
    "causation_id": "e-1",
    "sent_at_ms": NOON_MS,
    "origin": Origin("t", 1, 7),
}


def record(
    event: str,
    body: dict[str, Any] | bytes | None,
    source: str = "/participants/acme",
) -> Record:
    """Make a record as a participant's client writes it."""
    noon = datetime.fromtimestamp(NOON_MS / 1000, UTC)
    envelope = Envelope("e-1", source, f"strowger.{event}.v1", noon)
    value = json.dumps({"market": "voice", **body}).encode() if isinstance(body, dict) else body
    return Record("t", 1, 7, NOON_MS, None, value, envelope.to_headers())


def verdict(of: Record) -> AnyCommand | DeadLetter:
    """Give the verdict of the gateway that takes such events."""
    event_type: str = (dict(of.headers)["ce_type"] or b"").decode()
    return GATEWAY_OF[event_type].verdict(of)


def refused(of: Record) -> tuple[str, str]:
    """Give why a record was refused, and what about."""
    command = verdict(of)
    assert isinstance(command, RefuseEvent)
    return command.refusal, command.subject


OFFER: dict[str, Any] = {"offer_id": "o-1", "revision": 3, "currency": "EUR"}
SERVICE: dict[str, Any] = {
    "prefix": "4420",
    "rate_per_minute": "0.0125",
    "connect_fee": "0.000000001",
}
REQUEST: dict[str, Any] = {"request_id": "r-1", "session_id": "s-1"}
DEMAND: dict[str, Any] = {"destination": "+442079460000", "minutes": 100}
MESSAGES: dict[str, Any] = {
    "family": "sms",
    "network": "234-15",
    "messages": 100,
    "min_delivery_rate_percent": "97.5",
    "sender_types": ["short-code", "alphanumeric"],
}
LINE: dict[str, Any] = {
    "family": "ethernet",
    "a": "NL/AMS",
    "z": "GB/LON/thn2",
    "cir_mbps": 1000,
    "delay_ms": "4.5",
    "capacity_mbps": 10_000,
    "charges": {
        "one_off": "1500.50",
        "terms": [
            {"months": 12, "recurring": "900"},
            {"months": 36, "recurring": "0.000000001", "one_off": "0"},
        ],
        "tiers": [{"above_units": 0, "price": "0.02"}, {"above_units": 1000, "price": "0.01"}],
        "tiering": "volume",
        "minimum_monthly": "5",
    },
}
CHOICE: dict[str, Any] = {"request_id": "r-1", "provider": "acme", "offer_id": "o-1", "revision": 3}
