"""An offer in force as providers read it: in a page of the book, and in its feed."""

from strowger.contract.book import BookEntry
from strowger.contract.charges import PriceTerms, TermShown, TierShown
from strowger.contract.fields import from_millis, from_nano
from strowger.contract.normal import Tariff, Terms
from strowger.market.entities import Revised
from strowger.market.families import Family
from strowger.market.registry import FAMILIES


def entry(provider: str, offer_id: str, revised: Revised) -> BookEntry:
    """Tell a revision that offers something."""
    terms = revised.terms
    if terms is None:
        raise TypeError("a closure is no offer")
    family = FAMILIES[terms.family]
    return BookEntry(
        provider=provider,
        offer_id=offer_id,
        revision=revised.revision,
        service=family.shown(terms),
        currency=revised.currency,
        prices=prices(family, terms),
        firmness=revised.firmness,
        effective_at=from_millis(revised.from_ms),
    )


def prices(family: Family, terms: Terms) -> PriceTerms:
    """Tell an offer's prices."""
    tariff: Tariff = terms.tariff
    by_call = family.counts_calls
    return PriceTerms(
        usage=from_nano(tariff.usage_nano),
        usage_unit=family.usage_unit,
        connect_fee=from_nano(tariff.fee_nano),
        minimum_seconds=tariff.minimum if by_call else None,
        increment_seconds=tariff.increment if by_call else None,
        one_off=from_nano(tariff.one_off_nano),
        recurring=None if tariff.recurring_nano is None else from_nano(tariff.recurring_nano),
        terms=tuple(
            TermShown(
                months=step.months,
                recurring=from_nano(step.recurring_nano),
                one_off=from_nano(step.one_off_nano),
            )
            for step in tariff.steps
        ),
        tiers=tuple(
            TierShown(above_units=tier.above_units, price=from_nano(tier.price_nano))
            for tier in tariff.tiers
        ),
        tiering="volume" if tariff.volume else "graduated",
        minimum_monthly=from_nano(tariff.minimum_nano),
    )
