"""Faults of our own: taken back, refused by name, and never in the way of the next command."""

from collections.abc import Sequence

import pytest

from strowger.contract.commands import SESSION_TIMEOUT
from strowger.contract.normal import Need, Terms
from strowger.contract.refusals import Refusal
from strowger.market import ruling, sessions
from strowger.market.book import Book
from strowger.market.entities import Key, Offer, Session
from strowger.market.families import Usage
from strowger.market.store import Store
from strowger.market.voice import Voice
from tests.playing import DAY_MS, FIVE_MINUTES_MS, Play

Rows = dict[Key, object]


class Planted(Exception):
    """The fault of a test."""


def fail(*_: object) -> Sequence[Usage]:
    """Fail."""
    raise Planted


@pytest.fixture
def play() -> Play:
    """Give a market with an offer, a session and a request."""
    play = Play()
    play.done(play.commands.publish(capacity_minutes=1000))
    play.done(play.commands.open(ttl_seconds=60), play.commands.request())
    return play


def rows(play: Play) -> Rows:
    """Give every row save the market's own, whose clock and sequence go on."""
    return {key: entity for key, entity in play.markets.dump() if key[0] != "market"}


def test_a_fault_becomes_a_named_refusal_and_an_alarm(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sent the command may try again; the alarm is raised once."""
    with monkeypatch.context() as planted:
        planted.setattr(Voice, "usage", fail)
        assert play.refusal(play.commands.request("r-2")) is Refusal.INTERNAL_FAULT
    (fault,) = play.markets.faults()
    assert isinstance(fault, Planted)
    assert play.markets.faults() == []
    assert play.shown(play.commands.request("r-2")) == ["of-1"], "the id is not used up"


def test_a_command_that_no_gateway_of_ours_writes_is_a_fault(play: Play) -> None:
    """A refusal without a name cannot be told: it is refused as a fault."""
    assert play.refusal(play.commands.refuse("bad_karma")) is Refusal.INTERNAL_FAULT


def test_a_fault_takes_back_all_that_was_done(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sale that fails while it is remembered sold nothing, and told nobody."""
    before = rows(play)
    with monkeypatch.context() as planted:
        planted.setattr(Book, "remember", fail)
        (decision,) = play.decide(play.commands.accept())
    assert decision.event.type == "event-refused"
    assert rows(play) == before
    assert play.sold(play.commands.accept()).quantity == 100


def test_a_fault_takes_the_indexes_back(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """An offer half moved to another code stands where it stood, and nowhere else."""
    real = Store.put

    def put_and_fail(self: Store, key: Key, entity: Offer) -> None:
        real(self, key, entity)
        if isinstance(entity, Offer):
            raise Planted

    with monkeypatch.context() as planted:
        planted.setattr(Store, "put", put_and_fail)
        moved = play.commands.publish(revision=2, prefix="33")
        assert play.refusal(moved) is Refusal.INTERNAL_FAULT
        assert play.refusal(play.commands.withdraw()) is Refusal.INTERNAL_FAULT
        assert play.refusal(play.commands.publish("of-2")) is Refusal.INTERNAL_FAULT
    assert play.shown(play.commands.request("r-2")) == ["of-1"]
    assert play.shown(play.commands.request("r-3", destination="33140000000")) == []


def test_a_session_that_failed_to_open_never_falls_due(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a fault took back is not ended later either, also if the id is used then."""
    with monkeypatch.context() as planted:
        planted.setattr(Book, "remember", fail)
        assert play.refusal(play.commands.open("s-2", 10)) is Refusal.INTERNAL_FAULT
    play.done(play.commands.open("s-2", 40))
    play.later(10_000)
    assert len(play.decide(play.commands.outcome())) == 1
    play.later(30_000)
    notice, _ = play.decide(play.commands.outcome())
    assert notice.event.type == "session-ended"


def test_a_failed_close_leaves_the_session_to_its_deadline(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session whose closing was taken back is open, and ends by time."""
    with monkeypatch.context() as planted:
        planted.setattr(sessions, "_closed", fail)
        assert play.refusal(play.commands.close()) is Refusal.INTERNAL_FAULT
    play.later(60_000)
    notice, _ = play.decide(play.commands.outcome())
    assert notice.event.type == "session-ended"


def test_other_commands_go_on(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bad offer, or one bad rule, stalls nobody else; sessions end all the same."""
    real = Voice.usage

    def usage(self: Voice, terms: Terms, need: Need, default: int) -> Sequence[Usage]:
        return fail() if need.quantity == 13 else real(self, terms, need, default)

    monkeypatch.setattr(Voice, "usage", usage)
    play.later(60_000)
    notice, answer = play.decide(play.commands.request("r-13", None, minutes=13))
    assert (notice.role, notice.event.type) == ("notice", "session-ended")
    assert (answer.role, answer.event.type) == ("answer", "event-refused")
    assert play.shown(play.commands.request("r-14", None, minutes=14)) == ["of-1"]


def test_sequences_have_no_gap_at_a_fault(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal takes the number that the failed decision would have had."""
    (before,) = play.decide(play.commands.outcome("a-9"))
    with monkeypatch.context() as planted:
        planted.setattr(Book, "remember", fail)
        (refused,) = play.decide(play.commands.accept())
    (after,) = play.decide(play.commands.outcome("a-9"))
    assert [each.sequence - before.sequence for each in (refused, after)] == [1, 2]


def test_no_fault_holds_the_clock(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the ending of sessions broken, nothing is sold past a deadline all the same."""
    with monkeypatch.context() as planted:
        planted.setattr(ruling, "end_overdue", fail)
        play.later(59_999)
        play.done(play.commands.accept("a-1"))
        play.later(1)
        assert play.refusal(play.commands.accept("a-2")) is Refusal.SESSION_ENDED
        assert play.refusal(play.commands.request("r-2")) is Refusal.SESSION_ENDED
        early = play.commands.close(sender=SESSION_TIMEOUT)
        assert play.refusal(early) is Refusal.SESSION_NOT_DUE
    notice, _ = play.decide(play.commands.outcome())
    assert notice.event.type == "session-ended", "mended, the session is ended and its buyer told"


def test_a_fault_while_ending_sessions_takes_their_ends_back(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either all that are due are ended and told, or none: mended, none is missed."""
    play.done(play.commands.open("s-2", 60), play.commands.open("s-3", 60))
    real = Book.put_session

    def put_session(self: Book, session: Session) -> None:
        if session.session_id == "s-2":
            raise Planted
        real(self, session)

    play.later(60_000)
    with monkeypatch.context() as planted:
        planted.setattr(Book, "put_session", put_session)
        assert [each.role for each in play.decide(play.commands.outcome())] == ["answer"]
    *notices, _ = play.decide(play.commands.outcome())
    ended = [each.event.session_id for each in notices if each.event.type == "session-ended"]
    assert ended == ["s-1", "s-2", "s-3"]


def test_a_fault_while_forgetting_forgets_later(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What should have been forgotten is, once the fault is mended."""
    play.later(DAY_MS + FIVE_MINUTES_MS + 60_000)
    with monkeypatch.context() as planted:
        planted.setattr(Store, "delete", _delete_and_fail)
        play.decide(play.commands.outcome())
    play.decide(play.commands.outcome())
    play.decide(play.commands.outcome())
    assert {key[0] for key in rows(play)} == {"offer"}


def test_a_fault_before_a_declaration_leaves_the_market_undeclared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is refused, raises its alarm, and the next declaration is the first."""
    play = Play(declared=False)
    with monkeypatch.context() as planted:
        planted.setattr(Book, "stamp", fail)
        assert play.refusal(play.commands.declare()) is Refusal.INTERNAL_FAULT
    assert not list(play.markets.dump())
    assert len(play.markets.faults()) == 1
    (declared,) = play.decide(play.commands.declare())
    assert not declared.repeat


def _delete_and_fail(self: Store, key: Key) -> None:
    del self, key
    raise Planted
