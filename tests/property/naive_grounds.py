"""What the naive market's decisions rest on: the commands that it would have to read again."""

from strowger.contract import commands as said
from tests.property.naive_offers import find, find_pool
from tests.property.naive_reading import NaiveReading
from tests.property.naive_rows import Sitting
from tests.property.naive_sessions import Grounds
from tests.property.naive_words import own_id


class NaiveGrounds(NaiveReading):
    """Looks up everything that a command names, before it is decided."""

    rests_on: Grounds

    def _of_the_market(self) -> Grounds:
        return [(f"market {self.terms.market}", self.operator_place)] if self.terms else []

    def _grounds(self, command: said.AnyCommand) -> Grounds:
        if self.terms is None:
            return []
        command = self._named(command)
        named = self._of_the_market() + self._of_suspensions(command)
        match command:
            case said.OpenSession() | said.SubmitRequest() | said.AcceptOffer():
                named += _of_session(self._session(command.participant, command.session_id or ""))
            case said.CloseSession():
                named += _of_session(self._session(command.buyer, command.session_id))
            case said.TellOutcome():
                named += [
                    (own_id(command)[1], answer.place)
                    for answer in self.answers
                    if own_id(answer.command) == own_id(command)
                ]
            case said.PublishOffer() | said.WithdrawOffer():
                named += self._last_said_of(command.participant, command.offer_id)
                if isinstance(command, said.PublishOffer):
                    named += self._of_pool(command.participant, command.pool)
            case said.PublishCapacity():
                named += self._of_pool(command.participant, command.pool)
        if isinstance(command, said.AcceptOffer):
            session = self._session(command.participant, command.session_id or "")
            if command.session_id is None or (session and not session.ended):
                named += self._of_what_is_accepted(command)
        return named

    def _of_suspensions(self, command: said.AnyCommand) -> Grounds:
        sellers = [command.provider] if isinstance(command, said.AcceptOffer) else []
        return [
            (f"suspension of {who}", self.barred[who])
            for who in (command.participant, *sellers)
            if who in self.barred
        ]

    def _of_what_is_accepted(self, command: said.AcceptOffer) -> Grounds:
        asked_for = (command.participant, f"request {command.request_id}")
        requests = [asked for asked in self.requests if own_id(asked.request) == asked_for]
        named = [(own_id(asked.request)[1], asked.place) for asked in requests]
        seen = self._seen_in(command.participant, command.session_id)
        for asked in requests:
            if asked.request.session_id == command.session_id:
                seen = self._sold_in(asked)
        offer = find(self.offers, command.provider, command.offer_id)
        stands = offer and offer.at(seen.view_ms)
        # Under guard what nobody was shown may have been put aside since; then only the request
        # says that it wasn't shown.
        if stands and stands.gone_ms is None:
            named.append((f"offer {command.offer_id} of {command.provider}", stands.place))
            if isinstance(stands.command, said.PublishOffer):
                named += self._of_pool(command.provider, stands.command.pool)
        return named

    def _last_said_of(self, provider: str, offer_id: str) -> Grounds:
        """Give the last revision that was taken of an offer, whether or not it still waits."""
        offer = find(self.offers, provider, offer_id)
        places = [each.place for each in offer.revisions] if offer else []
        places += [each.place for each in self.waiting if each.is_of(provider, "offer", offer_id)]
        return [(f"offer {offer_id} of {provider}", max(places))] if places else []

    def _of_pool(self, provider: str, name: str | None) -> Grounds:
        pool = find_pool(self.pools, provider, name or "")
        if pool is None:
            return []
        waiting = [each for each in self.waiting if each.is_of(provider, "capacity", name or "")]
        place = max((each.place for each in waiting), default=pool.place)
        return [(f"capacity {name} of {provider}", place)]


def _of_session(session: Sitting | None) -> Grounds:
    if session is None:
        return []
    opened = own_id(session.opening)[1]
    ended = [] if session.ended_place is None else [(f"end of {opened}", session.ended_place)]
    return [(opened, session.place), *ended]
