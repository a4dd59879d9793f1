"""`strowger topics`: make the exchange's topics as the registry says."""

import typer

from strowger.broker import provisioning
from strowger.broker.provisioning import ProvisioningRefused, Report
from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap, Json
from strowger.cli.shared.output import emit, grid, out
from strowger.cli.shared.place import place
from strowger.contract.topics import ALL

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Make the exchange's topics, and keep them so."
)


@app.callback()
def _group() -> None:
    pass


@app.command()
def apply(*, bootstrap: Bootstrap = None, as_json: Json = False) -> None:
    """Make missing topics and set each topic's configuration; again changes nothing.

    A topic with another partition count is left alone and reported, exit 2: its order hangs on it.

    For example:

        strowger topics apply
    """

    async def work() -> ExitCode:
        here = place(bootstrap=bootstrap)
        try:
            report = await provisioning.apply(
                await here.broker(), ALL, replication_factor=here.settings.replication_factor
            )
        except ProvisioningRefused as refused:
            show(refused.report, as_json=as_json)
            return ExitCode.USAGE
        show(report, as_json=as_json)
        return ExitCode.OK

    act(work, as_json=as_json)


def show(report: Report, *, as_json: bool) -> None:
    """Show what became of each topic."""
    became = {
        "created": report.created,
        "changed": report.changed_config,
        "unchanged": report.unchanged,
    }
    if as_json:
        emit({**{word: list(names) for word, names in became.items()}, "refused": report.refused})
        return
    table = grid("topic", "")
    for word, names in became.items():
        for name in names:
            table.add_row(name, word)
    for name, why in report.refused.items():
        table.add_row(name, f"[red]{why}[/red]")
    out.print(table)
