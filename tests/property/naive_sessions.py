"""The naive market's rows and sessions: who is in session, what was shown there, what that ends."""

from dataclasses import replace

import msgspec

from strowger.contract import commands as said
from tests.property.naive_capacity import Market, Pool
from tests.property.naive_offers import find, find_pool, full
from tests.property.naive_rows import (
    HORIZON_MS,
    SKEW_MS,
    Answer,
    Asked,
    BookPage,
    Hold,
    Page,
    Refused,
    Revision,
    Sitting,
    Sold,
    Stored,
    Waiting,
)
from tests.property.naive_words import Facts, instant, own_id

Grounds = list[tuple[str, int]]
Notices = list[tuple[str | None, Facts, Grounds]]


class NaiveSessions:
    """A market's rows, each kind in a list; its sessions, and the changes that wait for them."""

    def __init__(self) -> None:
        self.terms: said.DeclareMarket | None = None
        self.rates: said.DeclareRates | None = None
        self.rules = 2
        self.now_ms = 0
        self.sequence = 0
        self.place = -1
        self.operator_place = 0
        self.found: Grounds = []
        self.standing = "trading"
        self.suspended: set[str] = set()
        self.revoked: dict[str, tuple[int, int]] = {}
        """Keys that count no more: from when, and by which command."""
        self.barred: dict[str, int] = {}
        """Who may trade in no market, and by which command."""
        self.changes = 0
        self.offers: list[Stored] = []
        self.pools: list[Pool] = []
        self.sessions: list[Sitting] = []
        self.requests: list[Asked] = []
        self.answers: list[Answer] = []
        self.waiting: list[Waiting] = []
        self.untold: list[Sold] = []
        self.holds: list[Hold] = []
        self.next_policy: str | None = None
        self.told_ms = 0
        self.notices: Notices = []
        self.pages: dict[str, Page | BookPage] = {}
        self.ended: Page | BookPage | None = None

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

    @property
    def _terms(self) -> said.DeclareMarket:
        assert self.terms is not None
        return self.terms

    def _seen_in(self, buyer: str, session_id: str | None) -> Market:
        """Give the market as a buyer sees it: in some sessions as it was when they opened."""
        view_ms = self.now_ms
        stays = {"snapshot", "sealed"} if self.rules >= 4 else {"snapshot"}
        if self._terms.policy in stays and session_id is not None:
            session = self._session(buyer, session_id)
            assert session is not None
            view_ms = session.opened_ms
        suspended = frozenset({*self.suspended, *self.barred})
        return Market(
            *(self._terms, self.now_ms, view_ms, self.rates, self.pools), suspended, self.holds
        )

    def _sold_in(self, asked: Asked) -> Market:
        """Give the market as an acceptance sees it: under guard as its request saw it."""
        seen = self._seen_in(asked.request.participant, asked.request.session_id)
        guarded = self._terms.policy == "guarded" and asked.request.session_id is not None
        return replace(seen, view_ms=asked.at_ms) if guarded and self.rules >= 4 else seen

    # Sessions

    def _open(self, command: said.OpenSession) -> Facts:
        if not self._terms.min_ttl_seconds <= command.ttl_seconds <= self._terms.max_ttl_seconds:
            raise Refused("ttl_out_of_bounds")
        if self._session(command.participant, command.session_id):
            raise Refused("id_reused")
        mine = [
            each for each in self._sessions_open() if own_id(each.opening)[0] == own_id(command)[0]
        ]
        if full(self._terms.max_open_sessions, mine):
            raise Refused("too_many_sessions")
        if self.next_policy is not None:
            raise Refused("policy_changing")
        ttl_ms = command.ttl_seconds * 1000
        deadline_ms = self.now_ms + ttl_ms
        longest_ms = self._terms.max_deferral_seconds * 1000
        taken_ms = [self.now_ms, *(each.taken_ms for each in self.waiting)]
        waits = self._terms.policy == "sealed" and self._terms.denied_changes == "defer"
        if waits and deadline_ms - min(taken_ms) > longest_ms:
            raise Refused("changes_waiting")
        kept_until_ms = self._kept_until_ms() + ttl_ms
        self.sessions.append(Sitting(command, self.now_ms, deadline_ms, kept_until_ms, self.place))
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
        if session.ended and (by_time or session.ended[0] != "buyer"):
            raise Refused("session_ended")
        if by_time:
            raise Refused("session_not_due")
        if not repeat:
            self.notices += self._end(session, "buyer")
            self._after_ends()
        return self._ended(session, command), repeat

    def _session(self, buyer: str, session_id: str) -> Sitting | None:
        for session in self.sessions:
            if (session.opening.participant, session.opening.session_id) == (buyer, session_id):
                return session
        return None

    def _sessions_open(self) -> list[Sitting]:
        """Give the open sessions by deadline."""
        running = [each for each in self.sessions if not each.ended]
        return sorted(running, key=lambda each: (each.deadline_ms, own_id(each.opening)))

    def _end(self, session: Sitting, by: str) -> Notices:
        """End a session, give back its holds; give what is told only now of its sales."""
        session.ended, session.ended_place = (by, self.now_ms), self.place
        whose = (session.opening.participant, session.opening.session_id)
        self.holds = [each for each in self.holds if (each.buyer, each.session_id) != whose]
        sales = [each for each in self.untold if (each.buyer, each.session_id) == whose]
        self.untold = [each for each in self.untold if each not in sales]
        told: Notices = []
        for each in sales:
            opened = (own_id(session.opening)[1], session.place)
            rests_on = [opened, (f"acceptance {each.confirmed['acceptance_id']}", each.place)]
            told += [(None, each.confirmed, rests_on), (each.provider, each.notice, rests_on)]
        return told

    def _ended(self, session: Sitting, cause: said.AnyCommand) -> Facts:
        assert session.ended is not None
        by, at_ms = session.ended
        reason = "timed_out" if by == "time" else "terminated"
        event = self._event("session-ended", cause, reason=reason, ended_by=by)
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

    # What waits for sessions to end

    def _being_shown(self) -> set[tuple[object, object]]:
        """Give the offers that sessions which are open were shown."""
        running = [own_id(each.opening) for each in self._sessions_open()]
        return {
            (match["provider"], match["offer_id"])
            for asked in self.requests
            if (asked.request.participant, f"session {asked.request.session_id}") in running
            for match in asked.matches
        }

    def _kept_waiting_by(self, provider: str) -> Sitting | None:
        """Give the last to end of the open sessions that may keep a provider's changes waiting."""
        found = None
        for each in self._sessions_open():
            shown = [
                match["provider"]
                for asked in self.requests
                if asked.request.session_id == each.opening.session_id
                and asked.request.participant == each.opening.participant
                for match in asked.matches
            ]
            if self._terms.policy == "sealed" or provider in shown:
                found = each
        return found

    def _must_wait(self, change: said.AnyCommand) -> bool:
        """Say whether a change of an offer or a pool cannot take effect now."""
        if self._terms.policy == "sealed":
            return bool(self._sessions_open())
        if self._terms.policy != "guarded":
            return False
        if isinstance(change, said.PublishCapacity):
            return any(provider == change.participant for provider, _ in self._being_shown())
        assert isinstance(change, said.PublishOffer | said.WithdrawOffer)
        return (change.participant, change.offer_id) in self._being_shown()

    def _after_ends(self) -> None:
        """Let in what waited for sessions to end: changes, and then another policy."""
        self._release()
        self._settle_policy()

    def _settle_policy(self) -> None:
        if self.next_policy is not None and not self._sessions_open():
            self.terms = msgspec.structs.replace(self._terms, policy=self.next_policy)
            self.next_policy = None

    def _release(self) -> None:
        """Let take effect, in the order they came, all changes that need not wait any more."""
        waiting, self.waiting = self.waiting, []
        for each in waiting:
            if self._must_wait(each.command):
                self.waiting.append(each)
            else:
                self._take_effect(each)

    def _take_effect(self, taken: Waiting) -> None:
        """Let a change that was found right take effect now, or when its provider asked for."""
        change = taken.command
        if isinstance(change, said.PublishCapacity):
            pool = find_pool(self.pools, change.participant, change.pool)
            if pool is None:
                self.pools.append(Pool(change, taken.place))
            else:
                pool.put(change, self.now_ms, taken.place, taken.overtaken_ms)
            return
        self.changes += 1
        offer = find(self.offers, change.participant, change.offer_id)
        if offer is None:
            offer = Stored(change.participant, change.offer_id)
            self.offers.append(offer)
        self._put(offer, taken)

    def _put(self, offer: Stored, taken: Waiting) -> None:
        change = taken.command
        assert not isinstance(change, said.PublishCapacity)
        revision = Revision(change, self._effect_ms(change), taken.since, taken.place)
        if taken.overtaken_ms is not None:
            gone = replace(revision, gone_ms=taken.overtaken_ms, dropped=True)
            offer.revisions.append(gone)
            return
        views = []
        if self._terms.policy == "snapshot":
            views = [each.opened_ms for each in self._sessions_open()]
        offer.put(revision, self.now_ms, views)

    def _effect_ms(self, change: said.PublishOffer | said.WithdrawOffer) -> int:
        """Give from when a change counts: in a snapshot market behind all that is open now."""
        soonest_ms = self.now_ms + (self._terms.policy == "snapshot")
        return max(soonest_ms, change.effective_at_ms or 0)
