"""The order that a request gets: by cost, by quality, by weights, over currencies and pages."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING

import pytest

from strowger.contract.attributes import Value
from strowger.contract.normal import Asked, Ranking
from strowger.contract.refusals import Refusal
from tests.playing import Play

if TYPE_CHECKING:
    from strowger.contract.matches import Match

EUR = 1_000_000_000
BY_QUALITY = Ranking("quality", ("asr_percent", "pdd_ms"))
BY_WEIGHT = Ranking("weighted", weights=(("asr_percent", EUR),))


def priced(play: Play, name: str, rate_nano: int, **attributes: Value) -> None:
    """Publish an offer of a minute's price, with qualities."""
    play.done(play.commands.publish(name, deck=name, rate_nano=rate_nano, attributes=attributes))


def three() -> Play:
    """Give a market with a cheap, a middling and a dear offer, the better the dearer."""
    play = Play()
    priced(play, "dear", 30_000_000, asr_percent=6000, pdd_ms=1_000_000)
    priced(play, "cheap", 10_000_000, asr_percent=4000, pdd_ms=3_000_000)
    priced(play, "middling", 20_000_000, asr_percent=6000, pdd_ms=2_000_000)
    priced(play, "silent", 5_000_000)
    return play


def test_by_quality_the_best_comes_first_then_the_cheapest() -> None:
    """Equal in quality, cost decides; what says nothing of it comes last."""
    play = three()
    asked = play.commands.request("r-1", None, ranking=Ranking("quality", ("asr_percent",)))
    assert play.shown(asked) == ["middling", "dear", "cheap", "silent"]


def test_the_second_quality_decides_among_equals_in_the_first() -> None:
    """A lower post-dial delay is the better one."""
    play = three()
    by = Ranking("quality", ("asr_percent", "pdd_ms"))
    assert play.shown(play.commands.request("r-1", None, ranking=by))[:2] == ["dear", "middling"]


def test_a_cost_ceiling_bounds_the_best_quality() -> None:
    """100 minutes at 0.03 cost 3.06 (34 calls of 3 minutes): above 3, out; by how much is told."""
    play = three()
    by = Ranking("quality", ("asr_percent",))
    asked = play.commands.request("r-1", None, ranking=by, max_cost_nano=3 * EUR, near_misses=4)
    answer = play.matched(asked)
    assert [match.offer_id for match in answer.matches] == ["middling", "cheap", "silent"]
    (miss,) = answer.near_misses
    assert (miss.offer_id, miss.clause, miss.short_by, miss.unit) == (
        "dear",
        "max_cost",
        "0.06",
        "EUR",
    )


def test_a_weight_is_what_a_unit_of_quality_is_worth() -> None:
    """Of 1.02, 2.04 and 3.06: a point of ASR worth 0.06 makes -1.38, -1.56 and -0.54."""
    play = three()
    by = Ranking("weighted", weights=(("asr_percent", 60_000_000),))
    asked = play.commands.request("r-1", None, ranking=by)
    assert play.shown(asked) == ["middling", "cheap", "dear", "silent"]


def test_a_weight_on_a_delay_counts_against_it() -> None:
    """Each millisecond of delay costs 0.01: 31.02, 22.04 and 13.06."""
    play = three()
    by = Ranking("weighted", weights=(("pdd_ms", 10_000_000),))
    asked = play.commands.request("r-1", None, ranking=by)
    assert play.shown(asked) == ["dear", "middling", "cheap", "silent"]


def test_currencies_are_compared_at_the_declared_rate_and_bind_as_offered() -> None:
    """1.10 USD at 0.90 rank before 1.00 EUR, and cost 1.10 USD."""
    play = Play(default_call_seconds=60)
    play.done(play.commands.rates(version=7))
    play.done(play.commands.publish("eur", deck="eur", rate_nano=10_000_000))
    play.done(play.commands.publish("usd", deck="usd", rate_nano=11_000_000, currency="USD"))
    answer = play.matched(play.commands.request("r-1", None))
    told = [
        (match.offer_id, match.currency, match.cost, match.ranking_cost) for match in answer.matches
    ]
    assert [
        (name, currency, str(cost.normalize()), str(ranks.normalize()))
        for name, currency, cost, ranks in told
    ] == [
        ("usd", "USD", "1.1", "0.99"),
        ("eur", "EUR", "1", "1"),
    ]
    assert (answer.currency, answer.rates_version) == ("EUR", 7)
    sold = play.sold(play.commands.accept("a-1", None, "r-1", offer_id="usd"))
    assert (sold.currency, str(sold.cost.normalize()), sold.rates_version) == ("USD", "1.1", 7)


def test_a_currency_without_a_rate_matches_nothing_until_it_has_one() -> None:
    """New rates that leave a currency out take its offers out of the ranking, not of the book."""
    play = Play()
    play.done(play.commands.rates(version=1))
    play.done(play.commands.publish(currency="USD"))
    play.done(play.commands.rates(version=2, CHF=EUR))
    (miss,) = play.matched(play.commands.request("r-1", None)).near_misses
    assert (miss.clause, miss.offered) == ("currency", "USD")
    play.done(play.commands.rates(version=3))
    assert play.shown(play.commands.request("r-2", None)) == ["of-1"]


