"""How the naive market sells: whether it may, what it takes, what the contract freezes."""

import math
from dataclasses import dataclass
from typing import cast

from strowger.contract import commands as said
from tests.property.naive_capacity import Market, Standing, taken
from tests.property.naive_matching import in_force
from tests.property.naive_offers import find
from tests.property.naive_rows import Asked, Hold, Refused, Stored
from tests.property.naive_scopes import priced_apart
from tests.property.naive_shown import prices, sold
from tests.property.naive_words import Facts, instant, months_later

_AS_SHOWN = ("cost", "currency", "lines", "term_months", "renewal_assumed", "ranking_cost")


@dataclass
class Sale:
    """One shown offer, to be sold to who was shown it."""

    offers: list[Stored]
    market: Market
    asked: Asked
    command: said.AcceptOffer

    def make(self) -> Facts:
        """Take the capacity; give what both parties are told of the contract."""
        match = self._match()
        if self.market.now_ms >= self.asked.valid_until_ms:
            raise Refused("match_expired")
        standing = self._standing()
        need = self.asked.request.service
        units = taken(standing, need)
        holds = [each for each in self.market.holds if self._is_for_this(each)]
        if units > self.market.units_left(standing, holder=bool(holds)):
            raise Refused("capacity_exhausted")
        if need.channels > self.market.channels_left(standing, holder=bool(holds)):
            raise Refused("capacity_exhausted")
        for each in holds:
            self.market.holds.remove(each)
        excludes = self._excludes(standing)
        standing.offer.sold += units
        if (pool := self.market.pool(standing)) is not None:
            pool.sales.append((self.market.now_ms, units, need.channels))
        months = cast("int | None", match["term_months"])
        now_ms = self.market.now_ms
        return {
            "offer_id": self.command.offer_id,
            "revision": self.command.revision,
            "service": sold(standing.service, need),
            "prices": prices(standing.service),
            "quantity": units,
            "channels": need.channels,
            "comparison_months": self.asked.request.wish.comparison_months,
            "excludes": excludes,
            "effective_at": instant(standing.from_ms),
            "starts_at": instant(now_ms),
            "ends_at": None if months is None else months_later(now_ms, months),
            "rates_version": self.asked.rates_version,
            **{name: match[name] for name in _AS_SHOWN},
        }

    def left(self) -> Facts:
        """Give what the provider is told is left once it is sold."""
        standing = self._standing()
        units, channels = self.market.units_left(standing), self.market.channels_left(standing)
        return {
            "remaining": None if math.isinf(units) else units,
            "remaining_channels": None if math.isinf(channels) else channels,
        }

    def _is_for_this(self, hold: Hold) -> bool:
        command = self.command
        return (hold.buyer, hold.request_id, hold.offer) == (
            command.participant,
            command.request_id,
            (command.provider, command.offer_id),
        )

    def _match(self) -> Facts:
        command = self.command
        for match in self.asked.matches:
            if (match["provider"], match["offer_id"], match["revision"]) == (
                command.provider,
                command.offer_id,
                command.revision,
            ):
                return match
        raise Refused("not_shown")

    def _standing(self) -> Standing:
        offer = find(self.offers, self.command.provider, self.command.offer_id)
        revision = offer and offer.at(self.market.view_ms)
        if not offer or not revision or isinstance(revision.command, said.WithdrawOffer):
            raise Refused("offer_gone")
        if self.command.provider in self.market.suspended:
            raise Refused("offer_gone")
        if revision.number != self.command.revision:
            raise Refused("offer_changed")
        if revision.command.firmness != "firm":
            raise Refused("not_firm")
        return Standing(offer, revision.command, revision.from_ms, revision.since, revision.place)

    def _excludes(self, standing: Standing) -> list[str]:
        if standing.service.family != "voice":
            return []
        request = self.asked.request
        meant = in_force(self.offers, self.market.view_ms, request.participant)
        longer = priced_apart(standing, meant, request.service, standing.service.scope[0])
        # What was put aside since is priced otherwise, or not apart any more.
        shown = [
            each
            for each in longer
            if each.from_ms <= self.asked.at_ms
            and any(kept.place == each.place for kept in each.offer.kept)
        ]
        return sorted({each.service.scope[0] for each in shown})
