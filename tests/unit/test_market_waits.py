"""What waits for sessions to end tells nothing, is not lost, and is told as what it is."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
import pytest

from strowger.contract.book import BookRead
from strowger.contract.fields import to_millis
from strowger.contract.outbound import OfferStored, SessionEnded
from strowger.contract.refusals import Refusal
from tests.playing import DAY_MS, Play


def test_what_waits_is_not_forgotten_with_a_withdrawn_offer() -> None:
    """A row that is due to be forgotten stays while a change of it waits."""
    play = Play(policy="sealed", max_ttl_seconds=86_400)
    play.done(play.commands.publish(), play.commands.withdraw())
    play.later(DAY_MS - 600_000)
    play.done(play.commands.open(ttl_seconds=3600), play.commands.publish("of-1", 3))
    play.later(3_599_999)
    play.decide(play.commands.outcome())
    play.later(1)
    assert play.shown(play.commands.request("r-1", None)) == ["of-1"]


def test_no_session_outlasts_the_wait_of_a_change_taken_as_it_opens() -> None:
    """Where the limit is less than the longest session, it is the limit that holds."""
    play = Play(policy="sealed", max_ttl_seconds=60, max_deferral_seconds=30)
    assert play.refusal(play.commands.open(ttl_seconds=31)) is Refusal.CHANGES_WAITING
    play.done(play.commands.open(ttl_seconds=30))


def test_a_sale_told_late_is_decided_when_it_is_told() -> None:
    """Its event keeps the time of the sale; the decisions of a market never step back in time."""
    play = Play(policy="guarded")
    play.done(play.commands.publish(), play.commands.open(), play.commands.request())
    sold = play.sold(play.commands.accept())
    play.later(1000)
    closed, *told = play.decide(play.commands.close())
    assert [each.event.at for each in told] == [sold.at, sold.at]
    assert [each.at for each in told] == [closed.at, closed.at]


def test_what_a_closing_market_tells_of_two_buyers_is_told_apart() -> None:
    """Their own event ids may be the same; readers drop an event id that they have seen."""
    play = Play(policy="guarded")
    play.done(play.commands.publish())
    for buyer in ("globex", "hooli"):
        play.done(
            play.commands.open(buyer=buyer),
            play.commands.request(buyer=buyer),
            msgspec.structs.replace(play.commands.accept(buyer=buyer), causation_id="e-1"),
        )
    told = play.decide(play.commands.control("close"))
    assert len({each.event_id for each in told}) == len(told) == 1 + 2 * 3
    assert sum(isinstance(each.event, SessionEnded) for each in told) == 2


@pytest.mark.parametrize("ahead_ms", [1, 10**6, 10**18, -(10**13)])
def test_a_continuation_made_by_hand_reads_no_other_time(ahead_ms: int) -> None:
    """What is scheduled is not to be read before it is in force, however one asks."""
    play = Play()
    play.done(play.commands.publish(), play.commands.publish("of-2", deck="other"))
    page = play.answer(play.commands.read(most=1))
    assert isinstance(page, BookRead)
    assert page.next
    sequence, as_of_ms, *place = msgspec.json.decode(urlsafe_b64decode(page.next + "=="))
    made = msgspec.json.encode([sequence, as_of_ms + ahead_ms, *place])
    asked = play.commands.read(after=urlsafe_b64encode(made).decode().rstrip("="))
    assert play.refusal(asked) is Refusal.CONTINUATION_INVALID


@pytest.mark.parametrize("shown", [False, True])
def test_pages_do_not_tell_whether_a_change_waits(shown: bool) -> None:  # noqa: FBT001 - a parameter
    """A taken change refuses the next page of an older state, in force or not."""
    play = Play(policy="guarded")
    for number in range(3):
        play.done(play.commands.publish(f"of-{number}", deck=str(number)))
    play.done(play.commands.open())
    page = play.answer(play.commands.read(most=1))
    assert isinstance(page, BookRead)
    if shown:
        play.done(play.commands.request())
    play.done(play.commands.publish("of-0", 2, deck="0", rate_nano=1))
    assert play.refusal(play.commands.read(after=page.next)) is Refusal.BOOK_CHANGED


def test_a_continuation_tells_nothing_of_what_buyers_do() -> None:
    """It is the same, however many commands the market has decided in sessions."""
    pages = []
    for requests in (0, 7):
        play = Play(policy="guarded")
        play.done(play.commands.publish("of-1"), play.commands.open())
        for number in range(requests):
            play.done(play.commands.request(f"r-{number}", destination="33140000000"))
        play.done(play.commands.publish("of-2", deck="other"))
        page = play.answer(play.commands.read(most=1))
        assert isinstance(page, BookRead)
        pages.append(page.next)
    assert pages[0] == pages[1]


def test_what_was_overtaken_while_it_waited_is_dated_by_the_release() -> None:
    """Told again under a policy that tells of effects: never in force, and over with the others."""
    play = Play(policy="guarded")
    make = play.commands
    overtaken = make.publish(revision=2)
    play.done(make.publish(), make.open(), make.request(), overtaken, make.publish(revision=3))
    play.later(5_000)
    play.done(make.close(), make.control("policy", "open"))
    released_ms = play.now_ms
    play.later(1_000)
    told = play.answer(overtaken)
    assert isinstance(told, OfferStored)
    assert to_millis(told.effective_at) == released_ms
