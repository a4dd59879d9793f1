"""A sale of voice termination from the offer to the notice: one example of each event."""

from decimal import Decimal
from typing import Final

from strowger.contract.charges import CostLine, PriceTerms
from strowger.contract.decision import Decision, Ground
from strowger.contract.event import OutboundEvent
from strowger.contract.generate.example import (
    BUYER,
    PROVIDER,
    REVISION,
    Example,
    at,
    emitted,
    emitted_id,
    sent,
)
from strowger.contract.inbound import (
    CapacityPublished,
    OfferAccepted,
    OfferPublished,
    OfferWithdrawn,
    OutcomeRequested,
    RequestSubmitted,
    SessionClosed,
    SessionOpened,
)
from strowger.contract.market_terms import MarketTerms
from strowger.contract.matches import Match, OffersMatched
from strowger.contract.outbound import (
    CapacityStored,
    EventRefused,
    MarketDeclared,
    OfferRemoved,
    OfferStored,
    RatesDeclared,
    SessionEnded,
    SessionGranted,
)
from strowger.contract.refusals import Refusal
from strowger.contract.sales import AcceptanceConfirmed, OfferSold
from strowger.contract.voice import VoiceCost, VoiceDemand, VoiceShown, VoiceSold, VoiceTermination

_MARKET: Final = "voice-usd"
_OFFER: Final = "gb-london"
_POOL: Final = "gb"
_SESSION: Final = "s-20260131-1"
_REQUEST: Final = "r-20260131-1"
_ACCEPTANCE: Final = "voice-usd~a-20260131-1"
_RATE: Final = Decimal("0.0125")
_COST: Final = Decimal("12.525")
_LINES: Final = (
    CostLine(charge="usage", quantity="1002", unit="minute", price=_RATE, amount=_COST),
)

_OFFERED: Final = OfferPublished(
    market=_MARKET,
    offer_id=_OFFER,
    revision=REVISION,
    currency="USD",
    service=VoiceTermination(
        family="voice",
        prefix="4420",
        deck="standard",
        rate_per_minute=_RATE,
        minimum_seconds=1,
        increment_seconds=1,
        connect_fee=Decimal(0),
        capacity_minutes=100_000,
    ),
)
_WITHDRAWN: Final = OfferWithdrawn(market=_MARKET, offer_id=_OFFER, revision=REVISION + 1)
_CAPACITY: Final = CapacityPublished(
    market=_MARKET, pool=_POOL, revision=1, units=5_000_000, period="month", channels=300
)
_REQUESTED: Final = RequestSubmitted(
    market=_MARKET,
    request_id=_REQUEST,
    session_id=_SESSION,
    service=VoiceDemand(
        family="voice", destination="+442079460000", minutes=1000, call_seconds=180
    ),
    max_matches=10,
)
_ACCEPTED: Final = OfferAccepted(
    market=_MARKET,
    acceptance_id=_ACCEPTANCE,
    session_id=_SESSION,
    request_id=_REQUEST,
    provider=PROVIDER,
    offer_id=_OFFER,
    revision=REVISION,
)


def sale() -> tuple[Example, ...]:
    """Give the events of the sale, those that are sent first."""
    opened = SessionOpened(market=_MARKET, session_id=_SESSION, ttl_seconds=300)
    closed = SessionClosed(market=_MARKET, session_id=_SESSION, reason="terminated")
    asked = OutcomeRequested(market=_MARKET, acceptance_id=_ACCEPTANCE)
    return (
        sent(PROVIDER, 1, 0, _OFFER, _OFFERED),
        sent(PROVIDER, 2, 240, _OFFER, _WITHDRAWN),
        sent(PROVIDER, 3, 10, _POOL, _CAPACITY),
        sent(BUYER, 1, 30, _SESSION, opened),
        sent(BUYER, 2, 31, _SESSION, _REQUESTED),
        sent(BUYER, 3, 45, _ACCEPTANCE, _ACCEPTED),
        sent(BUYER, 5, 60, _ACCEPTANCE, asked),
        sent(BUYER, 4, 120, _SESSION, closed),
        *map(emitted, (*_answers(), _matched(), *_sold(), _refused())),
    )


