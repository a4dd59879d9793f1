"""Answers of the exchange for tests that need no exchange: usual values, named where one cares."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from strowger.contract.charges import CostLine, PriceTerms
from strowger.contract.families import CostBasis, ShownService, SoldService
from strowger.contract.inbound import RequestSubmitted
from strowger.contract.matches import Match, OffersMatched
from strowger.contract.sales import AcceptanceConfirmed
from strowger.contract.voice import VoiceCost, VoiceDemand, VoiceShown, VoiceSold

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
VOICE = VoiceShown(prefix="44", deck="standard")
COST = VoiceCost(
    answered_calls=1,
    call_seconds=60,
    billed_seconds=60,
    rate_per_minute=Decimal("0.0125"),
    connect_fee=Decimal(0),
)
LINE = CostLine(
    charge="usage",
    quantity="1",
    unit="minute",
    price=Decimal("0.0125"),
    amount=Decimal("0.0125"),
)


def match(
    rank: int = 1,
    provider: str = "carrier-x",
    service: ShownService = VOICE,
    breakdown: CostBasis = COST,
    **changes: Any,
) -> Match:
    """Make a match."""
    fields: dict[str, Any] = {
        "rank": rank,
        "provider": provider,
        "offer_id": "standard:44",
        "revision": 1,
        "service": service,
        "cost": Decimal("0.0125"),
        "breakdown": breakdown,
        "currency": "EUR",
        "ranking_cost": Decimal("0.0125"),
        "firmness": "firm",
        "lines": (LINE,),
    }
    return Match.model_validate({**fields, **changes})


def matched(
    *matches: Match,
    **changes: Any,
) -> OffersMatched:
    """Make an answer that shows these."""
    fields: dict[str, Any] = {
        "market": "voice",
        "causation_id": "e-1",
        "at": AT,
        "request_id": "r-1",
        "session_id": "s-1",
        "currency": "EUR",
        "able": len(matches),
        "matches": matches,
    }
    return OffersMatched.model_validate({**fields, **changes})


def asked(
    service: Any = None,  # noqa: ANN401 - any family's demand
    **wishes: Any,
) -> RequestSubmitted:
    """Make the request r-1 of session s-1."""
    return RequestSubmitted(
        market="voice",
        request_id="r-1",
        session_id="s-1",
        service=service or VoiceDemand(destination="+442079460123", minutes=1),
        **wishes,
    )


def sold(
    minutes: int = 1,
    service: SoldService | None = None,
    **changes: Any,
) -> AcceptanceConfirmed:
    """Make a sale: minutes to the United Kingdom for a unit each, unless another is given."""
    fields: dict[str, Any] = {
        "market": "voice",
        "causation_id": "e-accept",
        "at": AT,
        "contract_id": "c-1",
        "acceptance_id": "voice~a-1",
        "session_id": "s-1",
        "request_id": "r-1",
        "buyer": "globex",
        "provider": "carrier-x",
        "offer_id": "standard:44",
        "revision": 1,
        "service": service
        or VoiceSold(
            prefix="44",
            deck="standard",
            rate_per_minute=Decimal(1),
            minimum_seconds=1,
            increment_seconds=1,
            connect_fee=Decimal(0),
            minutes=minutes,
        ),
        "currency": "EUR",
        "cost": Decimal(minutes),
        "prices": PriceTerms(
            usage=Decimal(1),
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
        "lines": (
            CostLine(
                charge="usage",
                quantity=str(minutes),
                unit="minute",
                price=Decimal(1),
                amount=Decimal(minutes),
            ),
        ),
        "quantity": minutes,
        "channels": 0,
        "comparison_months": 1,
        "term_months": None,
        "renewal_assumed": False,
        "excludes": (),
        "effective_at": AT,
        "starts_at": AT,
        "ends_at": None,
        "ranking_cost": Decimal(minutes),
        "rates_version": None,
    }
    return AcceptanceConfirmed.model_validate({**fields, **changes})
