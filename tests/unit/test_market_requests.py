"""Requests: every stored offer able to satisfy one, cheapest first."""

import pytest

from strowger.contract.fields import to_millis
from strowger.contract.refusals import Refusal
from strowger.contract.topics import MAX_ANSWER_BYTES
from tests.commands import NOON_MS
from tests.playing import Play

CHEAP, DEAR = 10_000_000, 20_000_000


@pytest.fixture
def play() -> Play:
    """Give a market where requests need no session; a request in tests is for +44 2079 460000."""
    return Play(match_validity_seconds=60)


def test_the_longest_dial_code_of_a_deck_wins_before_price(play: Play) -> None:
    """A provider's dearer, more specific price is the one that it is held to."""
    play.done(play.commands.publish("uk", prefix="44", rate_nano=CHEAP))
    play.done(play.commands.publish("london", prefix="4420", rate_nano=DEAR))
    assert play.shown(play.commands.request(session_id=None)) == ["london"]


def test_without_room_in_the_most_specific_code_a_deck_does_not_match(play: Play) -> None:
    """There is no falling back to a shorter code: its price is not for this number."""
    play.done(play.commands.publish("uk", prefix="44"))
    play.done(play.commands.publish("london", prefix="4420", capacity_minutes=99))
    assert play.shown(play.commands.request("r-1", None, minutes=100)) == []
    assert play.shown(play.commands.request("r-2", None, minutes=99)) == ["london"]


def test_a_withdrawn_code_is_not_in_force(play: Play) -> None:
    """Once the longer code is withdrawn, the shorter one is the most specific."""
    play.done(play.commands.publish("uk", prefix="44"), play.commands.publish("l", prefix="4420"))
    play.done(play.commands.withdraw("l", 2))
    assert play.shown(play.commands.request(session_id=None)) == ["uk"]


def test_each_provider_and_deck_selects_for_itself(play: Play) -> None:
    """A longer code of one provider, or of one deck, hides nothing of another."""
    play.done(
        play.commands.publish("uk", prefix="44", rate_nano=1),
        play.commands.publish("london", prefix="4420", rate_nano=2),
        play.commands.publish("uk-gold", prefix="44", deck="gold", rate_nano=3),
        play.commands.publish("theirs", prefix="44", provider="initech", rate_nano=4),
    )
    assert play.shown(play.commands.request(session_id=None)) == ["london", "uk-gold", "theirs"]


def test_two_offers_for_the_same_code_are_both_shown(play: Play) -> None:
    """A scope is selected, not a row: whatever stands for that code in the deck applies."""
    play.done(
        play.commands.publish("dear", prefix="4420", rate_nano=DEAR),
        play.commands.publish("cheap", prefix="4420", rate_nano=CHEAP),
        play.commands.publish("uk", prefix="44", rate_nano=1),
    )
    assert play.shown(play.commands.request(session_id=None)) == ["cheap", "dear"]


def test_of_two_offers_for_the_same_code_the_one_with_room_is_shown(play: Play) -> None:
    """Having no room leaves an offer out, not its neighbour."""
    play.done(
        play.commands.publish("full", prefix="4420", capacity_minutes=1),
        play.commands.publish("free", prefix="4420"),
    )
    assert play.shown(play.commands.request(session_id=None)) == ["free"]


def test_a_code_covers_the_number_itself_and_no_longer_one(play: Play) -> None:
    """A code as long as the number matches it; one digit more does not."""
    play.done(
        play.commands.publish("exact", prefix="442079460000", deck="a"),
        play.commands.publish("longer", prefix="4420794600001", deck="b"),
        play.commands.publish("other", prefix="45", deck="c"),
        play.commands.publish("short", prefix="4", deck="d"),
    )
    assert play.shown(play.commands.request(session_id=None)) == ["exact", "short"]


def test_a_capacity_of_just_the_minutes_is_room(play: Play) -> None:
    """The whole request or nothing: 100 minutes are room for 100, and none for 101."""
    play.done(play.commands.publish(capacity_minutes=100))
    assert play.shown(play.commands.request("r-1", None, minutes=100)) == ["of-1"]
    assert play.shown(play.commands.request("r-2", None, minutes=101)) == []


