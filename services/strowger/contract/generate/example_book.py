"""A guarded market: a change is taken, the stored set read, a participant suspended."""

from decimal import Decimal
from typing import Final

from strowger.contract.book import BookEntry, BookMarked, BookRead, OfferDelisted, OfferListed
from strowger.contract.charges import PriceTerms
from strowger.contract.commands import EXCHANGE
from strowger.contract.generate.example import (
    GUARDED_MARKET,
    PROVIDER,
    REVISION,
    Example,
    at,
    emitted,
    fed,
    sent,
)
from strowger.contract.inbound import BookRequested, OfferPublished
from strowger.contract.outbound import AccessControlled, ChangeTaken, MarketControlled
from strowger.contract.voice import VoiceShown, VoiceTermination

SUSPENDED: Final = "initech"

_FOLLOWED: Final = "voice-open"
_OFFER: Final = "nl-mobile"
_READ: Final = "b-20260131-1"
_RATE: Final = Decimal("0.021")

_OFFERED: Final = OfferPublished(
    market=GUARDED_MARKET,
    offer_id=_OFFER,
    revision=REVISION,
    currency="USD",
    service=VoiceTermination(family="voice", prefix="316", rate_per_minute=_RATE),
)
_REQUESTED: Final = BookRequested(market=GUARDED_MARKET, read_id=_READ, most=200)
_TAKEN: Final = ChangeTaken(
    market=GUARDED_MARKET,
    causation_id="tandem-21",
    at=at(70.012),
    subject=f"offer {_OFFER}",
    revision=REVISION,
)
_ENTRY: Final = BookEntry(
    provider=PROVIDER,
    offer_id=_OFFER,
    revision=REVISION,
    service=VoiceShown(prefix="316", deck="standard"),
    currency="USD",
    prices=PriceTerms(
        usage=_RATE,
        usage_unit="minute",
        connect_fee=Decimal(0),
        minimum_seconds=1,
        increment_seconds=1,
        one_off=Decimal(0),
        recurring=Decimal(0),
        terms=(),
        tiers=(),
        tiering="graduated",
        minimum_monthly=Decimal(0),
    ),
    firmness="firm",
    effective_at=at(70.012),
)
_READING: Final = BookRead(
    market=GUARDED_MARKET,
    causation_id="tandem-22",
    at=at(80.009),
    read_id=_READ,
    as_of=at(80.009),
    entries=(_ENTRY,),
)
_CONTROLLED: Final = MarketControlled(
    market=GUARDED_MARKET,
    causation_id="operator-3",
    at=at(90),
    action="suspend",
    participant=SUSPENDED,
)
_BARRED: Final = AccessControlled(
    market=EXCHANGE,
    causation_id="operator-4",
    at=at(95),
    action="suspend",
    subject=SUSPENDED,
)
_LISTED: Final = OfferListed(
    market=_FOLLOWED,
    number=41,
    at=at(70.012),
    standing="whole",
    offers=2,
    sum_of_numbers=58,
    entry=_ENTRY,
)
_DELISTED: Final = OfferDelisted(
    market=_FOLLOWED,
    number=42,
    at=at(95.021),
    standing="whole",
    offers=1,
    sum_of_numbers=17,
    provider=PROVIDER,
    offer_id=_OFFER,
)
_MARKED: Final = BookMarked(
    market=_FOLLOWED,
    number=43,
    at=at(120.004),
    standing="closed",
    offers=0,
    sum_of_numbers=0,
    because="policy",
)


def reading() -> tuple[Example, ...]:
    """Give one example of each event, the one that is sent first."""
    return (
        sent(PROVIDER, 22, 80, _READ, _REQUESTED),
        *map(emitted, (_TAKEN, _READING, _CONTROLLED, _BARRED)),
    )


def following() -> tuple[Example, ...]:
    """Give one example of each record of the feed, in a market where providers may follow."""
    key = (_FOLLOWED, PROVIDER, _OFFER)
    return (fed(_LISTED, key), fed(_DELISTED, key[:1]), fed(_MARKED, key[:1]))


def guarded() -> tuple[tuple[str, Example], ...]:
    """Give the offer that a guarded market takes, with what tells it from others of its type."""
    return (("guarded", sent(PROVIDER, 21, 70, _OFFER, _OFFERED)),)
