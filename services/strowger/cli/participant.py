"""`strowger participant`: add providers and buyers."""

from typing import Annotated

import typer

from strowger.broker import provisioning
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap, Json
from strowger.cli.shared.place import checked, place
from strowger.cli.topics import show

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Add providers and buyers.")


@app.callback()
def _group() -> None:
    pass


@app.command()
def add(
    names: Annotated[list[str], typer.Argument(help="Ids: lower-case letters, digits, dashes.")],
    *,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Make the inbox of each participant, where the exchange answers it; again changes nothing.

    Participants aren't authenticated yet: whoever reaches the broker can send as any of them.

    For example:

        strowger participant add carrier-x globex
    """

    async def work() -> None:
        here = place(bootstrap=bootstrap)
        for name in names:
            checked("participant", name)
        report = await provisioning.ensure_inboxes(
            await here.broker(), names, replication_factor=here.settings.replication_factor
        )
        show(report, as_json=as_json)

    act(work, as_json=as_json)
