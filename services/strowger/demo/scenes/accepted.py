"""A buyer accepts an offer, and an analytics consumer sees the sale."""

from strowger.cli.accept import show
from strowger.demo.cast import LONDON, MARKET
from strowger.demo.narrator import expect, saw, say
from strowger.demo.stage import Stage

TITLE = "An acceptance is confirmed, and seen by a separate analytics consumer"


async def play(stage: Stage) -> None:
    """Accept the cheapest offer; wait until the analyst's own process has read the sale."""
    async with stage.buyer.session(MARKET, ttl=60) as session:
        matches = await session.request(to=LONDON.number, minutes=1_000)
        sale = await session.accept(matches[0])
    show(sale)
    expect(sale.cost == matches[0].cost, "the cost confirmed was to be the cost shown")
    seen = await stage.analyst.saw(sale.contract_id)
    expect(seen.cost == sale.cost, "the analyst saw another cost")
    expect(seen.buyer is None, "the buyer's name was to be left out of the public record")
    saw(f"the analyst, another process, read contract {seen.contract_id} off acceptance-confirmed")
    say("[dim]the public record leaves the buyer's name out: this market does not declare it[/dim]")
