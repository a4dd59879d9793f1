"""One market's rows, typed, with its clock and its indexes: what every rule reads and writes."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from strowger.contract.commands import AnyCommand
from strowger.contract.fields import from_millis
from strowger.market.entities import Key, MarketState, Offer, Remembered, Request, Session
from strowger.market.rules import CLOCK_SKEW_MS, HORIZON_MS
from strowger.market.store import Store
from strowger.market.timers import Deadlines, Forgetting
from strowger.market.voice import Voice


class Stamp(TypedDict):
    """The fields that every event has."""

    market: str
    causation_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer and the key of its row."""

    key: Key
    offer: Offer


class Book:
    """One market's rows and what is derived from them."""

    def __init__(self, market: str) -> None:
        self.market = market
        self.voice = Voice()
        self.deadlines = Deadlines()
        self.forgetting = Forgetting()
        self.store = Store(self.voice, self.deadlines, self.forgetting)

    @property
    def declared(self) -> bool:
        """Say whether the operator has declared the market."""
        return self.store.get(("market", self.market)) is not None

    @property
    def state(self) -> MarketState:
        """Give the market's terms, clock and sequence; the market must be declared."""
        state = self.store.get(("market", self.market))
        if not isinstance(state, MarketState):
            raise TypeError(f"market {self.market} has no state")
        return state

    @state.setter
    def state(self, state: MarketState) -> None:
        self.store.put(("market", self.market), state)

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
        """Write an offer."""
        self.store.put(("offer", self.market, offer.provider, offer.offer_id), offer)

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
