"""`strowger ledger`: what was sold and what was refused."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Json, Market
from strowger.cli.shared.output import amount, emit, grid, out
from strowger.cli.shared.place import place
from strowger.cli.shared.services import bought
from strowger.ledger.queries import reading
from strowger.ledger.results import Acceptance, Count, Decided

app = typer.Typer(add_completion=False)


@app.command()
def ledger(
    *,
    limit: Annotated[int, typer.Option(min=1, help="The last so many of each.")] = 10,
    market: Market = None,
    as_json: Json = False,
) -> None:
    """Show the last sales and refusals, and how many answers of each kind there were.

    All markets, unless --market names one. Refusals of the exchange's own services are left out.

    For example:

        strowger ledger

        strowger ledger --market voice --limit 100 --json
    """

    async def work() -> None:
        here = place()
        async with reading(here.settings.ledger_path) as book:
            sales = await book.acceptances(market, limit=limit)
            refusals = await book.refused(market, limit=limit)
            counts = await book.counts(market)
        if as_json:
            emit(
                {
                    "acceptances": [asdict(sale) for sale in sales],
                    "refusals": [_refusal(each) for each in refusals],
                    "counts": [asdict(count) for count in counts],
                }
            )
            return
        _show_sales(sales)
        _show_refusals(refusals)
        _show_counts(counts)

    act(work, as_json=as_json)


def _refusal(decided: Decided) -> dict[str, object]:
    return {**asdict(decided), "event": json.loads(decided.event)}


def _show_sales(sales: Iterable[Acceptance]) -> None:
    table = grid(
        *("at", "contract", "buyer", "provider", "what", ">cost", ""),
        title="[bold]sold[/bold]",
    )
    for sale in sales:
        table.add_row(
            f"{sale.at:%H:%M:%S}",
            sale.contract_id,
            sale.buyer,
            sale.provider,
            bought(sale.quantity, sale.service),
            amount(sale.cost),
            sale.currency,
        )
    out.print(table)


def _show_refusals(refusals: Iterable[Decided]) -> None:
    table = grid("at", "market", "participant", "refusal", "what", title="\n[bold]refused[/bold]")
    for each in refusals:
        table.add_row(
            f"{each.at:%H:%M:%S}",
            each.market,
            each.participant,
            f"[red]{each.refusal}[/red]",
            escape(json.loads(each.event)["subject"]),
        )
    out.print(table)


def _show_counts(counts: Iterable[Count]) -> None:
    table = grid("command", "answer", "refusal", ">times", title="\n[bold]answers[/bold]")
    for count in counts:
        table.add_row(count.command, count.event_type, count.refusal or "", f"{count.decisions:,}")
    out.print(table)
