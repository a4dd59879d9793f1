"""A sealed market: a provider reads and changes nothing while a session is open."""

from typing import Final

from strowger.cli.shared.declaring import declare
from strowger.cli.shared.output import amount
from strowger.client import refused
from strowger.contract.market_terms import MarketTerms
from strowger.demo.access import change, expect_taken, prices, read
from strowger.demo.cast import CURRENCY, LONDON
from strowger.demo.narrator import expect, saw, say
from strowger.demo.stage import Stage

TITLE = "A sealed market: while a session is open, providers neither read nor change the book"

_MARKET: Final = MarketTerms(
    market="sealed", currency=CURRENCY, policy="sealed", default_call_seconds=60
)


async def play(stage: Stage) -> None:
    """Undercut the best price during a session, in vain; read the new price when it has ended."""
    await declare(stage.bootstrap, _MARKET)
    market = _MARKET.market
    async with stage.provider("carrier-a") as a, stage.provider("carrier-b") as b:
        await change(a, market, "london", "0.02")
        await change(b, market, "london", "0.03")
        async with stage.buyer.session(market, ttl=60) as session:
            say("carrier-a asks 0.02 a minute and carrier-b 0.03; a buyer opens a session")
            try:
                await read(b, market)
            except refused.BookSealed as no:
                saw(f"carrier-b may not read the book: [red]{no.refusal}[/red]. {no.message}")
            else:
                expect(truth=False, otherwise="a sealed book was read")
            expect_taken(await change(b, market, "london", "0.01"))
            saw(
                "carrier-b undercuts it at 0.01 and is told `change-taken`, as with no session open"
            )
            matches = await session.request(to=LONDON.number, minutes=1_000)
            expect(prices(matches) == ["0.02", "0.03"], "the book was to stay as it was")
            saw(f"the session is shown {' and '.join(prices(matches))}: nothing has moved")
            sale = await session.accept(matches[0])
            saw(f"and buys at the best of these, for {amount(sale.cost)} {sale.currency}")
        book = await read(b, market)
    expect(
        [(each.provider, amount(each.prices.usage)) for each in book.entries]
        == [("carrier-a", "0.02"), ("carrier-b", "0.01")],
        "the change was to take effect when the session ended",
    )
    saw("the session has ended: carrier-b reads the book, and its 0.01 is in force")
