"""What the naive market sees of a market at one time, and what its offers and pools have left."""

import math
from dataclasses import dataclass, field

from strowger.contract import commands as said
from strowger.contract.normal import Need, Terms
from tests.property.naive_rows import HORIZON_MS, KNOWN_REVISIONS, SKEW_MS, Hold, Stored
from tests.property.naive_words import moment


@dataclass(frozen=True)
class Standing:
    """An offer with its publication in force, to be matched or sold."""

    offer: Stored
    publication: said.PublishOffer
    from_ms: int
    since: int
    place: int

    @property
    def service(self) -> Terms:
        """Give the offered service."""
        return self.publication.service

    @property
    def deck(self) -> tuple[str, str]:
        """Give whose deck, and which, it is in."""
        return self.offer.provider, self.service.deck


@dataclass
class Pool:
    """A capacity pool: how much it holds, and every sale from it as (time, units, channels)."""

    latest: said.PublishCapacity
    place: int
    replaced: list[tuple[said.PublishCapacity, int]] = field(default_factory=list)
    sales: list[tuple[int, int, int]] = field(default_factory=list)

    def put(
        self,
        command: said.PublishCapacity,
        now_ms: int,
        place: int,
        overtaken_ms: int | None = None,
    ) -> None:
        """Let it hold what its provider says now; what was overtaken is over since then."""
        if overtaken_ms is not None:
            self._put_aside(command, overtaken_ms, now_ms)
            return
        self._put_aside(self.latest, now_ms, now_ms)
        self.latest, self.place = command, place

    def _put_aside(self, gone: said.PublishCapacity, gone_ms: int, now_ms: int) -> None:
        kept = [each for each in self.replaced if each[1] > now_ms]
        kept.append((gone, gone_ms + HORIZON_MS + SKEW_MS))
        kept.sort(key=lambda each: -each[0].revision)
        self.replaced = kept[:KNOWN_REVISIONS]

    def units_left(self, now_ms: int, held: int) -> float:
        """Give the units left, of this calendar month where the period is a month."""
        if self.latest.units is None:
            return math.inf
        month = f"{moment(now_ms):%Y-%m}"
        counted = [
            units
            for at_ms, units, _ in self.sales
            if self.latest.period == "total" or f"{moment(at_ms):%Y-%m}" == month
        ]
        return max(0, self.latest.units - sum(counted) - held)

    def channels_left(self, held: int) -> float:
        """Give the channels left."""
        if self.latest.channels is None:
            return math.inf
        sold = sum(channels for _, _, channels in self.sales)
        return max(0, self.latest.channels - sold - held)


@dataclass(frozen=True)
class Market:
    """What of a market decides how a request is matched, at one time.

    Offers are seen as they stood at `view_ms`; `suspended` providers are not seen at all.
    """

    terms: said.DeclareMarket
    now_ms: int
    view_ms: int
    rates: said.DeclareRates | None
    pools: list[Pool]
    suspended: frozenset[str]
    holds: list[Hold]

    def worth_nano(self, currency: str) -> int | None:
        """Give what a unit of a currency is worth in the market's, times 1e9."""
        if currency == self.terms.currency:
            return 10**9
        return self.rates.rates_nano.get(currency) if self.rates else None

    def pool(self, standing: Standing) -> Pool | None:
        """Give the pool that an offer names."""
        for pool in self.pools:
            if (pool.latest.participant, pool.latest.pool) == (
                standing.offer.provider,
                standing.publication.pool,
            ):
                return pool
        return None

    def units_left(self, standing: Standing, *, holder: bool = False) -> float:
        """Give the units that an offer and its pool have left, whichever is less.

        What is held for others is left for a holder alone.
        """
        capacity = standing.service.capacity
        own, pooled = self._held(standing) if not holder else ([], [])
        left = math.inf
        if capacity is not None:
            left = max(0, capacity - standing.offer.sold - sum(each.units for each in own))
        pool = self.pool(standing)
        if pool is not None:
            units = pool.units_left(self.now_ms, sum(each.units for each in pooled))
            left = min(left, units)
        return left

    def channels_left(self, standing: Standing, *, holder: bool = False) -> float:
        """Give the channels that an offer's pool has left."""
        pool = self.pool(standing)
        if pool is None:
            return math.inf
        pooled = [] if holder else self._held(standing)[1]
        return pool.channels_left(sum(each.channels for each in pooled))

    def _held(self, standing: Standing) -> tuple[list[Hold], list[Hold]]:
        """Give what is held of an offer, and what is held of its pool by whichever offer."""
        provider, offer_id = standing.offer.provider, standing.offer.offer_id
        pool = standing.publication.pool
        own = [each for each in self.holds if each.offer == (provider, offer_id)]
        pooled = [each for each in self.holds if (each.offer[0], each.pool) == (provider, pool)]
        return own, pooled


def taken(standing: Standing, need: Need) -> int:
    """Give the units that a sale takes: internet's is the commit, else what is asked for."""
    if need.family == "internet":
        commit = standing.service.attributes["commit_mbps"]
        assert isinstance(commit, int)
        return commit
    return need.quantity
