"""The seam between the market and the services traded in it: one family, one file.

A family indexes the stored offers by scope, says which of them a request meets, and works out what
each costs. The market knows nothing else about a service.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from strowger.contract.commands import VoiceNeed, VoiceTerms
from strowger.contract.voice import VoiceCost, VoiceShown, VoiceSold
from strowger.market.entities import Entity, Key, MarketState, Offer

Terms = VoiceTerms
Need = VoiceNeed


@dataclass(frozen=True, slots=True)
class Quote:
    """What one offer costs for one request: integers of 1e-9, and how it came about."""

    cost_nano: int
    breakdown: VoiceCost


class Family(Protocol):
    """One service family."""

    def watch(self, key: Key, old: Entity | None, new: Entity | None) -> None:
        """Follow one change of a row: keep the index of standing offers."""

    def in_scope(self, need: Need) -> Iterable[Key]:
        """Give the offers that apply to the request, the most specific of each rate deck only."""

    def has_room(self, offer: Offer, need: Need) -> bool:
        """Say whether the offer has capacity left for the whole request."""

    def quote(self, terms: Terms, need: Need, state: MarketState) -> Quote:
        """Work out what the offer costs for the request."""

    def quantity(self, need: Need) -> int:
        """Give the units of capacity that the request takes."""

    def sell(self, terms: Terms, need: Need) -> VoiceSold:
        """Give the service as it is sold."""

    def remaining(self, offer: Offer) -> int | None:
        """Give the units of capacity left; none where it is unlimited."""

    def show(self, terms: Terms) -> VoiceShown:
        """Give the terms as a match shows them."""
