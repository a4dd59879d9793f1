"""What each participant may have in a market at once, and that a restore counts the same."""

import json

from strowger.contract.outbound import MarketDeclared
from strowger.contract.refusals import Refusal
from strowger.market import entities
from strowger.market.entities import MarketState
from strowger.market.markets import Markets
from tests.playing import DAY_MS, Play

LIMITS = ("max_open_sessions", "max_stored_offers", "max_session_requests")


def test_a_session_that_ends_makes_room_for_another() -> None:
    """By its buyer or by time; what another buyer has open takes none of it."""
    play = Play(max_open_sessions=2)
    play.done(play.commands.open("s-1"), play.commands.open("s-2", 30))
    play.done(play.commands.open("s-1", buyer="hooli"))
    assert play.refusal(play.commands.open("s-3")) is Refusal.TOO_MANY_SESSIONS
    play.done(play.commands.close("s-1"), play.commands.open("s-3"))
    assert play.refusal(play.commands.open("s-4")) is Refusal.TOO_MANY_SESSIONS
    play.later(30_000)
    play.done(play.commands.open("s-4"))


def test_a_withdrawn_offer_makes_room_once_it_is_out() -> None:
    """A revision takes no room; a withdrawal to come makes none before its time."""
    play = Play(max_stored_offers=1)
    play.done(play.commands.publish(), play.commands.publish(revision=2))
    play.done(play.commands.publish(provider="initech"))
    play.done(play.commands.withdraw(revision=3, effective_at_ms=play.now_ms + 1000))
    assert play.refusal(play.commands.publish("of-2")) is Refusal.TOO_MANY_OFFERS
    play.later(1000)
    play.done(play.commands.publish("of-2"))
    assert play.refusal(play.commands.publish(revision=4)) is Refusal.TOO_MANY_OFFERS


def test_withdrawing_later_what_is_withdrawn_is_no_way_around() -> None:
    """It would count as stored again, and so could be published again without a look."""
    play = Play(max_stored_offers=1)
    play.done(play.commands.publish(), play.commands.withdraw(revision=2))
    play.done(play.commands.publish("of-2"))
    later = play.commands.withdraw(revision=3, effective_at_ms=play.now_ms + DAY_MS)
    assert play.refusal(later) is Refusal.TOO_MANY_OFFERS


def test_a_provider_has_so_many_pools_too() -> None:
    """Pools are never withdrawn; the terms of one that stands may change."""
    play = Play(max_stored_offers=1)
    play.done(play.commands.capacity("p-1"), play.commands.capacity("p-1", 2))
    assert play.refusal(play.commands.capacity("p-2")) is Refusal.TOO_MANY_OFFERS


def test_what_waits_for_a_session_counts_as_if_it_had_not_to() -> None:
    """In a sealed market a provider finds the same room whether somebody is in session or not."""
    for in_session in (False, True):
        play = Play(policy="sealed", max_stored_offers=1)
        play.done(play.commands.publish())
        if in_session:
            play.done(play.commands.open())
        play.done(play.commands.withdraw(revision=2), play.commands.publish("of-2"))
        assert play.refusal(play.commands.publish("of-3")) is Refusal.TOO_MANY_OFFERS


def test_a_session_makes_so_many_requests() -> None:
    """Another session, and a request without one, are counted apart."""
    play = Play(max_session_requests=1)
    play.done(play.commands.open(), play.commands.request())
    assert play.refusal(play.commands.request("r-2")) is Refusal.TOO_MANY_REQUESTS
    play.done(play.commands.open("s-2"), play.commands.request("r-3", "s-2"))
    play.done(play.commands.request("r-4", None))


def test_a_restored_market_counts_the_same() -> None:
    """Counts follow from the rows, in whatever order they come."""
    play = Play(max_open_sessions=1, max_stored_offers=1, max_session_requests=1)
    play.done(play.commands.publish(), play.commands.capacity("p-1"))
    play.done(play.commands.open(), play.commands.request())
    play.markets = Markets.restore(reversed(list(play.markets.dump())))
    assert play.refusal(play.commands.open("s-2")) is Refusal.TOO_MANY_SESSIONS
    assert play.refusal(play.commands.publish("of-2")) is Refusal.TOO_MANY_OFFERS
    assert play.refusal(play.commands.capacity("p-2")) is Refusal.TOO_MANY_OFFERS
    assert play.refusal(play.commands.request("r-2")) is Refusal.TOO_MANY_REQUESTS


def test_a_market_without_limits_is_written_as_before_there_were_any() -> None:
    """So an old log gives the same bytes, and an old table the same digest."""
    play = Play(declared=False)
    answer = play.answer(play.commands.declare())
    assert isinstance(answer, MarketDeclared)
    assert not set(LIMITS) & json.loads(answer.model_dump_json())["terms"].keys()
    (row,) = (row for _, row in play.markets.dump() if isinstance(row, MarketState))
    assert not set(LIMITS) & json.loads(entities.encode(row)).keys()
    other = play.commands.declare(max_open_sessions=1)
    assert play.refusal(other) is Refusal.MARKET_DECLARED_OTHERWISE
