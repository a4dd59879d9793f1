"""Decide one command: its standing refusals, its remembered answer, its rule, and whom to tell."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

import msgspec
from pydantic import TypeAdapter

from strowger.contract.commands import (
    AcceptOffer,
    AnyCommand,
    CloseSession,
    ControlAccess,
    ControlMarket,
    DeclareMarket,
    DeclareRates,
    OpenSession,
    PublishCapacity,
    PublishOffer,
    ReadBook,
    RefuseEvent,
    SubmitRequest,
    TellOutcome,
    WithdrawOffer,
)
from strowger.contract.decision import Decision, Ground
from strowger.contract.fields import from_millis
from strowger.contract.outbound import Event, EventRefused
from strowger.contract.refusals import Refusal
from strowger.market import grounds
from strowger.market.acceptances import accept, tell_outcome
from strowger.market.book import Book, Stamp
from strowger.market.control import control, halted
from strowger.market.declarations import declare, declare_rates
from strowger.market.digests import content_digest, event_id
from strowger.market.entities import Remembered
from strowger.market.feeding import forgetting, keep_up
from strowger.market.hiding import meant
from strowger.market.offers import publish, withdraw
from strowger.market.pools import publish_capacity
from strowger.market.reading import read_book
from strowger.market.requests import submit
from strowger.market.rules import CLOCK_SKEW_MS, FIRST_RULES, FORGET_PER_COMMAND, HORIZON_MS
from strowger.market.sessions import Ended, close_session, end_overdue, open_session, settle_policy
from strowger.market.timers import forget_at
from strowger.market.verdict import Denied, Granted, Notice, Verdict

_EVENTS: TypeAdapter[Event] = TypeAdapter(Event)

_RULES: Final[Mapping[type[AnyCommand], Callable[[Book, Any], Verdict]]] = MappingProxyType(
    {
        PublishOffer: publish,
        WithdrawOffer: withdraw,
        PublishCapacity: publish_capacity,
        OpenSession: open_session,
        SubmitRequest: submit,
        AcceptOffer: accept,
        CloseSession: close_session,
        TellOutcome: tell_outcome,
        DeclareRates: declare_rates,
        ControlMarket: control,
        ReadBook: read_book,
    }
)
"""The rule of each command that needs nothing but the book."""


class Ruling:
    """One command being decided."""

    def __init__(self, book: Book, command: AnyCommand, at_ms: int, log_offset: int) -> None:
        self._book = book
        self._command = command
        self._at_ms = at_ms
        self._log_offset = book.log_offset = log_offset
        self._grounds: tuple[Ground, ...] = ()
        self.decisions: list[Decision] = []

    def move_clock(self) -> None:
        """Move market time on, never back. A step of its own: no fault may hold the clock."""
        book = self._book
        if book.declared:
            clock_ms = max(book.clock_ms, self._at_ms)
            book.state = msgspec.structs.replace(book.state, clock_ms=clock_ms)

    def end_overdue(self) -> None:
        """End the sessions that are due; forget what may be forgotten."""
        book = self._book
        if not book.declared:
            return
        self._grounds = (grounds.market(book),)
        for ended in end_overdue(book):
            self._tell_ended(ended, "session-deadline")
        settle_policy(book)
        _forget(book)

    def _tell_ended(self, ended: Ended, command: str) -> None:
        session = f"session {ended.event.session_id}"
        told = (Notice(ended.buyer, ended.event, grounds=ended.grounds), *ended.notices)
        for notice in told:
            self._decide(
                notice.event,
                command,
                ended.buyer,
                notice.subject or session,
                recipient=notice.recipient,
                role="notice",
                found=notice.grounds,
            )

    def decide(self) -> None:
        """Decide the command, or give again the answer that is remembered for it."""
        if self._book.declared:
            command = self._command
            if isinstance(command, AcceptOffer):
                command = meant(self._book, command)
            self._grounds = tuple(grounds.grounds(self._book, command))
        denied = self._revoked() or self._standing_refusal()
        if denied is not None:
            self._publish(denied)
            return
        subject = _natural_key(self._command)
        if subject is not None and self._answer_again(subject):
            return
        verdict = self._halted() or self._rule()
        if subject is not None:
            self._remember(subject, verdict)
        self._publish(verdict)

    def keep_feed_up(self) -> None:
        """Tell the feed what is not told yet. A step of its own: it never undoes a decision."""
        if self._book.declared:
            keep_up(self._book)

    def refuse_fault(self) -> None:
        """Refuse the command because a rule of ours failed on it."""
        self._publish(Denied(Refusal.INTERNAL_FAULT))

    def _rule(self) -> Verdict:
        match self._command:
            case DeclareMarket() as command:
                return declare(self._book, command, self._at_ms)
            case RefuseEvent() as command:
                return Denied(Refusal[command.refusal.upper()], command.detail)
            case command:
                return _RULES[type(command)](self._book, command)

    def _revoked(self) -> Denied | None:
        """Refuse what was signed with a key that the operator has revoked, whatever it is."""
        book = self._book
        clock_ms = book.clock_ms if book.declared else self._at_ms
        revoked = book.access.revoked(self._command.key_id, clock_ms)
        if revoked is None:
            return None
        self._grounds = (grounds.revocation(revoked),)
        return Denied(Refusal.KEY_REVOKED)

    def _standing_refusal(self) -> Denied | None:
        """Refuse what is wrong whatever the command: an unknown market, a time out of bounds."""
        command = self._command
        if isinstance(command, DeclareMarket):
            return None
        if isinstance(command, RefuseEvent) and self._book.declared:
            return None
        if not self._book.declared:
            return Denied(Refusal.UNKNOWN_MARKET, f"no market {command.market} is declared")
        age_ms = self._book.clock_ms - command.sent_at_ms
        if age_ms >= HORIZON_MS:
            return Denied(Refusal.STALE_EVENT, f"{age_ms // 1000} seconds old")
        if age_ms < -CLOCK_SKEW_MS:
            return Denied(Refusal.CLOCK_AHEAD, f"{-age_ms // 1000} seconds ahead of market time")
        return None

    def _halted(self) -> Denied | None:
        return halted(self._book, self._command) if self._book.declared else None

    def _answer_again(self, subject: str) -> bool:
        """Give the remembered answer to the same content again, or refuse other content.

        Either way the answer is remembered for this event, too: it may come again as the first did.
        """
        book = self._book
        remembered = book.remembered(self._command.participant, subject)
        if remembered is None:
            return False
        self._grounds = (grounds.answer(remembered),)
        until_ms = book.remember_until_ms
        book.remember(msgspec.structs.replace(remembered, forget_at_ms=until_ms))
        if remembered.digest == content_digest(self._command):
            self._repeat(remembered)
        else:
            self._publish(Denied(Refusal.ID_REUSED, f"{subject} was sent with other content"))
        return True

    def _remember(self, subject: str, verdict: Verdict) -> None:
        if isinstance(verdict, Denied) and verdict.refusal.retry:
            return
        answer = self._answer(verdict)
        self._book.remember(
            Remembered(
                participant=self._command.participant,
                subject=subject,
                digest=content_digest(self._command),
                answer=msgspec.Raw(answer.encoded),
                forget_at_ms=self._book.remember_until_ms,
                log_offset=self._log_offset,
            )
        )

    def _repeat(self, remembered: Remembered) -> None:
        event = _EVENTS.validate_json(bytes(remembered.answer))
        event = event.model_copy(update={"causation_id": self._command.causation_id})
        self._decide(event, repeat=True)

    def _publish(self, verdict: Verdict) -> None:
        if isinstance(verdict, Denied):
            self._decide(self._answer(verdict))
            return
        self._decide(verdict.event, repeat=verdict.repeat, found=verdict.grounds)
        for notice in verdict.notices:
            self._decide(
                notice.event,
                recipient=notice.recipient,
                role="notice",
                subject=notice.subject,
                found=notice.grounds,
            )

    def _answer(self, verdict: Verdict) -> Event:
        if isinstance(verdict, Granted):
            return verdict.event
        said = (verdict.detail, verdict.refusal.advice)
        return EventRefused(
            **self._stamp(),
            refusal=verdict.refusal,
            retry=verdict.refusal.retry,
            message=". ".join(part for part in said if part),
            subject=_subject(self._command),
        )

    def _stamp(self) -> Stamp:
        if self._book.declared:
            return self._book.stamp(self._command)
        return {
            "market": self._command.market,
            "causation_id": self._command.causation_id,
            "at": from_millis(self._at_ms),
        }

    def _decide(
        self,
        event: Event,
        command: str | None = None,
        participant: str | None = None,
        subject: str | None = None,
        *,
        recipient: str | None = None,
        role: Literal["answer", "notice"] = "answer",
        repeat: bool = False,
        found: tuple[Ground, ...] = (),
    ) -> None:
        command = command or str(self._command.__struct_config__.tag)
        participant = participant or self._command.participant
        if role == "answer" and not participant.startswith("service:"):
            recipient = participant
        self.decisions.append(
            Decision(
                market=event.market,
                sequence=self._next_sequence(),
                log_offset=self._log_offset,
                at=self._stamp()["at"],
                rules_version=self._rules_version(),
                command=command,
                participant=participant,
                role=role,
                repeat=repeat,
                recipient=recipient,
                event_id=event_id(
                    event.market,
                    recipient or "",
                    participant,
                    event.causation_id,
                    command,
                    subject or _subject(self._command),
                    event.TYPE,
                    event.refusal if isinstance(event, EventRefused) else "",
                ),
                rests_on=tuple(dict.fromkeys((*self._grounds, *found))),
                event=event,
            )
        )

    def _rules_version(self) -> int:
        return self._book.state.rules_version if self._book.declared else FIRST_RULES

    def _next_sequence(self) -> int:
        book = self._book
        if not book.declared:
            return 0
        book.state = msgspec.structs.replace(book.state, sequence=book.state.sequence + 1)
        return book.state.sequence


def _forget(book: Book) -> None:
    forgotten = 0
    while forgotten < FORGET_PER_COMMAND:
        due = book.forgetting.due(book.clock_ms)
        if due is None:
            return
        forget_at_ms, key = due
        if forget_at(book.store.get(key)) == forget_at_ms:
            # Only rows count: after a restore there are no spent entries to come by.
            forgetting(book, key)
            book.store.delete(key)
            forgotten += 1
        book.forgetting.done()


def _natural_key(command: AnyCommand) -> str | None:
    """Give what the participant's own id names; none where the rules know repeats."""
    match command:
        case OpenSession() | SubmitRequest() | AcceptOffer():
            return _subject(command)
    return None


def _subject(command: AnyCommand) -> str:  # noqa: C901, PLR0911 - one return a kind
    match command:
        case PublishOffer() | WithdrawOffer():
            return f"offer {command.offer_id}"
        case OpenSession() | CloseSession():
            return f"session {command.session_id}"
        case SubmitRequest():
            return f"request {command.request_id}"
        case AcceptOffer() | TellOutcome():
            return f"acceptance {command.acceptance_id}"
        case DeclareMarket():
            return f"market {command.market}"
        case DeclareRates():
            return f"rates {command.version}"
        case PublishCapacity():
            return f"capacity {command.pool}"
        case ControlMarket():
            return f"market {command.market}"
        case ControlAccess():
            return f"access {command.subject}"
        case ReadBook():
            return f"book {command.read_id}"
        case RefuseEvent():
            return command.subject
