"""Internet access: a commit with overage, under a term that is taken as renewed."""

from decimal import Decimal
from typing import Final

from strowger.contract.charges import Charges, CostLine, TermStep
from strowger.contract.generate.example import (
    BUYER,
    DATA_MARKET,
    DATA_SESSION,
    PROVIDER,
    REVISION,
    Example,
    at,
    emitted,
    sent,
)
from strowger.contract.inbound import OfferPublished, RequestSubmitted
from strowger.contract.internet import InternetAccess, InternetCost, InternetDemand, InternetShown
from strowger.contract.matches import Match, OffersMatched

_TRANSIT: Final = OfferPublished(
    market=DATA_MARKET,
    offer_id="transit-fra",
    revision=REVISION,
    currency="EUR",
    service=InternetAccess(
        family="internet",
        place="DE/FRA",
        port_mbps=10_000,
        commit_mbps=1_000,
        overage_per_mbps=Decimal("0.6"),
        ip_versions=("ipv4", "ipv6"),
        routes=("default", "full"),
        uptime_percent=Decimal("99.99"),
        charges=Charges(
            one_off=Decimal(500),
            recurring=Decimal(800),
            terms=(TermStep(months=12, recurring=Decimal(700), one_off=Decimal(0)),),
        ),
    ),
)
_TRAFFIC: Final = RequestSubmitted(
    market=DATA_MARKET,
    request_id="r-transit",
    session_id=DATA_SESSION,
    service=InternetDemand(
        family="internet",
        place="DE/FRA/fr5",
        expected_p95_mbps=1_200,
        ip_versions=("ipv6",),
        routes=("full",),
        min_uptime_percent=Decimal("99.9"),
    ),
    comparison_months=24,
)
_TRANSIT_MATCHED: Final = OffersMatched(
    market=DATA_MARKET,
    causation_id="globex-12",
    at=at(62.011),
    request_id="r-transit",
    session_id=DATA_SESSION,
    currency="EUR",
    able=1,
    matches=(
        Match(
            rank=1,
            provider=PROVIDER,
            offer_id="transit-fra",
            revision=REVISION,
            service=InternetShown(
                deck="standard",
                place="DE/FRA",
                port_mbps=10_000,
                commit_mbps=1_000,
                ip_versions=("ipv4", "ipv6"),
                routes=("default", "full"),
                uptime_percent=Decimal("99.99"),
            ),
            cost=Decimal(19_680),
            breakdown=InternetCost(expected_p95_mbps=1_200, commit_mbps=1_000, overage_mbps=200),
            currency="EUR",
            ranking_cost=Decimal(19_680),
            firmness="firm",
            lines=(
                CostLine(
                    charge="recurring",
                    quantity="24",
                    unit="month",
                    price=Decimal(700),
                    amount=Decimal(16_800),
                ),
                CostLine(
                    charge="overage",
                    quantity="4800",
                    unit="Mbit/s",
                    price=Decimal("0.6"),
                    amount=Decimal(2_880),
                ),
            ),
            term_months=12,
            renewal_assumed=True,
        ),
    ),
)


def internet() -> tuple[tuple[str, Example], ...]:
    """Give the examples, each with what tells it from others of its type."""
    return (
        ("internet", sent(PROVIDER, 11, 1, "transit-fra", _TRANSIT)),
        ("internet", sent(BUYER, 12, 62, DATA_SESSION, _TRAFFIC)),
        ("internet", emitted(_TRANSIT_MATCHED, "internet")),
    )
