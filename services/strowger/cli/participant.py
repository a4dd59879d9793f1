"""`strowger participant`: add providers and buyers."""

from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from strowger.broker import provisioning
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap, Json
from strowger.cli.shared.place import NotSaid, place
from strowger.cli.topics import show
from strowger.contract.fields import ParticipantId

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
            _check(name)
        report = await provisioning.ensure_inboxes(
            here.bootstrap, names, replication_factor=here.settings.replication_factor
        )
        show(report, as_json=as_json)

    act(work, as_json=as_json)


def _check(name: str) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(ParticipantId)
    try:
        adapter.validate_python(name)
    except ValidationError:
        raise NotSaid(
            f"{name!r} is no participant id: 1 to 48 lower-case letters, digits and dashes, "
            "the first no dash"
        ) from None
