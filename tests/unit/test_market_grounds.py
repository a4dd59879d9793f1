"""What a decision rests on: each names the commands in the log that made what it was decided by."""

from strowger.contract.decision import Decision
from tests.playing import Play


def rests_on(decision: Decision) -> dict[str, int]:
    """Give the log offsets by what is there."""
    return {ground.subject: ground.log_offset for ground in decision.rests_on}


def test_a_sale_rests_on_session_request_offer_and_pool() -> None:
    """Each is named where it was sent, the offer and its pool at the revision that was sold."""
    play = Play()
    make = play.commands
    play.done(make.capacity(units=1000), make.publish(pool="pool-1"))  # at 1 and 2
    play.done(make.capacity(revision=2, units=2000), make.publish("of-1", 2, pool="pool-1"))
    play.done(make.open(), make.request())  # at 5 and 6
    sold, notice = play.decide(make.accept(revision=2))
    expected = {
        "market voice-eu": 0,
        "session s-1": 5,
        "request r-1": 6,
        "offer of-1 of acme": 4,
        "capacity pool-1 of acme": 3,
    }
    assert rests_on(sold) == rests_on(notice) == expected
    assert sold.log_offset == 7


def test_an_answer_rests_on_all_that_it_shows() -> None:
    """A request's matches and near misses, and the entries of a page, are named in their order."""
    play = Play()
    make = play.commands
    play.done(make.publish("of-1"), make.publish("of-2", capacity_minutes=1), make.open())
    (answer,) = play.decide(make.request(near_misses=3))
    assert list(rests_on(answer).items())[2:] == [
        ("offer of-1 of acme", 1),
        ("offer of-2 of acme", 2),
    ]
    (page,) = play.decide(make.read())
    assert list(rests_on(page).items())[1:] == [
        ("offer of-1 of acme", 1),
        ("offer of-2 of acme", 2),
    ]


def test_a_refusal_rests_on_what_stood_in_the_way() -> None:
    """The revision that replaced what was shown is named; of an ended session, what ended it."""
    play = Play()
    make = play.commands
    play.done(make.publish(), make.open(), make.request(), make.publish("of-1", 2))  # at 1 to 4
    (changed,) = play.decide(make.accept())
    assert rests_on(changed)["offer of-1 of acme"] == 4
    play.done(make.close())  # at 6
    (late,) = play.decide(make.accept("a-2"))
    assert rests_on(late) == {"market voice-eu": 0, "session s-1": 2, "end of session s-1": 6}


def test_an_answer_given_again_rests_on_the_first() -> None:
    """So does an outcome that is asked for."""
    play = Play()
    make = play.commands
    accepting = make.accept()
    play.done(make.publish(), make.open(), make.request(), accepting)  # at 4
    (again,) = play.decide(accepting)
    assert rests_on(again) == {"acceptance a-1": 4}
    (told,) = play.decide(make.outcome())
    assert rests_on(told) == {"market voice-eu": 0, "acceptance a-1": 4}


def test_a_sale_told_at_the_end_rests_on_its_acceptance() -> None:
    """What was withheld names the command that sold it, whichever way its session ends."""
    play = Play(policy="guarded")
    make = play.commands
    play.done(make.publish(), make.open(ttl_seconds=60), make.request(), make.accept())  # at 4
    play.later(60_000)
    ended, public, sold, _ = play.decide(make.publish("of-2"))
    assert rests_on(ended) == {"market voice-eu": 0, "session s-1": 2}
    assert rests_on(public) == rests_on(sold) == {**rests_on(ended), "acceptance a-1": 4}


def test_what_the_operator_changed_last_is_what_a_market_rests_on() -> None:
    """Saying the same again changes nothing, and is not rested on."""
    play = Play()
    make = play.commands
    play.done(make.rates(), make.rates(), make.control("pause"), make.control("pause"))  # 1 to 4
    (paused,) = play.decide(make.open())
    assert rests_on(paused) == {"market voice-eu": 3}


def test_before_a_market_is_declared_there_is_nothing_to_rest_on() -> None:
    """A refusal of an unknown market names no command."""
    play = Play(declared=False)
    (unknown,) = play.decide(play.commands.open())
    assert unknown.rests_on == ()
