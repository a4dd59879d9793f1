"""What simulated buyers do: sessions with several requests, and bursts around their deadline."""

import asyncio
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final

from strowger.contract.inbound import (
    InboundEvent,
    OfferAccepted,
    OutcomeRequested,
    RequestSubmitted,
    SessionClosed,
    SessionOpened,
)
from strowger.contract.voice import VoiceDemand
from tests.simulation.loop import now_ms, spawn
from tests.simulation.mailbox import Answer, Participant

_OTHERWISE: Final[dict[type[InboundEvent], dict[str, object]]] = {
    SessionOpened: {"ttl_seconds": 3},
    RequestSubmitted: {"max_matches": 3},
    OfferAccepted: {"revision": 1},
}
"""What the same id says when it is sent with other content."""


class Buyer(Participant):
    """Opens sessions, asks, accepts what was shown and what was not, closes or lets time pass."""

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]  # handed on
        self._shown: list[tuple[str | None, str, Answer]] = []
        self._accepted: list[str] = []
        self._sent: list[SessionOpened | RequestSubmitted | OfferAccepted] = []

    async def live(self, until_seconds: float) -> None:
        """Do one thing after the other."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(1.0)
        while loop.time() < until_seconds:
            await asyncio.sleep(self.random.choice((0.05, 0.5, 1.5)))
            await self.random.choice(
                (self._in_session,) * 4 + (self._without, self._too_late, self._reuse)
            )()

    async def _in_session(self) -> None:
        session_id, ttl_seconds = self.new_id(), self.random.choice((1, 2, 2, 4, 4, 8, 20))
        opening = SessionOpened(market=self.market, session_id=session_id, ttl_seconds=ttl_seconds)
        self._sent.append(opening)
        granted = await self.ask(opening)
        if granted is None or granted["type"] != "session-granted":
            return
        deadline_ms = int(datetime.fromisoformat(granted["deadline"]).timestamp() * 1000)
        for _ in range(self.random.choice((1, 1, 2, 3))):
            matched = await self._request(session_id)
            await self._page_on(session_id, matched)
            if self.random.random() < 0.6:
                await self._accept(session_id)
        if self.random.random() < 0.5:
            self._burst(session_id, deadline_ms)
        if self.random.random() < 0.4:
            await self.ask(SessionClosed(market=self.market, session_id=session_id))
        elif self.random.random() < 0.5:
            await asyncio.sleep(ttl_seconds)

    async def _without(self) -> None:
        await self._request(None)
        await asyncio.sleep(self.random.choice((0.0, 0.0, 6.0)))
        await self._accept(None)

    async def _too_late(self) -> None:
        """Accept something old, in whatever session it was; ask what became of it."""
        if self._shown:
            self._accept_shown(*self.random.choice(self._shown))
        if self._accepted:
            question = OutcomeRequested(
                market=self.market, acceptance_id=self.random.choice(self._accepted)
            )
            await self.ask(question)

    async def _reuse(self) -> None:
        """Send something once more, under another event's id; at times with other content."""
        if not self._sent:
            return
        event = self.random.choice(self._sent[-6:])
        if self.random.random() < 0.5:
            event = event.model_copy(update=_OTHERWISE[type(event)])
        await self.ask(event)

    async def _request(self, session_id: str | None, after: str | None = None) -> Answer | None:
        request = RequestSubmitted(
            market=self.market,
            request_id=self.new_id(),
            session_id=session_id,
            service=VoiceDemand(
                destination=self.random.choice(("+442079460123", "+442079460123", "+447000000000")),
                minutes=self.random.choice((30, 60, 120)),
                min_asr_percent=self.random.choice((None, None, Decimal(50))),
            ),
            max_matches=self.random.choice((1, 2, 10)),
            after=after,
        )
        self._sent.append(request)
        matched = await self.ask(request)
        if matched is None or matched["type"] != "offers-matched":
            return None
        self._shown += [(session_id, request.request_id, match) for match in matched["matches"]]
        return matched

    async def _page_on(self, session_id: str | None, matched: Answer | None) -> None:
        if matched is not None and matched["next"] is not None and self.random.random() < 0.5:
            await self._request(session_id, after=matched["next"])

    async def _accept(self, session_id: str | None) -> None:
        mine = [each for each in self._shown if each[0] == session_id]
        if not mine:
            return
        acceptance = self._acceptance(*self.random.choice(mine[-4:]))
        self._accepted.append(acceptance.acceptance_id)
        if self.random.random() < 0.15:
            acceptance = acceptance.model_copy(
                update=self.random.choice(
                    ({"revision": acceptance.revision + 1}, {"offer_id": "c"}, {"provider": "acme"})
                )
            )
        self._sent.append(acceptance)
        await self.ask(acceptance)

    def _accept_shown(self, session_id: str | None, request_id: str, match: Answer) -> None:
        acceptance = self._acceptance(session_id, request_id, match)
        self._accepted.append(acceptance.acceptance_id)
        self.send(acceptance)

    def _acceptance(self, session_id: str | None, request_id: str, match: Answer) -> OfferAccepted:
        return OfferAccepted(
            market=self.market,
            acceptance_id=self.new_id(),
            session_id=session_id,
            request_id=request_id,
            provider=match["provider"],
            offer_id=match["offer_id"],
            revision=match["revision"],
        )

    def _burst(self, session_id: str, deadline_ms: int) -> None:
        """Accept and close from all sides while the deadline comes."""
        mine = [each for each in self._shown if each[0] == session_id]

        async def send(late_seconds: float) -> None:
            await asyncio.sleep(max(0.0, (deadline_ms - now_ms()) / 1000 + late_seconds))
            if mine and self.random.random() < 0.8:
                self._accept_shown(*self.random.choice(mine))
            else:
                self.send(SessionClosed(market=self.market, session_id=session_id))

        for late_seconds in (-0.05, -0.01, -0.003, 0.0, 0.01):
            spawn(partial(send, late_seconds))
