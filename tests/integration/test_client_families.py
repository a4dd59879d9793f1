"""What the SDK offers beyond calls, against the exchange's own services on the real broker."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import pytest

from strowger.cli.shared.declaring import declare_rates
from strowger.client import Matches, ProviderClient, refused
from strowger.contract.charges import Charges, TermStep
from strowger.contract.ethernet import EthernetDemand, EthernetLine
from strowger.contract.families import OfferedService, RequestedService
from strowger.contract.inbound import RankBy
from strowger.contract.internet import InternetAccess, InternetDemand
from strowger.contract.outbound import CapacityStored, OfferRemoved, OfferStored
from strowger.contract.sales import OfferSold
from strowger.contract.sms import SmsDelivery, SmsDemand
from strowger.contract.voice import VoiceDemand, VoiceTermination
from tests.integration.trading import Place, market_at

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBER: Final = "+442079460000"

TRADES: Final[Mapping[str, tuple[OfferedService, RequestedService, str]]] = {
    "voice": (
        VoiceTermination(prefix="4420", rate_per_minute=Decimal("0.01")),
        VoiceDemand(codes=("44207", "44208"), minutes=600),
        "6",
    ),
    "internet": (
        InternetAccess(
            place="GB/LON",
            port_mbps=1000,
            commit_mbps=100,
            overage_per_mbps=Decimal("0.5"),
            charges=Charges(one_off=Decimal(200), recurring=Decimal(300)),
        ),
        InternetDemand(place="GB/LON/thn2", expected_p95_mbps=150),
        "525",  # 200 + 300 + 50 x 0.5
    ),
    "ethernet": (
        EthernetLine(
            a="DE/FRA", z="GB/LON", cir_mbps=100, charges=Charges(recurring=Decimal("900.5"))
        ),
        EthernetDemand(a="GB/LON", z="DE/FRA", min_cir_mbps=50),
        "900.5",
    ),
    "sms": (
        SmsDelivery(
            network="234",
            price_per_message=Decimal("0.02"),
            charged="submitted",
            delivery_rate_percent=Decimal(80),
        ),
        SmsDemand(network="234-15", messages=1000),
        "25",  # 1,000 / 80 % = 1,250 are submitted
    ),
}
"""By family: what is offered, what is asked for, and what it costs over a month."""


def calls(rate: str, deck: str = "standard", **qualities: object) -> VoiceTermination:
    """Offer calls to the United Kingdom."""
    fields = {"prefix": "44", "rate_per_minute": rate, "deck": deck, **qualities}
    return VoiceTermination.model_validate(fields)


async def decks(provider: ProviderClient, market: str, *rates: str) -> None:
    """Publish an offer a rate, each in a deck of its own."""
    for number, rate in enumerate(rates):
        deck = f"deck-{number}"
        await provider.publish(market, deck, currency="EUR", service=calls(rate, deck))


def ids(matches: Matches) -> list[str]:
    """Give the ids of what was shown, in order."""
    return [shown.offer_id for shown in matches]


@pytest.mark.parametrize("family", TRADES)
async def test_every_family_is_offered_asked_for_and_bought(place: Place, family: str) -> None:
    """Its cost is the sum of its lines, and its contract freezes what was shown."""
    offered, asked, cost = TRADES[family]
    async with place.provider() as provider, place.buyer() as buyer:
        notices = provider.notices()
        await provider.publish(place.market, "o-1", currency="EUR", service=offered)
        async with buyer.session(place.market, ttl=60) as session:
            (shown,) = await session.request(asked)
            sale = await session.accept(shown)

        assert (shown.service.family, shown.cost) == (family, Decimal(cost))
        assert sum(line.amount for line in shown.lines) == shown.cost
        assert (sale.cost, sale.lines, sale.currency) == (shown.cost, shown.lines, "EUR")
        sold = await anext(notices)
        assert isinstance(sold, OfferSold)
        assert (sold.contract_id, sold.service) == (sale.contract_id, sale.service)


async def test_pages_are_in_the_order_of_one_page_and_each_can_be_accepted(place: Place) -> None:
    """Ranks count on from page to page; offers of an earlier page are still to be had."""
    async with place.provider() as provider, place.buyer() as buyer:
        await decks(provider, place.market, "0.05", "0.01", "0.03", "0.02", "0.04")
        async with buyer.session(place.market, ttl=60) as session:
            whole = await session.request(to=NUMBER, minutes=60)
            pages = [await session.request(to=NUMBER, minutes=60, max_matches=2)]
            while pages[-1].next is not None:
                pages.append(await session.more(pages[-1]))
            assert [ids(page) for page in pages] == [
                ["deck-1", "deck-3"],
                ["deck-2", "deck-4"],
                ["deck-0"],
            ]
            assert [shown.rank for page in pages for shown in page] == [1, 2, 3, 4, 5]
            assert [offer for page in pages for offer in ids(page)] == ids(whole)
            for page in reversed(pages):
                assert (await session.accept(page[0])).offer_id == page[0].offer_id


async def test_a_wish_reaches_the_market(place: Place) -> None:
    """Months, ceilings, exclusions, ranking and pages are the exchange's to obey."""
    async with place.provider() as provider, place.buyer() as buyer:
        terms = (TermStep(months=12, recurring=Decimal(70)),)
        line = EthernetLine(
            a="GB/LON",
            z="DE/FRA",
            cir_mbps=100,
            charges=Charges(recurring=Decimal(100), terms=terms),
        )
        fast = line.model_copy(update={"deck": "fast", "cir_mbps": 1000, "delay_ms": Decimal(5)})
        await provider.publish(place.market, "line", currency="EUR", service=line)
        await provider.publish(
            place.market, "fast", currency="EUR", service=fast, firmness="budgetary"
        )
        wanted = EthernetDemand(a="GB/LON", z="DE/FRA", min_cir_mbps=10)

        bound, _ = await buyer.request(place.market, wanted, comparison_months=24)
        assert (bound.cost, bound.term_months, bound.renewal_assumed) == (Decimal(1680), 12, True)
        free, _ = await buyer.request(place.market, wanted, comparison_months=24, max_term_months=1)
        assert (free.cost, free.term_months) == (Decimal(2400), None)
        best = RankBy(by="quality", attributes=("delay_ms",))
        assert ids(await buyer.request(place.market, wanted, ranking=best)) == ["fast", "line"]
        assert ids(await buyer.request(place.market, wanted, firm_only=True)) == ["line"]
        assert not await buyer.request(place.market, wanted, max_cost=Decimal(99))
        assert not await buyer.request(place.market, wanted, exclude_providers=(place.acme,))
        never = RankBy(by="quality", attributes=("asr_percent",))
        with pytest.raises(refused.UnknownAttribute):
            await buyer.request(place.market, wanted, ranking=never)


