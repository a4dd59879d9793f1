"""`strowger run`: services of the exchange, each as it runs in production."""

from typing import Annotated

import typer

from strowger import logs
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap
from strowger.cli.shared.place import NotSaid, place
from strowger.service import RUNNABLE, SERVICES, STANDBY, run_service
from strowger.supervisor import supervise

app = typer.Typer(add_completion=False)

_ALL = "all"


@app.command(
    help=f"""Run services of the exchange until Ctrl-C or SIGTERM.

One name runs that service in this process. Several, or `all`, run each as a process of its own
under a supervisor, which starts again whatever fails. With --http, health is served at /health,
/health/live and /health/ready, metrics at /metrics, of all the services that are run here.

Services: {", ".join(SERVICES)}.

With --standby a second process of matching runs beside the first and follows it, so that a market
stands still for a moment where one of them is killed; alone it is called {STANDBY}.

For example:

    strowger run matching

    strowger run all --http 9464

    strowger run all --standby
"""
)
def run(
    services: Annotated[list[str], typer.Argument(help="Names of services, or `all`.")],
    bootstrap: Bootstrap = None,
    *,
    standby: Annotated[bool, typer.Option("--standby", help="Run a second matching, too.")] = False,
    http: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Port for health and metrics; 0: any that is free."),
    ] = None,
) -> None:
    """Run the named services."""

    async def work() -> None:
        here = place(bootstrap=bootstrap)
        said = {"bootstrap": here.bootstrap} | ({} if http is None else {"http_port": http})
        settings = here.settings.model_copy(update=said)
        names = _checked(services) + [STANDBY] * standby
        if len(names) == 1:
            logs.configure(settings, service=names[0])
            await run_service(names[0], settings)
        else:
            logs.configure(settings, service="supervisor")
            await supervise(settings, names)

    act(work)


def _checked(services: list[str]) -> list[str]:
    if services == [_ALL]:
        return list(SERVICES)
    unknown = [name for name in services if name not in RUNNABLE]
    if unknown:
        raise NotSaid(f"no service is called {unknown[0]!r}; there are {', '.join(RUNNABLE)}")
    return services
