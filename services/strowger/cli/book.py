"""`strowger book`: a provider reads the stored set."""

from contextlib import aclosing

import typer
from rich.markup import escape

from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap, Json, Market, Provider, TimeoutSeconds
from strowger.cli.shared.output import amount, emit, err, grid, out
from strowger.cli.shared.place import place
from strowger.client import ProviderClient
from strowger.contract.outbound import BookEntry

app = typer.Typer(add_completion=False)


@app.command()
def book(
    *,
    market: Market = None,
    provider: Provider = None,
    bootstrap: Bootstrap = None,
    timeout: TimeoutSeconds = 30,
    as_json: Json = False,
) -> None:
    """Read every offer in force, as far as the market's policy lets a provider read.

    A sealed market refuses it while a session is open, exit 1; a guarded one leaves out what open
    sessions were shown.

    For example:

        strowger book --market voice --provider carrier-x
    """

    async def work() -> None:
        here = place(market=market, provider=provider, bootstrap=bootstrap)
        entries: list[BookEntry] = []
        withheld = False
        reading = ProviderClient(
            here.provider, bootstrap=await here.broker(here.provider), timeout=timeout
        )
        async with reading as client, aclosing(client.book_pages(here.market)) as pages:
            async for page in pages:
                entries += page.entries
                withheld = withheld or page.withheld
        if as_json:
            offers = [entry.model_dump(mode="json") for entry in entries]
            emit({"market": here.market, "offers": offers, "withheld": withheld})
            return
        _show(entries)
        if withheld:
            err.print("[yellow]offers that open sessions were shown are left out[/yellow]")

    act(work, as_json=as_json)


def _show(entries: list[BookEntry]) -> None:
    table = grid(
        "provider", "offer", "family", ">usage", ">recurring", "currency", "in force since"
    )
    for entry in entries:
        prices = entry.prices
        table.add_row(
            entry.provider,
            escape(entry.offer_id),
            entry.service.family,
            f"{amount(prices.usage)} a {prices.usage_unit}" if prices.usage_unit else "",
            "" if prices.recurring is None else amount(prices.recurring),
            entry.currency,
            f"{entry.effective_at:%Y-%m-%d %H:%M} UTC",
        )
    out.print(table)
    out.print(f"{len(entries):,} offers are in force")
