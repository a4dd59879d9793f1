"""What buyers do in sessions tells providers nothing, until it is to be told (invariant 7).

Two histories are decided side by side. They differ only in buyers' sessions: where the one opens,
asks, accepts and ends, the other lets the same time pass. They last less than the horizon: a day
after it is in force a withdrawal is forgotten, and it is in force later where it had to wait.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strowger.contract.commands import (
    AcceptOffer,
    AnyCommand,
    CloseSession,
    OpenSession,
    ReadBook,
    RefuseEvent,
    SubmitRequest,
    TellOutcome,
)
from strowger.contract.outbound import BookRead, Decision, Event, EventRefused, OfferSold
from strowger.market import deferral, offers
from strowger.market.markets import Markets
from tests.playing import Play
from tests.property.planted_in_feed import follow_under_any_policy
from tests.property.planted_in_policies import (
    check_against_what_stands,
    tell_a_sale_early,
    tell_whether_it_waits,
)
from tests.property.planted_in_rules import Plant, count_what_stands
from tests.property.script_director import Director
from tests.property.script_steps import ELAPSED_MS, FIVE_MINUTES_MS, KINDS, Step
from tests.property.scripts import declaring, long_script, scripts

PROVIDERS: Final = ("acme", "initech")
_IN_SESSIONS: Final = OpenSession | CloseSession | SubmitRequest | AcceptOffer | TellOutcome


class Leak(AssertionError):
    """A provider could tell one history from the other."""


class _Histories:
    """One market with sessions, and the same without."""

    def __init__(self) -> None:
        self._with, self._without = Markets(), Markets()
        self._offset = -1
        self.compared = 0

    def decide(self, command: AnyCommand, at_ms: int) -> list[Decision]:
        """Decide a command in both histories; give what the one with sessions said.

        Raises:
            Leak: a provider was told otherwise.
        """
        self._offset += 1
        here = self._with.apply(command, at_ms, self._offset)
        there = self._without.apply(_without_sessions(command), at_ms, self._offset)
        assert not self._with.faults() + self._without.faults()
        fed = self._with.drain_feed(), self._without.drain_feed()
        if fed[0] != fed[1]:
            raise Leak(f"to {command} the feed was told {fed[0]}, else {fed[1]}")
        for provider in PROVIDERS:
            told = list(_inbox(here, provider))
            expected = list(_inbox(there, provider))
            self.compared += len(expected)
            if len(told) != len(expected) or not all(map(_alike, told, expected)):
                raise Leak(f"to {command} {provider} was told {told}, else {expected}")
        return here


def _without_sessions(command: AnyCommand) -> AnyCommand:
    """Give what only lets time pass, where a command is of a session."""
    if not isinstance(command, _IN_SESSIONS):
        return command
    return RefuseEvent(
        market=command.market,
        participant=command.participant,
        causation_id=command.causation_id,
        sent_at_ms=command.sent_at_ms,
        refusal="malformed",
        detail="",
        subject="nothing",
    )


def _inbox(decisions: Sequence[Decision], provider: str) -> Iterator[tuple[bool, Event]]:
    """Give what a provider is told; what was sold comes when its session has ended."""
    for decision in decisions:
        if decision.recipient == provider and not _told_late(decision):
            yield decision.repeat, decision.event


def _told_late(decision: Decision) -> bool:
    ending = decision.command in {"close-session", "session-deadline", "control-market"}
    return isinstance(decision.event, OfferSold) and ending


def _alike(told: tuple[bool, Event], expected: tuple[bool, Event]) -> bool:
    """Say whether one is told the same; of what was read, save for the denial of reads itself."""
    event, other = told[1], expected[1]
    if not isinstance(other, BookRead):
        return told == expected
    if isinstance(event, EventRefused):
        return event.refusal == "book_sealed"
    if not isinstance(event, BookRead):
        return False
    entries = [each.model_copy(update={"effective_at": None}) for each in other.entries]
    read = [each.model_copy(update={"effective_at": None}) for each in event.entries]
    left_out = [each for each in entries if each not in read]
    return [each for each in entries if each in read] == read and (not left_out or event.withheld)


def _whole(command: AnyCommand) -> AnyCommand:
    """Read the stored set at once: how it is cut into pages turns on what is left out."""
    if isinstance(command, ReadBook):
        return msgspec.structs.replace(command, most=500, after=None)
    return command


def compare(script: Sequence[Step]) -> int:
    """Play a script to both histories; give how much was told alike.

    Raises:
        Leak: a provider was told otherwise.
    """
    histories, director = _Histories(), Director()
    for step in script:
        if KINDS[step.kind] == "control":
            continue  # a change of the policy waits for sessions by its nature
        far = ELAPSED_MS[step.elapsed] > FIVE_MINUTES_MS
        command, at_ms = director.direct(step._replace(elapsed=0) if far else step)
        director.heard(histories.decide(_whole(command), at_ms))
    return histories.compared


_GUARDING: Final = st.sampled_from(
    [
        declaring(policy, required=True, holding=holding, notice=notice, limited=limited)
        for policy in ("guarded", "sealed")
        for holding in (False, True)
        for notice in (False, True)
        for limited in (False, True)
    ]
)


@given(_GUARDING, scripts())
def test_sessions_tell_providers_nothing(opening: Step, script: list[Step]) -> None:
    """Answers to all that they send are the same, whatever goes on in sessions."""
    compare([opening, *script])


@pytest.mark.parametrize("policy", ["guarded", "sealed"])
def test_long_lives_of_sessions_tell_providers_nothing(policy: str) -> None:
    """So they are over thousands of commands, many of them in sessions."""
    for seed in range(8):
        script = long_script(seed, 600, declaring(policy, required=True, notice=seed % 2 == 1))
        assert compare(script) > 100


def refuse_what_is_shown(patch: pytest.MonkeyPatch) -> None:
    """Refuse a change that would have to wait."""
    real = deferral.denial
    patch.setattr(offers, "denial", lambda *given: real(*given) and "refuse")


def _look() -> None:
    for policy in ("guarded", "sealed"):
        for seed in range(4):
            compare(long_script(seed, 600, declaring(policy, required=True)))
        compare(long_script(5, 600, declaring(policy, required=True, limited=True)))


@pytest.mark.parametrize(
    "plant",
    [
        tell_whether_it_waits,
        check_against_what_stands,
        tell_a_sale_early,
        refuse_what_is_shown,
        follow_under_any_policy,
        count_what_stands,
    ],
)
def test_a_leak_is_caught(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bugs by which a provider could tell that somebody is in session are seen."""
    plant(monkeypatch)

    with pytest.raises(Leak):
        _look()


def test_what_is_known_of_an_offer_tells_nothing() -> None:
    """However often an offer was changed, the same revisions are known for what they were."""
    answers = []
    for shown in (False, True):
        play = Play(policy="guarded")
        play.done(play.commands.publish(), play.commands.open())
        if shown:
            play.done(play.commands.request())
        changes = [play.commands.publish("of-1", number) for number in range(1, 25)]
        for change in changes[1:]:
            play.later(1)
            play.done(change)
        answers.append([play.refusal(change) for change in changes])
    assert answers[0] == answers[1]
