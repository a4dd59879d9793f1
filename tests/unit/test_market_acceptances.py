"""Acceptances: one shown offer, as it was shown, while it may be, whole or not at all."""

import pytest

from strowger.contract.outbound import EventRefused
from strowger.contract.refusals import Refusal
from strowger.contract.sales import AcceptanceConfirmed, OfferSold
from tests.playing import Play


@pytest.fixture
def play() -> Play:
    """Give a market with an offer of 250 minutes, an open session, and a request for 100."""
    play = Play(match_validity_seconds=60)
    play.done(play.commands.publish(capacity_minutes=250))
    play.done(play.commands.open(ttl_seconds=3600), play.commands.request())
    return play


def test_a_sale_is_told_to_buyer_and_provider(play: Play) -> None:
    """The buyer gets the contract; the provider the same contract and what is left to sell."""
    confirmed, sold = play.decide(play.commands.accept())
    assert isinstance(confirmed.event, AcceptanceConfirmed)
    assert isinstance(sold.event, OfferSold)
    assert (confirmed.role, confirmed.recipient) == ("answer", "globex")
    assert (sold.role, sold.recipient, sold.event.buyer) == ("notice", "acme", "globex")
    assert sold.event.contract_id == confirmed.event.contract_id
    assert (sold.event.quantity, sold.event.remaining) == (100, 150)
    assert (confirmed.event.quantity, confirmed.event.provider) == (100, "acme")


def test_an_unlimited_offer_has_no_remainder() -> None:
    """A provider without a capacity is told no figure."""
    play = Play()
    play.done(play.commands.publish(), play.commands.request(session_id=None))
    _, sold = play.decide(play.commands.accept(session_id=None))
    assert isinstance(sold.event, OfferSold)
    assert sold.event.remaining is None


def test_every_sale_has_a_contract_of_its_own(play: Play) -> None:
    """Two acceptances of one match are two contracts, under two ids."""
    first = play.sold(play.commands.accept("a-1"))
    second = play.sold(play.commands.accept("a-2"))
    assert first.contract_id != second.contract_id


def test_a_pool_never_sells_more_than_it_holds(play: Play) -> None:
    """The third hundred minutes of 250 are refused, with what is left."""
    play.done(play.commands.accept("a-1"), play.commands.accept("a-2"))
    answer = play.answer(play.commands.accept("a-3"))
    assert isinstance(answer, EventRefused)
    assert answer.refusal is Refusal.CAPACITY_EXHAUSTED
    assert answer.message.startswith("50 minutes are left")


def test_the_provider_is_not_told_of_a_refused_acceptance(play: Play) -> None:
    """A refusal is between the exchange and the buyer."""
    play.done(play.commands.close())
    (refused,) = play.decide(play.commands.accept())
    assert refused.recipient == "globex"


def test_a_request_that_was_never_made_sells_nothing(play: Play) -> None:
    """An acceptance that overtook its request may be sent again."""
    accept = play.commands.accept(request_id="r-9")
    assert play.refusal(accept) is Refusal.REQUEST_UNKNOWN
    play.done(play.commands.request("r-9"))
    assert play.refusal(accept) is None


def test_another_buyers_request_is_unknown(play: Play) -> None:
    """A request's id means nothing to whoever did not make it."""
    play.done(play.commands.open(buyer="hooli"))
    assert play.refusal(play.commands.accept(buyer="hooli")) is Refusal.REQUEST_UNKNOWN


def test_a_request_is_accepted_in_its_own_session(play: Play) -> None:
    """Neither in another session of the same buyer, nor without one."""
    play.done(play.commands.open("s-2"), play.commands.request("r-alone", None))
    assert play.refusal(play.commands.accept("a-1", "s-2")) is Refusal.OTHER_SESSION
    assert play.refusal(play.commands.accept("a-2", None)) is Refusal.OTHER_SESSION
    alone = play.commands.accept("a-3", "s-1", "r-alone")
    assert play.refusal(alone) is Refusal.OTHER_SESSION


def test_an_offer_that_was_not_shown_is_not_sold(play: Play) -> None:
    """Not one published later, nor another revision or provider of one that was shown."""
    play.done(play.commands.publish("of-late"))
    for number, accept in enumerate(
        (
            play.commands.accept("a-0", offer_id="of-late"),
            play.commands.accept("a-1", revision=2),
            play.commands.accept("a-2", provider="initech"),
        )
    ):
        assert play.refusal(accept) is Refusal.NOT_SHOWN, number


