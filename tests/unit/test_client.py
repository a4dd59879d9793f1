import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from strowger.client import BuyerClient, ClientError, Matches, NoticesLost, ProviderClient, Wishes
from strowger.client.identifiers import fresh, fresh_acceptance, market_of
from strowger.client.notices import Notices
from strowger.client.session import continuation
from strowger.client.wishes import demanded
from strowger.contract.fields import REFERENCE_PATTERN
from strowger.contract.inbound import RequestSubmitted
from strowger.contract.internet import InternetDemand
from strowger.contract.matches import Match
from strowger.contract.outbound import SessionEnded
from strowger.contract.voice import VoiceDemand
from tests.answers import asked, match, matched

AT = datetime(2026, 1, 31, tzinfo=UTC)


def ended(session_id: str) -> SessionEnded:
    """Make the notice of a session that timed out."""
    return SessionEnded(
        market="voice", causation_id="e-1", at=AT, session_id=session_id, reason="timed_out"
    )


def test_an_acceptance_id_fits_a_reference_in_the_market_of_the_longest_name() -> None:
    """The longest market id leaves room for an id that is unique and names it."""
    market = "m" * 48

    made = fresh_acceptance(market)

    assert re.fullmatch(REFERENCE_PATTERN, made)
    assert market_of(made) == market


def test_ids_are_unique_and_tell_the_order_of_their_making() -> None:
    """Ids never repeat, and those of different milliseconds sort by time."""
    made = [fresh() for _ in range(1000)]

    assert len(set(made)) == 1000
    assert [each[:12] for each in made] == sorted(each[:12] for each in made)


def test_an_id_from_elsewhere_names_no_market() -> None:
    """An id that the buyer chose itself is never taken apart."""
    assert market_of("order-4711") is None


async def test_an_outcome_needs_a_market_where_the_id_names_none() -> None:
    """Asking about an id of one's own making without its market fails before anything is sent."""
    with pytest.raises(ValueError, match="names no market"):
        await BuyerClient("globex", bootstrap="localhost:1").outcome("order-4711")


async def test_a_client_outside_its_block_says_how_it_is_used() -> None:
    """A client that is not connected says so instead of waiting for its timeout."""
    with pytest.raises(ClientError, match="async with"):
        await ProviderClient("acme", bootstrap="localhost:1").withdraw("voice", "uk")


def test_a_revision_is_always_greater_than_the_last() -> None:
    """Two changes within a millisecond still come in order."""
    provider = ProviderClient("acme", bootstrap="localhost:1")

    revisions = [provider.next_revision() for _ in range(1000)]

    assert revisions == sorted(set(revisions))


def test_matches_are_a_sequence_in_rank_order() -> None:
    """What was shown can be counted, sliced and walked, and carries what accepting takes."""
    event = matched(match(1, "acme"), match(2, "initech"), able=7)
    matches = Matches(event, asked())

    assert (len(matches), matches.able, matches.currency) == (2, 7, "EUR")
    assert [shown.provider for shown in matches] == ["acme", "initech"]
    assert [shown.rank for shown in matches[1:]] == [2]
    assert (matches[0].request_id, matches[0].session_id) == ("r-1", "s-1")


def test_a_shown_offer_carries_all_that_its_match_says() -> None:
    """Whatever the exchange says of a match, a buyer's code can read off the shown offer."""
    told = match(
        currency="USD",
        ranking_cost=Decimal("0.0115"),
        firmness="budgetary",
        term_months=12,
        renewal_assumed=True,
        undetermined=("asr_percent",),
    )
    (shown,) = Matches(matched(told), asked())

    assert {name: getattr(shown, name) for name in Match.model_fields} == dict(told)


def test_a_service_is_asked_for_as_a_model_or_as_minutes_to_a_number() -> None:
    """The short form is voice; any family goes as its model; both at once, or neither, is wrong."""
    short = demanded(None, "+442079460123", 10, 60)
    transit = InternetDemand(place="GB/LON", expected_p95_mbps=500)

    assert short == VoiceDemand(destination="+442079460123", minutes=10, call_seconds=60)
    assert demanded(transit, None, None, None) is transit
    with pytest.raises(TypeError, match="one of both"):
        demanded(transit, None, 10, None)
    with pytest.raises(TypeError, match="takes a service"):
        demanded(None, "+442079460123", None, None)


def test_every_wish_of_a_request_is_a_keyword() -> None:
    """What the contract lets a request say, the SDK lets a caller say, and nothing else."""
    ours = {"market", "request_id", "session_id", "service", "after"}

    assert set(Wishes.__annotations__) == set(RequestSubmitted.model_fields) - ours


def test_the_next_page_is_the_same_request_anew() -> None:
    """A page is asked for with the service and wishes of the one before, under a new id."""
    first = asked(max_matches=1, comparison_months=12)
    following = continuation(Matches(matched(match(), able=2, next="page-2"), first))

    changed = {name for name, value in following if value != getattr(first, name)}
    assert changed == {"request_id", "after"}
    assert following.after == "page-2"


def test_there_is_no_page_behind_the_last() -> None:
    """Asking on after the last page is told before anything is sent."""
    with pytest.raises(ValueError, match="nothing ranks behind"):
        continuation(Matches(matched(), asked()))


async def test_notices_come_in_order_and_end_with_their_client() -> None:
    """What was told before the end is still read, then the iteration ends."""
    notices = Notices()
    notices.put(ended("s-1"))
    notices.put(ended("s-2"))
    notices.end()

    assert [notice async for notice in notices] == [ended("s-1"), ended("s-2")]


async def test_notices_that_are_lost_are_counted_to_the_reader() -> None:
    """A reader that fell behind learns how many are gone, once, and goes on with the rest."""
    notices = Notices(capacity=2)
    for number in range(5):
        notices.put(ended(f"s-{number}"))

    with pytest.raises(NoticesLost) as lost:
        await anext(notices)

    assert lost.value.count == 3
    assert await anext(notices) == ended("s-3")


async def test_notices_end_with_the_reason_that_the_inbox_failed_for() -> None:
    """A reader of notices is never left waiting on an inbox that is read no more."""
    notices = Notices()
    notices.end(ClientError("gone"))

    with pytest.raises(ClientError, match="gone"):
        await anext(notices)
