"""What buyers do in sessions tells providers nothing, until it is to be told (invariant 7).

Two histories are decided side by side. They differ only in buyers' sessions: where the one opens,
asks, accepts and ends, the other lets the same time pass. Where the market allows, buyers trade
without sessions, too, in both. They last less than the horizon: a day after it is in force a
withdrawal is forgotten, and it is in force later where it had to wait.

What is sold without a session is not the same in both: sessions buy what others then can't. So a
sale that the one history tells at once must be what the other tells of it, if it was made there;
and no sale may be told at once of a revision that stands no more in the other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strowger.contract.book import BookRead
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
from strowger.contract.decision import Decision
from strowger.contract.matches import OffersMatched
from strowger.contract.outbound import Event, EventRefused
from strowger.contract.sales import OfferSold
from strowger.market import acceptances, book, deferral, offers
from strowger.market.capacity import units_left
from strowger.market.markets import Markets
from strowger.market.rules import NEWEST_RULES, RULES
from tests.commands import NOON_MS, Commands
from tests.playing import Play
from tests.property.planted_in_feed import follow_under_any_policy
from tests.property.planted_in_hiding import tell_of_a_sale_that_others_keep
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
_IN_SESSIONS: Final = OpenSession | CloseSession | TellOutcome


class Leak(AssertionError):
    """A provider could tell one history from the other."""


class Histories:
    """One market with sessions, and the same without."""

    def __init__(self) -> None:
        self._with, self._without = Markets(), Markets()
        self._offset = -1
        self._stood: dict[tuple[str | None, str], dict[tuple[str, str], int]] = {}
        """In the history without, by request: the offers shown, each at its revision."""
        self.compared = 0
        self.sales = 0

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
            self._compare_sales(command, _sales(here, provider), _sales(there, provider))
            self.compared += len(expected)
            if len(told) != len(expected) or not all(map(_alike, told, expected)):
                raise Leak(f"to {command} {provider} was told {told}, else {expected}")
        self._note(there)
        return here

    def _compare_sales(
        self, command: AnyCommand, told: Sequence[OfferSold], expected: Sequence[OfferSold]
    ) -> None:
        """Hold what a provider is told at once of a sale to what it is told without sessions."""
        if not told or not isinstance(command, AcceptOffer):
            return
        self.sales += bool(expected)
        if expected and list(map(_plain, told)) != list(map(_plain, expected)):
            raise Leak(f"to {command} a sale was told as {told}, else as {expected}")
        stood = self._stood.get((command.participant, command.request_id), {})
        if stood.get((command.provider, command.offer_id), command.revision) != command.revision:
            raise Leak(f"to {command} {told} was told, though another revision stands")

    def _note(self, decisions: Sequence[Decision]) -> None:
        for decision in decisions:
            if isinstance(decision.event, OffersMatched) and not decision.repeat:
                self._stood[decision.recipient, decision.event.request_id] = {
                    (each.provider, each.offer_id): each.revision for each in decision.event.matches
                }


def _sales(decisions: Sequence[Decision], provider: str) -> list[OfferSold]:
    """Give what a provider is told at once of sales."""
    return [
        decision.event
        for decision in decisions
        if decision.recipient == provider
        and isinstance(decision.event, OfferSold)
        and decision.command == "accept-offer"
    ]


def _plain(sold: OfferSold) -> OfferSold:
    """Give a sale without what turns on when a change that waited took effect: it is told by then.

    Those are from when its revision stood, and which longer codes were priced apart when shown.
    """
    return sold.model_copy(update={"effective_at": sold.starts_at, "excludes": ()})


def _without_sessions(command: AnyCommand) -> AnyCommand:
    """Give what only lets time pass, where a command is of a session."""
    in_session = isinstance(command, _IN_SESSIONS) or (
        isinstance(command, SubmitRequest | AcceptOffer) and command.session_id is not None
    )
    if not in_session:
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
    """Give what a provider is told, but for what was sold."""
    for decision in decisions:
        if decision.recipient == provider and not isinstance(decision.event, OfferSold):
            yield decision.repeat, decision.event


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


def compare(script: Sequence[Step]) -> Histories:
    """Play a script to both histories, which then say how much was told alike.

    Raises:
        Leak: a provider was told otherwise.
    """
    histories, director = Histories(), Director()
    for step in script:
        if KINDS[step.kind] == "control":
            continue  # a change of the policy waits for sessions by its nature
        far = ELAPSED_MS[step.elapsed] > FIVE_MINUTES_MS
        command, at_ms = director.direct(step._replace(elapsed=0) if far else step)
        director.heard(histories.decide(_whole(command), at_ms))
    return histories


_GUARDING: Final = st.sampled_from(
    [
        declaring(policy, required=required, holding=holding, notice=notice, limited=limited)
        for policy in ("guarded", "sealed")
        for required in (True, False)
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
    sales = 0
    for seed in range(8):
        opening = declaring(policy, required=seed % 4 < 2, notice=seed % 2 == 1)
        compared = compare(long_script(seed, 600, opening))
        assert compared.compared > 100
        sales += compared.sales
    assert sales > 0


def sell_beside_a_session(policy: str) -> int:
    """Sell without a session while one is open and after it; give how often both told of it.

    Raises:
        Leak: a provider was told otherwise.
    """
    histories, made = Histories(), Commands()
    commands: tuple[AnyCommand, ...] = (
        made.declare(policy=policy),
        made.publish(capacity_minutes=10_000),
        made.request("r-0", None),
        made.accept("a-0", None, "r-0"),
        made.open(),
        made.request(),
        made.accept(),
        made.publish(revision=2, rate_nano=5, capacity_minutes=10_000),
        made.request("r-2", None),
        made.accept("a-2", None, "r-2", revision=1),
        made.close(),
        made.request("r-3", None),
        made.accept("a-3", None, "r-3", revision=2),
    )
    for at_ms, command in enumerate(commands, start=NOON_MS):
        histories.decide(command, at_ms)
    return histories.sales


@pytest.mark.parametrize("policy", ["guarded", "sealed"])
def test_a_sale_beside_a_session_tells_nothing_of_it(policy: str) -> None:
    """Nor by its number, by what is left, or by a revision that only a session keeps standing."""
    assert sell_beside_a_session(policy) == 2


def refuse_what_is_shown(patch: pytest.MonkeyPatch) -> None:
    """Refuse a change that would have to wait."""
    real = deferral.denial
    patch.setattr(offers, "denial", lambda *given: real(*given) and "refuse")


def _look() -> None:
    for policy in ("guarded", "sealed"):
        sell_beside_a_session(policy)
        for seed in range(4):
            compare(long_script(seed, 600, declaring(policy, required=True)))
        compare(long_script(5, 600, declaring(policy, required=True, limited=True)))


def decide_by_former_rules(patch: pytest.MonkeyPatch) -> None:
    """Tell of sales as the rules before did: at once, by number, with what is left."""
    newest = replace(RULES[NEWEST_RULES], tells_no_session=False)
    patch.setattr(book, "RULES", {**RULES, NEWEST_RULES: newest})


def say_what_is_left(patch: pytest.MonkeyPatch) -> None:
    """Tell a provider what is left behind all that is sold and held."""
    patch.setattr(
        acceptances._Sale,  # noqa: SLF001 - a planted bug
        "_left",
        lambda sale, sold: (units_left(sale.book, sold, sale.revised), None),
    )


def number_contracts(patch: pytest.MonkeyPatch) -> None:
    """Name contracts by a number that counts what goes on in sessions."""
    patch.setattr(
        acceptances._Sale,  # noqa: SLF001 - a planted bug
        "_contract_id",
        lambda sale: f"{sale.book.market}-{sale.book.state.sequence + 1}",
    )


@pytest.mark.parametrize(
    "plant",
    [
        tell_whether_it_waits,
        check_against_what_stands,
        tell_a_sale_early,
        refuse_what_is_shown,
        decide_by_former_rules,
        say_what_is_left,
        number_contracts,
        tell_of_a_sale_that_others_keep,
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
