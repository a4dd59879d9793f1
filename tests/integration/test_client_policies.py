"""The SDK in markets of each policy: what providers read and change while sessions are open."""

from collections.abc import Iterator
from contextlib import aclosing
from decimal import Decimal

import pytest

from strowger.client import FeedClosed, ProviderClient, refused
from strowger.contract.book import OfferDelisted, OfferListed
from strowger.contract.inbound import OfferPublished
from strowger.contract.outbound import ChangeTaken
from strowger.contract.voice import VoiceTermination
from tests.integration.trading import Place, market_at

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBER = "+442079460000"


async def names(provider: ProviderClient, place: Place, page: int = 200) -> list[str]:
    """Read the stored set; give the ids of its offers."""
    return [entry.offer_id async for entry in provider.book(place.market, page=page)]


async def test_a_provider_reads_the_stored_set_at_any_page_size(place: Place) -> None:
    """Claim 4: every offer once, of every provider, in order of provider and offer id."""
    other = await market_at(place.bootstrap)
    async with place.provider() as provider, other.provider() as second:
        for number in range(5):
            await place.publish(provider, f"of-{number}", "0.01")
        stranger = Place(place.market, place.bootstrap, other.acme, other.globex)
        await stranger.publish(second, "theirs", "0.02")
        entries = [entry async for entry in second.book(place.market, page=2)]
        assert [entry.offer_id for entry in entries] == [*await names(provider, place)]
        assert {(entry.provider, entry.offer_id) for entry in entries} == {
            *((place.acme, f"of-{number}") for number in range(5)),
            (other.acme, "theirs"),
        }
        assert {entry.prices.usage for entry in entries} == {Decimal("0.01"), Decimal("0.02")}


async def test_a_change_between_two_pages_is_told(place: Place) -> None:
    """What was read would be of two states: the reader starts again."""
    async with place.provider() as provider:
        for number in range(3):
            await place.publish(provider, f"of-{number}", "0.01")
        async with aclosing(provider.book_pages(place.market, page=2)) as pages:
            await anext(pages)
            await place.publish(provider, "of-9", "0.01")
            with pytest.raises(refused.BookChanged) as told:
                await anext(pages)
        assert told.value.retry


async def test_a_sealed_market_is_not_read_while_a_session_is_open(exchange: str) -> None:
    """Claim 5: neither its own offers, nor those of others; a change is taken, and comes later."""
    place = await market_at(exchange, policy="sealed")
    async with place.provider() as provider, place.buyer() as buyer:
        await place.publish(provider, "uk", "0.02")
        async with buyer.session(place.market, ttl=60) as session:
            with pytest.raises(refused.BookSealed):
                await names(provider, place)
            service = VoiceTermination(prefix="44", deck="uk", rate_per_minute=Decimal("0.01"))
            taken = await provider.publish(place.market, "uk", currency="EUR", service=service)
            assert isinstance(taken, ChangeTaken)
            assert (await session.request(to=NUMBER, minutes=3))[0].cost == Decimal("0.06")
        (entry,) = [entry async for entry in provider.book(place.market)]
        assert (entry.revision, entry.prices.usage) == (taken.revision, Decimal("0.01"))


async def test_a_sealed_market_may_refuse_changes(exchange: str) -> None:
    """The provider catches it by name, and sends it again when the session is over."""
    place = await market_at(exchange, policy="sealed", denied_changes="refuse")
    async with place.provider() as provider, place.buyer() as buyer:
        async with buyer.session(place.market, ttl=60):
            with pytest.raises(refused.BookSealed):
                await place.publish(provider, "uk", "0.02")
        await place.publish(provider, "uk", "0.02")
        assert await names(provider, place) == ["uk"]


async def test_offers_in_bulk_are_reported_as_taken(exchange: str) -> None:
    """A guarded market answers each alike; none is reported as unknown."""
    place = await market_at(exchange, policy="guarded")

    def offers(provider: ProviderClient) -> Iterator[OfferPublished]:
        for number in range(20):
            service = VoiceTermination(prefix=f"44{number}", rate_per_minute=Decimal("0.01"))
            yield OfferPublished(
                market=place.market,
                offer_id=f"of-{number}",
                revision=provider.next_revision(),
                currency="EUR",
                service=service,
            )

    async with place.provider() as provider:
        reports = await provider.publish_many(offers(provider))
        assert {report.outcome for report in reports} == {"taken"}
        assert len(await names(provider, place)) == 20
        pool = await provider.capacity(place.market, "ring", units=10)
        gone = await provider.withdraw(place.market, "of-0")
        assert (isinstance(pool, ChangeTaken), isinstance(gone, ChangeTaken)) == (True, True)
        assert len(await names(provider, place)) == 19


async def test_a_provider_follows_the_stored_set(place: Place) -> None:
    """It begins with all that is in force, and hears of each change; a late joiner holds the same.

    What is read by asking is the same set, entry by entry.
    """
    async with place.provider() as provider, provider.follow(place.market) as feed:
        await place.publish(provider, "uk", "0.02")
        await place.publish(provider, "de", "0.03")
        assert {entry.offer_id for entry in (await feed.caught_up()).values()} == {"uk", "de"}
        await place.publish(provider, "uk", "0.01")
        event = await anext(feed)
        assert isinstance(event, OfferListed)
        assert (event.entry.offer_id, event.entry.prices.usage) == ("uk", Decimal("0.01"))
        await provider.withdraw(place.market, "de")
        assert isinstance(await anext(feed), OfferDelisted)
        async with provider.follow(place.market) as late:
            assert dict(await late.caught_up()) == dict(feed.offers)
        asked = [entry async for entry in provider.book(place.market)]
        assert asked == [feed.offers[place.acme, "uk"]]


async def test_a_market_that_keeps_its_book_to_itself_is_not_followed(exchange: str) -> None:
    """A sealed market has no feed: the follower is told so by name, and does not wait."""
    place = await market_at(exchange, policy="sealed")
    async with place.provider() as provider, provider.follow(place.market) as feed:
        await place.publish(provider, "uk", "0.02")
        with pytest.raises(FeedClosed, match="snapshot"):
            await feed.caught_up()
