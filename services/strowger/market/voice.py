"""Voice termination: scopes by dial code, cost by the minute, capacity in committed minutes."""

from collections.abc import Iterable

from strowger.contract.fields import from_nano
from strowger.contract.voice import VoiceCost, VoiceShown, VoiceSold
from strowger.market.entities import Entity, Key, MarketState, Offer
from strowger.market.families import Need, Quote, Terms

_Deck = tuple[str, str]
"""A provider and one of its rate decks: within it the longest dial code wins."""


class Voice:
    """The voice family. Standing offers are indexed by dial code, then by provider and deck."""

    def __init__(self) -> None:
        self._by_prefix: dict[str, dict[_Deck, tuple[Key, ...]]] = {}

    def watch(self, key: Key, old: Entity | None, new: Entity | None) -> None:
        """Follow one change of a row: keep the index of standing offers."""
        before = _scope(old)
        after = _scope(new)
        if before == after:
            return
        if before is not None:
            self._remove(before, key)
        if after is not None:
            decks = self._by_prefix.setdefault(after[0], {})
            decks[after[1]] = (*decks.get(after[1], ()), key)

    def in_scope(self, need: Need) -> Iterable[Key]:
        """Give the offers under the longest dial code that leads the number, deck by deck.

        Two offers of one deck for the same code both apply: a scope is selected, not a row.
        """
        decided: set[_Deck] = set()
        for length in range(len(need.destination), 0, -1):
            decks = self._by_prefix.get(need.destination[:length])
            if decks is None:
                continue
            for deck, keys in decks.items():
                if deck not in decided:
                    decided.add(deck)
                    yield from keys

    def has_room(self, offer: Offer, need: Need) -> bool:
        """Say whether the offer has committed minutes left for the whole request."""
        remaining = self.remaining(offer)
        return remaining is None or remaining >= need.minutes

    def remaining(self, offer: Offer) -> int | None:
        """Give the minutes left; none where they are unlimited."""
        capacity = offer.service.capacity_minutes
        return None if capacity is None else max(0, capacity - offer.sold)

    def quote(self, terms: Terms, need: Need, state: MarketState) -> Quote:
        """Work out the cost: calls x (connect fee + rate x billed seconds / 60).

        Calls are the minutes at the expected length, rounded up to whole calls; billed seconds are
        that length rounded up to the increment, at least the minimum. Exact in integers; the one
        division rounds half up to 1e-9.
        """
        call_seconds = need.call_seconds or state.default_call_seconds
        calls = -(-need.minutes * 60 // call_seconds)
        increments = -(-call_seconds // terms.increment_seconds)
        billed_seconds = max(terms.minimum_seconds, increments * terms.increment_seconds)
        sixtieths = calls * (60 * terms.connect_fee_nano + terms.rate_nano * billed_seconds)
        return Quote(
            cost_nano=(sixtieths + 30) // 60,
            breakdown=VoiceCost(
                answered_calls=calls,
                call_seconds=call_seconds,
                billed_seconds=billed_seconds,
                rate_per_minute=from_nano(terms.rate_nano),
                connect_fee=from_nano(terms.connect_fee_nano),
            ),
        )

    def quantity(self, need: Need) -> int:
        """Give the minutes that the request takes."""
        return need.minutes

    def show(self, terms: Terms) -> VoiceShown:
        """Give the terms as a match shows them."""
        return VoiceShown(prefix=terms.prefix, deck=terms.deck)

    def sell(self, terms: Terms, need: Need) -> VoiceSold:
        """Give the service as it is sold."""
        return VoiceSold(
            prefix=terms.prefix,
            deck=terms.deck,
            rate_per_minute=from_nano(terms.rate_nano),
            minimum_seconds=terms.minimum_seconds,
            increment_seconds=terms.increment_seconds,
            connect_fee=from_nano(terms.connect_fee_nano),
            minutes=need.minutes,
        )

    def _remove(self, scope: tuple[str, _Deck], key: Key) -> None:
        prefix, deck = scope
        decks = self._by_prefix[prefix]
        decks[deck] = tuple(other for other in decks[deck] if other != key)
        if not decks[deck]:
            del decks[deck]
        if not decks:
            del self._by_prefix[prefix]


def _scope(entity: Entity | None) -> tuple[str, _Deck] | None:
    """Give where a standing offer applies; none for a withdrawn one and for other rows."""
    if not isinstance(entity, Offer) or entity.withdrawn:
        return None
    return entity.service.prefix, (entity.provider, entity.service.deck)
