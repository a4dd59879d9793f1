"""Where an offer applies, family by family: the most specific scope of each deck, and no other."""

from collections.abc import Iterator

import pytest

from strowger.contract.normal import Asked
from strowger.market.scopes import Deck, Scopes
from tests.playing import Play
from tests.services import (
    ethernet,
    ethernet_need,
    internet,
    internet_need,
    sms,
    sms_need,
    voice,
    voice_need,
)


def test_a_place_wins_over_what_it_lies_in() -> None:
    """Site, then metro, then country; each deck selects for itself."""
    play = Play()
    for name, place in (("site", "GB/LON/thn2"), ("metro", "GB/LON"), ("country", "GB")):
        play.done(play.commands.offer(name, service=internet(place)))
    play.done(play.commands.offer("other", service=internet("GB", deck="other")))
    for place, best in (
        ("GB/LON/thn2", "site"),
        ("GB/LON/ld5", "metro"),
        ("GB/LON", "metro"),
        ("GB/MAN", "country"),
        ("GB", "country"),
    ):
        asked = play.commands.ask(f"r-{best}-{len(place)}", None, internet_need(place))
        assert play.shown(asked) == [best, "other"], place
    elsewhere = play.commands.ask("r-9", None, internet_need("FR/PAR"))
    assert play.shown(elsewhere) == []


LINES = {
    "site-site": ("GB/LON/thn2", "US/NYC/60h"),
    "site-metro": ("GB/LON/thn2", "US/NYC"),
    "metro-site": ("GB/LON", "US/NYC/60h"),
    "site-country": ("GB/LON/thn2", "US"),
    "metro-metro": ("GB/LON", "US/NYC"),
    "metro-country": ("GB", "US/NYC"),
    "country-country": ("GB", "US"),
}


@pytest.mark.parametrize(
    ("standing", "selected"),
    [
        (list(LINES), ["site-site"]),
        (["site-metro", "metro-site", "site-country"], ["site-metro", "metro-site"]),
        (["site-country", "metro-metro", "metro-country"], ["site-country"]),
        (["metro-metro", "metro-country"], ["metro-metro"]),
        (["metro-country", "country-country"], ["metro-country"]),
    ],
)
def test_the_pair_told_most_exactly_wins(standing: list[str], selected: list[str]) -> None:
    """By the sum of both ends' levels, then by the better end; equals apply together."""
    play = Play()
    for name in standing:
        play.done(play.commands.offer(name, service=ethernet(*LINES[name])))
    asked = play.commands.ask("r-1", None, ethernet_need("US/NYC/60h", "GB/LON/thn2"))
    assert play.shown(asked) == selected


def test_a_line_is_the_same_whichever_end_is_named_first() -> None:
    """A to Z serves Z to A."""
    play = Play()
    play.done(play.commands.offer(service=ethernet("US/NYC", "GB/LON")))
    for ends in (("GB/LON", "US/NYC"), ("US/NYC", "GB/LON")):
        asked = play.commands.ask(f"r-{ends[0][:2]}", None, ethernet_need(*ends))
        assert play.shown(asked) == ["of-1"]


def test_a_network_wins_over_its_mcc_and_that_over_its_country() -> None:
    """An offer for one network is no offer for another of the same MCC."""
    play = Play()
    for name, network in (("country", "GB"), ("mcc", "234"), ("network", "234-15")):
        play.done(play.commands.offer(name, service=sms(network, delivered=True)))
    for network, best in (("234-15", "network"), ("234-10", "mcc"), ("235-91", "country")):
        asked = play.commands.ask(f"r-{network}", None, sms_need(network))
        assert play.shown(asked) == [best]


def test_the_longest_code_wins_then_the_longest_origin() -> None:
    """A longer code for any origin goes before a shorter one for the caller's."""
    play = Play()
    offers = {
        "44": ("44", None),
        "44<33": ("44", "33"),
        "44<331": ("44", "331"),
        "442": ("442", None),
    }
    for name, (prefix, origin) in offers.items():
        play.done(play.commands.offer(name.replace("<", "~"), service=voice(prefix, origin)))
    for number, origin, best in (
        ("447700900000", "33140000000", "44~331"),
        ("447700900000", "33940000000", "44~33"),
        ("447700900000", "49300000000", "44"),
        ("447700900000", None, "44"),
        ("442079460000", "33140000000", "442"),
    ):
        need = voice_need(number, origin=origin)
        asked = play.commands.ask(f"r-{number}-{origin}", None, need)
        assert play.shown(asked) == [best]


