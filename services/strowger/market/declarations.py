"""Rules of market control: the operator declares a market."""

import msgspec

from strowger.contract.commands import EXCHANGE, OPERATOR, DeclareMarket, DeclareRates
from strowger.contract.fields import from_nano
from strowger.contract.market_terms import MarketTerms
from strowger.contract.outbound import MarketDeclared, RatesDeclared
from strowger.contract.refusals import Refusal
from strowger.market.book import Book
from strowger.market.entities import MarketState
from strowger.market.rules import KNOWN_RULES, RULES
from strowger.market.verdict import Denied, Granted, Verdict

_TERMS = tuple(name for name in MarketTerms.model_fields if name != "market")


def declare(book: Book, command: DeclareMarket, at_ms: int) -> Verdict:
    """Declare the market, once; the same terms again change nothing, nor the rules in force."""
    if command.participant != OPERATOR:
        return Denied(Refusal.NOT_ALLOWED, "only the operator declares markets")
    if command.market == EXCHANGE:
        return Denied(Refusal.NOT_ALLOWED, "the name stands for every market")
    if command.rules_version not in RULES:
        return Denied(Refusal.UNKNOWN_RULES, f"known are {KNOWN_RULES}")
    terms = {name: getattr(command, name) for name in _TERMS}
    declared = MarketTerms(market=command.market, **terms)
    terms["providers_hidden"] = terms["providers_hidden"] or None
    repeat = book.declared
    if not repeat:
        book.state = MarketState(
            **{name: value for name, value in terms.items() if value is not None},
            declared_at_ms=at_ms,
            clock_ms=at_ms,
            sequence=0,
            rules_version=command.rules_version,
            log_offset=book.log_offset,
        )
    elif any(book.state.term(name) != value for name, value in terms.items()):
        return Denied(Refusal.MARKET_DECLARED_OTHERWISE)
    return Granted(MarketDeclared(**book.stamp(command), terms=declared), repeat=repeat)


def declare_rates(book: Book, command: DeclareRates) -> Verdict:
    """Declare what currencies are worth in the market's own; the same version again says it again.

    Offers in a currency that is left out stay stored, and match nothing until it is declared.
    """
    if command.participant != OPERATOR:
        return Denied(Refusal.NOT_ALLOWED, "only the operator declares rates")
    state = book.state
    same = state.rates_nano == command.rates_nano
    repeat = command.version == state.rates_version
    newer = state.rates_version is None or command.version > state.rates_version
    if not newer and not (repeat and same):
        return Denied(Refusal.RATES_NOT_NEWER, f"version {state.rates_version} stands")
    if not repeat:
        book.state = msgspec.structs.replace(
            state,
            rates_version=command.version,
            rates_nano=command.rates_nano,
            log_offset=book.log_offset,
        )
    rates = {currency: from_nano(nano) for currency, nano in sorted(command.rates_nano.items())}
    declared = RatesDeclared(**book.stamp(command), version=command.version, rates=rates)
    return Granted(declared, repeat=repeat)
