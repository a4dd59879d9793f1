"""An Ethernet line between metros: a price under a term only, and an offer that nearly fits."""

from decimal import Decimal
from typing import Final

from strowger.contract.charges import Charges, CostLine, TermStep
from strowger.contract.ethernet import EthernetCost, EthernetDemand, EthernetLine, EthernetShown
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
from strowger.contract.inbound import OfferPublished, RankBy, RequestSubmitted
from strowger.contract.matches import Match, NearMiss, OffersMatched

_LINE: Final = OfferPublished(
    market=DATA_MARKET,
    offer_id="evpl-lon-ams",
    revision=REVISION,
    currency="EUR",
    service=EthernetLine(
        family="ethernet",
        a="GB/LON",
        z="NL/AMS",
        cir_mbps=1_000,
        interfaces="uni-uni",
        class_of_service="high",
        vlan_mode="vlan",
        max_frame_bytes=9_100,
        delay_ms=Decimal("4.2"),
        availability_percent=Decimal("99.99"),
        capacity_mbps=10_000,
        charges=Charges(
            one_off=Decimal("1500.5"),
            recurring=None,
            terms=(
                TermStep(months=12, recurring=Decimal(950)),
                TermStep(months=36, recurring=Decimal(820), one_off=Decimal(0)),
            ),
        ),
    ),
    audience=(BUYER,),
)
_BY_COUNTRY: Final = OfferPublished(
    market=DATA_MARKET,
    offer_id="gb-nl",
    revision=1,
    currency="EUR",
    service=EthernetLine(
        family="ethernet",
        a="NL",
        z="GB",
        cir_mbps=1_000,
        class_of_service="high",
        delay_ms=Decimal("9.5"),
        charges=Charges(recurring=Decimal(700)),
    ),
    firmness="firm_subject_to_feasibility",
)
_LINE_WANTED: Final = RequestSubmitted(
    market=DATA_MARKET,
    request_id="r-line",
    session_id=DATA_SESSION,
    service=EthernetDemand(
        family="ethernet",
        a="NL/AMS/ams5",
        z="GB/LON/thn2",
        min_cir_mbps=1_000,
        class_of_service="high",
        max_delay_ms=Decimal(8),
    ),
    comparison_months=12,
    max_cost=Decimal(15_000),
    ranking=RankBy(by="quality", attributes=("delay_ms",)),
)
_LINE_MATCHED: Final = OffersMatched(
    market=DATA_MARKET,
    causation_id="globex-13",
    at=at(63.012),
    request_id="r-line",
    session_id=DATA_SESSION,
    currency="EUR",
    able=1,
    matches=(
        Match(
            rank=1,
            provider=PROVIDER,
            offer_id="evpl-lon-ams",
            revision=REVISION,
            service=EthernetShown(
                deck="standard",
                a="GB/LON",
                z="NL/AMS",
                cir_mbps=1_000,
                interfaces="uni-uni",
                class_of_service="high",
                vlan_mode="vlan",
                max_frame_bytes=9_100,
                delay_ms=Decimal("4.2"),
                availability_percent=Decimal("99.99"),
            ),
            cost=Decimal("12900.5"),
            breakdown=EthernetCost(),
            currency="EUR",
            ranking_cost=Decimal("12900.5"),
            firmness="firm",
            lines=(
                CostLine(
                    charge="one-off",
                    quantity="1",
                    unit="",
                    price=Decimal("1500.5"),
                    amount=Decimal("1500.5"),
                ),
                CostLine(
                    charge="recurring",
                    quantity="12",
                    unit="month",
                    price=Decimal(950),
                    amount=Decimal(11_400),
                ),
            ),
            term_months=12,
        ),
    ),
    near_misses=(
        NearMiss(
            provider="hub",
            offer_id="gb-nl",
            revision=1,
            service=EthernetShown(
                deck="standard",
                a="GB",
                z="NL",
                cir_mbps=1_000,
                class_of_service="high",
                delay_ms=Decimal("9.5"),
            ),
            clause="delay_ms",
            test="ceiling",
            asked="8",
            offered="9.5",
            short_by="1.5",
            unit="ms",
        ),
    ),
)


def ethernet() -> tuple[tuple[str, Example], ...]:
    """Give the examples, each with what tells it from others of its type."""
    return (
        ("ethernet", sent(PROVIDER, 12, 2, "evpl-lon-ams", _LINE)),
        ("ethernet-by-country", sent("hub", 1, 3, "gb-nl", _BY_COUNTRY)),
        ("ethernet", sent(BUYER, 13, 63, DATA_SESSION, _LINE_WANTED)),
        ("ethernet", emitted(_LINE_MATCHED, "ethernet")),
    )
