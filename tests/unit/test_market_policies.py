"""What providers may read and change while sessions are open, under each policy (claims 4 to 7)."""

import pytest

from strowger.contract.book import BookRead
from strowger.contract.fields import plain
from strowger.contract.outbound import ChangeTaken, EventRefused, OfferStored, SessionEnded
from strowger.contract.refusals import Refusal
from strowger.contract.sales import AcceptanceConfirmed, OfferSold
from strowger.market.markets import Markets
from tests.playing import Play

CHEAPER = 5_000_000


def market(policy: str, denied_changes: str = "defer", max_deferral_seconds: int = 86_400) -> Play:
    """Give a market of a policy with two offers, to London and to all of the country."""
    play = Play(
        policy=policy, denied_changes=denied_changes, max_deferral_seconds=max_deferral_seconds
    )
    play.done(play.commands.publish("of-1"), play.commands.publish("of-2", deck="other"))
    return play


def price(play: Play, request_id: str, session_id: str | None, offer_id: str = "of-1") -> str:
    """Ask in a session; give the price at which an offer is shown."""
    shown = play.matched(play.commands.request(request_id, session_id)).matches
    (match,) = (each for each in shown if each.offer_id == offer_id)
    return plain(match.lines[0].price)


def book(play: Play, provider: str = "acme") -> BookRead:
    """Read the stored set, which must be given."""
    answer = play.answer(play.commands.read(provider=provider))
    assert isinstance(answer, BookRead), answer
    return answer


def names(play: Play) -> list[str]:
    """Read the stored set; give the ids of its offers."""
    return [entry.offer_id for entry in book(play).entries]


# Open


def test_an_open_market_changes_and_is_read_at_once() -> None:
    """Claim 4: sessions hinder no provider; what was shown at the old price is refused."""
    play = market("open")
    play.done(play.commands.open(), play.commands.request())
    stored = play.answer(play.commands.publish("of-1", 2, rate_nano=CHEAPER))
    assert isinstance(stored, OfferStored)
    assert [entry.revision for entry in book(play).entries] == [2, 1]
    assert play.refusal(play.commands.accept()) is Refusal.OFFER_CHANGED


# Guarded


def test_a_guarded_offer_waits_until_no_session_that_saw_it_is_open() -> None:
    """Claim 6: what was shown stays for every session; the change comes when the last one ends."""
    play = market("guarded")
    play.done(play.commands.open("s-1"), play.commands.open("s-2"))
    assert price(play, "r-1", "s-1") == price(play, "r-2", "s-2") == "0.01"
    play.done(play.commands.publish("of-1", 2, rate_nano=CHEAPER))
    play.done(play.commands.close("s-1"))
    assert price(play, "r-3", None) == "0.01", "the other session was shown it too"
    play.sold(play.commands.accept("a-1", "s-2", "r-2"))
    play.done(play.commands.close("s-2"))
    assert price(play, "r-4", None) == "0.005"


def test_a_guarded_change_is_answered_alike_shown_or_not() -> None:
    """The answer tells nothing of sessions: neither that one is open nor what it was shown."""
    play = market("guarded")
    play.done(play.commands.open(), play.commands.request(max_matches=1))
    answers = [
        play.answer(play.commands.publish(offer_id, 2, rate_nano=CHEAPER))
        for offer_id in ("of-1", "of-2")
    ]
    told = [answer.model_dump(exclude={"causation_id", "subject"}) for answer in answers]
    assert all(isinstance(answer, ChangeTaken) for answer in answers)
    assert told[0] == told[1]
    assert price(play, "r-2", None, "of-1") == "0.01"
    assert price(play, "r-3", None, "of-2") == "0.005", "it was not shown, so it changed at once"


def test_a_guarded_offer_that_was_shown_cannot_be_read() -> None:
    """Claim 6: not even by its own provider, until the session has ended."""
    play = market("guarded")
    assert names(play) == ["of-1", "of-2"]
    play.done(play.commands.open(), play.commands.request(max_matches=1))
    assert (names(play), book(play).withheld) == (["of-2"], True)
    play.done(play.commands.close())
    assert (names(play), book(play).withheld) == (["of-1", "of-2"], False)


def test_a_guarded_withdrawal_waits_too_and_time_ends_the_wait() -> None:
    """Claims 3 and 6: at the deadline the session ends, and what waited takes effect."""
    play = market("guarded")
    play.done(play.commands.open(ttl_seconds=10), play.commands.request())
    play.done(play.commands.withdraw())
    play.later(9_999)
    play.sold(play.commands.accept())
    play.later(1)
    assert play.shown(play.commands.request("r-2", None)) == ["of-2"]


