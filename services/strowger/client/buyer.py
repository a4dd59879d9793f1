"""The buyer's side of the exchange."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Unpack

from strowger.client.errors import ClientError
from strowger.client.identifiers import fresh, market_of
from strowger.client.matches import Matches, ShownOffer
from strowger.client.participant import Participant
from strowger.client.session import Session, accept, following, submit
from strowger.client.wishes import Wishes, demanded
from strowger.contract.families import RequestedService
from strowger.contract.inbound import OutcomeRequested, SessionOpened
from strowger.contract.outbound import SessionGranted
from strowger.contract.sales import AcceptanceConfirmed
from strowger.contract.topics import OFFER_ACCEPTED, SESSION_OPENED


class BuyerClient(Participant):
    """A buyer: opens sessions, asks for service, accepts offers.

    >>> async with BuyerClient("globex", bootstrap="localhost:9092") as buyer:  # doctest: +SKIP
    ...     async with buyer.session("voice", ttl=60) as session:
    ...         matches = await session.request(to="+442079460000", minutes=1000)
    ...         confirmation = await session.accept(matches[0])
    """

    @asynccontextmanager
    async def session(
        self, market: str, *, ttl: int, session_id: str | None = None
    ) -> AsyncIterator[Session]:
        """Hold a session of at most `ttl` seconds: opened on entering, ended on leaving.

        An exception from within the block leaves it as it is, also where the session can't be ended
        any more: it then ends by time, and the exception carries a note.

        Raises:
            Refused: for example `refused.UnknownMarket`, `refused.TtlOutOfBounds`.
            OutcomeUnknown: no answer came in time, at the opening or the end.
        """
        session = await self.open_session(market, ttl=ttl, session_id=session_id)
        try:
            yield session
        except BaseException as problem:
            try:
                await session.close()
            except ClientError as another:
                problem.add_note(f"session {session.session_id} could not be ended: {another}")
            raise
        await session.close()

    async def open_session(
        self, market: str, *, ttl: int, session_id: str | None = None
    ) -> Session:
        """Open a session that outlives this call: close it, or leave it to time.

        Again with the same `session_id` and `ttl` gives the same session.

        Raises:
            Refused: for example `refused.UnknownMarket`, `refused.TtlOutOfBounds`.
            OutcomeUnknown: no answer came in time.
        """
        event = SessionOpened(market=market, session_id=session_id or fresh(), ttl_seconds=ttl)
        granted = await self._link.ask(
            SESSION_OPENED, event, SessionGranted, key=event.session_id, about=event.session_id
        )
        return Session(
            self._link, market=market, session_id=granted.session_id, deadline=granted.deadline
        )

    def attach(self, session_id: str, market: str, *, deadline: datetime | None = None) -> Session:
        """Go on in a session that another process of this buyer opened; sends nothing."""
        return Session(self._link, market=market, session_id=session_id, deadline=deadline)

    async def request(
        self,
        market: str,
        service: RequestedService | None = None,
        *,
        to: str | None = None,
        minutes: int | None = None,
        call_seconds: int | None = None,
        **wishes: Unpack[Wishes],
    ) -> Matches:
        """Ask without a session, where the market allows it; as `Session.request` otherwise.

        What is shown can be accepted until `matches.valid_until`.

        Raises:
            Refused: for example `refused.SessionRequired`.
            OutcomeUnknown: no answer came in time.
            pydantic.ValidationError: the number, a quantity or a wish can't be sent.
        """
        demand = demanded(service, to, minutes, call_seconds)
        return await submit(self._link, market, None, demand, wishes)

    async def more(self, matches: Matches) -> Matches:
        """Show what ranks behind these, where they were shown; as `Session.more`.

        Raises:
            ValueError: nothing ranks behind: `matches.next` is none.
            Refused: for example `refused.SessionEnded`.
            OutcomeUnknown: no answer came in time.
        """
        return await following(self._link, matches)

    async def accept(
        self, shown: ShownOffer, *, acceptance_id: str | None = None
    ) -> AcceptanceConfirmed:
        """Accept an offer where it was shown, in its session or without; as `Session.accept`.

        Raises:
            Refused: for example `refused.MatchExpired`.
            OutcomeUnknown: no answer came in time; it may have been bought.
        """
        return await accept(self._link, shown, shown.session_id, acceptance_id)

    async def outcome(self, acceptance_id: str, market: str | None = None) -> AcceptanceConfirmed:
        """Learn what became of an acceptance: give or raise just what accepting it would have.

        It works from any process of the buyer, after a restart, and after the session's end. The
        market need not be said for an id that the SDK made.

        Raises:
            refused.AcceptanceUnknown: nothing is decided under this id, or no more remembered. As
                the question lies behind the acceptance, nothing will be, once the client that sent
                the acceptance is closed.
            Refused: what the acceptance was refused for.
            OutcomeUnknown: no answer came in time; ask again.
            ValueError: the id names no market, and none was given.
        """
        market = market or market_of(acceptance_id)
        if market is None:
            raise ValueError(f"acceptance {acceptance_id!r} names no market: say which")
        event = OutcomeRequested(market=market, acceptance_id=acceptance_id)
        return await self._link.ask(
            OFFER_ACCEPTED, event, AcceptanceConfirmed, key=acceptance_id, about=acceptance_id
        )
