"""Under guard nothing tells of sessions, and what was shown stays, by rules of version 4."""

from datetime import timedelta

import msgspec
import pytest

from strowger.contract.book import BookRead
from strowger.contract.decision import Decision
from strowger.contract.refusals import Refusal
from strowger.contract.sales import AcceptanceConfirmed, OfferSold
from tests.commands import NOON_MS
from tests.playing import Play

GUARDED = pytest.mark.parametrize("policy", ["guarded", "sealed"])


def market(policy: str, rules_version: int = 4) -> Play:
    """Give a market with sessions or without, and one offer of much capacity."""
    play = Play(policy=policy, rules_version=rules_version)
    play.done(play.commands.publish(capacity_minutes=10_000))
    return play


def sell(play: Play, session_id: str | None, number: int = 1) -> list[Decision]:
    """Ask and accept, in a session or without one."""
    request_id = f"r-{number}"
    play.done(play.commands.request(request_id, session_id))
    return play.decide(play.commands.accept(f"a-{number}", session_id, request_id))


def notices(decisions: list[Decision]) -> list[OfferSold]:
    """Give what the provider is told of sales."""
    return [
        each.event
        for each in decisions
        if isinstance(each.event, OfferSold) and each.recipient == "acme"
    ]


def public(play: Play, decisions: list[Decision]) -> list[str]:
    """Give the contracts that are made public."""
    sales = (play.markets.public_sale(each) for each in decisions)
    return [sale.contract_id for sale in sales if sale is not None]


@GUARDED
def test_a_sale_without_a_session_waits_for_the_sessions_that_are_open(policy: str) -> None:
    """Its revision would tell that a later one waits, and so that somebody is in session."""
    play = market(policy)
    play.done(play.commands.open(), play.commands.request("r-0"))
    play.done(play.commands.publish(revision=2, capacity_minutes=10_000))
    sold = sell(play, None)
    assert isinstance(sold[0].event, AcceptanceConfirmed)
    assert (notices(sold), public(play, sold)) == ([], [])
    ended = play.decide(play.commands.close())
    (notice,) = notices(ended)
    assert (notice.revision, notice.contract_id) == (1, sold[0].event.contract_id)
    assert public(play, ended) == [notice.contract_id]


@GUARDED
def test_it_waits_for_the_last_to_end_of_them_and_no_longer(policy: str) -> None:
    """So it waits for no session that opens later, and is told once."""
    play = market(policy)
    for number, seconds in ((1, 10), (2, 20)):
        play.done(play.commands.open(f"s-{number}", seconds))
        play.done(play.commands.request(f"r-0{number}", f"s-{number}"))
    sell(play, None)
    play.done(play.commands.open("s-3", 60), play.commands.request("r-03", "s-3"))
    play.later(10_000)
    assert notices(play.decide(play.commands.outcome())) == []
    play.later(10_000)
    assert len(notices(play.decide(play.commands.outcome()))) == 1
    assert notices(play.decide(play.commands.close("s-3"))) == []


def test_under_guard_only_a_session_that_was_shown_its_offers_keeps_a_provider_untold() -> None:
    """Nothing of another provider's waits for it."""
    play = market("guarded")
    play.done(play.commands.publish("of-2", provider="initech", prefix="33"))
    play.done(play.commands.open(), play.commands.request("r-0", destination="33123456"))
    assert len(notices(sell(play, None))) == 1


@GUARDED
def test_buyers_may_use_the_same_ids_and_each_sale_is_told(policy: str) -> None:
    """What is told of two sales that wait for one session carries two ids."""
    play = market(policy)
    play.done(play.commands.open(), play.commands.request("r-0"))
    play.done(play.commands.request("r-0", None, buyer="hooli"))
    ours = play.commands.accept("a-1", "s-1", "r-0")
    theirs = play.commands.accept("a-1", None, "r-0", buyer="hooli")
    play.done(*(msgspec.structs.replace(each, causation_id="e-1") for each in (ours, theirs)))
    ended = play.decide(play.commands.close())
    assert [each.buyer for each in notices(ended)] == ["globex", "hooli"]
    assert len({each.event_id for each in ended}) == len(ended)


@pytest.mark.parametrize("how", ["time", "operator"])
def test_however_the_session_ends_the_sale_is_told(how: str) -> None:
    """By time, or with its market."""
    play = market("guarded")
    play.done(play.commands.open(ttl_seconds=10), play.commands.request("r-0"))
    sell(play, None)
    if how == "time":
        play.later(10_000)
        ended = play.decide(play.commands.outcome())
    else:
        ended = play.decide(play.commands.control("close"))
    assert len(notices(ended)) == len(public(play, ended)) == 1


