"""Trades wavelengths on a copy of the exchange that the recipe was followed in.

Run as `python -m tests.unit.family_recipe` with the copy first in PYTHONPATH: prints what was sold.
"""

import sys
from datetime import UTC, datetime

from strowger.contract.commands import AnyCommand, decode, encode
from strowger.contract.envelope import Envelope
from strowger.contract.matches import OffersMatched
from strowger.contract.reading import Received, read
from strowger.contract.sales import AcceptanceConfirmed
from strowger.contract.topics import OFFER_PUBLISHED, REQUEST_SUBMITTED, Topic
from strowger.gateways import offer_published, request_submitted
from tests.commands import BUYER, NOON_MS, PROVIDER
from tests.playing import Play

OFFER = b"""{
  "market": "voice-eu", "offer_id": "lon-nyc", "revision": 1, "currency": "EUR",
  "service": {
    "family": "wavelength", "a": "US/NYC/h60", "z": "GB/LON/thn2", "rate_gbps": 100,
    "delay_ms": "31.5", "price_per_wave": "900", "capacity_waves": 3,
    "charges": {"one_off": "500", "terms": [{"months": 12, "recurring": "50"}]}
  }
}"""
REQUEST = b"""{
  "market": "voice-eu", "request_id": "r-1", "comparison_months": 24, "max_term_months": 12,
  "service": {
    "family": "wavelength", "a": "GB/LON/thn2", "z": "US/NYC/h60", "waves": 2,
    "min_rate_gbps": 100, "max_delay_ms": "32"
  }
}"""


def command(topic: Topic, sender: str, kind: str, body: bytes) -> AnyCommand:
    """Take an event as its gateway does, and as it reads on the log."""
    sent_at = datetime.fromtimestamp(NOON_MS / 1000, UTC)
    envelope = Envelope("e-1", f"/participants/{sender}", f"strowger.{kind}.v1", sent_at)
    received = read(topic, envelope.to_headers(), body)
    assert isinstance(received, Received), received
    gateway = offer_published if topic is OFFER_PUBLISHED else request_submitted
    return decode(encode(gateway.command(received)))


def main() -> None:
    """Publish, request and accept."""
    play = Play()
    play.done(command(OFFER_PUBLISHED, PROVIDER, "offer-published", OFFER))
    matched = play.answer(command(REQUEST_SUBMITTED, BUYER, "request-submitted", REQUEST))
    assert isinstance(matched, OffersMatched), matched
    (match,) = matched.matches
    accept = play.commands.accept("a-1", None, "r-1", offer_id=match.offer_id)
    sold = play.answer(accept)
    assert isinstance(sold, AcceptanceConfirmed), sold
    sys.stdout.write(sold.model_dump_json())


if __name__ == "__main__":
    main()
