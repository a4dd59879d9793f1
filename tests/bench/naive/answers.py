"""What the naive exchange says: the events of the contract, so that the same SDK trades on it."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from strowger.contract.charges import CostLine, PriceTerms
from strowger.contract.envelope import EXCHANGE_SOURCE, Envelope
from strowger.contract.event import OutboundEvent
from strowger.contract.matches import Match, OffersMatched
from strowger.contract.outbound import EventRefused
from strowger.contract.sales import AcceptanceConfirmed, OfferSold
from strowger.contract.voice import VoiceCost, VoiceShown, VoiceSold

Row = dict[str, Any]


def headers_of(event: OutboundEvent) -> list[tuple[str, bytes]]:
    """Make an envelope with an id of its own."""
    return Envelope(uuid.uuid4().hex, EXCHANGE_SOURCE, event.TYPE, event.at).to_headers()


def refused(command: Row, at: datetime, refusal: str, subject: str) -> EventRefused:
    """Say no."""
    return EventRefused(
        **_about(command, at), refusal=refusal, retry=False, message=refusal, subject=subject
    )


def matched(command: Row, at: datetime, offers: list[Row], valid_until: datetime) -> OffersMatched:
    """Show offers, the cheapest first."""
    body = command["body"]
    minutes = int(body["service"]["minutes"])
    session_id = body.get("session_id")
    return OffersMatched(
        **_about(command, at),
        request_id=body["request_id"],
        session_id=session_id,
        currency="EUR",
        able=len(offers),
        matches=tuple(_match(rank, offer, minutes) for rank, offer in enumerate(offers, 1)),
        valid_until=None if session_id else valid_until,
    )


def _match(rank: int, offer: Row, minutes: int) -> Match:
    service = offer["service"]
    rate = Decimal(service["rate_per_minute"])
    return Match(
        rank=rank,
        provider=offer["provider"],
        offer_id=offer["offer_id"],
        revision=offer["revision"],
        service=VoiceShown(prefix=service["prefix"], deck=service["deck"]),
        cost=rate * minutes,
        breakdown=VoiceCost(
            answered_calls=minutes,
            call_seconds=60,
            billed_seconds=60,
            rate_per_minute=rate,
            connect_fee=Decimal(0),
        ),
        currency="EUR",
        ranking_cost=rate * minutes,
        firmness="firm",
        lines=(_line(rate, minutes),),
    )


def _line(rate: Decimal, minutes: int) -> CostLine:
    return CostLine(
        charge="usage", quantity=str(minutes), unit="minute", price=rate, amount=rate * minutes
    )


def sold(
    command: Row, at: datetime, offer: Row, minutes: int
) -> tuple[AcceptanceConfirmed, OfferSold]:
    """Make a contract; give what its buyer and its provider are told."""
    body, contract = command["body"], _contract(offer, minutes, at)
    mine = {"contract_id": uuid.uuid4().hex, **contract, **_about(command, at)}
    return (
        AcceptanceConfirmed(
            **mine,
            acceptance_id=body["acceptance_id"],
            session_id=body.get("session_id"),
            request_id=body["request_id"],
            buyer=command["sender"],
            provider=offer["provider"],
        ),
        OfferSold(**mine, buyer=command["sender"], remaining=None),
    )


def _contract(offer: Row, minutes: int, at: datetime) -> dict[str, Any]:
    service = offer["service"]
    rate = Decimal(service["rate_per_minute"])
    return {
        "offer_id": offer["offer_id"],
        "revision": offer["revision"],
        "service": VoiceSold(
            prefix=service["prefix"],
            deck=service["deck"],
            rate_per_minute=rate,
            minimum_seconds=1,
            increment_seconds=1,
            connect_fee=Decimal(0),
            minutes=minutes,
        ),
        "currency": "EUR",
        "cost": rate * minutes,
        "prices": PriceTerms(
            usage=rate,
            usage_unit="minute",
            connect_fee=Decimal(0),
            minimum_seconds=1,
            increment_seconds=1,
            one_off=Decimal(0),
            recurring=None,
            terms=(),
            tiers=(),
            tiering="graduated",
            minimum_monthly=Decimal(0),
        ),
        "lines": (_line(rate, minutes),),
        "quantity": minutes,
        "channels": 0,
        "comparison_months": 1,
        "term_months": None,
        "renewal_assumed": False,
        "excludes": (),
        "effective_at": at,
        "starts_at": at,
        "ends_at": None,
        "ranking_cost": rate * minutes,
        "rates_version": None,
    }


def _about(command: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    return {"market": command["body"]["market"], "causation_id": command["id"], "at": at}
