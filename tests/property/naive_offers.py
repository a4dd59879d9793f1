"""The naive market's offers: schedules, notice of increases and closures, revisions told apart."""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

from strowger.contract import commands as said
from strowger.contract.normal import Tariff, Terms
from tests.property.naive_capacity import Market, Pool
from tests.property.naive_rows import KNOWN_REVISIONS, Refused, Revision, Stored
from tests.property.naive_words import content

YEAR_MS = 366 * 24 * 60 * 60 * 1000
MOST_TO_COME = 16

Revising = said.PublishOffer | said.WithdrawOffer


def check(offer: Stored, market: Market, command: Revising, from_ms: int) -> None:
    """Check a revision that is new against its offer as it will be when it takes effect."""
    if isinstance(command, said.PublishOffer) and market.worth_nano(command.currency) is None:
        raise Refused("currency_mismatch")
    _may_be_scheduled(offer, market, command, from_ms)


def full(most: int | None, there: Sequence[object]) -> bool:
    """Say whether no more may be where some are."""
    return most is not None and len(there) >= most


def find(offers: list[Stored], provider: str, offer_id: str) -> Stored | None:
    """Give an offer by its provider and id."""
    for offer in offers:
        if (offer.provider, offer.offer_id) == (provider, offer_id):
            return offer
    return None


def said_before(offer: Stored, command: Revising) -> Revision | None:
    """Give the revision that was sent under a number before; none for a number that is new."""
    last = sorted((each.number for each in offer.known), reverse=True)[: 1 + KNOWN_REVISIONS]
    for known in offer.known:
        if known.number == command.revision and known.number in last:
            if content(known.command) != content(command):
                raise Refused("id_reused")
            return known
    if command.revision < greatest(offer):
        raise Refused("stale_revision")
    return None


def greatest(offer: Stored) -> int:
    """Give the greatest number that an offer's provider sent."""
    return max((each.number for each in offer.revisions), default=0)


def _may_be_scheduled(offer: Stored, market: Market, command: Revising, from_ms: int) -> None:
    now_ms = market.now_ms
    if from_ms - now_ms > YEAR_MS:
        raise Refused("too_far_ahead")
    pool = command.pool if isinstance(command, said.PublishOffer) else None
    if pool is not None and find_pool(market.pools, command.participant, pool) is None:
        raise Refused("pool_unknown")
    before = [each for each in offer.kept if now_ms < each.from_ms < from_ms]
    if len(before) + (from_ms > now_ms) > MOST_TO_COME:
        raise Refused("schedule_full")
    replaced = offer.at(from_ms)
    if replaced is None or isinstance(replaced.command, said.WithdrawOffer):
        return
    notice_seconds = 0
    if _closes(replaced.command, command):
        notice_seconds = market.terms.closure_notice_seconds
    if isinstance(command, said.PublishOffer) and _dearer(replaced.command, command):
        notice_seconds = max(notice_seconds, market.terms.increase_notice_seconds)
    if from_ms - now_ms < notice_seconds * 1000:
        raise Refused("notice_too_short")


def _closes(before: said.PublishOffer, command: Revising) -> bool:
    if isinstance(command, said.WithdrawOffer):
        return True
    old, new = before.service, command.service
    if before.firmness == "firm" and command.firmness != "firm":
        return True
    if command.audience and set(before.audience or [*command.audience, "others"]) - set(
        command.audience
    ):
        return True
    return (old.family, old.scope, old.deck, before.currency) != (
        new.family,
        new.scope,
        new.deck,
        command.currency,
    )


def _dearer(before: said.PublishOffer, command: said.PublishOffer) -> bool:
    if (before.service.family, before.currency) != (command.service.family, command.currency):
        return True
    return increases(before.service, command.service)


def increases(old: Terms, new: Terms) -> bool:
    """Say whether any price of the new terms is greater than it was."""
    was, becomes = old.tariff, new.tariff
    plain = any(after > before for before, after in zip(_plain(was), _plain(becomes), strict=True))
    terms = any(
        not any(
            step.months == same.months
            and step.recurring_nano <= same.recurring_nano
            and step.one_off_nano <= same.one_off_nano
            for step in becomes.steps
        )
        for same in was.steps
    )
    starts = [tier.above_units for tier in (*was.tiers, *becomes.tiers)]
    tiers = any(price_at(becomes, Fraction(at)) > price_at(was, Fraction(at)) for at in starts)
    turned = was.volume != becomes.volume and max(len(was.tiers), len(becomes.tiers)) > 1
    counted = old.extra.get("charged") == "delivered" and new.extra.get("charged") != "delivered"
    coarser = any(length % becomes.increment for length in (was.increment, 2 * was.increment))
    return plain or terms or tiers or turned or counted or coarser


def _plain(tariff: Tariff) -> Iterator[float]:
    yield from (tariff.usage_nano, tariff.fee_nano, tariff.minimum)
    yield tariff.one_off_nano
    yield math.inf if tariff.recurring_nano is None else tariff.recurring_nano
    yield tariff.minimum_nano


def price_at(tariff: Tariff, unit: Fraction) -> int:
    """Give the price of what is just above so many units."""
    price_nano = tariff.usage_nano
    for tier in tariff.tiers:
        if tier.above_units <= unit:
            price_nano = tier.price_nano
    return price_nano


def find_pool(pools: list[Pool], provider: str, name: str) -> Pool | None:
    """Give a pool by its provider and name."""
    for pool in pools:
        if (pool.latest.participant, pool.latest.pool) == (provider, name):
            return pool
    return None


def capacity_said_before(pool: Pool, command: said.PublishCapacity) -> bool:
    """Say whether a pool's provider sent the same under the same number before."""
    for known in (pool.latest, *(each for each, _ in pool.replaced)):
        if known.revision == command.revision:
            if content(known) != content(command):
                raise Refused("id_reused")
            return True
    if command.revision < pool.latest.revision:
        raise Refused("stale_revision")
    return False
