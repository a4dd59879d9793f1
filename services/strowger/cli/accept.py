"""`strowger accept`: buy one of the offers that the last request showed."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape

from strowger.cli.shared.answers import show_lines
from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap, Json, TimeoutSeconds
from strowger.cli.shared.output import amount, emit, err, out
from strowger.cli.shared.place import checked, place
from strowger.cli.shared.remembered import last_request
from strowger.cli.shared.services import bought, family_of, phrase, said, traits
from strowger.client import BuyerClient, OutcomeUnknown
from strowger.contract.sales import AcceptanceConfirmed

app = typer.Typer(add_completion=False)


@app.command()
def accept(
    rank: Annotated[int, typer.Argument(help="The rank that `strowger request` showed.")] = 1,
    *,
    acceptance_id: Annotated[
        str | None, typer.Option("--id", help="An id of your own; the same again buys once.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Buy the same once more.")] = False,
    bootstrap: Bootstrap = None,
    timeout: TimeoutSeconds = 30,
    as_json: Json = False,
) -> None:
    """Buy all that the last request asked for from one shown offer, at the cost shown.

    The same rank of the same request again buys nothing more: its outcome is told again, so after
    exit 4, when no answer came, it is safe to repeat. Exit 1 when the exchange refuses.

    For example:

        strowger accept 1

        strowger accept 2 --json

        strowger accept 1 --again
    """

    async def work() -> ExitCode:
        here = place(bootstrap=bootstrap)
        last = last_request(here)
        shown = last.shown(rank)
        if acceptance_id is not None:
            chosen: str | None = checked("acceptance", acceptance_id)
        else:
            chosen = None if again else last.acceptance_id(rank)
        bootstrap_servers = await here.broker(last.buyer)
        try:
            async with BuyerClient(
                last.buyer, bootstrap=bootstrap_servers, timeout=timeout
            ) as client:
                confirmed = await client.accept(shown, acceptance_id=chosen)
        except OutcomeUnknown as unknown:
            if as_json:
                emit({"acceptance_id": unknown.id, "market": unknown.market, "outcome": None})
            err.print(f"no answer came; ask later: strowger outcome {unknown.id}, or repeat this")
            return ExitCode.UNKNOWN
        if as_json:
            emit(confirmed)
        else:
            show(confirmed)
        return ExitCode.OK

    act(work, as_json=as_json)


def show(sale: AcceptanceConfirmed) -> None:
    """Show a sale, and what its contract froze."""
    sold = sale.service
    out.print(
        f"[green]confirmed[/green]: {bought(sale.quantity, sold)} from "
        f"[bold]{sale.provider}[/bold] for {amount(sale.cost)} {sale.currency}"
    )
    out.print(f"contract {sale.contract_id}, acceptance {sale.acceptance_id}")
    told = ", ".join(phrase(name, value) for name, value in traits(sold).items())
    for name, value in (
        ("service", f"{family_of(sold)}, {told}"),
        ("without", " ".join(f"+{code}" for code in sale.excludes)),
        ("channels", said(sale.channels or None)),
        ("runs", _runs(sale)),
        ("prices", f"in force since {_day(sale.effective_at)}, without taxes"),
        ("compared", _compared(sale)),
    ):
        if value:
            out.print(f"  [dim]{name:9}[/dim]{escape(value)}")
    show_lines(sale.lines)


def _runs(sale: AcceptanceConfirmed) -> str:
    if sale.ends_at is None or sale.term_months is None:
        return f"from {_day(sale.starts_at)}, without a term"
    renewed = ", taken as renewed in the comparison" if sale.renewal_assumed else ""
    term = f"{sale.term_months} months"
    return f"from {_day(sale.starts_at)} until {_day(sale.ends_at)}: {term}{renewed}"


def _compared(sale: AcceptanceConfirmed) -> str:
    months = "1 month" if sale.comparison_months == 1 else f"{sale.comparison_months} months"
    if sale.rates_version is None or sale.ranking_cost == sale.cost:
        return f"over {months}"
    return (
        f"over {months}, as {amount(sale.ranking_cost)} in the market's currency "
        f"(rates version {sale.rates_version})"
    )


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
