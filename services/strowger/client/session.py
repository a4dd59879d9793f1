"""A buyer's session, and the questions that are asked in it or without one."""

from contextlib import suppress
from datetime import datetime
from typing import Unpack

from strowger.client.identifiers import fresh, fresh_acceptance
from strowger.client.link import Link
from strowger.client.matches import Matches, ShownOffer
from strowger.client.refused import SessionEnded as SessionHasEnded
from strowger.client.wishes import Wishes, demanded
from strowger.contract.families import RequestedService
from strowger.contract.inbound import OfferAccepted, RequestSubmitted, SessionClosed
from strowger.contract.matches import OffersMatched
from strowger.contract.outbound import SessionEnded
from strowger.contract.sales import AcceptanceConfirmed
from strowger.contract.topics import OFFER_ACCEPTED, REQUEST_SUBMITTED, SESSION_CLOSED


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
        service: RequestedService | None = None,
        *,
        to: str | None = None,
        minutes: int | None = None,
        call_seconds: int | None = None,
        **wishes: Unpack[Wishes],
    ) -> Matches:
        """Ask for a service; see the offers able to give it, ranked.

        It is a model of any family, or in short `to`, `minutes` and perhaps `call_seconds`: minutes
        of calls to a number in full international form, each of the expected length. What
        `max_matches` leaves out can't be accepted until `more` shows it. `Wishes` has the rest.

        >>> matches = await session.request(to="+442079460000", minutes=1000)  # doctest: +SKIP
        >>> matches[0].provider, matches[0].cost  # doctest: +SKIP
        >>> transit = InternetDemand(place="GB/LON", expected_p95_mbps=500)  # doctest: +SKIP
        >>> matches = await session.request(transit, comparison_months=12)  # doctest: +SKIP

        Raises:
            Refused: for example `refused.SessionEnded`, `refused.AnswerTooLarge`.
            OutcomeUnknown: no answer came in time.
            pydantic.ValidationError: the number, a quantity or a wish can't be sent.
        """
        demand = demanded(service, to, minutes, call_seconds)
        return await submit(self._link, self.market, self.session_id, demand, wishes)

    async def more(self, matches: Matches) -> Matches:
        """Show what ranks behind these: the same request anew, under an id of its own.

        Ranks count on. Each page's offers are accepted as that page showed them.

        Raises:
            ValueError: nothing ranks behind: `matches.next` is none.
            Refused: as `request`.
            OutcomeUnknown: no answer came in time.
        """
        return await following(self._link, matches)

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
    link: Link, market: str, session_id: str | None, demand: RequestedService, wishes: Wishes
) -> Matches:
    """Submit a request and give what it was shown; raises as `Session.request` does."""
    return await _answered(
        link,
        RequestSubmitted(
            market=market, request_id=fresh(), session_id=session_id, service=demand, **wishes
        ),
    )


async def following(link: Link, matches: Matches) -> Matches:
    """Ask for the next page of an answer; raises as `Session.more` does."""
    return await _answered(link, continuation(matches))


def continuation(matches: Matches) -> RequestSubmitted:
    """Make the request for the next page: the same service and wishes, under a new id.

    Raises:
        ValueError: nothing ranks behind.
    """
    if matches.next is None:
        raise ValueError("nothing ranks behind these offers")
    anew = {"request_id": fresh(), "after": matches.next}
    return matches.asked.model_copy(update=anew)


async def _answered(link: Link, event: RequestSubmitted) -> Matches:
    key = event.session_id or event.request_id
    answer = await link.ask(
        REQUEST_SUBMITTED, event, OffersMatched, key=key, about=event.request_id
    )
    return Matches(answer, event)


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
