"""The director: turns steps into commands, knowing what was sent, shown and told before."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from strowger.contract.book import BookRead
from strowger.contract.commands import (
    SESSION_TIMEOUT,
    AcceptOffer,
    AnyCommand,
    OpenSession,
    SubmitRequest,
)
from strowger.contract.decision import Decision
from strowger.contract.matches import OffersMatched
from strowger.contract.outbound import SessionGranted
from tests.commands import Commands
from tests.property.script_operator import Operator
from tests.property.script_services import (
    FAMILIES,
    Choices,
    needed,
    wished,
)
from tests.property.script_steps import (
    ELAPSED_MS,
    FIVE_MINUTES_MS,
    KINDS,
    SENT_MS,
    Step,
    time_until,
)

_LIFE: Final = 40


class Director(Operator):
    """Turns steps into commands of one market, each with its log time."""

    def __init__(self, market: str = "voice-eu") -> None:
        super().__init__(Commands(market))
        self._sent: list[AnyCommand] = []
        self._last: AnyCommand | None = None
        self._opened: list[OpenSession] = []
        self._causes: dict[str, int] = {}
        self._unshown: list[AcceptOffer] = []
        self._pages: list[tuple[SubmitRequest, str]] = []

    def direct(self, step: Step) -> tuple[AnyCommand, int]:
        """Give the step's command and its log time."""
        elapsed_ms = time_until(ELAPSED_MS[step.elapsed], self.now_ms, self._due)
        self.now_ms += elapsed_ms
        if elapsed_ms > FIVE_MINUTES_MS:
            # What was opened and shown is mostly over: one of it is enough to see that.
            self._opened, self._shown = self._opened[-1:], self._shown[-1:]
        self._last = self._command(KINDS[step.kind], Choices(step.choices), SENT_MS[step.sent])
        return self._last, self.now_ms

    def _command(self, kind: str, choices: Choices, ahead_ms: int) -> AnyCommand:
        if kind == "redeliver" and self._sent:
            return choices.of(*self._sent[-12:])
        if self._halts and choices.of("go on", "go on", "on", "undo") == "undo":
            kind = "control"
        if kind == "again" and self._sent:
            command = choices.of(*self._sent[-12:])
        else:
            command = _MAKERS.get(kind, Director._publish)(self, choices)
        self._sent.append(self._stamp(command, ahead_ms))
        return self._sent[-1]

    def heard(self, decisions: Sequence[Decision]) -> None:
        """Learn what was opened and shown: requests and acceptances are mostly of that."""
        for decision in decisions:
            matched = decision.event
            if isinstance(matched, SessionGranted) and decision.recipient:
                opened = self._commands.open(matched.session_id, buyer=decision.recipient)
                self._opened.append(opened)
            if isinstance(matched, OffersMatched) and decision.recipient:
                self._matched(matched, decision.recipient)
            if isinstance(matched, BookRead) and matched.next is not None:
                self._books.append(matched.next)

    def _matched(self, matched: OffersMatched, buyer: str) -> None:
        for offers, told in ((matched.matches, self._shown), (matched.near_misses, self._unshown)):
            told += [
                self._commands.accept(
                    session_id=matched.session_id,
                    request_id=matched.request_id,
                    buyer=buyer,
                    provider=each.provider,
                    offer_id=each.offer_id,
                    revision=each.revision,
                )
                for each in offers
            ]
        if matched.next is not None and isinstance(self._last, SubmitRequest):
            self._pages.append((self._last, matched.next))

    def _ids(self, *ids: str) -> tuple[str, ...]:
        """Give ids of buyers' things; every so many commands they are others."""
        life = len(self._sent) // _LIFE
        return tuple(f"{identity}-{life}" for identity in ids) if life else ids

    def _stamp(self, command: AnyCommand, ahead_ms: int) -> AnyCommand:
        """Give the event an id that is its sender's next: two senders use the same ids."""
        number = self._causes[command.participant] = self._causes.get(command.participant, 0) + 1
        return msgspec.structs.replace(
            command, causation_id=f"e-{number}", sent_at_ms=self.now_ms + ahead_ms
        )

    def _open(self, choices: Choices) -> AnyCommand:
        buyer = choices.of("globex", "hooli")
        return self._commands.open(
            choices.of(*self._ids("s-1", "s-2")), choices.of(30, 10, 2, 1), buyer=buyer
        )

    def _request(self, choices: Choices) -> AnyCommand:
        buyer, session_id = (
            choices.of("globex", "hooli"),
            choices.mostly(None, *self._ids("s-1", "s-2")),
        )
        if self._opened and choices.mostly("opened", "any") == "opened":
            opened = choices.of(*reversed(self._opened[-3:]))
            buyer, session_id = opened.participant, opened.session_id
        family = choices.of(*(self._family,) * 8, *FAMILIES)
        return self._commands.ask(
            choices.of(*self._ids(*(f"r-{number}" for number in range(1, 11)))),
            session_id,
            needed(choices, family),
            buyer=buyer,
            max_matches=choices.of(None, None, 1, 2),
            **wished(choices, family),
        )

    def _page(self, choices: Choices) -> AnyCommand:
        """Ask for what ranks behind a page; at times as somebody else, for other wishes, or so."""
        if not self._pages:
            return self._request(choices)
        asked, following = choices.of(*reversed(self._pages[-3:]))
        how = choices.of(*("as told",) * 6, "other wish", "other buyer", "other service", "garbage")
        months = asked.wish.comparison_months + (how == "other wish")
        service = asked.service
        if how == "other service":
            service = msgspec.structs.replace(service, quantity=service.quantity + 1)
        return msgspec.structs.replace(
            asked,
            participant="hooli" if how == "other buyer" else asked.participant,
            request_id=choices.of(*self._ids("p-1", "p-2", "p-3", "p-4")),
            service=service,
            max_matches=choices.of(1, 2, None),
            wish=msgspec.structs.replace(
                asked.wish,
                comparison_months=months,
                after=following[: len(following) // 2] if how == "garbage" else following,
                near_misses=choices.of(3, 0),
            ),
        )

    def _accept(self, choices: Choices) -> AnyCommand:
        acceptance_id = choices.of(*self._ids(*(f"a-{number}" for number in range(1, 11))))
        if self._shown and choices.mostly("shown", "any") == "shown":
            told = choices.of(*(self._shown,) * 7, self._unshown) or self._shown
            shown = choices.of(*reversed(told[-3:]))
            return msgspec.structs.replace(shown, acceptance_id=acceptance_id)
        return self._commands.accept(
            acceptance_id,
            choices.of(*self._ids("s-1", "s-2"), None),
            choices.of(*self._ids("r-1", "r-2", "r-3")),
            buyer=choices.of("globex", "hooli"),
            provider=choices.of("acme", "initech"),
            offer_id=choices.of("of-1", "of-2"),
            revision=choices.of(1, 2, 3),
        )

    def _close(self, choices: Choices) -> AnyCommand:
        buyer, session_id = choices.of("globex", "hooli"), choices.of(*self._ids("s-1", "s-2"))
        if self._opened and choices.mostly("opened", "any") == "opened":
            opened = choices.of(*reversed(self._opened[-2:]))
            buyer, session_id = opened.participant, opened.session_id
        sender = choices.of(None, None, "hooli", SESSION_TIMEOUT)
        return self._commands.close(session_id, buyer=buyer, sender=sender)

    def _outcome(self, choices: Choices) -> AnyCommand:
        acceptance_id = choices.of(*self._ids("a-1", "a-2", "a-3", "a-4"))
        return self._commands.outcome(acceptance_id, buyer=choices.of("globex", "hooli"))


_MAKERS: Final[Mapping[str, Callable[[Director, Choices], AnyCommand]]] = {
    "declare": Director._declare,  # noqa: SLF001 - the class's own, by the names of `KINDS`
    "publish": Director._publish,  # noqa: SLF001
    "schedule": Director._schedule,  # noqa: SLF001
    "capacity": Director._capacity,  # noqa: SLF001
    "rates": Director._rates,  # noqa: SLF001
    "read": Director._read,  # noqa: SLF001
    "read on": Director._read_on,  # noqa: SLF001
    "control": Director._control,  # noqa: SLF001
    "close market": Director._close_market,  # noqa: SLF001
    "page": Director._page,  # noqa: SLF001
    "withdraw": Director._withdraw,  # noqa: SLF001
    "open": Director._open,  # noqa: SLF001
    "request": Director._request,  # noqa: SLF001
    "accept": Director._accept,  # noqa: SLF001
    "close": Director._close,  # noqa: SLF001
    "outcome": Director._outcome,  # noqa: SLF001
    "refuse": Director._refuse,  # noqa: SLF001
}
