"""`strowger demo`: the whole exchange on this machine, played scene by scene."""

from typing import Annotated

import typer

from strowger import logs
from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap
from strowger.cli.shared.place import place
from strowger.demo.play import demo as play

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    *,
    once: Annotated[
        bool,
        typer.Option(
            "--once",
            help="In a fresh home that is removed; end with figures as one JSON line.",
        ),
    ] = False,
    bootstrap: Bootstrap = None,
) -> None:
    """Start a broker and every service, play every scene, audit the run; then serve until Ctrl-C.

    Data is kept between runs, save with --once, which ends by itself: exit 0 if every step came out
    as said, else 6.

    For example:

        strowger demo

        strowger demo --once | tail -1
    """

    async def work() -> ExitCode:
        settings = place(bootstrap=bootstrap).settings
        logs.configure(settings.model_copy(update={"log_level": "error"}))
        return await play(settings, once=once)

    act(work)