async def test_an_offer_that_does_not_bind_is_shown_and_cannot_be_accepted(place: Place) -> None:
    """How far a price binds is told with the offer."""
    async with place.provider() as provider, place.buyer() as buyer:
        await provider.publish(
            place.market, "o-1", currency="EUR", service=calls("0.01"), firmness="budgetary"
        )
        (shown,) = await buyer.request(place.market, to=NUMBER, minutes=60)
        assert shown.firmness == "budgetary"
        with pytest.raises(refused.NotFirm):
            await buyer.accept(shown)


async def test_an_offer_is_for_its_audience_alone(place: Place) -> None:
    """A buyer that an offer is not for is not shown it."""
    async with place.provider() as provider, place.buyer() as buyer:
        for deck, audience in (("mine", [place.globex]), ("theirs", ["initech"])):
            await provider.publish(
                place.market, deck, currency="EUR", service=calls("1", deck), audience=audience
            )
        assert ids(await buyer.request(place.market, to=NUMBER, minutes=60)) == ["mine"]


async def test_the_nearest_misses_say_what_they_lack(place: Place) -> None:
    """An offer that fails one clause is named with the clause, and by how much."""
    async with place.provider() as provider, place.buyer() as buyer:
        await provider.publish(
            place.market, "o-1", currency="EUR", service=calls("0.01", asr_percent="41.5")
        )
        asked = VoiceDemand(destination=NUMBER, minutes=60, min_asr_percent=Decimal(45))
        matches = await buyer.request(place.market, asked)

        assert len(matches) == 0
        (miss,) = matches.near_misses
        assert (miss.offer_id, miss.clause, miss.short_by) == ("o-1", "asr_percent", "3.5")
        told = await buyer.request(place.market, asked, near_misses=0)
        assert told.near_misses == ()


async def test_offers_share_a_pool(place: Place) -> None:
    """What one offer sells the other has no more; the pool can be made larger."""
    async with place.provider() as provider, place.buyer() as buyer:
        with pytest.raises(refused.PoolUnknown):
            await provider.publish(
                place.market, "one", currency="EUR", service=calls("1"), pool="trunks"
            )
        await provider.capacity(place.market, "trunks", units=1000)
        for deck in ("one", "two"):
            await provider.publish(
                place.market, deck, currency="EUR", service=calls("1", deck), pool="trunks"
            )
        first, second = await buyer.request(place.market, to=NUMBER, minutes=600)
        await buyer.accept(first)
        with pytest.raises(refused.CapacityExhausted):
            await buyer.accept(second)
        stored = await provider.capacity(place.market, "trunks", units=1200)
        assert isinstance(stored, CapacityStored)
        assert stored.pool == "trunks"
        assert len(await buyer.request(place.market, to=NUMBER, minutes=600)) == 2