def test_a_code_that_fails_a_clause_never_gives_way_to_a_shorter_one() -> None:
    """The scope is selected first: a deck whose row fails does not match."""
    play = Play()
    play.done(play.commands.publish("short", prefix="44", attributes={"asr_percent": 9000}))
    play.done(play.commands.publish("long", prefix="4420", attributes={"asr_percent": 1000}))
    need = voice_need(clauses=(Asked("asr_percent", "floor", 5000),))
    answer = play.matched(play.commands.ask("r-1", None, need))
    assert answer.matches == ()
    assert [miss.offer_id for miss in answer.near_misses] == ["long"]


def test_a_set_of_codes_is_met_only_by_an_offer_for_all_of_it() -> None:
    """Partial coverage is told as a near miss with the codes that it covers, never as a match."""
    play = Play()
    play.done(play.commands.publish("all", prefix="44", deck="flat"))
    play.done(play.commands.publish("london", prefix="4420", deck="city"))
    play.done(play.commands.publish("mobile", prefix="447", deck="city"))
    play.done(play.commands.publish("pager", prefix="4476", deck="city"))
    answer = play.matched(play.commands.ask("r-1", None, voice_need(codes=("4420", "447"))))
    assert [match.offer_id for match in answer.matches] == ["all"]
    told = {miss.offer_id: (miss.clause, miss.asked, miss.offered) for miss in answer.near_misses}
    assert told == {
        "london": ("codes", "4420, 447", "4420"),
        "mobile": ("codes", "4420, 447", ""),
    }, "the deck prices 4476 apart, so its offer for 447 is not one for all numbers under it"


def test_a_deck_is_looked_through_once_for_all_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 codes cost no more looks than one: a deck may hold a hundred thousand."""
    looks: list[Deck] = []
    real = Scopes.scopes_of

    def scopes_of(self: Scopes, family: str, deck: Deck) -> Iterator[str]:
        looks.append(deck)
        return real(self, family, deck)

    monkeypatch.setattr(Scopes, "scopes_of", scopes_of)
    play = Play()
    for deck in ("one", "two"):
        play.done(play.commands.publish(f"all-{deck}", prefix="44", deck=deck))
        play.done(play.commands.publish(f"long-{deck}", prefix="441501", deck=deck))
    codes = tuple(f"44{code}" for code in range(100, 300))
    answer = play.matched(play.commands.ask("r-1", None, voice_need(codes=codes)))
    apart = ", ".join(code for code in codes if code != "44150")
    assert {miss.offered for miss in answer.near_misses} == {apart}
    assert sorted(looks) == [("acme", "one"), ("acme", "two")]


def test_an_offer_for_others_is_not_there_for_a_buyer() -> None:
    """Neither is it shown, nor does it stand before the deck's shorter code."""
    play = Play()
    play.done(play.commands.publish("public", prefix="44"))
    play.done(play.commands.publish("private", prefix="4420", audience=("hooli",)))
    assert play.shown(play.commands.request("r-1", None)) == ["public"]
    assert play.shown(play.commands.request("r-2", None, buyer="hooli")) == ["private"]


def test_an_excluded_provider_is_not_asked() -> None:
    """Not even as a near miss."""
    play = Play()
    play.done(play.commands.publish())
    answer = play.matched(play.commands.request("r-1", None, exclude_providers=("acme",)))
    assert (answer.able, answer.matches, answer.near_misses) == (0, (), ())


def test_what_is_not_firm_is_shown_as_such() -> None:
    """Ranked with the others, unless the buyer wants firm offers only."""
    play = Play()
    play.done(play.commands.publish("maybe", firmness="budgetary"))
    (match,) = play.matched(play.commands.request("r-1", None)).matches
    assert match.firmness == "budgetary"
    (miss,) = play.matched(play.commands.request("r-2", None, firm_only=True)).near_misses
    assert (miss.clause, miss.asked, miss.offered) == ("firmness", "firm", "budgetary")


def test_a_sale_freezes_the_codes_that_were_priced_apart_when_it_was_shown() -> None:
    """What the provider prices apart afterwards stays within what was sold."""
    play = Play()
    play.done(play.commands.publish("of-1", prefix="44"))
    play.done(play.commands.publish("of-2", prefix="447"), play.commands.publish("x", prefix="33"))
    play.done(play.commands.publish("of-3", prefix="448", deck="other"))
    play.done(play.commands.request("r-1", None))
    play.later(1)
    play.done(play.commands.publish("of-4", prefix="441"))
    sold = play.sold(play.commands.accept("a-1", None, "r-1"))
    assert sold.excludes == ("447",)
