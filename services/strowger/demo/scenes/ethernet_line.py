"""A buyer asks for an Ethernet line: terms, currencies, near misses, and quality before cost."""

from datetime import timedelta
from decimal import Decimal
from typing import Final

from strowger.cli.accept import show as show_contract
from strowger.cli.shared.answers import show, show_lines
from strowger.cli.shared.declaring import declare, declare_rates
from strowger.client import ShownOffer
from strowger.contract.charges import Charges, TermStep
from strowger.contract.ethernet import EthernetDemand, EthernetLine
from strowger.contract.inbound import Firmness, RankBy
from strowger.contract.market_terms import MarketTerms
from strowger.demo.cast import CURRENCY
from strowger.demo.narrator import expect, saw, say
from strowger.demo.stage import Stage

TITLE = "An Ethernet line: terms and currencies compared, quality ranked, a contract frozen"

_MARKET: Final = MarketTerms(market="lines", currency=CURRENCY, sessions="optional")
_LONDON: Final = "GB/LON"
_FRANKFURT: Final = "DE/FRA"
_MONTHS: Final = 24
_CARRIERS: Final = 4
_USD: Final = Decimal("0.92")
_LEAST_TERM_DAYS: Final = timedelta(days=365)


async def play(stage: Stage) -> None:
    """Publish four lines; compare them over 24 months; accept the firm one of the least delay."""
    await declare(stage.bootstrap, _MARKET)
    await declare_rates(stage.bootstrap, _MARKET.market, 1, {"USD": _USD})
    say(
        "[yellow]Simulated:[/yellow] four carriers offer London to Frankfurt. The first has the "
        "terms and prices of MEF's own sample (LSO Sonata SDK); the others are made up."
    )
    await _publish(stage)
    demand = EthernetDemand(a=_LONDON, z=_FRANKFURT, min_cir_mbps=100, max_delay_ms=Decimal(15))
    async with stage.buyer.session(_MARKET.market, ttl=60) as session:
        say(f"\n100 Mbit/s within 15 ms, compared over {_MONTHS} months, bound for 36 at most")
        matches = await session.request(
            demand, comparison_months=_MONTHS, max_term_months=36, near_misses=_CARRIERS
        )
        show(matches)
        _check(list(matches))
        say("\nhow the best cost adds up:")
        show_lines(matches[0].lines)
        misses = [(each.provider, each.clause, each.short_by) for each in matches.near_misses]
        expect(misses == [("carrier-c", "delay_ms", "3")], f"{misses} are the nearest misses")
        saw("the cheapest carrier's line is 3 ms too slow: told as the nearest miss, not shown")
        say("\nand by delay, the shortest first, firm offers only, 2,500 EUR at most:")
        best = await session.request(
            demand,
            comparison_months=_MONTHS,
            max_term_months=36,
            max_cost=Decimal(2500),
            firm_only=True,
            ranking=RankBy(by="quality", attributes=("delay_ms",)),
        )
        show(best)
        expect(
            [shown.provider for shown in best] == ["carrier-b", "carrier-a"],
            "the shortest delay was to come first",
        )
        contract = await session.accept(best[1])
    show_contract(contract)
    expect(contract.ends_at is not None, "a contract under a term has an end")
    expect(
        contract.ends_at is not None
        and contract.ends_at - contract.starts_at >= _LEAST_TERM_DAYS
        and contract.cost == best[1].cost,
        "the contract was to be what was shown",
    )
    saw(f"contract {contract.contract_id} is frozen: line, price terms, currency and dates")


async def _publish(stage: Stage) -> None:
    sample = Charges(
        terms=(
            TermStep(months=12, recurring=Decimal(100)),
            TermStep(months=36, recurring=Decimal(80)),
        )
    )
    await _line(stage, "carrier-a", sample, delay="12.5")
    dollars = Charges(one_off=Decimal(250), recurring=Decimal(95))
    await _line(stage, "carrier-b", dollars, delay="9.8", currency="USD")
    await _line(stage, "carrier-c", Charges(recurring=Decimal(70)), delay="18")
    maybe = Charges(recurring=Decimal(75))
    await _line(stage, "carrier-d", maybe, delay="11", firmness="budgetary")


async def _line(
    stage: Stage,
    provider: str,
    charges: Charges,
    *,
    delay: str,
    currency: str = CURRENCY,
    firmness: Firmness = "firm",
) -> None:
    service = EthernetLine(
        a=_FRANKFURT,
        z=_LONDON,
        cir_mbps=200,
        class_of_service="high",
        max_frame_bytes=1526,
        interfaces="enni-uni",
        delay_ms=Decimal(delay),
        charges=charges,
    )
    async with stage.provider(provider) as carrier:
        await carrier.publish(
            _MARKET.market, "lon-fra", currency=currency, service=service, firmness=firmness
        )


def _check(shown: list[ShownOffer]) -> None:
    ranked = [(each.provider, each.ranking_cost) for each in shown]
    expect(
        ranked
        == [
            ("carrier-d", Decimal(1800)),
            ("carrier-a", Decimal(1920)),
            ("carrier-b", (Decimal(250) + 24 * Decimal(95)) * _USD),
        ],
        f"the ranking was to be by cost in {CURRENCY}, not {ranked}",
    )
    expect(shown[1].term_months == 36, "the cheapest term was to be taken")  # noqa: PLR2004 - as published
    saw(f"each at its cheapest eligible term; dollars compared at {_USD}, and binding as dollars")
    saw("carrier-d's price is budgetary: shown as such, and nobody can accept it")