async def test_a_revision_stands_from_its_time_on(place: Place) -> None:
    """Until then the one before is shown; a withdrawal can be scheduled, too."""
    async with place.provider() as provider, place.buyer() as buyer:
        soon = datetime.now(UTC) + timedelta(seconds=4)
        await provider.publish(place.market, "o-1", currency="EUR", service=calls("0.01"))
        stored = await provider.publish(
            place.market, "o-1", currency="EUR", service=calls("0.02"), effective_at=soon
        )
        removed = await provider.withdraw(
            place.market, "o-1", effective_at=soon + timedelta(seconds=1)
        )

        async def cost() -> Decimal | None:
            matches = await buyer.request(place.market, to=NUMBER, minutes=300)
            return matches[0].cost if matches else None

        seen = [await cost()]
        async with asyncio.timeout(30):
            while seen[-1] is not None:
                seen.append(await cost())
        assert list(dict.fromkeys(seen)) == [Decimal(3), Decimal(6), None]
        at = soon.replace(microsecond=soon.microsecond // 1000 * 1000)
        assert isinstance(stored, OfferStored)
        assert isinstance(removed, OfferRemoved)
        assert (stored.effective_at, removed.effective_at) == (at, at + timedelta(seconds=1))


async def test_dearer_prices_need_the_notice_that_the_market_declares(exchange: str) -> None:
    """An increase or a withdrawal too soon is refused; a lower price may come at once."""
    strict = await market_at(exchange, increase_notice_seconds=3600, closure_notice_seconds=7200)
    async with strict.provider() as provider:
        await provider.publish(strict.market, "o-1", currency="EUR", service=calls("0.02"))
        await provider.publish(strict.market, "o-1", currency="EUR", service=calls("0.01"))
        with pytest.raises(refused.NoticeTooShort):
            await provider.publish(strict.market, "o-1", currency="EUR", service=calls("0.02"))
        with pytest.raises(refused.NoticeTooShort):
            await provider.withdraw(strict.market, "o-1")
        later = datetime.now(UTC) + timedelta(hours=3)
        await provider.withdraw(strict.market, "o-1", effective_at=later)


async def test_rates_rank_offers_of_several_currencies_and_bind_nobody(place: Place) -> None:
    """Each offer costs in its own currency; the market's rates only compare them."""
    async with place.provider() as provider, place.buyer() as buyer:
        with pytest.raises(refused.CurrencyMismatch):
            await provider.publish(place.market, "usd", currency="USD", service=calls("0.01"))
        declared = await declare_rates(place.bootstrap, place.market, 3, {"USD": Decimal("0.9")})
        assert declared.rates == {"USD": Decimal("0.9")}
        with pytest.raises(refused.RatesNotNewer):
            await declare_rates(place.bootstrap, place.market, 2, {"USD": Decimal(1)})
        for currency, rate in (("EUR", "0.0095"), ("USD", "0.01")):
            deck = currency.lower()
            service = calls(rate, deck)
            await provider.publish(place.market, deck, currency=currency, service=service)
        matches = await buyer.request(place.market, to=NUMBER, minutes=900)

        assert [(shown.currency, shown.cost, shown.ranking_cost) for shown in matches] == [
            ("USD", Decimal(9), Decimal("8.1")),
            ("EUR", Decimal("8.55"), Decimal("8.55")),
        ]
        assert (matches.currency, matches.rates_version) == ("EUR", 3)
        sale = await buyer.accept(matches[0])
        assert (sale.currency, sale.cost, sale.rates_version) == ("USD", Decimal(9), 3)


async def test_a_sale_names_the_codes_that_it_leaves_out(place: Place) -> None:
    """The provider's longer codes of the same deck are priced apart, and no part of the sale."""
    async with place.provider() as provider, place.buyer() as buyer:
        await provider.publish(place.market, "uk", currency="EUR", service=calls("0.01"))
        mobile = calls("0.05").model_copy(update={"prefix": "447"})
        await provider.publish(place.market, "uk-mobile", currency="EUR", service=mobile)

        (shown,) = await buyer.request(place.market, to=NUMBER, minutes=60)
        sale = await buyer.accept(shown)

        assert sale.excludes == ("447",)
