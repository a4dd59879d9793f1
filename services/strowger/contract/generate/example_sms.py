"""SMS to one network: charged by submitted message, in tiers."""

from decimal import Decimal
from typing import Final

from strowger.contract.charges import Charges, CostLine, Tier
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
from strowger.contract.matches import Match, OffersMatched
from strowger.contract.sms import SmsCost, SmsDelivery, SmsDemand, SmsShown

_ROUTE: Final = OfferPublished(
    market=DATA_MARKET,
    offer_id="sms-234-15",
    revision=REVISION,
    currency="EUR",
    service=SmsDelivery(
        family="sms",
        network="234-15",
        price_per_message=Decimal("0.032"),
        delivery_rate_percent=Decimal("98.5"),
        sender_types=("alphanumeric",),
        route_class="direct",
        tps=200,
        dlr="handset",
        charges=Charges(
            tiers=(
                Tier(above_units=0, price=Decimal("0.032")),
                Tier(above_units=100_000, price=Decimal("0.028")),
            )
        ),
    ),
)
_MESSAGES: Final = RequestSubmitted(
    market=DATA_MARKET,
    request_id="r-sms",
    session_id=DATA_SESSION,
    service=SmsDemand(
        family="sms",
        network="234-15",
        messages=150_000,
        sender_types=("alphanumeric",),
        dlr="handset",
    ),
)
_ROUTE_MATCHED: Final = OffersMatched(
    market=DATA_MARKET,
    causation_id="globex-14",
    at=at(64.01),
    request_id="r-sms",
    session_id=DATA_SESSION,
    currency="EUR",
    able=1,
    matches=(
        Match(
            rank=1,
            provider=PROVIDER,
            offer_id="sms-234-15",
            revision=REVISION,
            service=SmsShown(
                deck="standard",
                network="234-15",
                delivery_rate_percent=Decimal("98.5"),
                sender_types=("alphanumeric",),
                route_class="direct",
                tps=200,
                dlr="handset",
            ),
            cost=Decimal("4663.959390863"),
            breakdown=SmsCost(
                charged="submitted",
                delivered_messages=150_000,
                delivery_rate_percent="98.5",
                charged_messages="30000000/197",
            ),
            currency="EUR",
            ranking_cost=Decimal("4663.959390863"),
            firmness="firm",
            lines=(
                CostLine(
                    charge="usage above 0",
                    quantity="100000",
                    unit="message",
                    price=Decimal("0.032"),
                    amount=Decimal(3_200),
                ),
                CostLine(
                    charge="usage above 100000",
                    quantity="10300000/197",
                    unit="message",
                    price=Decimal("0.028"),
                    amount=Decimal("1463.959390863"),
                ),
            ),
        ),
    ),
)


def sms() -> tuple[tuple[str, Example], ...]:
    """Give the examples, each with what tells it from others of its type."""
    return (
        ("sms", sent(PROVIDER, 13, 4, "sms-234-15", _ROUTE)),
        ("sms", sent(BUYER, 14, 64, DATA_SESSION, _MESSAGES)),
        ("sms", emitted(_ROUTE_MATCHED, "sms")),
    )