def test_waiting_changes_take_effect_in_the_order_they_came_once() -> None:
    """Of three prices the last stands; each number is taken, and known when it comes again."""
    play = market("guarded")
    play.done(play.commands.open(), play.commands.request())
    changes = [play.commands.publish("of-1", number, rate_nano=number) for number in (2, 3, 4)]
    play.done(*changes)
    (again,) = play.decide(changes[0])
    assert again.repeat
    assert play.refusal(play.commands.publish("of-1", 3, rate_nano=9)) is Refusal.ID_REUSED
    play.done(play.commands.close())
    assert price(play, "r-2", None) == "0.000000004"
    assert play.refusal(play.commands.publish("of-1", 1, rate_nano=9)) is Refusal.ID_REUSED


def test_a_guarded_sale_is_told_to_its_provider_only_when_the_session_ends() -> None:
    """Its buyer hears at once; its provider and the public when the session is over, in order."""
    play = market("guarded")
    play.done(play.commands.open(), play.commands.request())
    for number in (1, 2):
        (confirmed,) = play.decide(play.commands.accept(f"a-{number}"))
        assert isinstance(confirmed.event, AcceptanceConfirmed)
        assert play.markets.public_sale(confirmed) is None
    closed, *told = play.decide(play.commands.close())
    assert isinstance(closed.event, SessionEnded)
    assert [each.recipient for each in told] == [None, "acme", None, "acme"]
    public = [sale for each in told if (sale := play.markets.public_sale(each))]
    notices = [each.event for each in told if isinstance(each.event, OfferSold)]
    assert [sale.contract_id for sale in public] == [each.contract_id for each in notices]
    assert [sale.buyer for sale in public] == [None, None]


def test_a_guarded_pool_cannot_be_emptied_under_what_was_shown() -> None:
    """A smaller pool waits as the offers do that sell from it."""
    play = Play(policy="guarded")
    play.done(play.commands.capacity("uk", units=100), play.commands.publish("of-1", pool="uk"))
    play.done(play.commands.open(), play.commands.request())
    play.done(play.commands.capacity("uk", 2, units=0))
    play.sold(play.commands.accept())
    play.done(play.commands.close())
    assert play.shown(play.commands.request("r-2", None)) == []


# Sealed


def test_a_sealed_market_denies_reading_and_lets_changes_wait_while_any_session_is_open() -> None:
    """Claim 5: also offers that nobody was shown."""
    play = market("sealed")
    assert names(play) == ["of-1", "of-2"]
    play.done(play.commands.open())
    assert play.refusal(play.commands.read()) is Refusal.BOOK_SEALED
    taken = play.answer(play.commands.publish("of-1", 2, rate_nano=CHEAPER))
    assert isinstance(taken, ChangeTaken)
    play.done(play.commands.publish("of-9", deck="new"))
    assert price(play, "r-1", "s-1") == "0.01"
    assert play.shown(play.commands.request("r-2", "s-1")) == ["of-1", "of-2"]
    play.done(play.commands.close())
    assert names(play) == ["of-1", "of-2", "of-9"]
    assert price(play, "r-3", None) == "0.005"


def test_a_sealed_market_refuses_changes_where_it_says_so() -> None:
    """The provider sends it again when the session is over."""
    play = market("sealed", denied_changes="refuse")
    play.done(play.commands.open())
    change = play.commands.publish("of-1", 2, rate_nano=CHEAPER)
    assert play.refusal(change) is Refusal.BOOK_SEALED
    assert play.refusal(play.commands.withdraw()) is Refusal.BOOK_SEALED
    play.done(play.commands.close())
    assert isinstance(play.answer(change), OfferStored)


def test_no_chain_of_sessions_makes_a_change_wait_beyond_the_limit() -> None:
    """A session is granted only if it ends before the oldest change has waited that long."""
    play = market("sealed", max_deferral_seconds=100)
    play.done(play.commands.open("s-1", 60))
    play.done(play.commands.publish("of-1", 2, rate_nano=CHEAPER))
    play.later(50_000)
    assert play.refusal(play.commands.open("s-2", 51)) is Refusal.CHANGES_WAITING
    play.done(play.commands.open("s-2", 50))
    play.later(50_000)
    play.done(play.commands.open("s-3", 100))
    assert price(play, "r-1", None) == "0.005", "no session was open in between"


# Snapshot


