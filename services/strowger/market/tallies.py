"""How much each participant has in a market: what the market's limits are held against.

All of it follows from the rows, so a restore counts the same. Whether an offer counts follows from
the last that its provider said of it, whether that waits for sessions or not: else a provider could
tell by its limit that somebody is in session.
"""

import math
from bisect import bisect_left, bisect_right, insort
from typing import ClassVar

import msgspec

from strowger.market.entities import Entity, Key, Offer, Pool, Session
from strowger.market.store import Watcher


def reached(most: int | msgspec.UnsetType, count: int) -> bool:
    """Say whether a limit leaves no room for one more."""
    return isinstance(most, int) and count >= most


def is_stored(offer: Offer, clock_ms: int) -> bool:
    """Say whether an offer counts: from its publication until its withdrawal is to take effect."""
    return bool(offer.revisions or offer.deferred) and _closes_ms(offer) > clock_ms


def _closes_ms(offer: Offer) -> float:
    last = offer.deferred[-1].revised if offer.deferred else offer.revisions[-1]
    return math.inf if last.terms is not None else last.from_ms


class Tallies(Watcher):
    """Open sessions of each buyer; stored offers and pools of each provider."""

    kinds: ClassVar = (Session, Pool, Offer)

    def __init__(self) -> None:
        self._open: dict[str, int] = {}
        self._pools: dict[str, int] = {}
        self._lasting: dict[str, int] = {}
        """How many of a provider's offers it has not withdrawn."""
        self._closings: dict[str, list[float]] = {}
        """When the others cease to count, in order."""

    def watch(self, key: Key, old: Entity | None, new: Entity | None) -> None:
        """Follow one change of a row."""
        if isinstance(old, Offer) or isinstance(new, Offer):
            self._offer(key[2], old, new)
            return
        for entity, by in ((old, -1), (new, 1)):
            match entity:
                case Session(ended_at_ms=None):
                    self._open[key[2]] = self._open.get(key[2], 0) + by
                case Pool():
                    self._pools[key[2]] = self._pools.get(key[2], 0) + by

    def open_sessions(self, buyer: str) -> int:
        """Count a buyer's open sessions."""
        return self._open.get(buyer, 0)

    def pools(self, provider: str) -> int:
        """Count a provider's pools."""
        return self._pools.get(provider, 0)

    def stored_offers(self, provider: str, clock_ms: int) -> int:
        """Count a provider's offers that stand, are to come, or wait to."""
        closings = self._closings.get(provider, [])
        closing = len(closings) - bisect_right(closings, clock_ms)
        return self._lasting.get(provider, 0) + closing

    def _offer(self, provider: str, old: Entity | None, new: Entity | None) -> None:
        was = _closes_ms(old) if isinstance(old, Offer) else None
        closes = _closes_ms(new) if isinstance(new, Offer) else None
        if was == closes:
            return
        lasting = (closes == math.inf) - (was == math.inf)
        if lasting:
            self._lasting[provider] = self._lasting.get(provider, 0) + lasting
        if was is not None and was < math.inf:
            closings = self._closings[provider]
            del closings[bisect_left(closings, was)]
        if closes is not None and closes < math.inf:
            insort(self._closings.setdefault(provider, []), closes)
