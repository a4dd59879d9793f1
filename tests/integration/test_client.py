"""The SDK against the exchange's own services, run in this process on the real broker."""

import asyncio
from contextlib import aclosing
from decimal import Decimal

import pytest

from strowger.client import BuyerClient, Matches, acceptances, refused
from strowger.contract.inbound import OfferPublished
from strowger.contract.outbound import SessionEnded
from strowger.contract.sales import OfferSold
from strowger.contract.voice import VoiceTermination
from tests.integration.trading import Place
from tests.support import eventually, unique

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBER = "+442079460000"


async def show(buyer: BuyerClient, market: str, minutes: int = 600) -> Matches:
    """Ask without a session."""
    return await buyer.request(market, to=NUMBER, minutes=minutes)


async def test_a_buyer_buys_the_cheapest_offer_in_a_session(place: Place) -> None:
    """Offers are ranked by cost, the sale is confirmed, and its provider is told."""
    async with place.provider() as provider, place.buyer() as buyer:
        notices = provider.notices()
        await place.publish(provider, "dear", "0.02")
        await place.publish(provider, "cheap", "0.01")

        async with buyer.session(place.market, ttl=60) as session:
            matches = await session.request(to=NUMBER, minutes=600)
            confirmation = await session.accept(matches[0])

        assert [shown.offer_id for shown in matches] == ["cheap", "dear"]
        assert (confirmation.offer_id, confirmation.cost) == ("cheap", matches[0].cost)
        assert (confirmation.buyer, confirmation.session_id) == (place.globex, session.session_id)
        sold = await anext(notices)
        assert isinstance(sold, OfferSold)
        assert (sold.contract_id, sold.remaining) == (confirmation.contract_id, 400)


async def test_nothing_is_accepted_after_the_block_of_a_session(place: Place) -> None:
    """Leaving the block ends the session for every process of the buyer."""
    async with place.provider() as provider, place.buyer() as buyer:
        await place.publish(provider, "uk", "0.01")
        async with buyer.session(place.market, ttl=60) as session:
            matches = await session.request(to=NUMBER, minutes=600)

        with pytest.raises(refused.SessionEnded):
            await session.accept(matches[0])
        async with place.buyer() as elsewhere:
            with pytest.raises(refused.SessionEnded):
                await elsewhere.attach(session.session_id, place.market).accept(matches[0])


async def test_another_process_goes_on_in_a_session(place: Place) -> None:
    """A session belongs to its buyer, and to no connection; closing it twice does no harm."""
    async with place.provider() as provider, place.buyer() as buyer, place.buyer() as elsewhere:
        await place.publish(provider, "uk", "0.01")
        session = await buyer.open_session(place.market, ttl=60)
        notices = buyer.notices()

        attached = elsewhere.attach(session.session_id, place.market)
        confirmation = await attached.accept((await attached.request(to=NUMBER, minutes=1))[0])
        await attached.close()
        await session.close()

        assert confirmation.session_id == session.session_id
        notice = await anext(notices)
        assert isinstance(notice, SessionEnded)
        assert notice.reason == "terminated"


async def test_an_exception_in_the_block_ends_the_session_and_goes_on(place: Place) -> None:
    """The caller's own exception comes out, and the session does not stay open behind it."""
    async with place.buyer() as buyer:
        with pytest.raises(ZeroDivisionError):
            async with buyer.session(place.market, ttl=60) as session:
                raise ZeroDivisionError

        with pytest.raises(refused.SessionEnded):
            await session.request(to=NUMBER, minutes=1)


async def test_a_request_stands_on_its_own_where_the_market_allows_it(place: Place) -> None:
    """Without a session the match says until when it can be accepted."""
    async with place.provider() as provider, place.buyer() as buyer:
        await place.publish(provider, "uk", "0.01")

        matches = await show(buyer, place.market)

        assert matches.valid_until is not None
        assert (await buyer.accept(matches[0])).session_id is None


async def test_accepting_again_under_the_same_id_buys_nothing_more(place: Place) -> None:
    """A repeat gets the same contract, and the capacity is taken once."""
    async with place.provider() as provider, place.buyer() as buyer:
        await place.publish(provider, "uk", "0.01")
        matches = await show(buyer, place.market)

        first = await buyer.accept(matches[0], acceptance_id="order-1")
        again = await buyer.accept(matches[0], acceptance_id="order-1")

        assert again.contract_id == first.contract_id
        assert len(await show(buyer, place.market, minutes=400)) == 1
        assert len(await show(buyer, place.market, minutes=401)) == 0


