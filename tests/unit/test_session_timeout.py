"""When the session-timeout processor closes which sessions."""

import pytest

from strowger.session_timeout.schedule import FIRST_RETRY_MS, MAX_RETRY_MS, Schedule

ONE, TWO = b'["session","voice","globex","s-1"]', b'["session","voice","globex","s-2"]'


@pytest.fixture
def schedule() -> Schedule:
    """Give a schedule that has seen all there is to reread: nothing."""
    schedule = Schedule()
    schedule.begin_reread({})
    schedule.end_reread()
    return schedule


def test_a_session_is_due_at_its_deadline_and_not_before(schedule: Schedule) -> None:
    """The deadline itself is already too late for the buyer, so it is due then."""
    schedule.show(ONE, 1_000)
    assert schedule.due(999) == []
    assert schedule.due(1_000) == [ONE]


def test_the_earliest_deadline_comes_first(schedule: Schedule) -> None:
    """After a pause, the sessions come in the order of their deadlines."""
    schedule.show(ONE, 2_000)
    schedule.show(TWO, 1_000)
    assert schedule.due(5_000) == [TWO, ONE]


def test_a_session_still_open_is_due_again_ever_later(schedule: Schedule) -> None:
    """Each repeat waits twice as long as the one before, up to a bound."""
    schedule.show(ONE, 0)
    now_ms, pauses_ms = 0, []
    assert schedule.due(now_ms) == [ONE]
    for _ in range(8):
        pause_ms = next(wait for wait in range(1, 40_000) if schedule.due(now_ms + wait) == [ONE])
        now_ms += pause_ms
        pauses_ms.append(pause_ms)
    assert pauses_ms[:3] == [FIRST_RETRY_MS, 2 * FIRST_RETRY_MS, 4 * FIRST_RETRY_MS]
    assert pauses_ms[-2:] == [MAX_RETRY_MS, MAX_RETRY_MS]


def test_showing_the_same_row_again_keeps_the_back_off(schedule: Schedule) -> None:
    """A row that is written again unchanged does not make a close come sooner."""
    schedule.show(ONE, 0)
    schedule.due(0)
    schedule.show(ONE, 0)
    assert schedule.due(FIRST_RETRY_MS - 1) == []


def test_a_session_shown_ended_is_never_due(schedule: Schedule) -> None:
    """The close is over once the book shows it, and also if it came before the deadline."""
    schedule.show(ONE, 0)
    schedule.show(TWO, 1_000)
    schedule.due(0)
    schedule.show(ONE, None)
    schedule.show(TWO, None)
    assert schedule.due(10**9) == []


def test_a_session_with_another_deadline_is_due_at_that(schedule: Schedule) -> None:
    """An id that stands for a new session is due at the new deadline, once."""
    schedule.show(ONE, 1_000)
    schedule.show(ONE, None)
    schedule.show(ONE, 5_000)
    assert schedule.due(4_999) == []
    assert schedule.due(5_000) == [ONE]


def test_a_rereading_schedule_closes_only_what_it_knew() -> None:
    """An old row that shows a session open closes nothing: its end may come later in the book."""
    schedule = Schedule()
    schedule.begin_reread({ONE: 1_000})
    schedule.show(TWO, 1_000)
    assert schedule.due(1_000) == [ONE]
    schedule.show(TWO, None)
    schedule.end_reread()
    assert schedule.sessions() == set()


def test_a_reread_finds_what_the_table_had_lost() -> None:
    """A session that only the book shows is due once the reread has ended."""
    schedule = Schedule()
    schedule.begin_reread({})
    schedule.show(ONE, 1_000)
    schedule.end_reread()
    assert schedule.due(1_000) == [ONE]


def test_a_reread_forgets_what_the_book_no_longer_has() -> None:
    """A session that ended, and whose row is gone, is not closed over and over."""
    schedule = Schedule()
    schedule.begin_reread({ONE: 1_000, TWO: 1_000})
    schedule.show(TWO, 1_000)
    schedule.end_reread()
    assert schedule.sessions() == {TWO}
    assert schedule.due(10**9) == [TWO]


def test_a_session_shown_ended_while_rereading_is_not_due() -> None:
    """What the book shows ended is believed at once, also before the reread has ended."""
    schedule = Schedule()
    schedule.begin_reread({ONE: 1_000})
    schedule.show(ONE, None)
    assert schedule.due(2_000) == []
