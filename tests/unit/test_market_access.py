"""What the operator takes in every market at once: keys, and the right to trade."""

import msgspec
import pytest

from strowger.contract.commands import EXCHANGE, AnyCommand
from strowger.contract.outbound import AccessControlled, EventRefused
from strowger.contract.refusals import Refusal
from strowger.market.markets import Markets
from tests.commands import Commands
from tests.playing import Play


def signed(command: AnyCommand, key_id: str = "k-1") -> AnyCommand:
    """Give a command as a gateway stamps it with the key that it was verified with."""
    return msgspec.structs.replace(command, key_id=key_id)


def test_a_revoked_key_does_nothing_more() -> None:
    """It trades, ends and asks nothing: who stole it has nothing. Another key goes on."""
    play = Play()
    play.done(
        signed(play.commands.publish()),
        signed(play.commands.open()),
        signed(play.commands.request()),
    )
    play.done(play.commands.access("revoke", "k-1"))
    for command in (
        play.commands.publish("of-2"),
        play.commands.open("s-2"),
        play.commands.accept(),
        play.commands.close(),
        play.commands.outcome(),
        play.commands.refuse(),
    ):
        assert play.refusal(signed(command)) is Refusal.KEY_REVOKED
    play.sold(signed(play.commands.accept(), "k-2"))


def test_a_revocation_is_no_memory_of_what_was_sent() -> None:
    """What was sent with one key and never answered is answered when it comes by the next."""
    play = Play()
    play.done(play.commands.publish(), signed(play.commands.open()))
    play.done(play.commands.access("revoke", "k-1"))
    assert play.refusal(signed(play.commands.request())) is Refusal.KEY_REVOKED
    assert play.shown(signed(play.commands.request(), "k-2")) == ["of-1"]
    again = play.answer(signed(play.commands.open(), "k-2"))
    assert not isinstance(again, EventRefused), "the same content by another key is the same"


def test_a_key_is_revoked_for_a_time_to_come_without_a_gap() -> None:
    """Until then it counts by market time, from then on not; brought forward, never put off."""
    play = Play()
    play.done(play.commands.access("revoke", "k-1", from_ms=play.now_ms + 1000))
    play.done(play.commands.access("revoke", "k-1", from_ms=play.now_ms + 9000))
    play.later(999)
    play.done(signed(play.commands.publish()))
    play.later(1)
    assert play.refusal(signed(play.commands.publish("of-2"))) is Refusal.KEY_REVOKED
    play.later(-500)
    assert play.refusal(signed(play.commands.publish("of-3"))) is Refusal.KEY_REVOKED


def test_a_suspension_holds_in_every_market_also_in_those_to_come() -> None:
    """A market that is declared later knows of it; readmitted, a participant trades again."""
    play, later = Play(), Commands("spot")
    play.done(play.commands.publish(), play.commands.open(), play.commands.request())
    play.done(play.commands.access("suspend", "acme"))
    play.done(later.declare())
    assert play.refusal(later.publish()) is Refusal.SUSPENDED
    assert play.refusal(play.commands.publish("of-2")) is Refusal.SUSPENDED
    assert play.shown(play.commands.request("r-2")) == []
    assert play.refusal(play.commands.accept()) is Refusal.OFFER_GONE
    play.done(play.commands.access("readmit", "acme"))
    play.done(later.publish())
    play.sold(play.commands.accept("a-2"))


def test_a_refusal_names_the_command_that_it_rests_on() -> None:
    """Whoever asks why is pointed to the operator's word in the log."""
    play = Play()
    play.done(play.commands.access("revoke", "k-1"), play.commands.access("suspend", "acme"))
    (revoked,) = play.decide(signed(play.commands.open()))
    (suspended,) = play.decide(play.commands.publish())
    assert [(each.subject, each.log_offset) for each in revoked.rests_on] == [("key k-1", 1)]
    assert ("suspension of acme", 2) in [
        (each.subject, each.log_offset) for each in suspended.rests_on
    ]


def test_access_is_told_by_whether_it_changed_anything() -> None:
    """Said again it is a repeat; only the operator says it; an action that is none is refused."""
    play = Play()
    commands = play.commands
    for action, subject in (("revoke", "k-1"), ("suspend", "acme"), ("readmit", "acme")):
        (first,) = play.decide(commands.access(action, subject))
        (again,) = play.decide(commands.access(action, subject))
        assert isinstance(first.event, AccessControlled)
        assert (first.repeat, again.repeat) == (False, True)
        assert first.recipient is None
        assert first.event_id != again.event_id
    assert play.refusal(commands.access("revoke", "k", participant="acme")) is Refusal.NOT_ALLOWED
    assert play.refusal(commands.access("forgive", "k")) is Refusal.MALFORMED


def test_no_market_takes_the_name_that_stands_for_all() -> None:
    """A market called `exchange` would be taken for the exchange."""
    play = Play(declared=False)
    assert play.refusal(Commands(EXCHANGE).declare()) is Refusal.NOT_ALLOWED


@pytest.mark.parametrize("action", ["revoke", "suspend"])
def test_what_was_taken_stays_taken_after_a_restore(action: str) -> None:
    """It has a row of its own, and is told from then on as before."""
    play = Play()
    play.done(play.commands.access(action, {"revoke": "k-1", "suspend": "globex"}[action]))
    restored = Markets.restore(play.markets.dump())
    command = signed(play.commands.open())
    expected = play.decide(command)
    assert isinstance(expected[0].event, EventRefused)
    stamped = msgspec.structs.replace(command, sent_at_ms=play.now_ms)
    assert restored.apply(stamped, play.now_ms, play.offset) == expected
