"""How the naive market matches: scan every offer, in fractions."""

import math
from fractions import Fraction

from strowger.contract import commands as said
from tests.property.naive_rows import Stored
from tests.property.naive_words import Facts, written


def able_offers(
    offers: list[Stored], need: said.VoiceNeed, market: said.DeclareMarket
) -> list[Stored]:
    """Scan every offer for those able to satisfy a request; give them as they rank."""
    in_force = [
        offer
        for offer in offers
        if isinstance(offer.latest, said.PublishOffer)
        and need.destination.startswith(offer.publication.service.prefix)
    ]
    most_specific = [
        offer
        for offer in in_force
        if not any(
            _deck(other) == _deck(offer) and _digits(other) > _digits(offer) for other in in_force
        )
    ]
    able = [offer for offer in most_specific if room(offer) >= need.minutes]
    return sorted(able, key=lambda offer: (quote(offer, need, market)[0], offer.since))


def quote(
    offer: Stored, need: said.VoiceNeed, market: said.DeclareMarket
) -> tuple[Fraction, Facts]:
    """Work out what an offer costs for a request, and how a match tells it."""
    terms = offer.publication.service
    call_seconds = need.call_seconds or market.default_call_seconds
    calls = math.ceil(Fraction(need.minutes * 60, call_seconds))
    increments = math.ceil(Fraction(call_seconds, terms.increment_seconds))
    billed_seconds = max(terms.minimum_seconds, increments * terms.increment_seconds)
    rate, fee = Fraction(terms.rate_nano, 10**9), Fraction(terms.connect_fee_nano, 10**9)
    exact = calls * (fee + rate * Fraction(billed_seconds, 60))
    cost = Fraction(math.floor(exact * 10**9 + Fraction(1, 2)), 10**9)
    breakdown = {
        "family": "voice",
        "answered_calls": calls,
        "call_seconds": call_seconds,
        "billed_seconds": billed_seconds,
        "rate_per_minute": written(rate),
        "connect_fee": written(fee),
    }
    return cost, {"cost": written(cost), "breakdown": breakdown}


def _deck(offer: Stored) -> tuple[str, str]:
    return offer.publication.participant, offer.publication.service.deck


def _digits(offer: Stored) -> int:
    return len(offer.publication.service.prefix)


def room(offer: Stored) -> float:
    """Give the minutes that an offer has left."""
    capacity = offer.publication.service.capacity_minutes
    return math.inf if capacity is None else max(0, capacity - offer.sold)


def shown(publication: said.PublishOffer) -> Facts:
    """Give the terms as a match shows them."""
    service = publication.service
    return {"family": "voice", "prefix": service.prefix, "deck": service.deck}


def sold(publication: said.PublishOffer, minutes: int) -> Facts:
    """Give the service as it is sold."""
    service = publication.service
    return shown(publication) | {
        "rate_per_minute": written(Fraction(service.rate_nano, 10**9)),
        "minimum_seconds": service.minimum_seconds,
        "increment_seconds": service.increment_seconds,
        "connect_fee": written(Fraction(service.connect_fee_nano, 10**9)),
        "minutes": minutes,
    }
