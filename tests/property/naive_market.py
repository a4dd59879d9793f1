"""A market written to be read: it scans everything, and shares no code with the core.

Lists instead of indexes, fractions instead of integers, a look at every row instead of timers. Its
rules are those of the design and of the contract's docstrings, told once more. What it leaves out:
answers too large for a record, faults, event ids, and the words of a refusal.
"""

from strowger.contract import commands as said
from tests.property.naive_rows import Answer, Refused, Told
from tests.property.naive_rules import HORIZON_MS, SKEW_MS, NaiveRules
from tests.property.naive_words import Facts, content, instant, own_id, subject

TRY_AGAIN = {
    "clock_ahead",
    "unknown_market",
    "offer_unknown",
    "session_unknown",
    "session_not_due",
    "request_unknown",
    "acceptance_unknown",
}


class NaiveMarket(NaiveRules):
    """One market: its clock, the ids it knows, and whom it tells."""

    def decide(self, command: said.AnyCommand, at_ms: int) -> list[Told]:
        """Decide one command at log time `at_ms`."""
        self.now_ms = at_ms if self.terms is None else max(self.now_ms, at_ms)
        told = [
            self._tell(event, buyer, buyer, "session-deadline", "notice")
            for buyer, event in self._end_sessions()
        ]
        self._forget()
        self.notices = []
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
        told.append(self._tell(event, inbox, sender, name, "answer", repeat=repeat))
        told += [self._tell(each, who, sender, name, "notice") for who, each in self.notices]
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
    ) -> Told:
        if self.terms is not None:
            self.sequence += 1
        at = instant(self.now_ms)
        return Told(event, recipient, participant, command, role, repeat, at, self.sequence)

    # What time brings

    def _end_sessions(self) -> list[tuple[str, Facts]]:
        due = [each for each in self.sessions if not each.ended and each.deadline_ms <= self.now_ms]
        due.sort(key=lambda each: (each.deadline_ms, own_id(each.opening)))
        for each in due:
            each.ended = ("timed_out", self.now_ms)
        return [(each.opening.participant, self._ended(each, each.opening)) for each in due]

    def _forget(self) -> None:
        self.offers = [each for each in self.offers if each.forget_at_ms > self.now_ms]
        self.sessions = [each for each in self.sessions if each.forget_at_ms > self.now_ms]
        self.requests = [each for each in self.requests if each.forget_at_ms > self.now_ms]
        self.answers = [each for each in self.answers if each.forget_at_ms > self.now_ms]

    # Every command

    def _check(self, command: said.AnyCommand) -> None:
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
                if content(answer.command) != content(command):
                    raise Refused("id_reused")
                return {**answer.event, "causation_id": command.causation_id}
        return None

    def _first_answer(self, command: said.AnyCommand) -> tuple[Facts, bool]:
        try:
            event, repeat = self._carry_out(command)
        except Refused as refused:
            event, repeat = self._refusal(command, refused), False
        if _has_own_id(command) and event.get("refusal") not in TRY_AGAIN:
            self.answers.append(Answer(command, event, self._kept_until_ms()))
        return event, repeat

    def _carry_out(self, command: said.AnyCommand) -> tuple[Facts, bool]:  # noqa: PLR0911 - one a command
        match command:
            case said.DeclareMarket():
                return self._declare(command)
            case said.PublishOffer() | said.WithdrawOffer():
                return self._revise(command)
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
