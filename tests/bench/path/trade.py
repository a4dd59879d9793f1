"""Commands as a market's trade would have them: seeded, so that every loop decides the same log."""

import random
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from strowger.contract.commands import (
    AcceptOffer,
    AnyCommand,
    CloseSession,
    OpenSession,
    Origin,
    PublishOffer,
    SubmitRequest,
)
from strowger.contract.matches import Match, OffersMatched
from strowger.contract.topics import (
    OFFER_ACCEPTED,
    OFFER_PUBLISHED,
    REQUEST_SUBMITTED,
    SESSION_CLOSED,
    SESSION_OPENED,
)
from strowger.market.markets import Markets
from tests.commands import Commands

SHARES: Final = {"publish": 58, "revise": 12, "open": 3, "ask": 15, "accept": 9, "close": 3}
"""How many of 100 commands; who has nothing to revise, accept or close publishes instead."""

_CODES: Final = 200
_PROVIDERS: Final = 12
_DECKS: Final = 7
_BUYERS: Final = 6
_SHOWN: Final = 10
_SESSION_SECONDS: Final = 3600
_SOURCES: Final = {
    PublishOffer: OFFER_PUBLISHED,
    OpenSession: SESSION_OPENED,
    SubmitRequest: REQUEST_SUBMITTED,
    AcceptOffer: OFFER_ACCEPTED,
    CloseSession: SESSION_CLOSED,
}


def trade(market: str, commands: int, *, seed: int, sent_at_ms: int) -> Iterator[AnyCommand]:
    """Give a market's declaration and what its participants then send.

    What is accepted was shown: the market is played here, once, before anybody is measured.
    """
    markets = Markets()
    traders = _Traders(market, seed, sent_at_ms)
    origins: dict[str, int] = {}
    for offset in range(commands):
        command = traders.next() if offset else traders.declaration()
        source = _SOURCES.get(type(command))
        if source is not None:
            at = origins[source.name] = origins.get(source.name, -1) + 1
            command = msgspec.structs.replace(command, origin=Origin(source.name, 0, at))
        for decision in markets.apply(command, sent_at_ms + offset, offset):
            if isinstance(decision.event, OffersMatched):
                traders.see(decision.participant, decision.event)
        yield command


class _Traders:
    """Providers who publish and buyers who remember what they were shown."""

    def __init__(self, market: str, seed: int, sent_at_ms: int) -> None:
        self._make = Commands(market, sent_at_ms)
        self._random = random.Random(seed)  # noqa: S311 - a mix, no secret
        self._ids = 0
        self._offers: list[PublishOffer] = []
        self._sessions: list[tuple[str, str]] = []
        self._shown: list[tuple[str, str | None, str, Match]] = []
        self._turns: dict[str, Callable[[], AnyCommand | None]] = {
            "publish": self._publish,
            "revise": self._revise,
            "open": self._open,
            "ask": self._ask,
            "accept": self._accept,
            "close": self._close,
        }

    def declaration(self) -> AnyCommand:
        """Declare the market: open, with or without sessions."""
        return self._make.declare(match_validity_seconds=_SESSION_SECONDS)

    def next(self) -> AnyCommand:
        """Give what is sent next."""
        (turn,) = self._random.choices(tuple(SHARES), tuple(SHARES.values()))
        return self._turns[turn]() or self._publish()

    def see(self, buyer: str, matched: OffersMatched) -> None:
        """Remember what a buyer may accept."""
        self._shown += [
            (buyer, matched.session_id, matched.request_id, match) for match in matched.matches
        ]

    def _publish(self) -> AnyCommand:
        number = self._number()
        offer = self._make.publish(
            f"of-{number}",
            prefix=self._code(),
            deck=f"d-{number % _DECKS}",
            rate_nano=self._rate(),
            capacity_minutes=10_000,
            provider=f"carrier-{self._random.randrange(_PROVIDERS)}",
        )
        self._offers.append(offer)
        return offer

    def _revise(self) -> AnyCommand | None:
        if not self._offers:
            return None
        place = self._random.randrange(len(self._offers))
        before = self._offers[place]
        offer = self._make.publish(
            before.offer_id,
            before.revision + 1,
            prefix=before.service.scope[0],
            deck=before.service.deck,
            rate_nano=self._rate(),
            capacity_minutes=10_000,
            provider=before.participant,
        )
        self._offers[place] = offer
        return offer

    def _open(self) -> AnyCommand:
        session = (f"s-{self._number()}", self._buyer())
        self._sessions.append(session)
        return self._make.open(session[0], _SESSION_SECONDS, buyer=session[1])

    def _ask(self) -> AnyCommand:
        session_id, buyer = None, self._buyer()
        if self._sessions and self._random.random() < 2 / 3:
            session_id, buyer = self._random.choice(self._sessions)
        return self._make.request(
            f"r-{self._number()}",
            session_id,
            destination=f"{self._code()}{self._random.randrange(10**7):07d}",
            max_matches=_SHOWN,
            buyer=buyer,
        )

    def _accept(self) -> AnyCommand | None:
        if not self._shown:
            return None
        buyer, session_id, request_id, match = self._shown.pop(
            self._random.randrange(len(self._shown))
        )
        return self._make.accept(
            f"a-{self._number()}",
            session_id,
            request_id,
            buyer=buyer,
            provider=match.provider,
            offer_id=match.offer_id,
            revision=match.revision,
        )

    def _close(self) -> AnyCommand | None:
        if not self._sessions:
            return None
        session_id, buyer = self._sessions.pop(self._random.randrange(len(self._sessions)))
        self._shown = [shown for shown in self._shown if shown[1] != session_id]
        return self._make.close(session_id, buyer=buyer)

    def _code(self) -> str:
        return str(44_000 + self._random.randrange(_CODES))

    def _rate(self) -> int:
        return self._random.randrange(5_000_000, 50_000_000)

    def _buyer(self) -> str:
        return f"buyer-{self._random.randrange(_BUYERS)}"

    def _number(self) -> int:
        self._ids += 1
        return self._ids
