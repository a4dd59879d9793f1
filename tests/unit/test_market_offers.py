"""Offers: a provider publishes, replaces and withdraws its own, and only its own."""

import pytest

from strowger.contract.outbound import OfferRemoved, OfferStored
from strowger.contract.refusals import Refusal
from strowger.market.rules import PAST_REVISIONS
from tests.playing import DAY_MS, Play


@pytest.fixture
def play() -> Play:
    """Give a market where requests need no session."""
    return Play()


def test_a_published_offer_is_stored_and_shown(play: Play) -> None:
    """What a provider publishes is acknowledged to it, and the next request is shown it."""
    (decision,) = play.decide(play.commands.publish("of-1", 7))
    assert isinstance(decision.event, OfferStored)
    assert (decision.recipient, decision.event.revision) == ("acme", 7)
    assert play.shown(play.commands.request(session_id=None)) == ["of-1"]


def test_a_greater_revision_replaces_an_offer(play: Play) -> None:
    """The next request is quoted the new price, once, at the new revision."""
    play.done(play.commands.publish("of-1", 1, rate_nano=10_000_000))
    play.done(play.commands.publish("of-1", 5, rate_nano=20_000_000))
    (match,) = play.matched(play.commands.request(session_id=None, minutes=60)).matches
    assert (match.revision, str(match.cost)) == (5, "1.200000000")


def test_a_new_revision_may_move_an_offer_to_another_dial_code(play: Play) -> None:
    """A replaced scope is out of force: the old code finds nothing, the new one finds the offer."""
    play.done(play.commands.publish("of-1", 1, prefix="44"))
    play.done(play.commands.publish("of-1", 2, prefix="33"))
    assert play.shown(play.commands.request("r-1", None)) == []
    assert play.shown(play.commands.request("r-2", None, destination="33140000000")) == ["of-1"]


def test_a_withdrawn_offer_is_shown_no_more(play: Play) -> None:
    """A withdrawal is acknowledged, and the next request is not shown the offer."""
    play.done(play.commands.publish("of-1", 1))
    assert isinstance(play.answer(play.commands.withdraw("of-1", 2)), OfferRemoved)
    assert play.shown(play.commands.request(session_id=None)) == []


def test_a_withdrawn_offer_may_be_published_again(play: Play) -> None:
    """A revision greater than the withdrawal's puts the offer back into the book."""
    play.done(play.commands.publish("of-1", 1), play.commands.withdraw("of-1", 2))
    play.done(play.commands.publish("of-1", 3))
    assert play.shown(play.commands.request(session_id=None)) == ["of-1"]


def test_only_its_own_provider_can_withdraw_an_offer(play: Play) -> None:
    """Another provider's withdrawal of the same id names no offer of its own."""
    play.done(play.commands.publish("of-1", 1))
    withdrawal = play.commands.withdraw("of-1", 2, provider="initech")
    assert play.refusal(withdrawal) is Refusal.OFFER_UNKNOWN
    assert play.shown(play.commands.request(session_id=None)) == ["of-1"]


def test_two_providers_may_use_the_same_offer_id(play: Play) -> None:
    """An offer's id is its provider's: a second provider's replaces nothing."""
    play.done(play.commands.publish("of-1", 5))
    play.done(play.commands.publish("of-1", 1, provider="initech"))
    matches = play.matched(play.commands.request(session_id=None)).matches
    assert [match.provider for match in matches] == ["acme", "initech"]


@pytest.mark.parametrize("revision", [1, 2, 4])
def test_a_smaller_revision_that_was_never_seen_is_stale(play: Play, revision: int) -> None:
    """A publication or withdrawal that comes too late changes nothing."""
    play.done(play.commands.publish("of-1", 5, rate_nano=50_000_000))
    assert play.refusal(play.commands.publish("of-1", revision)) is Refusal.STALE_REVISION
    assert play.refusal(play.commands.withdraw("of-1", revision)) is Refusal.STALE_REVISION
    (match,) = play.matched(play.commands.request(session_id=None)).matches
    assert match.revision == 5


def test_the_same_revision_with_the_same_content_is_answered_again(play: Play) -> None:
    """A redelivered publication is acknowledged as a repeat, and nothing changes."""
    play.done(play.commands.publish("of-1", 1), play.commands.publish("of-2", 1))
    (again,) = play.decide(play.commands.publish("of-1", 1))
    assert isinstance(again.event, OfferStored)
    assert (again.repeat, again.event.revision) == (True, 1)
    assert play.shown(play.commands.request(session_id=None)) == ["of-1", "of-2"], "rank is kept"


