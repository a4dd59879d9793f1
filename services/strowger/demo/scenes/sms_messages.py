"""A buyer asks for messages: what arrives is compared, and a new price comes by schedule."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

from strowger.cli.shared.answers import show
from strowger.cli.shared.declaring import declare
from strowger.client import Matches, refused
from strowger.contract.market_terms import MarketTerms
from strowger.contract.sms import SmsDelivery, SmsDemand
from strowger.demo.cast import CURRENCY
from strowger.demo.narrator import expect, saw, say
from strowger.demo.stage import Stage

TITLE = "Messages: compared by what arrives, sold from a shared pool, repriced on schedule"

_MARKET: Final = MarketTerms(market="messages", currency=CURRENCY, sessions="optional")
_NETWORK: Final = "234-15"
_MESSAGES: Final = 100_000
_AHEAD: Final = timedelta(seconds=3)


async def play(stage: Stage) -> None:
    """Publish three routes, buy out a pool, and let a price change come into force."""
    await declare(stage.bootstrap, _MARKET)
    say(
        "[yellow]Simulated:[/yellow] three carriers to one British network: by country and by "
        "delivered message, by MCC and by submitted message, and to the network itself"
    )
    await _publish(stage)
    matches = await _ask(stage)
    show(matches)
    _expect_order(matches, ["carrier-c", "carrier-b", "carrier-a"])
    saw(
        "carrier-b has the lowest price a submitted message; at 92 % delivered, what arrives "
        "costs more than carrier-c's"
    )
    await _sell_out(stage, matches)
    await _reprice(stage)


async def _publish(stage: Stage) -> None:
    await _route(stage, "carrier-a", "gb", "GB", "0.035", charged="delivered")
    await _route(stage, "carrier-b", "mcc", "234", "0.0312", rate="92")
    async with stage.provider("carrier-c") as carrier:
        pool = f"uk-{stage.run}"
        await carrier.capacity(_MARKET.market, pool, units=150_000, period="month")
    await _route(stage, "carrier-c", "network", _NETWORK, "0.033", rate="98.5", pool=pool)


async def _route(
    stage: Stage,
    provider: str,
    offer_id: str,
    network: str,
    price: str,
    *,
    charged: Literal["submitted", "delivered"] = "submitted",
    rate: str | None = None,
    pool: str | None = None,
    effective_at: datetime | None = None,
) -> None:
    service = SmsDelivery(
        network=network,
        price_per_message=Decimal(price),
        charged=charged,
        delivery_rate_percent=None if rate is None else Decimal(rate),
        route_class="direct",
    )
    async with stage.provider(provider) as carrier:
        await carrier.publish(
            _MARKET.market,
            offer_id,
            currency=CURRENCY,
            service=service,
            pool=pool,
            effective_at=effective_at,
        )


async def _ask(stage: Stage) -> Matches:
    demand = SmsDemand(network=_NETWORK, messages=_MESSAGES, route_class="direct")
    return await stage.buyer.request(_MARKET.market, demand)


async def _sell_out(stage: Stage, matches: Matches) -> None:
    """Accept twice from a pool that holds one and a half."""
    sale = await stage.buyer.accept(matches[0])
    expect(sale.quantity == _MESSAGES, "100,000 messages were to be sold")
    again = await _ask(stage)
    misses = [(each.clause, each.offered) for each in again.near_misses]
    expect(misses == [("capacity", "50000")], f"50,000 were to be left, not {misses}")
    try:
        await stage.buyer.accept(matches[0])
    except refused.CapacityExhausted as no:
        saw(
            f"a second sale from the month's pool is refused: [red]{no.refusal}[/red]. {no.message}"
        )
    else:
        expect(truth=False, otherwise="200,000 messages were sold of 150,000")


async def _reprice(stage: Stage) -> None:
    """Schedule a lower price; ask before and after it comes into force."""
    at = datetime.now(UTC) + _AHEAD
    await _route(stage, "carrier-a", "gb", "GB", "0.03", charged="delivered", effective_at=at)
    say(f"carrier-a's new price is stored now, in force from {at:%H:%M:%S.%f} UTC")
    _expect_order(await _ask(stage), ["carrier-b", "carrier-a"])
    await asyncio.sleep((at - datetime.now(UTC)).total_seconds() + 0.2)
    _expect_order(await _ask(stage), ["carrier-a", "carrier-b"])
    saw("until then the old price stood; now the new one ranks first, and nothing was sent between")


def _expect_order(matches: Matches, providers: Sequence[str]) -> None:
    shown = [each.provider for each in matches]
    expect(shown == list(providers), f"{list(providers)} were to be shown, not {shown}")
