"""Rules of market control: the operator declares a market."""

from strowger.contract.commands import OPERATOR, DeclareMarket
from strowger.contract.outbound import MarketDeclared, MarketTerms
from strowger.contract.refusals import Refusal
from strowger.market.book import Book
from strowger.market.entities import MarketState
from strowger.market.verdict import Denied, Granted, Verdict

_TERMS = tuple(name for name in MarketTerms.model_fields if name != "market")


def declare(book: Book, command: DeclareMarket, at_ms: int) -> Verdict:
    """Declare the market, once; the same terms again change nothing."""
    if command.participant != OPERATOR:
        return Denied(Refusal.NOT_ALLOWED, "only the operator declares markets")
    terms = {name: getattr(command, name) for name in _TERMS}
    declared = MarketTerms(market=command.market, **terms)
    repeat = book.declared
    if not repeat:
        book.state = MarketState(**terms, declared_at_ms=at_ms, clock_ms=at_ms, sequence=0)
    elif any(getattr(book.state, name) != value for name, value in terms.items()):
        return Denied(Refusal.MARKET_DECLARED_OTHERWISE)
    return Granted(MarketDeclared(**book.stamp(command), terms=declared), repeat=repeat)