def test_pages_put_together_are_the_whole_in_order() -> None:
    """At any page size the same offers come in the same order, with ranks that go on."""
    play = Play()
    for number in range(7):
        priced(play, f"of-{number}", 10_000_000 + number // 3)
    whole = play.matched(play.commands.request("r-0", None)).matches
    for size in (1, 2, 3, 6, 7):
        told: list[Match] = []
        after: str | None = None
        while True:
            asked = play.commands.request(
                f"r-{size}-{len(told)}", None, max_matches=size, after=after
            )
            answer = play.matched(asked)
            assert answer.able == 7
            told += answer.matches
            after = answer.next
            if after is None:
                break
        assert tuple(told) == whole


def test_what_a_page_did_not_show_cannot_be_accepted_by_it() -> None:
    """Each page is a request of its own."""
    play = three()
    first = play.matched(play.commands.request("r-1", None, max_matches=1))
    play.done(play.commands.request("r-2", None, max_matches=1, after=first.next))
    assert first.matches[0].offer_id == "silent"
    wrong = play.commands.accept("a-1", None, "r-2", offer_id="silent")
    assert play.refusal(wrong) is Refusal.NOT_SHOWN
    play.sold(play.commands.accept("a-2", None, "r-2", offer_id="cheap"))


def test_a_continuation_is_of_its_own_request_alone() -> None:
    """Another buyer, another service and another wish cannot go on from it."""
    play = three()
    after = play.matched(play.commands.request("r-1", None, max_matches=1)).next
    others = [
        play.commands.request("r-2", None, after=after, buyer="hooli"),
        play.commands.request("r-3", None, after=after, minutes=101),
        play.commands.request("r-4", None, after=after, firm_only=True),
    ]
    for other in others:
        assert play.refusal(other) is Refusal.CONTINUATION_INVALID


@pytest.mark.parametrize("ranking", [Ranking(), BY_QUALITY, BY_WEIGHT])
@pytest.mark.parametrize(
    "last",
    [
        (),
        (1,),
        (None,),
        ("a",) * 5,
        (1,) * 5,
        (1.5, 0, 0, "a", "b"),
        (*range(9), "a", "b"),
        "abcde",
    ],
)
def test_a_continuation_made_by_hand_is_refused_and_no_fault(
    ranking: Ranking, last: tuple[object, ...]
) -> None:
    """A buyer can write one with the right digest and a place that no offer can have."""
    play = three()
    asked = play.commands.request("r-1", None, max_matches=1, ranking=ranking)
    shown, _, digest = read(play.matched(asked).next)
    forged = play.commands.request(
        "r-2", None, max_matches=1, ranking=ranking, after=write([shown, last, digest])
    )
    assert play.refusal(forged) is Refusal.CONTINUATION_INVALID
    assert play.markets.faults() == []


@pytest.mark.parametrize("shown", [-1, 10**400, "1", None, 0.5])
def test_a_continuation_counts_no_more_than_a_market_holds(shown: object) -> None:
    """Ranks count on from what was shown: a buyer cannot make them as long as it likes."""
    play = three()
    _, last, digest = read(play.matched(play.commands.request("r-1", None, max_matches=1)).next)
    forged = play.commands.request("r-2", None, max_matches=1, after=write([shown, last, digest]))
    assert play.refusal(forged) is Refusal.CONTINUATION_INVALID


def read(after: str | None) -> tuple[object, object, object]:
    """Read what a continuation holds, as anybody can."""
    assert after is not None
    shown, last, digest = json.loads(urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    return shown, last, digest


def write(parts: list[object]) -> str:
    """Write a continuation by hand."""
    return urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def test_silence_passes_where_the_buyer_says_so_and_is_told() -> None:
    """An attribute that is not given is undetermined, not false."""
    play = three()
    clause = Asked("acd_seconds", "floor", 100)
    need = play.commands.request(clauses=(clause,)).service
    strict = play.matched(play.commands.ask("r-1", None, need, near_misses=1))
    assert strict.matches == ()
    assert [(miss.clause, miss.offered, miss.short_by) for miss in strict.near_misses] == [
        ("acd_seconds", None, None)
    ]
    lenient = play.matched(play.commands.ask("r-2", None, need, undetermined_passes=True))
    assert [match.undetermined for match in lenient.matches] == [("acd_seconds",)] * 4


def test_the_nearest_miss_is_the_least_off_for_what_was_asked() -> None:
    """ASR 40 for 50 is off by a fifth, PDD 2,000 ms for 1,900 by a nineteenth."""
    play = three()
    clauses = (Asked("asr_percent", "floor", 5000), Asked("pdd_ms", "ceiling", 1_900_000))
    need = play.commands.request(clauses=clauses).service
    answer = play.matched(play.commands.ask("r-1", None, need))
    assert [match.offer_id for match in answer.matches] == ["dear"]
    assert [
        (miss.offer_id, miss.clause, miss.short_by, miss.unit) for miss in answer.near_misses
    ] == [("middling", "pdd_ms", "100", "ms")], "one that fails two clauses is no near miss"
