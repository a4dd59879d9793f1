import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from strowger.client import BuyerClient, ClientError, Matches, NoticesLost, ProviderClient
from strowger.client.identifiers import fresh, fresh_acceptance, market_of
from strowger.client.notices import Notices
from strowger.contract.fields import REFERENCE_PATTERN
from strowger.contract.outbound import Match, OffersMatched, SessionEnded
from strowger.contract.voice import VoiceCost, VoiceShown

AT = datetime(2026, 1, 31, tzinfo=UTC)


def ended(session_id: str) -> SessionEnded:
    """Make the notice of a session that timed out."""
    return SessionEnded(
        market="voice", causation_id="e-1", at=AT, session_id=session_id, reason="timed_out"
    )


def matched(*providers: str) -> OffersMatched:
    """Make an answer that shows an offer of each provider."""
    cost = VoiceCost(
        answered_calls=1,
        call_seconds=60,
        billed_seconds=60,
        rate_per_minute=Decimal("0.01"),
        connect_fee=Decimal(0),
    )
    return OffersMatched(
        market="voice",
        causation_id="e-1",
        at=AT,
        request_id="r-1",
        session_id="s-1",
        currency="EUR",
        able=7,
        matches=tuple(
            Match(
                rank=rank,
                provider=provider,
                offer_id="uk",
                revision=3,
                service=VoiceShown(prefix="44", deck="standard"),
                cost=Decimal("0.01"),
                breakdown=cost,
            )
            for rank, provider in enumerate(providers, start=1)
        ),
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
    matches = Matches(matched("acme", "initech"))

    assert (len(matches), matches.able, matches.currency) == (2, 7, "EUR")
    assert [shown.provider for shown in matches] == ["acme", "initech"]
    assert [shown.rank for shown in matches[1:]] == [2]
    assert (matches[0].request_id, matches[0].session_id) == ("r-1", "s-1")


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
