"""Sessions: opened by a buyer, ended by that buyer or by market time, and nothing sold after."""

import pytest

from strowger.contract.commands import SESSION_TIMEOUT
from strowger.contract.fields import to_millis
from strowger.contract.outbound import SessionEnded, SessionGranted
from strowger.contract.refusals import Refusal
from tests.commands import NOON_MS
from tests.playing import DAY_MS, FIVE_MINUTES_MS, Play


@pytest.fixture
def play() -> Play:
    """Give a market with one offer; its sessions last 10 to 3600 seconds."""
    play = Play(min_ttl_seconds=10, max_ttl_seconds=3600)
    play.done(play.commands.publish())
    return play


def test_a_deadline_is_market_time_plus_ttl(play: Play) -> None:
    """The buyer is told the very instant at which its session ends."""
    granted = play.answer(play.commands.open(ttl_seconds=60))
    assert isinstance(granted, SessionGranted)
    assert to_millis(granted.deadline) == NOON_MS + 60_000


@pytest.mark.parametrize(
    ("ttl_seconds", "refusal"),
    [
        (9, Refusal.TTL_OUT_OF_BOUNDS),
        (10, None),
        (3600, None),
        (3601, Refusal.TTL_OUT_OF_BOUNDS),
    ],
)
def test_a_ttl_keeps_to_the_markets_bounds(
    play: Play, ttl_seconds: int, refusal: Refusal | None
) -> None:
    """Both bounds are granted; a second beyond either is refused."""
    assert play.refusal(play.commands.open(ttl_seconds=ttl_seconds)) is refusal


def test_an_offer_is_sold_up_to_the_last_millisecond(play: Play) -> None:
    """An acceptance one millisecond before the deadline is confirmed."""
    play.done(play.commands.open(ttl_seconds=60), play.commands.request())
    play.later(59_999)
    assert play.sold(play.commands.accept()).session_id == "s-1"


def test_at_the_deadline_it_is_too_late(play: Play) -> None:
    """An acceptance at the very deadline is refused, though no timer has closed the session."""
    play.done(play.commands.open(ttl_seconds=60), play.commands.request())
    play.later(60_000)
    assert play.refusal(play.commands.accept()) is Refusal.SESSION_ENDED


def test_time_ends_a_session_with_a_notice_to_its_buyer(play: Play) -> None:
    """The first command at or after the deadline, whoever sends it, ends the session first."""
    opening = play.commands.open(ttl_seconds=60)
    play.done(opening)
    play.later(60_000)
    notice, answer = play.decide(play.commands.publish("of-2"))
    assert isinstance(notice.event, SessionEnded)
    assert (notice.role, notice.recipient, notice.command) == (
        "notice",
        "globex",
        "session-deadline",
    )
    assert (notice.event.reason, notice.event.causation_id) == ("timed_out", opening.causation_id)
    assert (answer.role, answer.recipient) == ("answer", "acme")
    assert len(play.decide(play.commands.publish("of-3"))) == 1, "told once"


def test_sessions_due_together_end_by_deadline(play: Play) -> None:
    """The one that was due first is ended first; equal deadlines end in the order of their keys."""
    play.done(
        play.commands.open("s-late", 30),
        play.commands.open("s-b", 20),
        play.commands.open("s-a", 20),
        play.commands.open("s-z", 20, buyer="aperture"),
    )
    play.later(30_000)
    *notices, _ = play.decide(play.commands.publish("of-2"))
    ended = [each.event.session_id for each in notices if isinstance(each.event, SessionEnded)]
    assert ended == ["s-z", "s-a", "s-b", "s-late"]


def test_a_buyer_ends_its_session(play: Play) -> None:
    """After the buyer closed it nothing in it is sold, long before the deadline."""
    play.done(play.commands.open(), play.commands.request())
    closed = play.answer(play.commands.close())
    assert isinstance(closed, SessionEnded)
    assert closed.reason == "terminated"
    assert play.refusal(play.commands.accept()) is Refusal.SESSION_ENDED
    assert play.refusal(play.commands.request("r-2")) is Refusal.SESSION_ENDED


def test_a_closed_session_does_not_time_out(play: Play) -> None:
    """Its deadline passes without a word: a session ends once."""
    play.done(play.commands.open(ttl_seconds=60), play.commands.close())
    play.later(60_000)
    assert len(play.decide(play.commands.publish("of-2"))) == 1


