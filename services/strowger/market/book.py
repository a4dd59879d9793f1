"""One market's rows, typed, with its clock and its indexes: what every rule reads and writes."""

from datetime import datetime
from typing import ClassVar, TypedDict

import msgspec

from strowger.contract.commands import AnyCommand, SubmitRequest
from strowger.contract.fields import from_millis
from strowger.market.access import Access
from strowger.market.entities import (
    Entity,
    Key,
    MarketState,
    Offer,
    Pool,
    Remembered,
    Request,
    Session,
)
from strowger.market.feed import OPEN, Feed, listing
from strowger.market.rules import CLOCK_SKEW_MS, HORIZON_MS, RULES, Rules
from strowger.market.scopes import Scopes
from strowger.market.shelf import Shelf
from strowger.market.sittings import Sittings, Waiting
from strowger.market.store import Store, Watcher
from strowger.market.tallies import Tallies
from strowger.market.timers import Deadlines, Forgetting


class Stamp(TypedDict):
    """The fields that every event has."""

    market: str
    causation_id: str
    at: datetime


class _Market(Watcher):
    """The market's own row at hand: a command reads it dozens of times."""

    kinds: ClassVar = (MarketState,)

    def __init__(self) -> None:
        self.state: MarketState | None = None

    def watch(self, key: Key, old: Entity | None, new: Entity | None) -> None:
        """Follow one change of it."""
        del key, old
        self.state = new if isinstance(new, MarketState) else None