def test_a_replaced_revision_is_still_known(play: Play) -> None:
    """A redelivery of a revision since replaced is acknowledged, and does not come back."""
    play.done(play.commands.publish("of-1", 1, rate_nano=1), play.commands.publish("of-1", 2))
    play.done(play.commands.withdraw("of-1", 3), play.commands.publish("of-1", 4))
    for known in (
        play.commands.publish("of-1", 1, rate_nano=1),
        play.commands.publish("of-1", 2),
        play.commands.withdraw("of-1", 3),
    ):
        (again,) = play.decide(known)
        assert again.repeat
        assert again.event.type in {"offer-stored", "offer-removed"}
    (match,) = play.matched(play.commands.request(session_id=None)).matches
    assert match.revision == 4


def test_the_same_revision_with_other_content_is_refused(play: Play) -> None:
    """One revision means one content, of the standing revision and of replaced ones."""
    play.done(play.commands.publish("of-1", 1), play.commands.publish("of-1", 2))
    for revision in (1, 2):
        other = play.commands.publish("of-1", revision, rate_nano=99)
        assert play.refusal(other) is Refusal.ID_REUSED
        assert play.refusal(play.commands.withdraw("of-1", revision)) is Refusal.ID_REUSED


def test_a_withdrawals_revision_cannot_publish(play: Play) -> None:
    """The revision that withdrew an offer does not store one."""
    play.done(play.commands.publish("of-1", 1), play.commands.withdraw("of-1", 2))
    assert play.refusal(play.commands.publish("of-1", 2)) is Refusal.ID_REUSED


def test_revisions_replaced_long_ago_are_just_stale(play: Play) -> None:
    """The sixteen revisions replaced last are known; an older one is refused, never applied."""
    for revision in range(1, PAST_REVISIONS + 3):
        play.done(play.commands.publish("of-1", revision))
    assert play.refusal(play.commands.publish("of-1", 2)) is None
    assert play.refusal(play.commands.publish("of-1", 1)) is Refusal.STALE_REVISION


def test_a_stale_publication_stays_stale_when_it_is_redelivered_a_day_later(play: Play) -> None:
    """A withdrawn offer is remembered for as long as an event that it answered may come again."""
    play.done(play.commands.publish(revision=5), play.commands.withdraw(revision=6))
    play.later(DAY_MS)
    stale = play.commands.publish(revision=4)
    sent_at_ms = play.now_ms
    assert play.refusal(stale, sent_at_ms=sent_at_ms) is Refusal.STALE_REVISION
    play.later(DAY_MS - 1)
    assert play.refusal(stale, sent_at_ms=sent_at_ms) is Refusal.STALE_REVISION


def test_what_was_sold_survives_a_new_revision(play: Play) -> None:
    """The new capacity is what can be sold in all, counting what was sold before."""
    play.done(play.commands.publish("of-1", 1, capacity_minutes=100))
    _sell(play, "1", revision=1, minutes=80)
    play.done(play.commands.publish("of-1", 2, capacity_minutes=120))
    assert play.shown(play.commands.request("r-41", None, minutes=41)) == []
    assert play.shown(play.commands.request("r-40", None, minutes=40)) == ["of-1"]


def test_what_was_sold_survives_withdrawal_and_publishing_again(play: Play) -> None:
    """Withdrawing an offer does not fill its pool up again."""
    play.done(play.commands.publish("of-1", 1, capacity_minutes=100))
    _sell(play, "1", revision=1, minutes=80)
    play.done(play.commands.withdraw("of-1", 2))
    play.done(play.commands.publish("of-1", 3, capacity_minutes=100))
    assert play.shown(play.commands.request("r-21", None, minutes=21)) == []
    assert play.shown(play.commands.request("r-20", None, minutes=20)) == ["of-1"]


def test_a_capacity_below_what_was_sold_sells_nothing(play: Play) -> None:
    """A provider may shrink its pool; the sales stand, and nothing is left."""
    play.done(play.commands.publish("of-1", 1, capacity_minutes=100))
    _sell(play, "1", revision=1, minutes=80)
    play.done(play.commands.publish("of-1", 2, capacity_minutes=50))
    assert play.shown(play.commands.request("r-1m", None, minutes=1)) == []


def test_an_offer_in_another_currency_is_refused(play: Play) -> None:
    """A market trades in one currency, so that ranks compare."""
    dollars = play.commands.publish(currency="USD")
    assert play.refusal(dollars) is Refusal.CURRENCY_MISMATCH
    play.done(play.commands.publish(currency="EUR"))


def _sell(play: Play, number: str, *, revision: int, minutes: int) -> None:
    play.done(play.commands.request(f"r-{number}", None, minutes=minutes))
    play.done(play.commands.accept(f"a-{number}", None, f"r-{number}", revision=revision))