def test_closing_again_is_answered_again(play: Play) -> None:
    """The buyer is told what it was told the first time, and when."""
    play.done(play.commands.open())
    play.later(1000)
    first = play.answer(play.commands.close())
    play.later(1000)
    (again,) = play.decide(play.commands.close())
    assert again.repeat
    assert again.event == first.model_copy(update={"causation_id": again.event.causation_id})


def test_closing_a_session_that_timed_out_is_refused(play: Play) -> None:
    """The buyer learns that time was quicker."""
    play.done(play.commands.open(ttl_seconds=60))
    play.later(60_000)
    assert play.refusal(play.commands.close()) is Refusal.SESSION_ENDED


def test_an_early_timer_ends_nothing(play: Play) -> None:
    """The timeout processor is not trusted: before the deadline by market time it is refused."""
    play.done(play.commands.open(ttl_seconds=60), play.commands.request())
    play.later(59_999)
    early = play.commands.close(sender=SESSION_TIMEOUT)
    assert play.refusal(early) is Refusal.SESSION_NOT_DUE
    play.sold(play.commands.accept())


def test_a_timer_makes_time_pass_in_a_quiet_market(play: Play) -> None:
    """At the deadline its word ends the session: the buyer is told, the service has no inbox."""
    play.done(play.commands.open(ttl_seconds=60))
    play.later(60_000)
    notice, answer = play.decide(play.commands.close(sender=SESSION_TIMEOUT))
    assert (notice.recipient, notice.event.type) == ("globex", "session-ended")
    assert (answer.recipient, answer.event.type) == (None, "event-refused")


def test_a_timer_says_nothing_of_a_session_its_buyer_closed(play: Play) -> None:
    """The processor learns that the session has ended; the buyer is not told again."""
    play.done(play.commands.open(), play.commands.close())
    late = play.commands.close(sender=SESSION_TIMEOUT)
    assert play.refusal(late) is Refusal.SESSION_ENDED


def test_only_its_buyer_can_close_a_session(play: Play) -> None:
    """Another participant's word ends nothing."""
    play.done(play.commands.open(), play.commands.request())
    assert play.refusal(play.commands.close(sender="hooli")) is Refusal.NOT_YOUR_SESSION
    play.sold(play.commands.accept())


def test_a_session_cannot_be_used_by_another_buyer(play: Play) -> None:
    """A session's id means nothing to whoever did not open it."""
    play.done(play.commands.open(), play.commands.request())
    others = play.commands.request("r-2", buyer="hooli")
    assert play.refusal(others) is Refusal.SESSION_UNKNOWN
    assert play.refusal(play.commands.accept(buyer="hooli")) is Refusal.SESSION_UNKNOWN


def test_two_buyers_may_use_the_same_session_id(play: Play) -> None:
    """A session's id is its buyer's: closing one leaves the other open."""
    play.done(play.commands.open(), play.commands.open(buyer="hooli"), play.commands.request())
    play.done(play.commands.close(buyer="hooli"))
    play.sold(play.commands.accept())


def test_market_time_never_steps_back(play: Play) -> None:
    """A broker's clock that steps back gives no session a second life."""
    play.done(play.commands.open(ttl_seconds=60), play.commands.request())
    play.later(60_000)
    play.done(play.commands.publish("of-2"))
    play.later(-30_000)
    assert play.refusal(play.commands.accept()) is Refusal.SESSION_ENDED
    granted = play.answer(play.commands.open("s-2", 60))
    assert isinstance(granted, SessionGranted)
    assert to_millis(granted.deadline) == NOON_MS + 120_000


def test_a_session_id_cannot_bring_an_ended_session_back(play: Play) -> None:
    """An id used again after the horizon opens nothing while what the old one saw is kept."""
    play.done(play.commands.open(ttl_seconds=3600))
    play.later(3_599_000)
    play.done(play.commands.request())
    play.later(DAY_MS + FIVE_MINUTES_MS - 3_599_000)
    assert play.refusal(play.commands.open(ttl_seconds=3600)) is Refusal.ID_REUSED
    assert play.refusal(play.commands.accept()) is Refusal.SESSION_ENDED


def test_a_session_id_is_free_once_all_of_the_old_session_is_forgotten(play: Play) -> None:
    """A session of the same id is then a new one, that its buyer can close."""
    play.done(play.commands.open(ttl_seconds=60))
    play.later(DAY_MS)
    assert play.refusal(play.commands.close()) is Refusal.SESSION_ENDED
    play.later(FIVE_MINUTES_MS + 60_000)
    play.done(play.commands.open(ttl_seconds=60), play.commands.request())
    assert isinstance(play.answer(play.commands.close()), SessionEnded)
    assert play.refusal(play.commands.accept()) is Refusal.SESSION_ENDED
