"""Who plays in the demo, and which numbers are called: nobody's, all of them."""

from dataclasses import dataclass
from typing import Final

from strowger.contract.market_terms import MarketTerms

MARKET: Final = "voice"
CURRENCY: Final = "EUR"
TERMS: Final = MarketTerms(
    market=MARKET, currency=CURRENCY, sessions="optional", min_ttl_seconds=1, max_ttl_seconds=3600
)

BUYER: Final = "globex"
ANALYST_GROUP: Final = "demo-analyst"


@dataclass(frozen=True, slots=True)
class Callee:
    """A number to call, and why it is nobody's."""

    number: str
    place: str
    source: str


LONDON: Final = Callee("+442079460123", "London", "kept by Ofcom for drama")
CALLEES: Final = (
    LONDON,
    Callee("+12015550123", "New Jersey", "555-01xx, kept for fiction"),
    Callee("+819012345678", "Japan, mobile", "phonenumbers' example"),
    Callee("+551123456789", "São Paulo", "phonenumbers' example"),
    Callee("+254712123456", "Kenya, mobile", "phonenumbers' example"),
    Callee("+46701740605", "Sweden, mobile", "kept by PTS for fiction"),
)