async def test_an_outcome_is_told_to_another_process_after_the_end(place: Place) -> None:
    """What was confirmed and what was refused can be learnt again, by id alone."""
    async with place.provider() as provider, place.buyer() as buyer:
        await place.publish(provider, "uk", "0.01")
        async with buyer.session(place.market, ttl=60) as session:
            matches = await session.request(to=NUMBER, minutes=600)
            confirmation = await session.accept(matches[0])
            refusal = f"{place.market}~too-much"
            with pytest.raises(refused.CapacityExhausted):
                await session.accept(matches[0], acceptance_id=refusal)

    async with place.buyer() as restarted:
        assert confirmation.acceptance_id is not None
        told = await restarted.outcome(confirmation.acceptance_id)
        assert told.contract_id == confirmation.contract_id
        with pytest.raises(refused.CapacityExhausted):
            await restarted.outcome(refusal)
        with pytest.raises(refused.AcceptanceUnknown):
            await restarted.outcome("never-sent", place.market)


async def test_a_withdrawn_offer_is_shown_no_more(place: Place) -> None:
    """A provider withdraws its own offer by a greater revision, chosen for it."""
    async with place.provider() as provider, place.buyer() as buyer:
        await place.publish(provider, "uk", "0.01")
        matches = await show(buyer, place.market)

        await provider.withdraw(place.market, "uk")

        assert len(await show(buyer, place.market)) == 0
        with pytest.raises(refused.OfferGone):
            await buyer.accept(matches[0])
        with pytest.raises(refused.OfferUnknown):
            await provider.withdraw(place.market, "never-published")


async def test_refusals_of_gateways_reach_the_caller(place: Place) -> None:
    """What never comes to the market is refused to the caller all the same."""
    async with place.buyer() as buyer:
        with pytest.raises(refused.NotE164):
            await buyer.request(place.market, to="+999123", minutes=1)
        with pytest.raises(refused.UnknownMarket):
            await buyer.request(unique("nowhere"), to=NUMBER, minutes=1)


async def test_a_rate_sheet_is_published_at_once(place: Place) -> None:
    """Each of thousands of offers gets its own answer, and all are in the book."""
    sheet = [
        OfferPublished(
            market=place.market,
            offer_id=f"uk-{number}",
            revision=1,
            currency="EUR" if number else "USD",
            service=VoiceTermination(
                prefix="44", deck=f"deck-{number}", rate_per_minute=Decimal("0.01")
            ),
        )
        for number in range(2500)
    ]
    async with place.provider() as provider, place.buyer() as buyer:
        reports = await provider.publish_many(sheet)

        assert [report.outcome for report in reports] == ["refused"] + ["stored"] * 2499
        matches = await buyer.request(place.market, to=NUMBER, minutes=1, max_matches=1)
        assert matches.able == 2499


class BodyFailed(Exception):
    """A loop body failed, having seen these contracts."""

    def __init__(self, seen: list[str]) -> None:
        super().__init__()
        self.seen = seen


async def sell(place: Place, count: int) -> list[str]:
    """Make sales, and give their contracts."""
    async with place.provider() as provider, place.buyer() as buyer:
        await place.publish(provider, "uk", "0.01")
        shown = (await show(buyer, place.market, minutes=1))[0]
        return [(await buyer.accept(shown)).contract_id for _ in range(count)]


async def follow(place: Place, group: str, count: int) -> list[str]:
    """Read so many sales of a market, and fail in the body of the last."""
    seen: list[str] = []
    sales = acceptances(bootstrap=place.bootstrap, group=group, market=place.market)
    async with aclosing(sales):
        async for sale in sales:
            assert sale.buyer is None
            seen.append(sale.contract_id)
            if len(seen) == count:
                raise BodyFailed(seen)
    return seen


async def test_sales_are_read_from_the_first_and_committed_after_the_body(place: Place) -> None:
    """A sale whose body failed comes again; those that were finished with do not."""
    contracts = await sell(place, 4)
    group = unique("analytics")

    with pytest.raises(BodyFailed) as first:
        await follow(place, group, 3)
    with pytest.raises(BodyFailed) as second:
        await follow(place, group, 2)

    assert first.value.seen == contracts[:3]
    assert second.value.seen == contracts[2:]


async def test_two_consumers_of_a_group_lose_nothing_between_them(place: Place) -> None:
    """While a second consumer joins and leaves, every sale is read by one of the two."""
    group = unique("analytics")
    seen: list[str] = []

    async def consume() -> None:
        sales = acceptances(bootstrap=place.bootstrap, group=group, market=place.market)
        async with aclosing(sales):
            async for sale in sales:
                seen.append(sale.contract_id)  # noqa: PERF401 - it never ends

    made = await sell(place, 3)
    first = asyncio.create_task(consume())
    await eventually(lambda: len(seen) == 3, timeout_seconds=20)
    second = asyncio.create_task(consume())
    made += await sell(place, 3)
    second.cancel()
    made += await sell(place, 3)

    await eventually(lambda: set(seen) == set(made), timeout_seconds=30)

    first.cancel()
    await asyncio.wait([first, second])
    assert first.cancelled()
    assert second.cancelled()
