"""`strowger offers`: publish a rate sheet as offers."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.delivery import Delivery, deliver
from strowger.cli.shared.faults import act
from strowger.cli.shared.markets import currency_of
from strowger.cli.shared.options import Bootstrap, Json, Market, Provider
from strowger.cli.shared.output import amount, emit, err, grid, out
from strowger.cli.shared.place import checked, place
from strowger.contract.inbound import OfferPublished
from strowger.sheets import BadRow, GoodRow, RateSheet, read_sheet_file

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Publish a rate sheet as offers."
)

_MOST_SHOWN = 20


@app.callback()
def _group() -> None:
    pass


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A rate sheet, CSV in UTF-8.")],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent; send nothing.")
    ] = False,
    currency: Annotated[
        str | None, typer.Option(help="The sheet's currency; else the market's own.")
    ] = None,
    market: Market = None,
    provider: Provider = None,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Publish every good row of a rate sheet as an offer, and report every bad one by line.

    Columns: prefix and rate_per_minute; and minimum_seconds, increment_seconds, connect_fee,
    capacity_minutes, deck where the sheet has them. A row's offer is named deck:prefix, so the next
    sheet's row replaces it. Rows that a sheet leaves out stay as they are.

    Exit 5 when a row was left out or refused.

    For example:

        strowger offers import sheet.csv --dry-run

        strowger offers import sheet.csv --provider carrier-x --market voice
    """

    async def work() -> ExitCode:
        here = place(market=market, provider=provider, bootstrap=bootstrap)
        to, sender = here.market, here.provider
        if currency is not None:
            checked("currency", currency)
        sheet = read_sheet_file(file)
        if dry_run:
            said = currency or "the market's currency"
            _report(sheet, None, as_json=as_json, heading=f"would go to {to}, in {said}")
            return ExitCode.PARTLY if sheet.bad else ExitCode.OK
        money = currency or await currency_of(here, to)
        offers = offers_from(sheet.good, market=to, currency=money)
        delivery = await deliver(sender, offers, bootstrap=await here.broker())
        _report(sheet, delivery, as_json=as_json, heading=f"to {to}, as {sender}, in {money}")
        return ExitCode.PARTLY if sheet.bad or delivery.failed else ExitCode.OK

    act(work, as_json=as_json)


def offers_from(rows: tuple[GoodRow, ...], *, market: str, currency: str) -> list[OfferPublished]:
    """Make the event of each row, all at one revision: the present time in milliseconds."""
    revision = time.time_ns() // 1_000_000
    return [
        OfferPublished(
            market=market,
            offer_id=row.offer_id,
            revision=revision,
            currency=currency,
            service=row.service,
        )
        for row in rows
    ]


def _report(sheet: RateSheet, delivery: Delivery | None, *, as_json: bool, heading: str) -> None:
    if as_json:
        emit(_document(sheet, delivery))
        return
    if delivery is None:
        _show_rows(sheet.good, heading)
    else:
        out.print(f"{delivery.stored:,} offers stored {heading}, in {delivery.seconds:.1f} s")
        for subject, why in delivery.failed[:_MOST_SHOWN]:
            out.print(f"[red]{subject}[/red]: {escape(why)}")
        if len(delivery.failed) > _MOST_SHOWN:
            out.print(f"and {len(delivery.failed) - _MOST_SHOWN:,} more")
    show_bad(sheet.bad)


def _show_rows(rows: tuple[GoodRow, ...], heading: str) -> None:
    table = grid("offer", "destination", ">rate", ">minimum", ">increment", ">fee", ">minutes")
    for row in rows[:_MOST_SHOWN]:
        service = row.service
        table.add_row(
            row.offer_id,
            escape(row.destination),
            amount(service.rate_per_minute),
            f"{service.minimum_seconds} s",
            f"{service.increment_seconds} s",
            amount(service.connect_fee),
            "any" if service.capacity_minutes is None else f"{service.capacity_minutes:,}",
        )
    out.print(table)
    if len(rows) > _MOST_SHOWN:
        out.print(f"and {len(rows) - _MOST_SHOWN:,} more")
    out.print(f"{len(rows):,} offers {heading}; nothing was sent")


def show_bad(bad: tuple[BadRow, ...]) -> None:
    """Show the rows that were left out, by line, on stderr."""
    if not bad:
        return
    err.print(f"[yellow]{len(bad):,} rows left out:[/yellow]")
    for row in bad[:_MOST_SHOWN]:
        value = f" ({row.value})" if row.value else ""
        err.print(f"  line {row.line}, {row.column}{value}: {row.reason}", markup=False)
    if len(bad) > _MOST_SHOWN:
        err.print(f"  and {len(bad) - _MOST_SHOWN:,} more; --json lists them all")


def _document(sheet: RateSheet, delivery: Delivery | None) -> dict[str, object]:
    return {
        "rows": sheet.rows,
        "good": len(sheet.good),
        "bad": [
            {"line": row.line, "column": row.column, "value": row.value, "reason": row.reason}
            for row in sheet.bad
        ],
        "sent": 0 if delivery is None else len(sheet.good),
        "stored": 0 if delivery is None else delivery.stored,
        "failed": []
        if delivery is None
        else [{"offer": subject, "reason": why} for subject, why in delivery.failed],
    }