class Book:
    """One market's rows and what is derived from them, and who may act in it."""

    def __init__(self, market: str, access: Access | None = None) -> None:
        self.market = market
        self.access = access or Access()
        """What the operator took from whom everywhere, shared by the markets of a partition."""
        self.log_offset = 0
        """Of the command that is being decided."""
        self.scopes = Scopes(self._row)
        self.sittings = Sittings()
        self.waiting = Waiting()
        self.shelf = Shelf()
        self.deadlines = Deadlines()
        self.forgetting = Forgetting()
        self.feed = Feed()
        self.tallies = Tallies()
        self._market = _Market()
        self.store = Store(
            self._market,
            self.scopes,
            self.sittings,
            self.waiting,
            self.shelf,
            self.deadlines,
            self.forgetting,
            self.feed,
            self.tallies,
        )

    def _row(self, key: Key) -> Entity | None:
        return self.store.get(key)

    @property
    def declared(self) -> bool:
        """Say whether the operator has declared the market."""
        return self._market.state is not None

    @property
    def state(self) -> MarketState:
        """Give the market's terms, clock and sequence; the market must be declared."""
        state = self._market.state
        if state is None:
            raise TypeError(f"market {self.market} has no state")
        return state

    @state.setter
    def state(self, state: MarketState) -> None:
        self.store.put(("market", self.market), state)

    @property
    def rules(self) -> Rules:
        """Give the rules in force."""
        return RULES[self.state.rules_version]

    @property
    def clock_ms(self) -> int:
        """Give market time."""
        return self.state.clock_ms

    @property
    def remember_until_ms(self) -> int:
        """Give the time until which what happens now is remembered.

        An event sent as much ahead as senders' clocks may be, and sent again at the end of the
        horizon, is still known.
        """
        return self.clock_ms + HORIZON_MS + CLOCK_SKEW_MS

    @property
    def earliest_effect_ms(self) -> int:
        """Give from when a change can take effect: in a snapshot market just after every session.

        A session that was opened in this very millisecond sees the book without it.
        """
        return self.clock_ms + (self.state.policy == "snapshot")

    def in_a_snapshot(self, from_ms: int, until_ms: int) -> bool:
        """Say whether an open session's snapshot holds what stood in a span of time."""
        if self.state.policy != "snapshot":
            return False
        return self.sittings.any_opened_within(from_ms, until_ms)

    def view_ms(self, buyer: str, session_id: str | None) -> int:
        """Give the time at which a request sees the book: now, or when its session was opened.

        In a sealed market nothing changes meanwhile but by a schedule of before.
        """
        state = self.state
        stays = state.policy == "sealed" and self.rules.keeps_what_was_shown
        if session_id is not None and (state.policy == "snapshot" or stays):
            session = self.session(buyer, session_id)
            if session is not None:
                return session.opened_at_ms
        return self.clock_ms

    def sale_view_ms(self, request: Request) -> int:
        """Give the time at which an acceptance sees the book: as its request does.

        Under guard as that did when it was answered: what was shown is there, since it cannot be
        changed before the session's end, whatever a schedule of before has brought since.
        """
        guarded = self.state.policy == "guarded" and self.rules.keeps_what_was_shown
        if guarded and request.session_id is not None:
            return request.shown_at_ms
        return self.view_ms(request.buyer, request.session_id)

    def unwanted(self, command: SubmitRequest) -> frozenset[str]:
        """Give the providers that a request is not matched with: its buyer's, the operator's."""
        return self.suspended | frozenset(command.wish.exclude_providers)

    @property
    def suspended(self) -> frozenset[str]:
        """Give the participants that are suspended, in this market or in every one."""
        return self.access.suspended.union(self.state.suspended)

    def stamp(self, command: AnyCommand) -> Stamp:
        """Give the fields that every answer to the command has."""
        return {
            "market": self.market,
            "causation_id": command.causation_id,
            "at": from_millis(self.clock_ms),
        }

    def offer(self, provider: str, offer_id: str) -> Offer | None:
        """Give an offer, standing or withdrawn."""
        entity = self.store.get(("offer", self.market, provider, offer_id))
        return entity if isinstance(entity, Offer) else None

    def put_offer(self, offer: Offer) -> None:
        """Write an offer, and tell the feed, where there is one, what it has become."""
        state = self.state
        if state.feed.standing in OPEN:
            told, as_of_ms = self.feed.told, self.earliest_effect_ms
            noted, offer = listing(self.market, state, offer, as_of_ms, told)
            if noted is not state:
                self.state = noted
        self.store.put(("offer", self.market, offer.provider, offer.offer_id), offer)

    def pool(self, provider: str, pool: str) -> Pool | None:
        """Give a provider's capacity pool."""
        entity = self.store.get(("pool", self.market, provider, pool))
        return entity if isinstance(entity, Pool) else None

    def put_pool(self, pool: Pool) -> None:
        """Write a capacity pool."""
        self.store.put(("pool", self.market, pool.provider, pool.pool), pool)

    def note_change(self) -> None:
        """Note that the stored set changed, so that pages of an older state are known for it.

        Also that a change was taken: whether it waits for sessions no page may tell.
        """
        state = self.state
        self.state = msgspec.structs.replace(state, book_sequence=state.book_sequence + 1)

    def session(self, buyer: str, session_id: str) -> Session | None:
        """Give a buyer's session, open or ended."""
        entity = self.store.get(("session", self.market, buyer, session_id))
        return entity if isinstance(entity, Session) else None

    def put_session(self, session: Session) -> None:
        """Write a session."""
        self.store.put(("session", self.market, session.buyer, session.session_id), session)

    def request(self, buyer: str, request_id: str) -> Request | None:
        """Give a buyer's request and what it was shown."""
        entity = self.store.get(("request", self.market, buyer, request_id))
        return entity if isinstance(entity, Request) else None

    def put_request(self, request: Request) -> None:
        """Write a request."""
        self.store.put(("request", self.market, request.buyer, request.request_id), request)

    def remembered(self, participant: str, subject: str) -> Remembered | None:
        """Give the final answer to a natural key, if one is remembered."""
        entity = self.store.get(("remembered", self.market, participant, subject))
        return entity if isinstance(entity, Remembered) else None

    def remember(self, remembered: Remembered) -> None:
        """Keep the final answer to a natural key."""
        key = ("remembered", self.market, remembered.participant, remembered.subject)
        self.store.put(key, remembered)
