"""Revisions with a time of their own: what stands when, and what notice a market wants."""

import pytest

from strowger.contract.fields import plain
from strowger.contract.normal import Step, Terms, Tier
from strowger.contract.outbound import OfferStored
from strowger.contract.refusals import Refusal
from tests.playing import DAY_MS, Play
from tests.services import ethernet, ethernet_need, sms, voice

HOUR_MS = 3_600_000


@pytest.fixture
def play() -> Play:
    """Give a market with an offer at 0.01."""
    play = Play(match_validity_seconds=3600)
    play.done(play.commands.publish())
    return play


def price(play: Play, request_id: str) -> str | None:
    """Ask for one minute; give the price of the one offer shown, if any is."""
    matches = play.matched(play.commands.request(request_id, None, near_misses=0)).matches
    return plain(matches[0].lines[0].price) if matches else None


def test_a_revision_is_in_force_from_its_millisecond_on(play: Play) -> None:
    """Until then the present one stands; what was shown of it can no more be accepted after."""
    later = play.commands.publish(revision=2, rate_nano=5, effective_at_ms=play.now_ms + HOUR_MS)
    stored = play.answer(later)
    assert isinstance(stored, OfferStored)
    assert stored.effective_at.timestamp() * 1000 == play.now_ms + HOUR_MS
    play.later(HOUR_MS - 1)
    assert price(play, "r-1") == "0.01"
    play.later(1)
    assert price(play, "r-2") == "0.000000005"
    assert play.refusal(play.commands.accept("a-1", None, "r-1")) is Refusal.OFFER_CHANGED


def test_one_sheet_flips_whole() -> None:
    """Every offer of a sheet changes at the same instant, without a command in between."""
    play = Play()
    at_ms = play.now_ms + HOUR_MS
    for number, prefix in enumerate(("44", "4420", "33")):
        name = f"of-{number}"
        play.done(play.commands.publish(name, prefix=prefix))
        play.done(play.commands.withdraw(name, effective_at_ms=at_ms))
    play.done(play.commands.publish("new", prefix="442", effective_at_ms=at_ms))
    assert play.shown(play.commands.request("r-1", None)) == ["of-1"]
    play.later(HOUR_MS)
    assert play.shown(play.commands.request("r-2", None)) == ["new"]


def test_a_greater_revision_drops_what_was_scheduled_for_then_or_later(play: Play) -> None:
    """The greatest number whose time has come stands; what it overtakes never does."""
    for revision, hours in ((2, 1), (3, 2), (4, 3)):
        at_ms = play.now_ms + hours * HOUR_MS
        play.done(
            play.commands.publish(revision=revision, rate_nano=revision, effective_at_ms=at_ms)
        )
    play.done(
        play.commands.publish(revision=5, rate_nano=5, effective_at_ms=play.now_ms + 2 * HOUR_MS)
    )
    seen = []
    for number in range(4):
        seen.append(price(play, f"r-{number}"))
        play.later(HOUR_MS)
    assert seen == ["0.01", "0.000000002", "0.000000005", "0.000000005"]


def test_a_dropped_revision_is_known_and_never_comes_back(play: Play) -> None:
    """Sent again it is answered as it was; its number is taken."""
    dropped = play.commands.publish(revision=2, effective_at_ms=play.now_ms + HOUR_MS)
    first = play.answer(dropped)
    play.done(play.commands.publish(revision=3, rate_nano=3))
    (again,) = play.decide(dropped)
    assert again.repeat
    assert again.event == first
    play.later(HOUR_MS)
    assert price(play, "r-1") == "0.000000003"
    other = play.commands.publish(revision=2, rate_nano=7)
    assert play.refusal(other) is Refusal.ID_REUSED


def test_a_scheduled_withdrawal_closes_the_offer_then(play: Play) -> None:
    """Until then it is sold, and long after it can be published anew."""
    play.done(play.commands.withdraw(effective_at_ms=play.now_ms + 3 * DAY_MS))
    play.later(3 * DAY_MS - 1)
    assert price(play, "r-1") == "0.01"
    play.later(1)
    assert play.refusal(play.commands.accept("a-1", None, "r-1")) is Refusal.OFFER_GONE
    assert price(play, "r-2") is None
    play.done(play.commands.publish(revision=3))
    assert price(play, "r-3") == "0.01"


def test_a_withdrawn_row_is_forgotten_only_after_its_closure(play: Play) -> None:
    """A closure far ahead keeps its row until the horizon behind it."""
    play.done(play.commands.withdraw(effective_at_ms=play.now_ms + 3 * DAY_MS))
    play.later(3 * DAY_MS)
    play.decide(play.commands.outcome())
    assert [key[0] for key, _ in play.markets.dump() if key[0] == "offer"] == ["offer"]
    play.later(DAY_MS + HOUR_MS)
    play.decide(play.commands.outcome())
    assert [key for key, _ in play.markets.dump() if key[0] == "offer"] == []


