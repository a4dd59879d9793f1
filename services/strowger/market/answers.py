"""Tell what the market found and sold: matches, near misses, frozen contracts."""

from calendar import monthrange
from datetime import datetime
from fractions import Fraction
from typing import Any

from strowger.contract.charges import CostLine
from strowger.contract.fields import from_millis, from_nano
from strowger.contract.matches import Match, NearMiss
from strowger.contract.normal import Need
from strowger.market.clauses import short_by, spelled, undetermined
from strowger.market.entities import MarketState, Quote, Request, Revised, Shown
from strowger.market.entries import prices
from strowger.market.registry import FAMILIES
from strowger.market.selecting import Candidate, Miss


def match(state: MarketState, need: Need, rank: int, candidate: Candidate) -> Match:
    """Tell one offer able to satisfy a request."""
    terms, quote, revised = candidate.terms, candidate.quote, candidate.item.revised
    family = FAMILIES[terms.family]
    return Match(
        rank=rank,
        provider=candidate.item.provider,
        offer_id=candidate.item.key[3],
        revision=revised.revision,
        service=family.shown(terms),
        cost=from_nano(quote.cost_nano),
        breakdown=family.basis(terms, need, state.default_call_seconds),
        currency=revised.currency,
        ranking_cost=from_nano(quote.ranking_nano),
        firmness=revised.firmness,
        lines=cost_lines(quote),
        term_months=quote.term_months,
        renewal_assumed=quote.renewal_assumed,
        undetermined=undetermined(terms, need),
    )


def near_miss(miss: Miss) -> NearMiss:
    """Tell one offer that fails one clause only, and by how much."""
    failed = miss.failed
    return NearMiss(
        provider=miss.item.provider,
        offer_id=miss.item.key[3],
        revision=miss.item.revised.revision,
        service=FAMILIES[miss.terms.family].shown(miss.terms),
        clause=failed.clause,
        test=failed.test,
        asked=spelled(failed.asked, failed.scale) or "",
        offered=spelled(failed.offered, failed.scale),
        short_by=short_by(failed),
        unit=failed.unit,
    )


def cost_lines(quote: Quote) -> tuple[CostLine, ...]:
    """Tell how a cost adds up."""
    return tuple(
        CostLine(
            charge=line.charge,
            quantity=str(Fraction(line.quantity, line.per)),
            unit=line.unit,
            price=from_nano(line.price_nano),
            amount=from_nano(line.amount_nano),
        )
        for line in quote.lines
    )


def contract(
    *, at: datetime, request: Request, revised: Revised, shown: Shown, excludes: tuple[str, ...]
) -> dict[str, Any]:
    """Give what a sale freezes: the fields of `Contract` that its two parties share."""
    terms, quote, need = revised.terms, shown.quote, request.need
    if terms is None:
        raise TypeError("a closure cannot be sold")
    family = FAMILIES[terms.family]
    months = quote.term_months
    return {
        "offer_id": shown.offer_id,
        "revision": revised.revision,
        "service": family.sold(terms, need),
        "currency": revised.currency,
        "cost": from_nano(quote.cost_nano),
        "prices": prices(family, terms),
        "lines": cost_lines(quote),
        "quantity": family.takes(terms, need),
        "channels": need.channels,
        "comparison_months": request.months,
        "term_months": months,
        "renewal_assumed": quote.renewal_assumed,
        "excludes": excludes,
        "effective_at": from_millis(revised.from_ms),
        "starts_at": at,
        "ends_at": None if months is None else months_after(at, months),
        "ranking_cost": from_nano(quote.ranking_nano),
        "rates_version": request.rates_version,
    }


def months_after(start: datetime, months: int) -> datetime:
    """Give the same day so many calendar months later, or that month's last day."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)
