"""`strowger sessions`: which sessions there were, and are."""

from dataclasses import asdict
from typing import Annotated

import typer

from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Json, Market
from strowger.cli.shared.output import emit, err, grid, out
from strowger.cli.shared.place import place
from strowger.ledger.queries import reading
from strowger.ledger.results import Session

app = typer.Typer(add_completion=False)


@app.command()
def sessions(
    *,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are open.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="The last so many.")] = 20,
    market: Market = None,
    as_json: Json = False,
) -> None:
    """List sessions as this home's ledger has them, the last opened first.

    For example:

        strowger sessions --open

        strowger sessions --market voice --json
    """

    async def work() -> None:
        here = place()
        async with reading(here.settings.ledger_path) as ledger:
            found = await ledger.sessions(market, "open" if only_open else None, limit=limit)
        if as_json:
            emit([asdict(each) for each in found])
            return
        table = grid("session", "market", "buyer", "opened", "deadline", "state")
        for each in found:
            table.add_row(
                each.session_id,
                each.market,
                each.buyer,
                f"{each.opened_at:%H:%M:%S}",
                f"{each.deadline:%H:%M:%S}",
                _state(each),
            )
        out.print(table)
        err.print("[dim]times are UTC, by market time[/dim]")

    act(work, as_json=as_json)


def _state(session: Session) -> str:
    if session.end_reason is None:
        return "[green]open[/green]"
    if session.ended_by == "operator":
        return "ended with its market"
    return session.end_reason.replace("_", " ")
