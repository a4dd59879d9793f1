"""Many offers of which some are able to satisfy one request, and a plain scan that finds these."""

import random
from decimal import Decimal
from typing import Final

from strowger.client import ProviderClient
from strowger.contract.inbound import OfferPublished
from strowger.contract.voice import VoiceDemand, VoiceTermination
from tests.e2e.floor import NUMBER

WANTED: Final = VoiceDemand(
    destination=NUMBER, minutes=100, call_seconds=60, min_asr_percent=Decimal(50)
)

_CODES: Final = (
    "4",
    "44",
    "442",
    "4420",
    "44207",
    "442079",
    "4420794",
    "45",
    "4421",
    "442089",
    "33",
)
"""Codes that begin the number that is asked for, and codes that don't."""


def drawn(market: str, *providers: ProviderClient) -> dict[str, list[OfferPublished]]:
    """Draw offers in twenty decks of each provider, no two of one price.

    Some codes apply, of these the longest in a deck counts, and of those some are good enough.
    """
    draw = random.Random(8)  # noqa: S311 - an example, not a secret
    prices = iter(draw.sample(range(1, 100_000), len(providers) * 20 * 4))
    return {
        provider.participant: [
            OfferPublished(
                market=market,
                offer_id=f"{deck}-{code}",
                revision=provider.next_revision(),
                currency="EUR",
                service=VoiceTermination(
                    prefix=code,
                    deck=f"deck-{deck}",
                    rate_per_minute=Decimal(next(prices)) / 100_000,
                    asr_percent=draw.choice((None, Decimal(30), Decimal(50), Decimal(70))),
                ),
            )
            for deck in range(20)
            for code in draw.sample(_CODES, 4)
        ]
        for provider in providers
    }


def able(offers: dict[str, list[OfferPublished]]) -> list[tuple[str, str]]:
    """Look at every offer; give the provider and the id of those that are able, cheapest first."""
    longest: dict[tuple[str, str], tuple[str, OfferPublished, VoiceTermination]] = {}
    for provider, each in ((name, each) for name, many in offers.items() for each in many):
        service = each.service
        assert isinstance(service, VoiceTermination)
        if not NUMBER.removeprefix("+").startswith(service.prefix):
            continue
        before = longest.get((provider, service.deck))
        if before is None or len(before[2].prefix) < len(service.prefix):
            longest[provider, service.deck] = (provider, each, service)
    good = [
        (service.rate_per_minute, provider, each.offer_id)
        for provider, each, service in longest.values()
        if service.asr_percent is not None and service.asr_percent >= 50
    ]
    return [(provider, offer_id) for _, provider, offer_id in sorted(good)]
