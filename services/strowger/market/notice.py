"""Notice periods: increases and closures are announced ahead, decreases may be immediate."""

from itertools import chain
from typing import NamedTuple

from strowger.contract.normal import Step, Tariff, Terms
from strowger.market.entities import MarketState, Revised


class Needed(NamedTuple):
    """What a revision is, and how long ahead the market wants to hear of it."""

    what: str
    seconds: int


def notice_needed(state: MarketState, before: Revised | None, after: Revised) -> Needed | None:
    """Say what notice a revision needs, given what it replaces; none if it needs none.

    One that both closes and is dearer needs the longer of both: an increase cannot hide in a move.
    """
    if before is None or before.terms is None:
        return None
    needs = []
    if _closes(before, after):
        needs.append(Needed("a closure", state.closure_notice_seconds))
    if after.terms is not None and (
        _counted_in(before) != _counted_in(after) or is_increase(before.terms, after.terms)
    ):
        needs.append(Needed("an increase", state.increase_notice_seconds))
    longest = max(needs, key=lambda need: need.seconds, default=None)
    return longest if longest is not None and longest.seconds else None


def is_increase(before: Terms, after: Terms) -> bool:
    """Say whether any price of the later terms of a family is greater than it was.

    An increment that does not go into the former one can bill more: 60 seconds by 45 are 90.
    """
    old, new = before.tariff, after.tariff
    single = (
        (old.usage_nano, new.usage_nano),
        (old.fee_nano, new.fee_nano),
        (old.minimum, new.minimum),
        (old.one_off_nano, new.one_off_nano),
        (old.minimum_nano, new.minimum_nano),
    )
    return (
        any(later > earlier for earlier, later in single)
        or old.increment % new.increment != 0
        or _dearer_month(old, new)
        or _dearer_steps(old, new)
        or _dearer_tiers(old, new)
        or (before.extra.get("charged") == "delivered" != after.extra.get("charged"))
    )


def _dearer_month(old: Tariff, new: Tariff) -> bool:
    if old.recurring_nano is None:
        return False
    return new.recurring_nano is None or new.recurring_nano > old.recurring_nano


def _dearer_steps(old: Tariff, new: Tariff) -> bool:
    offered = {step.months: step for step in new.steps}
    return any(
        step.months not in offered or _dearer(step, offered[step.months]) for step in old.steps
    )


def _dearer(old: Step, new: Step) -> bool:
    return new.recurring_nano > old.recurring_nano or new.one_off_nano > old.one_off_nano


def _dearer_tiers(old: Tariff, new: Tariff) -> bool:
    if old.volume != new.volume and max(len(old.tiers), len(new.tiers)) > 1:
        return True
    starts = {tier.above_units for tier in chain(old.tiers, new.tiers)}
    return any(_price_at(new, start) > _price_at(old, start) for start in starts)


def _price_at(tariff: Tariff, units: int) -> int:
    """Give the price of what is just above so many units; without tiers the usage price."""
    price_nano = tariff.usage_nano
    for tier in tariff.tiers:
        if tier.above_units <= units:
            price_nano = tier.price_nano
    return price_nano


def _closes(before: Revised, after: Revised) -> bool:
    """Say whether somebody can no more buy, where it applied, what was offered."""
    return (
        after.terms is None
        or _place(before) != _place(after)
        or (before.firmness == "firm" != after.firmness)
        or not _all_hear(before, after)
    )


def _all_hear(before: Revised, after: Revised) -> bool:
    if after.audience is None:
        return True
    return before.audience is not None and set(before.audience) <= set(after.audience)


def _place(revised: Revised) -> tuple[object, ...]:
    terms = revised.terms
    return () if terms is None else (*_counted_in(revised), terms.scope, terms.deck)


def _counted_in(revised: Revised) -> tuple[object, ...]:
    """Give what prices are prices in: of two kinds they are not compared."""
    return None if revised.terms is None else revised.terms.family, revised.currency
