"""`strowger health`: ask whether a service of this machine serves."""

import asyncio
import time
from typing import Annotated, Final

import typer

from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Json
from strowger.cli.shared.output import emit, grid, out
from strowger.cli.shared.place import NotSaid, place
from strowger.service import RUNNABLE, SERVICES, is_healthy

_LOOK_SECONDS: Final = 0.1

app = typer.Typer(add_completion=False)


@app.command()
def health(
    services: Annotated[
        list[str] | None, typer.Argument(help="Names of services; all when none is named.")
    ] = None,
    *,
    wait: Annotated[
        float, typer.Option(min=0, help="How many seconds to wait for all to be ready.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Ask services that run on this machine whether they are ready; exit 6 when one is not.

    For example:

        strowger health

        strowger health matching --wait 60
    """

    async def work() -> ExitCode:
        run_dir = place().settings.run_dir
        names = services or list(SERVICES)
        for name in names:
            if name not in RUNNABLE:
                raise NotSaid(f"no service is called {name!r}; there are {', '.join(RUNNABLE)}")
        deadline = time.monotonic() + wait
        while True:
            well = {name: is_healthy(run_dir, name) for name in names}
            if all(well.values()) or time.monotonic() >= deadline:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        if as_json:
            emit(well)
        else:
            table = grid("service", "")
            for name, healthy in well.items():
                table.add_row(name, "[green]serves[/green]" if healthy else "[red]does not[/red]")
            out.print(table)
        return ExitCode.OK if all(well.values()) else ExitCode.UNHEALTHY

    act(work, as_json=as_json)