def test_a_snapshot_session_sees_and_buys_the_book_as_it_stood_when_it_opened() -> None:
    """Changes go on for later sessions; what a session sees stays, to the price and the offer."""
    play = market("snapshot")
    play.later(1)
    play.done(play.commands.open("s-1"))
    play.done(play.commands.publish("of-1", 2, rate_nano=CHEAPER))
    play.done(play.commands.withdraw("of-2", 2), play.commands.publish("of-3", deck="new"))
    play.later(1)
    play.done(play.commands.open("s-2"))
    assert play.shown(play.commands.request("r-1", "s-1")) == ["of-1", "of-2"]
    assert play.shown(play.commands.request("r-2", "s-2")) == ["of-1", "of-3"]
    old = play.sold(play.commands.accept("a-1", "s-1", "r-1", revision=1))
    new = play.sold(play.commands.accept("a-2", "s-2", "r-2", revision=2))
    assert (plain(old.prices.usage), plain(new.prices.usage)) == ("0.01", "0.005")
    play.sold(play.commands.accept("a-3", "s-1", "r-1", offer_id="of-2"))


def test_a_change_in_the_very_millisecond_of_an_opening_is_behind_it() -> None:
    """The provider is told from when it is in force: the millisecond after."""
    play = market("snapshot")
    play.later(1)
    play.done(play.commands.open())
    stored = play.answer(play.commands.publish("of-1", 2, rate_nano=CHEAPER))
    assert isinstance(stored, OfferStored)
    assert stored.effective_at.timestamp() * 1000 == play.now_ms + 1
    assert price(play, "r-1", "s-1") == "0.01"


def test_old_revisions_are_kept_only_for_sessions_that_see_them() -> None:
    """A hundred prices during a session leave the one that it sees and the one that stands."""
    play = market("snapshot")
    play.later(1)
    play.done(play.commands.open())
    for number in range(2, 102):
        play.later(10)
        play.done(play.commands.publish("of-1", number, rate_nano=number))
    rows = dict(play.markets.dump())
    revisions = rows["offer", "voice-eu", "acme", "of-1"].revisions  # type: ignore[union-attr]  # an offer
    assert [each.revision for each in revisions] == [1, 100, 101]


def test_capacity_is_live_in_a_snapshot() -> None:
    """What another session bought is gone for all."""
    play = Play(policy="snapshot")
    play.done(play.commands.publish("of-1", capacity_minutes=150))
    play.later(1)
    play.done(play.commands.open("s-1"), play.commands.open("s-2"))
    play.done(play.commands.request("r-1", "s-1"), play.commands.request("r-2", "s-2"))
    play.sold(play.commands.accept("a-1", "s-1", "r-1"))
    late = play.commands.accept("a-2", "s-2", "r-2")
    assert play.refusal(late) is Refusal.CAPACITY_EXHAUSTED


# Reading


def test_pages_of_the_book_are_whole_and_of_one_state() -> None:
    """Every offer once, in order, at any page size; an offer for others is its provider's alone."""
    play = Play()
    for number in range(7):
        play.done(play.commands.publish(f"of-{number}", deck=str(number), provider="acme"))
    play.done(play.commands.publish("mine", provider="umbrella", audience=("globex",)))
    for size in (1, 3, 7, 8):
        read: list[str] = []
        after: str | None = None
        while True:
            page = play.answer(play.commands.read(most=size, after=after))
            assert isinstance(page, BookRead)
            read += [entry.offer_id for entry in page.entries]
            after = page.next
            if after is None:
                break
        assert read == [f"of-{number}" for number in range(7)]
    own = [entry.offer_id for entry in book(play, "umbrella").entries]
    assert own == [*(f"of-{number}" for number in range(7)), "mine"]


# Control


def test_a_paused_market_trades_nothing_and_goes_on_where_it_was() -> None:
    """Sessions can be ended and outcomes asked; deadlines run on."""
    play = market("open")
    play.done(play.commands.open(), play.commands.request(), play.commands.accept("a-1"))
    play.done(play.commands.control("pause"))
    for command in (
        play.commands.publish("of-9"),
        play.commands.open("s-2"),
        play.commands.request("r-2"),
        play.commands.accept("a-2"),
        play.commands.read(),
    ):
        assert play.refusal(command) is Refusal.MARKET_PAUSED
    assert play.refusal(play.commands.outcome("a-1")) is None
    play.done(play.commands.control("resume"))
    play.sold(play.commands.accept("a-2"))


def test_a_closed_market_ends_its_sessions_and_stays_closed() -> None:
    """Every buyer hears; what was confirmed stays; nothing opens it again."""
    play = market("open")
    play.done(play.commands.open("s-1"), play.commands.open("s-2", buyer="hooli"))
    _, *told = play.decide(play.commands.control("close"))
    ended = [each.event for each in told if isinstance(each.event, SessionEnded)]
    assert [each.recipient for each in told] == ["globex", "hooli"]
    assert [each.ended_by for each in ended] == ["operator", "operator"]
    assert [each.reason for each in ended] == ["terminated", "terminated"]
    assert play.refusal(play.commands.control("resume")) is Refusal.MARKET_CLOSED
    assert play.refusal(play.commands.request()) is Refusal.MARKET_CLOSED


