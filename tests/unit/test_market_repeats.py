"""Repeats: the same id again, within the horizon and after it."""

from typing import Final

import msgspec
import pytest

from strowger.contract.commands import AnyCommand
from strowger.contract.refusals import Refusal
from tests.commands import Commands
from tests.playing import DAY_MS, FIVE_MINUTES_MS, Play

FORGOTTEN_MS: Final = DAY_MS + FIVE_MINUTES_MS


@pytest.fixture
def play() -> Play:
    """Give a market with an offer, a session, a request in it and a sale."""
    play = Play(max_ttl_seconds=86_400)
    play.done(play.commands.publish(capacity_minutes=100))
    play.done(play.commands.open(), play.commands.request(), play.commands.accept())
    return play


def again(commands: Commands) -> list[AnyCommand]:
    """Give what the fixture did, as new events of the same content."""
    return [
        commands.publish(capacity_minutes=100),
        commands.open(),
        commands.request(),
        commands.accept(),
    ]


def test_the_same_id_and_content_is_answered_again(play: Play) -> None:
    """The answer is the first one, to the new event; nobody else is told, nothing happens."""
    other = Play(max_ttl_seconds=86_400)
    other.done(other.commands.publish(capacity_minutes=100))
    firsts = [
        other.answer(each)
        for each in (other.commands.open(), other.commands.request(), other.commands.accept())
    ]
    play.later(30_000)
    for first, command in zip(firsts, again(play.commands)[1:], strict=True):
        (decision,) = play.decide(command)
        assert decision.repeat
        assert decision.event == first.model_copy(update={"causation_id": command.causation_id})


def test_a_repeat_has_no_effect_but_to_be_remembered(play: Play) -> None:
    """Besides clock and sequence, only the time until which its answer is remembered goes on."""
    play.later(1)
    for command in [*again(play.commands), play.commands.outcome()]:
        play.markets.drain()
        play.done(command)
        assert {key[0] for key, _, _ in play.markets.drain()} <= {"market", "remembered"}


def test_a_repeat_is_itself_remembered_for_the_horizon(play: Play) -> None:
    """A late retry that was told of the sale is told so again, long after the first was forgotten.

    So is one that was refused for its other content: no event is refused now and done later.
    """
    play.later(DAY_MS)
    retry, other, sent_at_ms = play.commands.open(), play.commands.open(ttl_seconds=61), play.now_ms
    assert play.decide(retry)[-1].repeat
    assert play.refusal(other) is Refusal.ID_REUSED
    play.later(DAY_MS - 1)
    *_, decision = play.decide(retry, sent_at_ms=sent_at_ms)
    assert (decision.repeat, decision.event.type) == (True, "session-granted")
    assert play.refusal(other, sent_at_ms=sent_at_ms) is Refusal.ID_REUSED


def test_a_repeat_is_answered_whatever_happened_since(play: Play) -> None:
    """The sale stands though its session is closed, its offer withdrawn, its pool empty."""
    play.done(play.commands.close(), play.commands.withdraw())
    (decision,) = play.decide(play.commands.accept())
    assert (decision.repeat, decision.event.type) == (True, "acceptance-confirmed")


def test_the_same_id_with_other_content_is_refused(play: Play) -> None:
    """An id stands for one content, whichever field differs."""
    for other in (
        play.commands.open(ttl_seconds=61),
        play.commands.request(minutes=101),
        play.commands.request(session_id=None),
        play.commands.request(max_matches=1),
        play.commands.accept(request_id="r-2"),
        play.commands.accept(revision=2),
    ):
        assert play.refusal(other) is Refusal.ID_REUSED
    assert play.decide(play.commands.accept())[0].repeat, "the first content keeps the id"


def test_what_a_gateway_looked_up_is_no_content(play: Play) -> None:
    """A release with newer reference data does not turn a repeat into other content."""
    assert play.decide(play.commands.request(country="XX"))[0].repeat


def test_ids_of_two_participants_never_meet(play: Play) -> None:
    """Another buyer's session, request and acceptance of the same ids are its own."""
    play.done(play.commands.publish(revision=2))
    play.done(play.commands.open(buyer="hooli"), play.commands.request(buyer="hooli", minutes=7))
    assert play.sold(play.commands.accept(buyer="hooli", revision=2)).quantity == 7


def test_a_final_refusal_is_given_again() -> None:
    """A final refusal holds though what it was for has changed since."""
    play = Play()
    play.done(play.commands.publish(capacity_minutes=1))
    play.done(play.commands.request(session_id=None, minutes=1))
    play.done(play.commands.request("r-2", session_id=None, minutes=1))
    play.done(play.commands.accept("a-1", None))
    assert play.refusal(play.commands.accept("a-2", None, "r-2")) is Refusal.CAPACITY_EXHAUSTED
    play.done(play.commands.publish(revision=2, capacity_minutes=100))
    (decision,) = play.decide(play.commands.accept("a-2", None, "r-2"))
    assert decision.repeat
    assert decision.event.type == "event-refused"
    assert decision.event.refusal is Refusal.CAPACITY_EXHAUSTED


def test_a_refusal_that_may_be_retried_is_not_remembered() -> None:
    """The same id, also with other content, is decided anew."""
    play = Play()
    assert play.refusal(play.commands.request(minutes=1)) is Refusal.SESSION_UNKNOWN
    play.done(play.commands.open())
    (decision,) = play.decide(play.commands.request(minutes=2))
    assert (decision.repeat, decision.event.type) == (False, "offers-matched")


