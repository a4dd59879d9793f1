"""Capacity held for what a session was shown, until it ends; given back once."""

import pytest

from strowger.contract.refusals import Refusal
from strowger.market.entities import Offer, Pool
from tests.playing import DAY_MS, Play


def market(**terms: bool) -> Play:
    """Give a market that holds, with 250 minutes of an offer in a pool of 240, and a session."""
    play = Play(hold_capacity=True, **terms)
    play.done(play.commands.capacity("uk", units=240, channels=10))
    play.done(play.commands.publish("of-1", pool="uk", capacity_minutes=250))
    play.done(play.commands.open("s-1"), play.commands.open("s-2", buyer="hooli"))
    return play


def held(play: Play) -> tuple[int, int, int]:
    """Give what is held of the offer, and of its pool in units and channels."""
    rows = [entity for _, entity in play.markets.dump()]
    (offer,) = (row for row in rows if isinstance(row, Offer))
    (pool,) = (row for row in rows if isinstance(row, Pool))
    return offer.held, pool.held, pool.channels_held


def test_what_a_session_is_shown_is_held_for_it() -> None:
    """Of 240 minutes two requests of 100 hold 200; a third is told what is left."""
    play = market()
    play.done(play.commands.request("r-1"), play.commands.request("r-2", "s-2", buyer="hooli"))
    assert held(play) == (200, 200, 0)
    answer = play.matched(play.commands.request("r-3"))
    assert [(miss.clause, miss.offered) for miss in answer.near_misses] == [("capacity", "40")]
    play.sold(play.commands.accept("a-1", "s-1", "r-1"))
    play.sold(play.commands.accept("a-2", "s-2", "r-2", buyer="hooli"))
    assert held(play) == (0, 0, 0)


def test_a_hold_is_for_one_sale() -> None:
    """What is bought twice of one showing needs room for the second."""
    play = market()
    play.done(play.commands.request("r-1"), play.commands.request("r-2", "s-2", buyer="hooli"))
    play.sold(play.commands.accept("a-1", "s-1", "r-1"))
    again = play.commands.accept("a-2", "s-1", "r-1")
    assert play.refusal(again) is Refusal.CAPACITY_EXHAUSTED


@pytest.mark.parametrize("end", ["close", "deadline", "market"])
def test_every_hold_is_given_back_once_when_its_session_ends(end: str) -> None:
    """By the buyer, by time, and with the market."""
    play = market()
    play.done(play.commands.request("r-1"), play.commands.request("r-2"))
    assert held(play) == (200, 200, 0)
    if end == "close":
        play.done(play.commands.close("s-1"), play.commands.close("s-1"))
    elif end == "deadline":
        play.later(60_000)
        play.decide(play.commands.outcome())
    else:
        play.done(play.commands.control("close"))
    assert held(play) == (0, 0, 0)
    play.later(2 * DAY_MS)
    play.decide(play.commands.outcome())
    assert held(play) == (0, 0, 0), "neither when it is forgotten"


def test_a_hold_outlives_revisions_and_withdrawal() -> None:
    """It is of the offer: its revision changes nothing of what is held, nor of what is given."""
    play = market()
    play.done(play.commands.request("r-1"))
    play.done(play.commands.publish("of-1", 2, pool="uk", capacity_minutes=150))
    assert held(play) == (100, 100, 0)
    assert play.matched(play.commands.request("r-2")).able == 0
    play.done(play.commands.withdraw("of-1", 3), play.commands.close("s-1"))
    assert held(play) == (0, 0, 0)


def test_no_more_of_a_pool_is_held_or_sold_than_it_has() -> None:
    """Of two shown offers that share 150 minutes, one hundred each, the first is held for."""
    play = Play(hold_capacity=True)
    play.done(play.commands.capacity("uk", units=150), play.commands.open())
    for number in (1, 2):
        play.done(play.commands.publish(f"of-{number}", deck=str(number), pool="uk"))
    assert play.shown(play.commands.request()) == ["of-1", "of-2"]
    second = play.commands.accept("a-1", offer_id="of-2")
    assert play.refusal(second) is Refusal.CAPACITY_EXHAUSTED
    play.sold(play.commands.accept("a-2", offer_id="of-1"))
    assert play.refusal(play.commands.accept("a-3", offer_id="of-2")) is Refusal.CAPACITY_EXHAUSTED


def test_a_pool_shrunk_under_holds_sells_no_more_than_it_has() -> None:
    """A hold is a place in the queue, not capacity that the provider no longer has."""
    play = market()
    play.done(play.commands.request("r-1"), play.commands.request("r-2", "s-2", buyer="hooli"))
    play.done(play.commands.capacity("uk", 2, units=150))
    play.sold(play.commands.accept("a-1", "s-1", "r-1"))
    late = play.commands.accept("a-2", "s-2", "r-2", buyer="hooli")
    assert play.refusal(late) is Refusal.CAPACITY_EXHAUSTED
    play.done(play.commands.close("s-2", buyer="hooli"))
    assert held(play) == (0, 0, 0)


def test_a_shown_page_alone_holds() -> None:
    """What is not shown, and what is shown without a session, is not held."""
    play = market()
    play.done(play.commands.request("r-1", None))
    play.done(play.commands.request("r-2", max_matches=1, minutes=300))
    assert held(play) == (0, 0, 0)


def test_a_market_that_does_not_hold_sells_to_whoever_is_first() -> None:
    """Without holds the second of two hears that nothing is left."""
    play = Play()
    play.done(play.commands.publish("of-1", capacity_minutes=150))
    play.done(play.commands.open("s-1"), play.commands.open("s-2", buyer="hooli"))
    play.done(play.commands.request("r-1"), play.commands.request("r-2", "s-2", buyer="hooli"))
    play.sold(play.commands.accept("a-2", "s-2", "r-2", buyer="hooli"))
    assert play.refusal(play.commands.accept("a-1")) is Refusal.CAPACITY_EXHAUSTED