def test_an_offer_cut_off_by_max_matches_was_not_shown(play: Play) -> None:
    """What is past the number that was asked for cannot be accepted, though it was able."""
    play.done(play.commands.publish("of-2", rate_nano=99_000_000))
    assert play.matched(play.commands.request("r-2", max_matches=1)).able == 2
    accept = play.commands.accept(request_id="r-2", offer_id="of-2")
    assert play.refusal(accept) is Refusal.NOT_SHOWN


def test_a_replaced_offer_is_refused_as_changed(play: Play) -> None:
    """The revision that was shown stands no more, whatever changed in it."""
    play.done(play.commands.publish(revision=2, capacity_minutes=250))
    answer = play.answer(play.commands.accept("a-1"))
    assert isinstance(answer, EventRefused)
    assert answer.refusal is Refusal.OFFER_CHANGED
    assert answer.message.startswith("revision 2 stands now")
    play.done(play.commands.request("r-2"))
    play.sold(play.commands.accept("a-2", request_id="r-2", revision=2))


def test_a_withdrawn_offer_is_refused_as_gone(play: Play) -> None:
    """A withdrawal takes effect at once, also for those who were shown the offer."""
    play.done(play.commands.withdraw())
    assert play.refusal(play.commands.accept()) is Refusal.OFFER_GONE


def test_an_offer_withdrawn_and_published_again_has_changed(play: Play) -> None:
    """It stands again at another revision than was shown."""
    play.done(play.commands.withdraw(revision=2), play.commands.publish(revision=3))
    assert play.refusal(play.commands.accept()) is Refusal.OFFER_CHANGED


def test_a_match_without_a_session_is_valid_up_to_the_last_millisecond(play: Play) -> None:
    """One millisecond before its validity has passed it is sold."""
    play.done(play.commands.request("r-2", None))
    play.later(59_999)
    play.sold(play.commands.accept("a-1", None, "r-2"))


def test_a_match_without_a_session_expires(play: Play) -> None:
    """Just when its validity has passed it is refused."""
    play.done(play.commands.request("r-2", None))
    play.later(60_000)
    assert play.refusal(play.commands.accept("a-1", None, "r-2")) is Refusal.MATCH_EXPIRED


def test_an_acceptance_needs_a_session_where_the_market_says_so() -> None:
    """A market of sessions sells nothing outside one."""
    play = Play(sessions="required")
    play.done(play.commands.publish(), play.commands.open(), play.commands.request())
    assert play.refusal(play.commands.accept("a-1", None)) is Refusal.SESSION_REQUIRED


def test_an_acceptance_that_overtook_its_session_may_be_sent_again() -> None:
    """The session is unknown until it is granted; then the same id is decided."""
    play = Play()
    accept = play.commands.accept()
    assert play.refusal(accept) is Refusal.SESSION_UNKNOWN
    play.done(play.commands.publish(), play.commands.open(), play.commands.request())
    assert play.refusal(accept) is None


def test_an_outcome_that_was_confirmed_is_told(play: Play) -> None:
    """Asked after the session's end, the contract is told as it was made; nothing is sold."""
    confirmed = play.sold(play.commands.accept())
    play.later(1000)
    play.done(play.commands.close())
    (told,) = play.decide(play.commands.outcome())
    assert isinstance(told.event, AcceptanceConfirmed)
    assert (told.repeat, told.recipient) == (True, "globex")
    assert told.event == confirmed.model_copy(update={"causation_id": told.event.causation_id})


def test_an_outcome_that_was_refused_is_told(play: Play) -> None:
    """The refusal that was final is given again, with its reason."""
    play.done(play.commands.withdraw())
    play.decide(play.commands.accept())
    told = play.answer(play.commands.outcome())
    assert isinstance(told, EventRefused)
    assert told.refusal is Refusal.OFFER_GONE
    assert told.subject == "acceptance a-1"


def test_an_outcome_of_nothing_is_unknown(play: Play) -> None:
    """Nothing was decided under the id; nor under another buyer's."""
    assert play.refusal(play.commands.outcome("a-9")) is Refusal.ACCEPTANCE_UNKNOWN
    play.done(play.commands.accept())
    assert play.refusal(play.commands.outcome(buyer="hooli")) is Refusal.ACCEPTANCE_UNKNOWN


def test_a_refusal_that_may_be_retried_is_no_outcome(play: Play) -> None:
    """An acceptance that may be sent again under its id has no final answer yet."""
    play.decide(play.commands.accept(request_id="r-9"))
    assert play.refusal(play.commands.outcome()) is Refusal.ACCEPTANCE_UNKNOWN
