"""The exchange end to end, through its SDK: trade, time, faults and restarts."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from decimal import Decimal

import pytest

from strowger.client import BuyerClient, ProviderClient, Session, ShownOffer, acceptances, refused
from strowger.client.errors import OutcomeUnknown
from strowger.contract.inbound import OfferPublished
from strowger.contract.outbound import EventRefused, SessionEnded
from strowger.contract.sales import AcceptanceConfirmed
from strowger.contract.voice import VoiceTermination
from tests.e2e.conftest import Exchange
from tests.support import unique

NUMBER = "+442079460000"
"""In the range that Ofcom keeps for drama: nobody's number."""


class Traders:
    """A provider with one offer of its own dial code, and a buyer."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.provider_id = exchange.newcomer("provider")
        self.buyer_id = exchange.newcomer("buyer")

    @asynccontextmanager
    async def trading(self) -> AsyncIterator[tuple[ProviderClient, BuyerClient]]:
        """Give both clients, connected."""
        selling_at = self.exchange.met_by(self.provider_id)
        buying_at = self.exchange.met_by(self.buyer_id)
        async with (
            ProviderClient(
                self.provider_id, bootstrap=selling_at, key=self.exchange.key(self.provider_id)
            ) as provider,
            BuyerClient(
                self.buyer_id, bootstrap=buying_at, key=self.exchange.key(self.buyer_id)
            ) as buyer,
        ):
            yield provider, buyer


@pytest.fixture
def traders(exchange: Exchange) -> Traders:
    """Give participants of the test's own."""
    return Traders(exchange)


async def _publish(
    provider: ProviderClient, market: str, *, rate: str = "0.0100", capacity: int | None = None
) -> None:
    service = VoiceTermination(
        prefix="442079460", rate_per_minute=Decimal(rate), capacity_minutes=capacity
    )
    await provider.publish(market, "of-1", currency="EUR", service=service)


async def _own(session: Session, provider: str, minutes: int = 600) -> ShownOffer:
    """Request, and give what the one provider was shown with."""
    matches = await session.request(to=NUMBER, minutes=minutes)
    return next(match for match in matches if match.provider == provider)


async def test_an_offer_is_published_shown_and_sold(traders: Traders) -> None:
    """The main job: a provider's offer reaches a buyer, who accepts it, and analytics see it."""
    market = traders.exchange.market
    async with traders.trading() as (provider, buyer):
        await _publish(provider, market)
        async with buyer.session(market, ttl=60) as session:
            shown = await _own(session, traders.provider_id)
            confirmation = await session.accept(shown)
    assert confirmation.cost == Decimal(6)
    analyst = traders.exchange.newcomer("analyst")
    sales = acceptances(
        bootstrap=traders.exchange.met_by(analyst), group=f"{analyst}.sales", market=market
    )
    async with aclosing(sales):
        async for sale in sales:
            if sale.contract_id == confirmation.contract_id:
                assert sale.buyer is None
                break


async def test_nothing_is_accepted_after_a_session_ended_by_time(traders: Traders) -> None:
    """A session left alone is closed by the processor, and its acceptance comes too late."""
    market = traders.exchange.market
    async with traders.trading() as (provider, buyer):
        await _publish(provider, market)
        async with buyer.session(market, ttl=1) as session:
            shown = await _own(session, traders.provider_id)
            async for notice in buyer.notices():
                if isinstance(notice, SessionEnded):
                    assert notice.reason == "timed_out"
                    break
            with pytest.raises(refused.SessionEnded):
                await session.accept(shown)


async def test_the_whole_exchange_restarts_and_loses_nothing(
    exchange: Exchange, traders: Traders
) -> None:
    """Stopped and started, broker and all: offer, session and shown match still stand."""
    async with traders.trading() as (provider, buyer):
        await _publish(provider, exchange.market, capacity=1000)
        async with buyer.session(exchange.market, ttl=600) as session:
            shown = await _own(session, traders.provider_id)
            await asyncio.to_thread(exchange.stop)
            await asyncio.to_thread(exchange.start)
            confirmation = await session.accept(shown)
            again = await session.accept(shown, acceptance_id=confirmation.acceptance_id)
            assert again.contract_id == confirmation.contract_id
            outcome = await buyer.outcome(str(confirmation.acceptance_id))
            assert outcome.contract_id == confirmation.contract_id


async def test_a_killed_matching_loses_nothing_and_sells_nothing_twice(traders: Traders) -> None:
    """SIGKILL in a burst of acceptances: each has one outcome; capacity is never exceeded."""
    market = traders.exchange.market
    async with traders.trading() as (provider, buyer):
        await _publish(provider, market, capacity=3000)
        async with buyer.session(market, ttl=600) as session:
            shown = await _own(session, traders.provider_id, minutes=100)
            ids = [f"{market}~{unique('burst')}" for _ in range(60)]
            burst = [
                asyncio.create_task(session.accept(shown, acceptance_id=each)) for each in ids[:20]
            ]
            traders.exchange.kill("matching")
            burst += [
                asyncio.create_task(session.accept(shown, acceptance_id=each)) for each in ids[20:]
            ]
            told = await asyncio.gather(*burst, return_exceptions=True)
            assert not [each for each in told if isinstance(each, OutcomeUnknown)]
            kinds = Counter(type(each).__name__ for each in told)
    assert kinds == {"AcceptanceConfirmed": 30, "CapacityExhausted": 30}
    contracts = {each.contract_id for each in told if isinstance(each, AcceptanceConfirmed)}
    assert len(contracts) == 30


async def test_a_rate_sheet_is_published_while_a_buyer_trades(traders: Traders) -> None:
    """Thousands of offers go in at once; every one is answered for, and a buyer still trades."""
    market = traders.exchange.market
    offers = [
        OfferPublished(
            market=market,
            offer_id=f"code-{number}",
            revision=1,
            currency="EUR",
            service=VoiceTermination(prefix=f"99{number}", rate_per_minute=Decimal("0.02")),
        )
        for number in range(3000)
    ]
    async with traders.trading() as (provider, buyer):
        await _publish(provider, market)
        loading = asyncio.create_task(provider.publish_many(offers))
        async with buyer.session(market, ttl=60) as session:
            await session.accept(await _own(session, traders.provider_id))
        reports = await loading
    assert {report.outcome for report in reports} == {"stored"}


async def test_a_refusal_reaches_its_sender_in_words(traders: Traders) -> None:
    """What the SDK cannot know to be wrong comes back named, with what to do."""
    async with traders.trading() as (_, buyer):
        with pytest.raises(refused.UnknownMarket) as caught:
            async with buyer.session("no-such-market", ttl=60):
                pass
    said = caught.value.event
    assert isinstance(said, EventRefused)
    assert "declare" in said.message
