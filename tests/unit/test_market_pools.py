"""Capacity: of one offer, of a pool that offers share, by the month, and in channels."""

from strowger.contract.refusals import Refusal
from strowger.contract.sales import AcceptanceConfirmed, OfferSold
from tests.playing import DAY_MS, Play
from tests.services import ethernet, ethernet_need, internet, internet_need, voice, voice_need


def shared(**capacity: int | str | None) -> Play:
    """Give a market with two offers that share a pool."""
    play = Play()
    play.done(play.commands.capacity("uk", **capacity))  # type: ignore[arg-type]  # its own keywords
    play.done(play.commands.publish("of-1", pool="uk"))
    play.done(play.commands.publish("of-2", pool="uk", rate_nano=20_000_000))
    return play


def remaining(play: Play, number: int, offer_id: str = "of-1") -> int | None:
    """Ask for 100 minutes and buy them of an offer; give what the notice says is left."""
    play.done(play.commands.request(f"r-{number}", None))
    command = play.commands.accept(f"a-{number}", None, f"r-{number}", offer_id=offer_id)
    sold, notice = play.decide(command)
    assert isinstance(sold.event, AcceptanceConfirmed), sold.event
    assert isinstance(notice.event, OfferSold)
    return notice.event.remaining


def test_offers_sell_from_their_pool_together() -> None:
    """What one sells, the other has no more."""
    play = shared(units=250)
    assert remaining(play, 1, "of-1") == 150
    assert remaining(play, 2, "of-2") == 50
    answer = play.matched(play.commands.request("r-3", None))
    assert answer.matches == ()
    told = [(each.clause, each.asked, each.offered, each.short_by) for each in answer.near_misses]
    assert told == [("capacity", "100", "50", "50")] * 2


def test_two_shown_and_room_for_one_sells_one() -> None:
    """Whoever comes second hears what is left."""
    play = shared(units=150)
    play.done(play.commands.request("r-1", None))
    play.sold(play.commands.accept("a-1", None, "r-1", offer_id="of-1"))
    late = play.commands.accept("a-2", None, "r-1", offer_id="of-2")
    assert play.refusal(late) is Refusal.CAPACITY_EXHAUSTED


def test_a_pool_by_the_month_holds_anew_each_month() -> None:
    """At the first millisecond of a calendar month (UTC) all of it is there again."""
    play = shared(units=100, period="month")
    assert remaining(play, 1) == 0
    assert play.shown(play.commands.request("r-2", None)) == []
    play.later(10 * DAY_MS)  # noon of 21 September 2026 and ten days
    assert remaining(play, 3) == 0


def test_a_pool_may_come_to_count_by_the_month_or_for_good() -> None:
    """A revision counts by its own period what was sold before, whatever the period was then."""
    play = shared(units=150)
    assert remaining(play, 1) == 50
    play.done(play.commands.capacity("uk", 2, units=150, period="month"))
    assert play.shown(play.commands.request("r-2", None)) == [], "100 were sold this month"
    play.later(10 * DAY_MS)
    assert remaining(play, 3) == 50
    play.done(play.commands.capacity("uk", 3, units=250))
    assert play.shown(play.commands.request("r-4", None)) == [], "200 were sold in all"


def test_what_was_sold_survives_a_pools_revision() -> None:
    """A pool shrunk below what is sold has nothing left; grown again, the difference."""
    play = shared(units=300)
    assert remaining(play, 1) == 200
    play.done(play.commands.capacity("uk", 2, units=50))
    assert play.shown(play.commands.request("r-2", None)) == []
    play.done(play.commands.capacity("uk", 3, units=200))
    assert remaining(play, 3) == 0


def test_a_pools_revisions_are_known_for_what_they_are() -> None:
    """The same again changes nothing, other content and older numbers are refused."""
    play = shared(units=300)
    (again,) = play.decide(play.commands.capacity("uk", 1, units=300))
    assert again.repeat
    assert play.refusal(play.commands.capacity("uk", 1, units=301)) is Refusal.ID_REUSED
    play.done(play.commands.capacity("uk", 5, units=300))
    assert play.refusal(play.commands.capacity("uk", 4, units=300)) is Refusal.STALE_REVISION


def test_channels_are_counted_beside_minutes() -> None:
    """A pool of 10 channels has room for one request of 6, not for two."""
    play = shared(units=None, channels=10)
    need = voice_need(channels=6)
    play.done(play.commands.ask("r-1", None, need))
    play.sold(play.commands.accept("a-1", None, "r-1"))
    (miss, _) = play.matched(play.commands.ask("r-2", None, need)).near_misses
    assert (miss.clause, miss.asked, miss.offered) == ("channels", "6", "4")


def test_a_pool_is_its_providers_own() -> None:
    """Another provider's pool of the same name is not the offer's."""
    play = shared(units=300)
    theirs = play.commands.publish("of-9", provider="umbrella", pool="uk")
    assert play.refusal(theirs) is Refusal.POOL_UNKNOWN


def test_the_less_of_offer_and_pool_counts() -> None:
    """An offer with minutes of its own sells no more than these, and no more than the pool."""
    play = Play()
    play.done(play.commands.capacity("uk", units=500))
    play.done(play.commands.offer(service=voice(capacity_minutes=150), pool="uk"))
    assert remaining(play, 1) == 50


def test_an_internet_sale_takes_its_commit_and_a_line_its_rate() -> None:
    """Mbit/s are committed once, for the contract."""
    play = Play()
    play.done(play.commands.offer("net", service=internet(commit_mbps=300, capacity_mbps=500)))
    play.done(play.commands.offer("line", service=ethernet(capacity_mbps=150)))
    play.done(play.commands.ask("r-1", None, internet_need(p95_mbps=100)))
    assert play.sold(play.commands.accept("a-1", None, "r-1", offer_id="net")).quantity == 300
    assert play.shown(play.commands.ask("r-2", None, internet_need(p95_mbps=100))) == []
    play.done(play.commands.ask("r-3", None, ethernet_need(cir_mbps=100)))
    assert play.sold(play.commands.accept("a-3", None, "r-3", offer_id="line")).quantity == 100
    assert play.shown(play.commands.ask("r-4", None, ethernet_need(cir_mbps=100))) == []