def test_offers_are_ranked_by_cost(play: Play) -> None:
    """The cheapest for this request comes first, whenever it was published."""
    for offer_id, rate_nano in (("c", 3), ("a", 1), ("d", 4), ("b", 2)):
        play.done(play.commands.publish(offer_id, rate_nano=rate_nano * CHEAP))
    matches = play.matched(play.commands.request(session_id=None)).matches
    assert [(match.rank, match.offer_id) for match in matches] == [
        (1, "a"),
        (2, "b"),
        (3, "c"),
        (4, "d"),
    ]


def test_costs_rank_not_rates(play: Play) -> None:
    """A lower rate with a long minimum loses to a higher one billed by the second."""
    play.done(play.commands.publish("minimum", rate_nano=CHEAP, minimum_seconds=60))
    play.done(play.commands.publish("second", rate_nano=CHEAP + 1))
    assert play.shown(play.commands.request("r-1", None, call_seconds=6)) == ["second", "minimum"]
    assert play.shown(play.commands.request("r-2", None, call_seconds=60)) == ["minimum", "second"]


def test_equal_costs_rank_by_how_long_an_offer_has_stood(play: Play) -> None:
    """The offer that has stood longest at its revision comes first; a new revision goes last."""
    play.done(play.commands.publish("b"), play.commands.publish("a"), play.commands.publish("c"))
    assert play.shown(play.commands.request("r-1", None)) == ["b", "a", "c"]
    play.done(play.commands.publish("b", 2))
    assert play.shown(play.commands.request("r-2", None)) == ["a", "c", "b"]


def test_only_so_many_are_shown_as_were_asked_for(play: Play) -> None:
    """The best are shown; how many could do it is told all the same."""
    for rate_nano in (3, 1, 2):
        play.done(play.commands.publish(f"of-{rate_nano}", rate_nano=rate_nano * CHEAP))
    answer = play.matched(play.commands.request(session_id=None, max_matches=2))
    assert ([match.offer_id for match in answer.matches], answer.able) == (["of-1", "of-2"], 3)


def test_nothing_able_is_an_answer(play: Play) -> None:
    """A request that no offer satisfies is answered with no offers, not refused."""
    answer = play.matched(play.commands.request(session_id=None))
    assert (answer.matches, answer.able) == ((), 0)


def test_a_match_without_a_session_says_how_long_it_is_valid(play: Play) -> None:
    """It is valid for the market's seconds; in a session the session's deadline holds instead."""
    play.done(play.commands.open())
    alone = play.matched(play.commands.request("r-1", None))
    assert alone.valid_until is not None
    assert to_millis(alone.valid_until) == NOON_MS + 60_000
    assert play.matched(play.commands.request("r-2", "s-1")).valid_until is None


def test_a_request_needs_a_session_where_the_market_says_so() -> None:
    """A market of sessions answers no request that stands on its own."""
    play = Play(sessions="required")
    assert play.refusal(play.commands.request(session_id=None)) is Refusal.SESSION_REQUIRED


def test_an_answer_that_would_not_fit_a_record_is_refused(play: Play) -> None:
    """The refusal says how many offers there are, and shows nothing; the best of them fit."""
    for number in range(1500):
        deck = f"{number}".ljust(80, "x")
        play.done(play.commands.publish(f"of-{number}".ljust(80, "x"), deck=deck))
    answer = play.answer(play.commands.request("r-all", None))
    assert answer.type == "event-refused"
    assert answer.refusal is Refusal.ANSWER_TOO_LARGE
    assert "1500 offers" in answer.message
    accept = play.commands.accept("a-1", None, "r-all", offer_id="of-0".ljust(80, "x"))
    assert play.refusal(accept) is Refusal.REQUEST_UNKNOWN, "what was not returned was not shown"
    some = play.matched(play.commands.request("r-some", None, max_matches=500))
    assert (len(some.matches), some.able) == (500, 1500)
    assert len(some.model_dump_json()) <= MAX_ANSWER_BYTES
