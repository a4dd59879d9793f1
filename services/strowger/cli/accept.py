"""`strowger accept`: buy one of the offers that the last request showed."""

from typing import Annotated

import typer

from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap, Json, TimeoutSeconds
from strowger.cli.shared.output import amount, emit, err, out
from strowger.cli.shared.place import checked, place
from strowger.cli.shared.remembered import last_request
from strowger.client import BuyerClient, OutcomeUnknown
from strowger.contract.outbound import AcceptanceConfirmed

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
    """Buy all the minutes of the last request from one shown offer, at the cost shown.

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
        bootstrap_servers = await here.broker()
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
    """Show a sale."""
    sold = sale.service
    out.print(
        f"[green]confirmed[/green]: {sold.minutes:,} minutes to +{sold.prefix} from "
        f"[bold]{sale.provider}[/bold] for {amount(sale.cost)} {sale.currency}"
    )
    out.print(f"contract {sale.contract_id}, acceptance {sale.acceptance_id}")