@GUARDED
def test_a_notice_says_nothing_that_turns_on_sessions(policy: str) -> None:
    """Not what others hold or bought, and no number that counts what goes on."""
    told = []
    for busy in (False, True):
        play = market(policy)
        if busy:
            play.done(play.commands.open(), play.commands.request("r-0"))
            play.done(play.commands.accept("a-0", "s-1", "r-0"), play.commands.close())
        told += notices(_sell_as_if_first(play))
    idle, other = told
    assert (idle.remaining, idle.remaining_channels) == (None, None)
    assert idle == other


def _sell_as_if_first(play: Play) -> list[Decision]:
    """Sell as the first buyer of an idle market would, under ids of the same words."""
    idle = market("guarded").commands
    request, acceptance = idle.request("r-1", None), idle.accept("a-1", None, "r-1")
    play.done(request)
    return play.decide(acceptance)


def test_an_open_market_says_what_is_left_and_counts_its_contracts() -> None:
    """There everything is told at once, and nothing is to be hidden."""
    play = market("open")
    confirmed, notice = sell(play, None)
    assert isinstance(notice.event, OfferSold)
    assert notice.event.remaining == 9_900
    assert notice.event.contract_id == f"voice-eu-{confirmed.sequence}"


@GUARDED
def test_by_earlier_rules_it_is_as_it_was(policy: str) -> None:
    """An old log is decided as it was: told at once, numbered, with what is left."""
    play = market(policy, rules_version=3)
    play.done(play.commands.open(), play.commands.request("r-0"))
    play.done(play.commands.accept("a-0", "s-1", "r-0"))
    confirmed, notice = sell(play, None)
    assert isinstance(notice.event, OfferSold)
    assert notice.event.remaining == 9_800
    assert notice.event.contract_id == f"voice-eu-{confirmed.sequence}"


def _scheduled(policy: str, rules_version: int, change: str) -> Play:
    """Show an offer a second before what is scheduled for it comes into force."""
    play = market(policy, rules_version)
    at_ms = NOON_MS + 2_000
    made = play.commands
    if change == "dearer":
        play.done(made.publish(revision=2, rate_nano=90_000_000, effective_at_ms=at_ms))
    else:
        play.done(made.withdraw(revision=2, effective_at_ms=at_ms))
    play.later(1_000)
    play.done(made.open(), made.request())
    play.later(1_000)
    return play


@GUARDED
@pytest.mark.parametrize("change", ["dearer", "withdrawn"])
def test_what_a_session_was_shown_stays_whatever_was_scheduled(policy: str, change: str) -> None:
    """It is sold at the revision and the price shown, until the session's end."""
    play = _scheduled(policy, 4, change)
    sale = play.sold(play.commands.accept())
    assert (sale.revision, str(sale.prices.usage)) == (1, "0.010000000")
    play.done(play.commands.close())
    assert play.refusal(play.commands.accept("a-2")) is Refusal.SESSION_ENDED


@GUARDED
def test_others_see_what_was_scheduled_at_its_time(policy: str) -> None:
    """The provider said it before anybody was shown anything: it waits for nobody."""
    play = _scheduled(policy, 4, "dearer")
    (seen,) = play.matched(play.commands.request("r-2", None)).matches
    assert seen.revision == 2
    play.done(play.commands.open("s-2"))
    (seen,) = play.matched(play.commands.request("r-3", "s-2")).matches
    assert seen.revision == 2
    play.done(play.commands.close(), play.commands.close("s-2"))
    read = play.answer(play.commands.read())
    assert isinstance(read, BookRead)
    effective_at = read.as_of - timedelta(milliseconds=play.now_ms - NOON_MS - 2_000)
    assert [(each.revision, each.effective_at) for each in read.entries] == [(2, effective_at)]


def test_a_sealed_book_stays_for_a_session_as_it_opened() -> None:
    """Also for what it asks later."""
    play = _scheduled("sealed", 4, "dearer")
    (seen,) = play.matched(play.commands.request("r-2")).matches
    assert seen.revision == 1


@GUARDED
def test_by_earlier_rules_a_schedule_came_between(policy: str) -> None:
    """An old log is decided as it was."""
    play = _scheduled(policy, 3, "dearer")
    assert play.refusal(play.commands.accept()) is Refusal.OFFER_CHANGED
    gone = _scheduled(policy, 3, "withdrawn")
    assert gone.refusal(gone.commands.accept()) is Refusal.OFFER_GONE
