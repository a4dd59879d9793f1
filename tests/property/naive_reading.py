"""The naive market's book for providers to read, and its operator's control."""

from strowger.contract import commands as said
from tests.property.naive_offers import find
from tests.property.naive_rows import BookPage, Refused, Revision, Stored
from tests.property.naive_rules import MORE, RULES, NaiveRules
from tests.property.naive_shown import prices, shown
from tests.property.naive_words import Facts, instant, own_id

_ACTIONS = {
    ("pause", False),
    ("resume", False),
    ("close", False),
    ("suspend", True),
    ("readmit", True),
    ("policy", True),
    ("rules", True),
}
_ALWAYS = (
    *(said.DeclareMarket, said.DeclareRates, said.ControlMarket, said.RefuseEvent),
    said.ControlAccess,
    *(said.CloseSession, said.TellOutcome),
)
_POLICIES = {"open", "guarded", "sealed", "snapshot"}
_STANDING = {"pause": "paused", "resume": "trading", "close": "closed"}


class NaiveReading(NaiveRules):
    """What providers read, and what the operator allows at all."""

    def _read(self, command: said.ReadBook) -> Facts:
        if self._terms.policy == "sealed" and self._sessions_open():
            raise Refused("book_sealed")
        as_of_ms, last = self.now_ms, ("", "")
        if command.after is not None:
            before = self.pages.get(command.after)
            if not isinstance(before, BookPage):
                raise Refused("continuation_invalid")
            if before.changes != self.changes:
                raise Refused("book_changed")
            as_of_ms, last = before.as_of_ms, before.last
        names = sorted((each.provider, each.offer_id) for each in self.offers)
        if self._terms.providers_hidden:
            names = [name for name in names if name[0] == command.participant]
        entries: list[Facts] = []
        self.found = []
        withheld = False
        self.ended = None
        for name in names:
            entry = self._entry(find(self.offers, *name), as_of_ms, command.participant)
            if name > last and self._withholds(name, entry, command.participant):
                withheld = True
                continue
            if name <= last or entry is None:
                continue
            if len(entries) == command.most:
                end = entries[-1]
                self.ended = BookPage(
                    self.changes, as_of_ms, (str(end["provider"]), str(end["offer_id"]))
                )
                break
            entries.append(entry)
            stood = find(self.offers, *name)
            assert stood is not None
            self.found.append((f"offer {name[1]} of {name[0]}", _place(stood, as_of_ms)))
        return self._event(
            "book-read",
            command,
            read_id=command.read_id,
            as_of=instant(as_of_ms),
            entries=entries,
            withheld=withheld,
            next=self.ended and MORE,
        )

    def _withholds(self, name: tuple[str, str], entry: Facts | None, reader: str) -> bool:
        """Say whether a reader would be told of an offer if no session had been shown it."""
        if self._terms.policy != "guarded" or name not in self._being_shown():
            return False
        # What only time has brought since the first page is not left out because of a session.
        waits = any(each.is_of(name[0], "offer", name[1]) for each in self.waiting)
        if entry is None and waits and self.rules >= 4:
            entry = self._entry(self._as_it_will_be(*name), self.now_ms, reader)
        return entry is not None

    def followed(self) -> list[Facts] | None:
        """Give what a follower of the book may hold now; none where nobody may follow."""
        if self.terms is None or self.standing == "closed":
            return None
        if self._terms.policy not in {"open", "snapshot"} or self._terms.providers_hidden:
            return None
        # What is stored in a snapshot market counts a millisecond later, and is told at once.
        self.told_ms = max(self.told_ms, self.now_ms + (self._terms.policy == "snapshot"))
        names = sorted((each.provider, each.offer_id) for each in self.offers)
        found = (self._entry(find(self.offers, *name), self.told_ms, "") for name in names)
        return [entry for entry in found if entry is not None]

    def _entry(self, offer: Stored | None, as_of_ms: int, reader: str) -> Facts | None:
        """Tell an offer as it stood; none for what did not stand, or is not for the reader."""
        stood: Revision | None = offer.at(as_of_ms) if offer else None
        if stood is None or isinstance(stood.command, said.WithdrawOffer):
            return None
        offered = stood.command
        if offered.audience is not None and offered.participant != reader:
            return None
        return {
            "provider": offered.participant,
            "offer_id": offered.offer_id,
            "revision": offered.revision,
            "service": shown(offered.service),
            "currency": offered.currency,
            "prices": prices(offered.service),
            "firmness": offered.firmness,
            "effective_at": instant(stood.from_ms),
        }

    def _may_trade(self, command: said.AnyCommand) -> None:
        if isinstance(command, _ALWAYS):
            return
        if self.standing == "closed":
            raise Refused("market_closed")
        if self.standing == "paused":
            raise Refused("market_paused")
        if command.participant in {*self.suspended, *self.barred}:
            raise Refused("suspended")

    def _check_control(self, command: said.ControlMarket) -> None:
        if command.participant != said.OPERATOR:
            raise Refused("not_allowed")
        action, subject = command.action, command.subject
        if action == "rules" and subject not in {str(version) for version in RULES}:
            raise Refused("unknown_rules")
        if (action, subject is not None) not in _ACTIONS:
            raise Refused("malformed")
        if action == "policy" and subject not in _POLICIES:
            raise Refused("malformed")
        if self.standing == "closed" and action in {"pause", "resume"}:
            raise Refused("market_closed")

    def _control(self, command: said.ControlMarket) -> tuple[Facts, bool]:
        self._check_control(command)
        action, subject = command.action, command.subject
        before = self._controlled()
        self.standing = _STANDING.get(action, self.standing)
        if action == "policy":
            self.next_policy = subject
        elif action == "rules":
            self.rules = int(subject or "")
        elif subject is not None:
            (self.suspended.add if action == "suspend" else self.suspended.discard)(subject)
        if action == "close":
            for session in self._sessions_open():
                sales = self._end(session, "operator")
                buyer, opened = own_id(session.opening)
                event = self._ended(session, session.opening)
                self.notices.append((buyer, event, [(opened, session.place)]))
                self.notices += sales
            self._after_ends()
        self._settle_policy()
        event = self._event("market-controlled", command, action=action, participant=subject)
        repeat = before == self._controlled()
        if not repeat:
            self.operator_place = self.place
        return event, repeat

    def _controlled(self) -> tuple[object, ...]:
        policy = self._terms.policy, self.next_policy
        return self.standing, frozenset(self.suspended), policy, self.rules


def _place(offer: Stored, as_of_ms: int) -> int:
    stood = offer.at(as_of_ms)
    assert stood is not None
    return stood.place
