"""The naive market's rules: what is done, or why not, one command after the other."""

import math

from strowger.contract import commands as said
from tests.property.naive_matching import able_offers, quote, room, shown, sold
from tests.property.naive_rows import Answer, Asked, Refused, Sitting, Stored
from tests.property.naive_words import Facts, content, instant, own_id

HORIZON_MS = 24 * 60 * 60 * 1000
SKEW_MS = 5 * 60 * 1000
KNOWN_REVISIONS = 16


class NaiveRules:
    """A market's rows, each kind in a list, and the rules that change them."""

    def __init__(self) -> None:
        self.terms: said.DeclareMarket | None = None
        self.now_ms = 0
        self.sequence = 0
        self.offers: list[Stored] = []
        self.sessions: list[Sitting] = []
        self.requests: list[Asked] = []
        self.answers: list[Answer] = []
        self.notices: list[tuple[str, Facts]] = []

    def _event(self, kind: str, command: said.AnyCommand, **facts: object) -> Facts:
        return {
            "type": kind,
            "market": command.market,
            "causation_id": command.causation_id,
            "at": instant(self.now_ms),
            **facts,
        }

    def _kept_until_ms(self) -> int:
        return self.now_ms + HORIZON_MS + SKEW_MS

    def _declare(self, command: said.DeclareMarket) -> tuple[Facts, bool]:
        if command.participant != said.OPERATOR:
            raise Refused("not_allowed")
        repeat = self.terms is not None
        if self.terms is not None and content(self.terms) != content(command):
            raise Refused("market_declared_otherwise")
        self.terms = self.terms or command
        terms = {**content(command)}
        del terms["participant"], terms["command"]
        return self._event("market-declared", command, terms=terms), repeat

    @property
    def _terms(self) -> said.DeclareMarket:
        assert self.terms is not None
        return self.terms

    # Offers

    def _revise(self, command: said.PublishOffer | said.WithdrawOffer) -> tuple[Facts, bool]:
        kind = "offer-removed"
        if isinstance(command, said.PublishOffer):
            kind = "offer-stored"
            if command.currency != self._terms.currency:
                raise Refused("currency_mismatch")
        event = self._event(kind, command, offer_id=command.offer_id, revision=command.revision)
        offer = self._offer(command.participant, command.offer_id)
        if offer is None:
            if not isinstance(command, said.PublishOffer):
                raise Refused("offer_unknown")
            self.offers.append(Stored(command, command, self.sequence))
            return event, False
        if self._was_seen(offer, command):
            return event, True
        kept = [each for each in offer.replaced if each[1] > self.now_ms]
        offer.replaced = [(offer.latest, self._kept_until_ms()), *kept][:KNOWN_REVISIONS]
        offer.latest, offer.since = command, self.sequence
        offer.forget_at_ms = self._kept_until_ms()
        if isinstance(command, said.PublishOffer):
            offer.publication, offer.forget_at_ms = command, math.inf
        return event, False

    def _was_seen(self, offer: Stored, command: said.PublishOffer | said.WithdrawOffer) -> bool:
        if command.revision <= offer.latest.revision and offer.forget_at_ms < math.inf:
            offer.forget_at_ms = self._kept_until_ms()
        for known in (offer.latest, *(each for each, _ in offer.replaced)):
            if getattr(known, "revision", None) == command.revision:
                if content(known) != content(command):
                    raise Refused("id_reused")
                return True
        if command.revision < offer.latest.revision:
            raise Refused("stale_revision")
        return False

    def _offer(self, provider: str, offer_id: str) -> Stored | None:
        for offer in self.offers:
            if (offer.latest.participant, offer.latest.offer_id) == (provider, offer_id):
                return offer
        return None

    # Sessions

    def _open(self, command: said.OpenSession) -> Facts:
        if not self._terms.min_ttl_seconds <= command.ttl_seconds <= self._terms.max_ttl_seconds:
            raise Refused("ttl_out_of_bounds")
        if self._session(command.participant, command.session_id):
            raise Refused("id_reused")
        ttl_ms = command.ttl_seconds * 1000
        deadline_ms = self.now_ms + ttl_ms
        self.sessions.append(Sitting(command, deadline_ms, self._kept_until_ms() + ttl_ms))
        return self._event(
            "session-granted",
            command,
            session_id=command.session_id,
            deadline=instant(deadline_ms),
        )

    def _close(self, command: said.CloseSession) -> tuple[Facts, bool]:
        by_time = command.participant == said.SESSION_TIMEOUT
        if command.buyer != command.participant and not by_time:
            raise Refused("not_your_session")
        session = self._session(command.buyer, command.session_id)
        if session is None:
            raise Refused("session_unknown")
        repeat = session.ended is not None
        if session.ended and (by_time or session.ended[0] == "timed_out"):
            raise Refused("session_ended")
        if by_time:
            raise Refused("session_not_due")
        session.ended = session.ended or ("terminated", self.now_ms)
        return self._ended(session, command), repeat

    def _session(self, buyer: str, session_id: str) -> Sitting | None:
        for session in self.sessions:
            if (session.opening.participant, session.opening.session_id) == (buyer, session_id):
                return session
        return None

    def _ended(self, session: Sitting, cause: said.AnyCommand) -> Facts:
        assert session.ended is not None
        reason, at_ms = session.ended
        event = self._event("session-ended", cause, reason=reason)
        return {**event, "session_id": session.opening.session_id, "at": instant(at_ms)}

    def _enter(self, command: said.SubmitRequest | said.AcceptOffer) -> None:
        if command.session_id is None:
            if self._terms.sessions == "required":
                raise Refused("session_required")
            return
        session = self._session(command.participant, command.session_id)
        if session is None:
            raise Refused("session_unknown")
        if session.ended:
            raise Refused("session_ended")

    # Requests

    def _match(self, command: said.SubmitRequest) -> Facts:
        self._enter(command)
        able = able_offers(self.offers, command.service, self._terms)
        matches = [
            {
                "rank": rank,
                "provider": offer.publication.participant,
                "offer_id": offer.publication.offer_id,
                "revision": offer.publication.revision,
                "service": shown(offer.publication),
                **quote(offer, command.service, self._terms)[1],
            }
            for rank, offer in enumerate(able, start=1)
        ][: command.max_matches]
        valid_until_ms = math.inf
        valid_until = None
        if command.session_id is None:
            valid_until_ms = self.now_ms + self._terms.match_validity_seconds * 1000
            valid_until = instant(valid_until_ms)
        self.requests.append(Asked(command, matches, valid_until_ms, self._kept_until_ms()))
        return self._event(
            "offers-matched",
            command,
            request_id=command.request_id,
            session_id=command.session_id,
            currency=self._terms.currency,
            able=len(able),
            matches=matches,
            valid_until=valid_until,
        )

    # Acceptances

    def _sell(self, command: said.AcceptOffer) -> Facts:
        self._enter(command)
        asked = self._asked(command)
        match = self._shown_match(asked, command)
        if self.now_ms >= asked.valid_until_ms:
            raise Refused("match_expired")
        offer = self._offer(command.provider, command.offer_id)
        if offer is None or isinstance(offer.latest, said.WithdrawOffer):
            raise Refused("offer_gone")
        if offer.publication.revision != command.revision:
            raise Refused("offer_changed")
        minutes = asked.request.service.minutes
        if room(offer) < minutes:
            raise Refused("capacity_exhausted")
        offer.sold += minutes
        contract = {
            "contract_id": f"{command.market}-{self.sequence + 1}",
            "offer_id": command.offer_id,
            "revision": command.revision,
            "service": sold(offer.publication, minutes),
            "currency": self._terms.currency,
            "cost": match["cost"],
            "buyer": command.participant,
        }
        left = None if math.isinf(room(offer)) else room(offer)
        notice = self._event("offer-sold", command, **contract, remaining=left)
        self.notices.append((command.provider, notice))
        own = {name: getattr(command, name) for name in ("acceptance_id", "session_id")}
        return self._event(
            "acceptance-confirmed",
            command,
            **contract,
            **own,
            request_id=command.request_id,
            provider=command.provider,
        )

    def _asked(self, command: said.AcceptOffer) -> Asked:
        for asked in self.requests:
            request = asked.request
            if (request.participant, request.request_id) == (
                command.participant,
                command.request_id,
            ):
                if request.session_id != command.session_id:
                    raise Refused("other_session")
                return asked
        raise Refused("request_unknown")

    def _shown_match(self, asked: Asked, command: said.AcceptOffer) -> Facts:
        for match in asked.matches:
            if (match["provider"], match["offer_id"], match["revision"]) == (
                command.provider,
                command.offer_id,
                command.revision,
            ):
                return match
        raise Refused("not_shown")

    def _outcome(self, command: said.TellOutcome) -> Facts:
        for answer in self.answers:
            if own_id(answer.command) == own_id(command):
                return {**answer.event, "causation_id": command.causation_id}
        raise Refused("acceptance_unknown")