def _answers() -> tuple[OutboundEvent, ...]:
    return (
        MarketDeclared(
            market=_MARKET,
            causation_id="operator-1",
            at=at(-3600),
            terms=MarketTerms(market=_MARKET, currency="USD"),
        ),
        RatesDeclared(
            market=_MARKET,
            causation_id="operator-2",
            at=at(-3599),
            version=1,
            rates={"EUR": Decimal("1.17"), "GBP": Decimal("1.35")},
        ),
        CapacityStored(
            market=_MARKET, causation_id="tandem-3", at=at(10.011), pool=_POOL, revision=1
        ),
        OfferStored(
            market=_MARKET,
            causation_id="tandem-1",
            at=at(0.012),
            offer_id=_OFFER,
            revision=REVISION,
            effective_at=at(0.012),
        ),
        OfferRemoved(
            market=_MARKET,
            causation_id="tandem-2",
            at=at(240.011),
            offer_id=_OFFER,
            revision=REVISION + 1,
            effective_at=at(240.011),
        ),
        SessionGranted(
            market=_MARKET,
            causation_id="globex-1",
            at=at(30.009),
            session_id=_SESSION,
            deadline=at(330.009),
        ),
        SessionEnded(
            market=_MARKET,
            causation_id="globex-4",
            at=at(120.01),
            session_id=_SESSION,
            reason="terminated",
        ),
    )


def _matched() -> OffersMatched:
    cost = VoiceCost(
        answered_calls=334,
        call_seconds=180,
        billed_seconds=180,
        rate_per_minute=_RATE,
        connect_fee=Decimal(0),
    )
    match = Match(
        rank=1,
        provider=PROVIDER,
        offer_id=_OFFER,
        revision=REVISION,
        service=VoiceShown(prefix="4420", deck="standard"),
        cost=_COST,
        breakdown=cost,
        currency="USD",
        ranking_cost=_COST,
        firmness="firm",
        lines=_LINES,
    )
    return OffersMatched(
        market=_MARKET,
        causation_id="globex-2",
        at=at(31.014),
        request_id=_REQUEST,
        session_id=_SESSION,
        currency="USD",
        able=1,
        matches=(match,),
        rates_version=1,
    )


def _sold() -> tuple[OutboundEvent | Decision, ...]:
    confirmed = AcceptanceConfirmed(
        market=_MARKET,
        causation_id="globex-3",
        at=at(45.013),
        contract_id="voice-usd-1042",
        acceptance_id=_ACCEPTANCE,
        session_id=_SESSION,
        request_id=_REQUEST,
        buyer=BUYER,
        provider=PROVIDER,
        offer_id=_OFFER,
        revision=REVISION,
        service=VoiceSold(
            prefix="4420",
            deck="standard",
            rate_per_minute=_RATE,
            minimum_seconds=1,
            increment_seconds=1,
            connect_fee=Decimal(0),
            minutes=1000,
        ),
        currency="USD",
        cost=_COST,
        prices=_prices(),
        lines=_LINES,
        quantity=1000,
        channels=0,
        comparison_months=1,
        term_months=None,
        renewal_assumed=False,
        excludes=(),
        effective_at=at(0.012),
        starts_at=at(45.013),
        ends_at=None,
        ranking_cost=_COST,
        rates_version=1,
    )
    frozen = {name: getattr(confirmed, name) for name in OfferSold.model_fields.keys() - _NOTICE}
    sold = OfferSold(**frozen, remaining=99_000)
    decision = Decision(
        market=_MARKET,
        sequence=1042,
        log_offset=1039,
        at=confirmed.at,
        rules_version=4,
        command="accept-offer",
        participant=BUYER,
        role="answer",
        recipient=BUYER,
        event_id=emitted_id(confirmed),
        rests_on=(
            Ground(subject=f"market {_MARKET}", log_offset=0),
            Ground(subject=f"session {_SESSION}", log_offset=1036),
            Ground(subject=f"request {_REQUEST}", log_offset=1038),
            Ground(subject=f"offer {_OFFER} of {PROVIDER}", log_offset=977),
        ),
        event=confirmed,
    )
    return confirmed, sold, decision


_NOTICE: Final = frozenset({"type", "remaining", "remaining_channels"})
"""What a provider's notice says otherwise than the buyer's confirmation."""


def _prices() -> PriceTerms:
    return PriceTerms(
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
    )


def _refused() -> EventRefused:
    refusal = Refusal.SESSION_ENDED
    return EventRefused(
        market=_MARKET,
        causation_id="globex-6",
        at=at(121),
        refusal=refusal,
        retry=refusal.retry,
        message=f"it has been closed by its buyer. {refusal.advice}",
        subject="acceptance voice-usd~a-20260131-2",
    )