def test_an_event_is_decided_until_it_is_a_horizon_old() -> None:
    """A day less a millisecond after it was sent an event is decided; at a day it is stale."""
    play = Play()
    sent_at_ms = play.now_ms
    play.later(DAY_MS - 1)
    assert play.refusal(play.commands.publish("of-1"), sent_at_ms=sent_at_ms) is None
    play.later(1)
    stale = play.commands.publish("of-2")
    assert play.refusal(stale, sent_at_ms=sent_at_ms) is Refusal.STALE_EVENT


def test_a_stale_repeat_is_refused_and_not_decided_again(play: Play) -> None:
    """After the horizon the same event is told to be too old, remembered or not."""
    accept, sent_at_ms = play.commands.accept(), play.now_ms
    for elapsed_ms in (DAY_MS, FIVE_MINUTES_MS, DAY_MS):
        play.later(elapsed_ms)
        assert play.refusal(accept, sent_at_ms=sent_at_ms) is Refusal.STALE_EVENT


def test_a_senders_clock_may_be_five_minutes_ahead() -> None:
    """Up to the bound it is taken; beyond it is refused, and may be sent again."""
    play = Play()
    ahead = play.commands.publish()
    sent_at_ms = play.now_ms + FIVE_MINUTES_MS
    assert play.refusal(ahead, sent_at_ms=sent_at_ms + 1) is Refusal.CLOCK_AHEAD
    assert play.refusal(ahead, sent_at_ms=sent_at_ms) is None


def test_an_answer_is_remembered_as_long_as_its_event_may_come_again() -> None:
    """Also for a sender whose clock is as much ahead as it may be: never decided twice."""
    play = Play()
    opening, sent_at_ms = play.commands.open(), play.now_ms + FIVE_MINUTES_MS
    assert play.refusal(opening, sent_at_ms=sent_at_ms) is None
    play.later(FORGOTTEN_MS - 1)
    *_, decision = play.decide(opening, sent_at_ms=sent_at_ms)
    assert (decision.repeat, decision.event.type) == (True, "session-granted")
    play.later(1)
    assert play.refusal(opening, sent_at_ms=sent_at_ms) is Refusal.STALE_EVENT


def test_forgetting_bounds_the_memory(play: Play) -> None:
    """A horizon after its last use a market is left with its terms and its standing offers."""
    for number in range(100):
        play.decide(play.commands.open(f"s-{number}", 60))
        play.decide(play.commands.request(f"r-{number}", f"s-{number}"))
        play.decide(play.commands.accept(f"a-{number}", f"s-{number}", f"r-{number}"))
        play.decide(play.commands.publish(f"gone-{number}", prefix="33"))
        play.decide(play.commands.withdraw(f"gone-{number}", 2))
    play.later(FORGOTTEN_MS + 60_000)
    for _ in range(10):
        play.decide(play.commands.outcome())
    kinds = sorted(key[0] for key, _ in play.markets.dump())
    assert kinds == ["market", "offer"]


def test_forgetting_never_makes_a_command_wait(play: Play) -> None:
    """However much is due, one command forgets a bounded number of rows."""
    for number in range(600):
        play.decide(play.commands.open(f"s-{number}", 60))
    play.later(FORGOTTEN_MS + 60_000)
    play.markets.drain()
    play.decide(play.commands.outcome())
    forgotten = [key for key, _, new in play.markets.drain() if new is None]
    assert 0 < len(forgotten) <= 256


def test_a_restored_market_forgets_the_same_rows(play: Play) -> None:
    """However many entries the running one has come by, both are left with the same rows."""
    for number in range(300):
        play.done(play.commands.open(f"s-{number}", 60), play.commands.close(f"s-{number}"))
    restored = type(play.markets).restore(list(play.markets.dump()))
    play.later(FORGOTTEN_MS + 60_000)
    for offset in range(4):
        command = msgspec.structs.replace(play.commands.outcome(), sent_at_ms=play.now_ms)
        for markets in (play.markets, restored):
            markets.apply(command, play.now_ms, 10_000 + offset)
        assert dict(play.markets.dump()) == dict(restored.dump())


def test_events_of_two_causes_never_share_an_id() -> None:
    """Event ids are unique a sender only: two buyers' equal ones tell a provider of two sales."""
    play = Play()
    play.done(play.commands.publish())
    sold = []
    for buyer in ("globex", "hooli"):
        play.done(play.commands.request(session_id=None, buyer=buyer))
        accept = play.commands.accept(session_id=None, buyer=buyer)
        sold += play.decide(msgspec.structs.replace(accept, causation_id="1"))
    assert len({decision.event_id for decision in sold}) == 4


def test_a_buyer_cannot_hide_a_sale_under_an_old_event_id() -> None:
    """Two acceptances sent under one event id are two sales, and two notices to the provider."""
    play = Play()
    play.done(play.commands.publish(), play.commands.request(session_id=None))
    sold = []
    for acceptance_id in ("a-1", "a-2"):
        accept = play.commands.accept(acceptance_id, None)
        sold += play.decide(msgspec.structs.replace(accept, causation_id="1"))
    assert len({decision.event_id for decision in sold}) == 4


def test_a_redelivered_event_is_answered_under_the_same_id(play: Play) -> None:
    """A reader that drops ids it has seen is not told twice."""
    accept = play.commands.accept("a-2")
    ids = {play.decide(accept)[0].event_id for _ in range(2)}
    assert len(ids) == 1


def test_a_publication_known_is_known_whatever_the_rates_have_become() -> None:
    """The same again gets the same answer, though its currency has no rate any more."""
    play = Play()
    play.done(play.commands.rates(1, USD=900_000_000))
    said = play.commands.publish(currency="USD")
    stored = play.answer(said)
    play.done(play.commands.rates(2, GBP=1_100_000_000))
    assert play.answer(said) == stored
    other = play.commands.publish(revision=2, currency="USD")
    assert play.refusal(other) is Refusal.CURRENCY_MISMATCH
