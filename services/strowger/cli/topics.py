"""`strowger topics`: make the exchange's topics as the registry says."""

from typing import Final

import typer
from rich.table import Table

from strowger.broker import authorisation, provisioning
from strowger.broker.access import OPERATOR, ROOT, access_of
from strowger.broker.authorisation import Difference
from strowger.broker.provisioning import ProvisioningRefused, Report
from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap, Json
from strowger.cli.shared.output import emit, grid, out
from strowger.cli.shared.place import place
from strowger.contract.topics import ALL
from strowger.enrolment import enrol_services

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Make the exchange's topics, and keep them so."
)

_FOUND: Final = ("user is missing", "is missing", "is too much", "has other quotas")
_DONE: Final = ("user created", "granted", "withdrawn", "quotas set")


@app.callback()
def _group() -> None:
    pass


@app.command()
def apply(*, bootstrap: Bootstrap = None, as_json: Json = False) -> None:
    """Make missing topics, users and rights, and set all as it should be; again changes nothing.

    Each service of the exchange is a user with the rights that its topics ask for, and no more; its
    password is put into the home's directory of secrets. Those that send events get a key to sign
    with, too. A topic with another partition count is left alone and reported, exit 2: its order
    hangs on it.

    For example:

        strowger topics apply
    """

    async def work() -> ExitCode:
        here = place(bootstrap=bootstrap)
        root = await here.broker(ROOT)
        rights = Difference()
        if access_of(root).credentials is not None:
            rights = await authorisation.apply(root, here.settings.secrets_dir)
        try:
            report = await provisioning.apply(
                root, ALL, replication_factor=here.settings.replication_factor
            )
        except ProvisioningRefused as refused:
            show(refused.report, rights, as_json=as_json)
            return ExitCode.USAGE
        await enrol_services(here.meet(OPERATOR), here.settings.keys_dir)
        show(report, rights, as_json=as_json)
        return ExitCode.OK

    act(work, as_json=as_json)


@app.command()
def diff(*, bootstrap: Bootstrap = None, as_json: Json = False) -> None:
    """Tell where topics, users and rights are other than they should be; exit 2 if any is.

    Nothing is changed. Rights of participants are not looked at, but their quotas are, and rights
    of the exchange's own users, also such as nobody here gave.

    For example:

        strowger topics diff
    """

    async def work() -> ExitCode:
        here = place(bootstrap=bootstrap)
        root = await here.broker(ROOT)
        topics = await provisioning.difference(root, ALL)
        rights = Difference()
        if access_of(root).credentials is not None:
            rights = await authorisation.difference(root)
        if as_json:
            emit({"topics": topics, **_in_json(rights)})
        else:
            table = grid("", "")
            for name, what in topics.items():
                table.add_row(name, what)
            _add_rights(table, rights, _FOUND)
            out.print(table if topics or not rights.is_empty else "all as it should be")
        return ExitCode.OK if rights.is_empty and not topics else ExitCode.USAGE

    act(work, as_json=as_json)


def show(report: Report, rights: Difference, *, as_json: bool) -> None:
    """Show what became of each topic, and which users and rights were changed."""
    became = {
        "created": report.created,
        "changed": report.changed_config,
        "unchanged": report.unchanged,
    }
    if as_json:
        emit(
            {
                **{word: list(names) for word, names in became.items()},
                "refused": report.refused,
                **_in_json(rights),
            }
        )
        return
    table = grid("topic", "")
    for word, names in became.items():
        for name in names:
            table.add_row(name, word)
    for name, why in report.refused.items():
        table.add_row(name, f"[red]{why}[/red]")
    _add_rights(table, rights, _DONE)
    out.print(table)


def _in_json(rights: Difference) -> dict[str, object]:
    return {
        "users": list(rights.users),
        "rights_missing": list(rights.missing),
        "rights_superfluous": list(rights.superfluous),
        "quotas": list(rights.quotas),
    }


def _add_rights(table: Table, rights: Difference, words: tuple[str, ...]) -> None:
    several = (rights.users, rights.missing, rights.superfluous, rights.quotas)
    for word, some in zip(words, several, strict=True):
        for each in some:
            table.add_row(each, word)
