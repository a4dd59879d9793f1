"""A buyer's session, and the questions that are asked in it or without one."""

from contextlib import suppress
from datetime import datetime

from strowger.client.identifiers import fresh, fresh_acceptance
from strowger.client.link import Link
from strowger.client.matches import Matches, ShownOffer
from strowger.client.refused import SessionEnded as SessionHasEnded
from strowger.contract.inbound import OfferAccepted, RequestSubmitted, SessionClosed
from strowger.contract.outbound import AcceptanceConfirmed, OffersMatched, SessionEnded
from strowger.contract.topics import OFFER_ACCEPTED, REQUEST_SUBMITTED, SESSION_CLOSED
from strowger.contract.voice import VoiceDemand


class Session:
    """An open session of one buyer in one market.

    `deadline` is by market time, which only the exchange knows to the millisecond: at the deadline
    it is already too late. It is none where the session was attached to and not opened here.
    """

    def __init__(
        self, link: Link, *, market: str, session_id: str, deadline: datetime | None
    ) -> None:
        self.market = market
        self.session_id = session_id
        self.deadline = deadline
        self._link = link
        self._closed = False

    async def request(
        self,
        *,
        to: str,
        minutes: int,
        call_seconds: int | None = None,
        max_matches: int | None = None,
    ) -> Matches:
        """Ask for minutes of calls to a number in full international form; see the ranked offers.

        `call_seconds` is the expected length of a call, else the market's own; what `max_matches`
        leaves out can't be accepted.

        >>> matches = await session.request(to="+442079460000", minutes=1000)  # doctest: +SKIP
        >>> matches[0].provider, matches[0].cost  # doctest: +SKIP

        Raises:
            Refused: for example `refused.SessionEnded`, `refused.AnswerTooLarge`.
            OutcomeUnknown: no answer came in time.
            pydantic.ValidationError: the number or a quantity can't be sent.
        """
        demand = VoiceDemand(destination=to, minutes=minutes, call_seconds=call_seconds)
        return await submit(
            self._link, self.market, self.session_id, demand, max_matches=max_matches
        )

    async def accept(
        self, shown: ShownOffer, *, acceptance_id: str | None = None
    ) -> AcceptanceConfirmed:
        """Buy what was asked for from one shown offer, wholly and at the cost shown.

        Again with the same `acceptance_id` and the same offer gives the same answer and buys
        nothing more. After `OutcomeUnknown`, ask `buyer.outcome(unknown.id)` before anything else.

        Raises:
            Refused: for example `refused.SessionEnded`, `refused.OfferChanged`,
                `refused.CapacityExhausted`.
            OutcomeUnknown: no answer came in time; it may have been bought.
        """
        return await accept(self._link, shown, self.session_id, acceptance_id)

    async def close(self) -> None:
        """End the session; nothing in it can be accepted any more. One that has ended is left so.

        Raises:
            Refused: for example `refused.SessionUnknown`.
            OutcomeUnknown: no answer came in time; it ends by time at the latest.
        """
        if self._closed:
            return
        event = SessionClosed(market=self.market, session_id=self.session_id)
        # It may have ended by time, or by another process of the buyer: that is what was wanted.
        with suppress(SessionHasEnded):
            await self._link.ask(
                SESSION_CLOSED, event, SessionEnded, key=self.session_id, about=self.session_id
            )
        self._closed = True


async def submit(
    link: Link, market: str, session_id: str | None, demand: VoiceDemand, *, max_matches: int | None
) -> Matches:
    """Submit a request and give what it was shown; raises as `Session.request` does."""
    event = RequestSubmitted(
        market=market,
        request_id=fresh(),
        session_id=session_id,
        service=demand,
        max_matches=max_matches,
    )
    key = session_id or event.request_id
    return Matches(
        await link.ask(REQUEST_SUBMITTED, event, OffersMatched, key=key, about=event.request_id)
    )


async def accept(
    link: Link, shown: ShownOffer, session_id: str | None, acceptance_id: str | None
) -> AcceptanceConfirmed:
    """Accept a shown offer; raises as `Session.accept` does."""
    event = OfferAccepted(
        market=shown.market,
        acceptance_id=acceptance_id or fresh_acceptance(shown.market),
        session_id=session_id,
        request_id=shown.request_id,
        provider=shown.provider,
        offer_id=shown.offer_id,
        revision=shown.revision,
    )
    # The acceptance's id is the key, so that a question after its outcome lies behind it.
    return await link.ask(
        OFFER_ACCEPTED,
        event,
        AcceptanceConfirmed,
        key=event.acceptance_id,
        about=event.acceptance_id,
    )
