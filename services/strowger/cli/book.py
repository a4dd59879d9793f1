"""`strowger book`: a provider reads the stored set, or follows it."""

from contextlib import aclosing
from typing import Annotated

import typer
from rich.markup import escape

from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap, Json, Market, Provider, TimeoutSeconds
from strowger.cli.shared.output import amount, emit, err, grid, out
from strowger.cli.shared.place import Place, place
from strowger.client import ProviderClient
from strowger.contract.book import AnyFeedEvent, BookEntry, OfferDelisted, OfferListed

app = typer.Typer(add_completion=False)


@app.command()
def book(
    *,
    follow: Annotated[
        bool, typer.Option("--follow", help="Then show each change as it comes, until Ctrl-C.")
    ] = False,
    count: Annotated[
        int | None, typer.Option(min=0, help="With --follow: end after so many changes.")
    ] = None,
    market: Market = None,
    provider: Provider = None,
    bootstrap: Bootstrap = None,
    timeout: TimeoutSeconds = 30,
    as_json: Json = False,
) -> None:
    """Read every offer in force, as far as the market's policy lets a provider read.

    A sealed market refuses it while a session is open, exit 1; a guarded one leaves out what open
    sessions were shown. An open and a snapshot market can be followed; with --json that is the
    book and then its changes, a JSON document a line.

    For example:

        strowger book --market voice --provider carrier-x

        strowger book --follow --json
    """

    async def work() -> None:
        here = place(market=market, provider=provider, bootstrap=bootstrap)
        if follow:
            await _follow(here, count, as_json=as_json)
            return
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

    act(work, as_json=as_json, interrupted=ExitCode.OK if follow else ExitCode.INTERRUPTED)


async def _follow(here: Place, count: int | None, *, as_json: bool) -> None:
    following = ProviderClient(here.provider, bootstrap=await here.broker(here.provider))
    async with following.follow(here.market) as feed:
        entries = [entry for _, entry in sorted((await feed.caught_up()).items())]
        if as_json:
            offers = [entry.model_dump(mode="json") for entry in entries]
            emit({"market": here.market, "offers": offers, "standing": feed.standing})
        else:
            _show(entries)
            err.print(f"[dim]following {here.market}; Ctrl-C ends[/dim]")
        left = count
        while left is None or left > 0:
            event = await anext(feed)
            if as_json:
                emit(event)
            else:
                out.print(_change(event))
            left = None if left is None else left - 1


def _change(event: AnyFeedEvent) -> str:
    when = f"{event.at:%H:%M:%S} #{event.number}"
    match event:
        case OfferListed(entry=entry):
            prices = entry.prices
            usage = f" {amount(prices.usage)} a {prices.usage_unit}" if prices.usage_unit else ""
            recurring = "" if prices.recurring is None else f" {amount(prices.recurring)} a month"
            return (
                f"{when} {entry.provider}: {escape(entry.offer_id)} is{usage}{recurring}"
                f" {entry.currency}"
            )
        case OfferDelisted():
            return f"{when} {event.provider}: {escape(event.offer_id)} is gone"
        case _:
            return f"{when} the feed is {event.standing}"


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