def test_a_suspended_provider_neither_acts_nor_sells() -> None:
    """Its offers are neither shown nor sold, also where they were shown before."""
    play = market("open")
    play.done(play.commands.request("r-1", None))
    play.done(play.commands.control("suspend", "acme"))
    assert play.refusal(play.commands.publish("of-9")) is Refusal.SUSPENDED
    assert play.shown(play.commands.request("r-2", None)) == []
    assert play.refusal(play.commands.accept("a-1", None, "r-1")) is Refusal.OFFER_GONE
    play.done(play.commands.control("readmit", "acme"))
    play.sold(play.commands.accept("a-2", None, "r-1"))


def test_what_a_suspended_provider_stored_is_still_read() -> None:
    """Suspension is of trade: the stored set is as it was, and its pages go on."""
    play = market("open")
    first = play.answer(play.commands.read(most=1))
    assert isinstance(first, BookRead)
    play.done(play.commands.control("suspend", "acme"))
    second = play.answer(play.commands.read(provider="initech", after=first.next))
    assert isinstance(second, BookRead)
    assert [entry.offer_id for entry in (*first.entries, *second.entries)] == ["of-1", "of-2"]


def test_a_new_policy_waits_for_the_open_sessions_and_lets_none_in() -> None:
    """It comes into force with the last session's end, by time too."""
    play = market("open")
    play.done(play.commands.open(ttl_seconds=10))
    play.done(play.commands.control("policy", "sealed"))
    assert play.refusal(play.commands.open("s-2")) is Refusal.POLICY_CHANGING
    assert names(play) == ["of-1", "of-2"], "the old one is in force"
    play.later(10_000)
    play.done(play.commands.open("s-2"))
    assert play.refusal(play.commands.read()) is Refusal.BOOK_SEALED


def test_a_new_policy_is_in_force_at_once_where_no_session_is_open() -> None:
    """Said again it changes nothing; what is no policy is refused."""
    play = market("open")
    (first,) = play.decide(play.commands.control("policy", "guarded"))
    (again,) = play.decide(play.commands.control("policy", "guarded"))
    assert (first.repeat, again.repeat) == (False, True)
    assert play.refusal(play.commands.control("policy", "shut")) is Refusal.MALFORMED
    assert isinstance(play.answer(play.commands.publish("of-1", 2)), ChangeTaken)


def test_only_the_operator_controls_a_market() -> None:
    """A participant that tries is refused."""
    play = market("open")
    refused = play.answer(play.commands.control("close", participant="acme"))
    assert isinstance(refused, EventRefused)
    assert refused.refusal is Refusal.NOT_ALLOWED


@pytest.mark.parametrize("policy", ["guarded", "sealed", "snapshot"])
def test_a_market_put_together_from_its_rows_goes_on_as_it_was(policy: str) -> None:
    """What waits, what was shown and what is withheld are rows like all else, in any order."""
    play = market(policy)
    play.later(1)
    play.done(play.commands.open(), play.commands.request())
    play.done(play.commands.publish("of-1", 2, rate_nano=CHEAPER), play.commands.accept())
    rows = list(play.markets.dump())
    play.markets = Markets.restore(reversed(rows))
    before = Markets.restore(rows)
    close = play.commands.close()
    assert play.decide(close) == before.apply(close, play.now_ms, play.offset)
    assert price(play, "r-2", None) == "0.005" or policy == "snapshot"


def test_however_often_a_shown_offer_is_changed_its_row_stays_small() -> None:
    """Of a thousand prices that wait only the last one does; the wait counts from the first."""
    play = market("sealed", max_deferral_seconds=100)
    play.done(play.commands.open(ttl_seconds=60), play.commands.request())
    for number in range(2, 1002):
        play.done(play.commands.publish("of-1", number, rate_nano=number))
    rows = dict(play.markets.dump())
    row = rows["offer", "voice-eu", "acme", "of-1"]
    assert [each.revised.revision for each in row.deferred] == [1001]  # type: ignore[union-attr]  # an offer
    play.later(59_000)
    play.done(play.commands.publish("of-1", 1002, rate_nano=7))
    assert play.refusal(play.commands.open("s-2", 42)) is Refusal.CHANGES_WAITING
    play.later(1_000)
    assert price(play, "r-2", None) == "0.000000007"
