"""A market played by hand: commands in at a time that the test sets, decisions out."""

from typing import Final

import msgspec

from strowger.contract.commands import AnyCommand
from strowger.contract.decision import Decision
from strowger.contract.matches import OffersMatched
from strowger.contract.outbound import Event, EventRefused
from strowger.contract.refusals import Refusal
from strowger.contract.sales import AcceptanceConfirmed
from strowger.market.markets import Markets
from tests.commands import NOON_MS, Commands

DAY_MS: Final = 86_400_000
FIVE_MINUTES_MS: Final = 300_000


class Play:
    """One market and its clock. What a test sends is sent now, unless it says otherwise."""

    def __init__(self, *, declared: bool = True, **terms: int | str | bool) -> None:
        self.markets = Markets()
        self.commands = Commands()
        self.now_ms = NOON_MS
        self.offset = -1
        if declared:
            self.decide(self.commands.declare(**terms))  # type: ignore[arg-type]  # its own keywords

    def later(self, elapsed_ms: int) -> None:
        """Let log time pass; a negative time is a step back of the broker's clock."""
        self.now_ms += elapsed_ms

    def decide(self, command: AnyCommand, *, sent_at_ms: int | None = None) -> list[Decision]:
        """Decide one command now; give all that was decided."""
        self.offset += 1
        sent_at_ms = self.now_ms if sent_at_ms is None else sent_at_ms
        command = msgspec.structs.replace(command, sent_at_ms=sent_at_ms)
        return self.markets.apply(command, self.now_ms, self.offset)

    def answer(self, command: AnyCommand, *, sent_at_ms: int | None = None) -> Event:
        """Decide one command now; give its one answer."""
        decisions = self.decide(command, sent_at_ms=sent_at_ms)
        (answer,) = (each for each in decisions if each.role == "answer")
        return answer.event

    def done(self, *commands: AnyCommand) -> None:
        """Decide commands that prepare a test: none of them may be refused."""
        for command in commands:
            answer = self.answer(command)
            assert not isinstance(answer, EventRefused), answer

    def refusal(self, command: AnyCommand, *, sent_at_ms: int | None = None) -> Refusal | None:
        """Decide one command now; give why it was refused, or none."""
        answer = self.answer(command, sent_at_ms=sent_at_ms)
        return Refusal[answer.refusal.upper()] if isinstance(answer, EventRefused) else None

    def matched(self, command: AnyCommand) -> OffersMatched:
        """Decide a request that must be answered with offers."""
        answer = self.answer(command)
        assert isinstance(answer, OffersMatched), answer
        return answer

    def shown(self, command: AnyCommand) -> list[str]:
        """Decide a request; give the ids of the offers shown, best first."""
        return [match.offer_id for match in self.matched(command).matches]

    def sold(self, command: AnyCommand) -> AcceptanceConfirmed:
        """Decide an acceptance that must be confirmed."""
        answer = self.answer(command)
        assert isinstance(answer, AcceptanceConfirmed), answer
        return answer
