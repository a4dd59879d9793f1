"""A guarded market: a provider reads and changes all but what an open session was shown."""

from typing import Final

from strowger.cli.shared.declaring import declare
from strowger.cli.shared.output import amount
from strowger.client import ProviderClient
from strowger.contract.market_terms import MarketTerms
from strowger.contract.sales import OfferSold
from strowger.demo.access import change, expect_taken, prices, read
from strowger.demo.cast import CURRENCY, LONDON
from strowger.demo.narrator import expect, saw, say
from strowger.demo.stage import Stage

TITLE = "A guarded market: what a session was shown is out of its provider's reach, no more"

_MARKET: Final = MarketTerms(
    market="guarded", currency=CURRENCY, policy="guarded", default_call_seconds=60
)
_SHOWN: Final = "standard"
_OTHER: Final = "premium"


async def play(stage: Stage) -> None:
    """Show one of two offers and double the price of both; sell the shown one as it was shown."""
    await declare(stage.bootstrap, _MARKET)
    market = _MARKET.market
    async with stage.provider("carrier-a") as carrier:
        await change(carrier, market, _SHOWN, "0.02")
        await change(carrier, market, _OTHER, "0.03")
        notices = carrier.notices()
        async with stage.buyer.session(market, ttl=60) as session:
            matches = await session.request(to=LONDON.number, minutes=1_000, max_matches=1)
            expect(prices(matches) == ["0.02"], "the cheaper of two offers was to be shown")
            say(
                "carrier-a has an offer at 0.02 and one at 0.03; a session is shown the first alone"
            )
            shown = await change(carrier, market, _SHOWN, "0.04")
            other = await change(carrier, market, _OTHER, "0.06")
            expect_taken(shown)
            expect_taken(other)
            saw("carrier-a doubles both prices and is told `change-taken` of each, and no more")
            await _expect_book(carrier, [(_OTHER, "0.06")], withheld=True)
            saw("it reads the one that was not shown, at its new price; the shown one is left out")
            sale = await session.accept(matches[0])
            expect(sale.cost == matches[0].cost, "the sale was to be at the price shown")
            saw("the buyer buys at 0.02, as it was shown")
        sold = await anext(notices)
        expect(isinstance(sold, OfferSold), "the provider was to be told of the sale")
        await _expect_book(carrier, [(_OTHER, "0.06"), (_SHOWN, "0.04")], withheld=False)
        saw("the session has ended: carrier-a is told of the sale, and reads both new prices")


async def _expect_book(
    carrier: ProviderClient, offers: list[tuple[str, str]], *, withheld: bool
) -> None:
    book = await read(carrier, _MARKET.market)
    found = [(each.offer_id, amount(each.prices.usage)) for each in book.entries]
    expect((found, book.withheld) == (offers, withheld), f"{found} was to be read, not {offers}")