EUR = 1_000_000_000
OLD = ethernet(
    one_off_nano=EUR, recurring_nano=10 * EUR, steps=(Step(12, 9 * EUR, EUR), Step(24, 8 * EUR, 0))
)
INCREASES = [
    (voice(), voice(rate_nano=10_000_001)),
    (voice(), voice(connect_fee_nano=1)),
    (voice(), voice(minimum_seconds=2)),
    (voice(), voice(increment_seconds=2)),
    (voice(increment_seconds=60), voice(increment_seconds=45)),
    (voice(), voice(minimum_nano=1)),
    (voice(), voice(one_off_nano=1)),
    (voice(), voice(recurring_nano=1)),
    (voice(), voice(recurring_nano=None, steps=(Step(12, 0, 0),))),
    (OLD, ethernet(one_off_nano=EUR, recurring_nano=10 * EUR, steps=(Step(24, 8 * EUR, 0),))),
    (voice(), voice(tiers=(Tier(0, 10_000_000), Tier(5, 10_000_001)))),
    (
        voice(tiers=(Tier(0, 9), Tier(5, 3))),
        voice(tiers=(Tier(0, 9), Tier(6, 3))),
    ),
    (
        voice(tiers=(Tier(0, 9), Tier(5, 3))),
        voice(tiers=(Tier(0, 9), Tier(5, 3)), volume=True),
    ),
    (sms(delivered=True), sms()),
]
DECREASES = [
    (voice(), voice()),
    (voice(), voice(rate_nano=9_999_999)),
    (voice(increment_seconds=60), voice(increment_seconds=1)),
    (voice(), voice(tiers=(Tier(0, 10_000_000), Tier(5, 9)))),
    (voice(tiers=(Tier(0, 9), Tier(5, 3))), voice(tiers=(Tier(0, 9), Tier(4, 3)))),
    (OLD, ethernet(recurring_nano=EUR, steps=(Step(12, 0, 0), Step(24, 0, 0), Step(36, 0, 0)))),
    (sms(), sms(delivered=True)),
]


@pytest.mark.parametrize(("old", "new"), INCREASES)
def test_an_increase_needs_the_notice(old: Terms, new: Terms) -> None:
    """One millisecond short of it is refused; just the notice is taken."""
    play = Play(increase_notice_seconds=3600)
    play.done(play.commands.offer(service=old))
    short = play.commands.offer("of-1", 2, new, effective_at_ms=play.now_ms + HOUR_MS - 1)
    assert play.refusal(short) is Refusal.NOTICE_TOO_SHORT
    play.done(play.commands.offer("of-1", 2, new, effective_at_ms=play.now_ms + HOUR_MS))


@pytest.mark.parametrize(("old", "new"), DECREASES)
def test_a_decrease_may_be_immediate(old: Terms, new: Terms) -> None:
    """No price of it is greater: it needs no notice."""
    play = Play(increase_notice_seconds=3600, closure_notice_seconds=3600)
    play.done(play.commands.offer(service=old))
    play.done(play.commands.offer("of-1", 2, new))


def test_a_closure_needs_its_own_notice() -> None:
    """A withdrawal, another scope and another deck all close what was offered."""
    play = Play(closure_notice_seconds=3600)
    play.done(play.commands.publish())
    assert play.refusal(play.commands.withdraw()) is Refusal.NOTICE_TOO_SHORT
    moved = play.commands.publish(revision=2, prefix="33")
    assert play.refusal(moved) is Refusal.NOTICE_TOO_SHORT
    other = play.commands.publish(revision=2, deck="other")
    assert play.refusal(other) is Refusal.NOTICE_TOO_SHORT
    play.done(play.commands.withdraw(effective_at_ms=play.now_ms + HOUR_MS))


def test_what_few_can_buy_any_more_is_a_closure() -> None:
    """A price that no longer binds, and one for fewer buyers, are closed to somebody."""
    play = Play(closure_notice_seconds=3600)
    play.done(play.commands.publish(audience=("globex", "hooli")))
    for closed in (
        play.commands.publish(revision=2, audience=("globex",)),
        play.commands.publish(revision=2, audience=("globex", "initech")),
        play.commands.publish(revision=2, firmness="budgetary"),
    ):
        assert play.refusal(closed) is Refusal.NOTICE_TOO_SHORT
    play.done(play.commands.publish(revision=2, audience=("globex", "hooli", "initech")))
    play.done(play.commands.publish(revision=3))
    fewer = play.commands.publish(revision=4, audience=("globex", "hooli"))
    assert play.refusal(fewer) is Refusal.NOTICE_TOO_SHORT


def test_an_increase_cannot_hide_in_a_move() -> None:
    """Where closures need no notice, a dearer price on another deck or in another currency does."""
    play = Play(increase_notice_seconds=3600)
    play.done(play.commands.rates(USD=EUR), play.commands.publish())
    dearer = play.commands.publish(revision=2, deck="other", rate_nano=10_000_001)
    assert play.refusal(dearer) is Refusal.NOTICE_TOO_SHORT
    other = play.commands.publish(revision=2, currency="USD", rate_nano=1)
    assert play.refusal(other) is Refusal.NOTICE_TOO_SHORT
    play.done(play.commands.publish(revision=2, deck="other"))


def test_what_stands_then_is_what_an_increase_is_measured_by() -> None:
    """Back to today's price after a scheduled decrease is an increase over that."""
    play = Play(increase_notice_seconds=3600)
    play.done(play.commands.publish())
    play.done(play.commands.publish(revision=2, rate_nano=5, effective_at_ms=play.now_ms + 1000))
    back = play.commands.publish(revision=3, effective_at_ms=play.now_ms + 2000)
    assert play.refusal(back) is Refusal.NOTICE_TOO_SHORT


def test_a_new_offer_needs_no_notice() -> None:
    """Nothing stands that anybody relies on."""
    play = Play(increase_notice_seconds=3600, closure_notice_seconds=3600)
    play.done(play.commands.publish())
    play.done(play.commands.publish("of-2", effective_at_ms=play.now_ms + 10))
    play.done(play.commands.withdraw("of-2", effective_at_ms=play.now_ms + 5))
    assert play.shown(play.commands.ask("r-1", None, ethernet_need())) == []
