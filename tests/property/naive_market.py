"""A market written to be read: it scans everything, and shares no code with the core.

Lists instead of indexes, fractions instead of integers, a look at every row instead of timers. Its
rules are those of the design and of the contract's docstrings, told once more. What it leaves out:
answers too large for a record, faults, event ids, the words of a refusal, and of a continuation.
"""

import math
from collections.abc import Sequence

from strowger.contract import commands as said
from tests.property.naive_access import NaiveAccess
from tests.property.naive_rows import HORIZON_MS, SKEW_MS, Answer, Refused, Told
from tests.property.naive_sessions import Grounds
from tests.property.naive_words import Facts, content, instant, own_id, subject

TRY_AGAIN = {
    "clock_ahead",
    "unknown_market",
    "offer_unknown",
    "session_unknown",
    "session_not_due",
    "request_unknown",
    "acceptance_unknown",
    "pool_unknown",
    "schedule_full",
    "market_paused",
    "suspended",
    "book_sealed",
    "book_changed",
    "changes_waiting",
    "policy_changing",
    "key_revoked",
    "too_many_events",
    "too_many_offers",
    "too_many_sessions",
}


class NaiveMarket(NaiveAccess):
    """One market: its clock, the ids it knows, and whom it tells."""

    def decide(self, command: said.AnyCommand, at_ms: int) -> list[Told]:
        """Decide one command at log time `at_ms`."""
        self.place += 1
        if isinstance(command, said.ControlAccess):
            return [self._control_access(command, at_ms)]
        self.now_ms = at_ms if self.terms is None else max(self.now_ms, at_ms)
        self.rests_on = self._of_the_market()
        told = [
            self._tell(event, recipient, buyer, "session-deadline", "notice", also=rests_on)
            for buyer, recipient, event, rests_on in self._end_sessions()
        ]
        self._forget()
        self.notices, self.found = [], []
        self.rests_on = self._grounds(command)
        try:
            self._check(command)
            event = self._answered_before(command)
            repeat = event is not None
            if event is None:
                event, repeat = self._first_answer(command)
        except Refused as refused:
            event, repeat = self._refusal(command, refused), False
        sender, name = command.participant, str(command.__struct_config__.tag)
        inbox = None if sender.startswith("service:") else sender
        told.append(
            self._tell(event, inbox, sender, name, "answer", repeat=repeat, also=self.found)
        )
        told += [
            self._tell(each, who, sender, name, "notice", also=rests_on)
            for who, each, rests_on in self.notices
        ]
        return told

    def _tell(
        self,
        event: Facts,
        recipient: str | None,
        participant: str,
        command: str,
        role: str,
        *,
        repeat: bool = False,
        also: Sequence[tuple[str, int]] = (),
    ) -> Told:
        if self.terms is not None:
            self.sequence += 1
        at = instant(self.now_ms)
        public = None if repeat else self._public(event, role)
        rests_on = list(dict.fromkeys([*self.rests_on, *also]))
        return Told(
            *(event, recipient, participant, command, role, repeat),
            *(at, self.sequence, rests_on, self.rules, public),
        )

    def _public(self, event: Facts, role: str) -> Facts | None:
        """Give what everybody may read of a sale: in a session under guard only at its end.

        By later rules every sale under guard has a word of its own to everybody.
        """
        if event["type"] != "acceptance-confirmed":
            return None
        told_apart = self.rules >= 4 or event["session_id"] is not None
        if self._terms.policy in {"guarded", "sealed"} and told_apart and role == "answer":
            return None
        if self._terms.public_buyer:
            return event
        hidden = dict.fromkeys(("acceptance_id", "session_id", "request_id", "buyer"))
        return {**event, **hidden, "causation_id": event["contract_id"]}

    # What time brings

    def _end_sessions(self) -> list[tuple[str, str | None, Facts, Grounds]]:
        told: list[tuple[str, str | None, Facts, Grounds]] = []
        due = [each for each in self._sessions_open() if each.deadline_ms <= self.now_ms]
        for each in due:
            buyer = each.opening.participant
            sales = self._end(each, "time")
            opened = [(own_id(each.opening)[1], each.place)]
            told.append((buyer, buyer, self._ended(each, each.opening), opened))
            told += [(buyer, *sale) for sale in sales]
        if due:
            self._after_ends()
        return told

    def _forget(self) -> None:
        changing = [own_id(each.command) for each in self.waiting]
        self.offers = [
            each
            for each in self.offers
            if each.forget_at_ms > self.now_ms
            or (each.provider, f"offer {each.offer_id}") in changing
        ]
        self.sessions = [each for each in self.sessions if each.forget_at_ms > self.now_ms]
        self.requests = [each for each in self.requests if each.forget_at_ms > self.now_ms]
        self.answers = [each for each in self.answers if each.forget_at_ms > self.now_ms]

    # Every command

    def _check(self, command: said.AnyCommand) -> None:
        from_ms, place = self.revoked.get(command.key_id, (math.inf, 0))
        if from_ms <= self.now_ms:
            self.rests_on = [(f"key {command.key_id}", place)]
            raise Refused("key_revoked")
        if isinstance(command, said.DeclareMarket):
            return
        if self.terms is None:
            raise Refused("unknown_market")
        if isinstance(command, said.RefuseEvent):
            return
        if self.now_ms - command.sent_at_ms >= HORIZON_MS:
            raise Refused("stale_event")
        if command.sent_at_ms - self.now_ms > SKEW_MS:
            raise Refused("clock_ahead")

    def _answered_before(self, command: said.AnyCommand) -> Facts | None:
        if not _has_own_id(command):
            return None
        for answer in self.answers:
            if own_id(answer.command) == own_id(command):
                answer.forget_at_ms = self._kept_until_ms()
                self.rests_on = [(own_id(command)[1], answer.place)]
                if content(answer.command) != content(command):
                    raise Refused("id_reused")
                return {**answer.event, "causation_id": command.causation_id}
        return None

    def _first_answer(self, command: said.AnyCommand) -> tuple[Facts, bool]:
        try:
            self._may_trade(command)
            event, repeat = self._carry_out(command)
        except Refused as refused:
            event, repeat = self._refusal(command, refused), False
        if _has_own_id(command) and event.get("refusal") not in TRY_AGAIN:
            self.answers.append(Answer(command, event, self._kept_until_ms(), self.place))
        return event, repeat

    def _carry_out(self, command: said.AnyCommand) -> tuple[Facts, bool]:  # noqa: C901, PLR0911 - one a command
        assert not isinstance(command, said.ControlAccess), "it is of no one market"
        match command:
            case said.DeclareMarket():
                return self._declare(command)
            case said.ControlMarket():
                return self._control(command)
            case said.ReadBook():
                return self._read(command), False
            case said.PublishOffer() | said.WithdrawOffer():
                return self._revise(command)
            case said.PublishCapacity():
                return self._publish_capacity(command)
            case said.DeclareRates():
                return self._declare_rates(command)
            case said.OpenSession():
                return self._open(command), False
            case said.CloseSession():
                return self._close(command)
            case said.SubmitRequest():
                return self._match(command), False
            case said.AcceptOffer():
                return self._sell(command), False
            case said.TellOutcome():
                return self._outcome(command), True
            case said.RefuseEvent():
                raise Refused(command.refusal)

    def _refusal(self, command: said.AnyCommand, refused: Refused) -> Facts:
        value = str(refused)
        return self._event(
            "event-refused",
            command,
            refusal=value,
            retry=value in TRY_AGAIN,
            subject=subject(command),
        )


def _has_own_id(command: said.AnyCommand) -> bool:
    return isinstance(command, said.OpenSession | said.SubmitRequest | said.AcceptOffer)
