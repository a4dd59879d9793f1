"""`strowger doctor`: look at the whole exchange; what is wrong, and what to do."""

import os
import sys
from dataclasses import asdict
from typing import Final

import typer
from rich.markup import escape

from strowger.broker.errors import BrokerUnavailable
from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap, Json
from strowger.cli.shared.output import emit, err, grid, out
from strowger.cli.shared.place import NotSaid, Place, place
from strowger.doctor.examining import Diagnosis, examine
from strowger.doctor.findings import Exchange, Level

app = typer.Typer(add_completion=False)

_MARKS: Final = {
    Level.OK: "[green]ok[/green]",
    Level.WARNING: "[yellow]warning[/yellow]",
    Level.FAILED: "[red]failed[/red]",
}


@app.command()
def doctor(*, bootstrap: Bootstrap = None, as_json: Json = False) -> None:
    """Look at the whole exchange, and say of each thing whether it is well, and what to do if not.

    The broker, topics and rights, the state's release, clocks, what waits for each service,
    sessions past their deadline, the ledger, services by their heartbeats, dead letters, room on
    the disk.
    Exit 1 if anything has failed; warnings alone are exit 0. It ends within a minute, whatever
    does not answer.

    For example:

        strowger doctor

        strowger doctor --json
    """

    async def work() -> ExitCode:
        here = place(bootstrap=bootstrap)
        with err.status("looking"):
            diagnosis = await examine(Exchange(here.settings, lambda user: _meet(here, user)))
        if as_json:
            emit({"sound": diagnosis.sound, "findings": [asdict(e) for e in diagnosis.findings]})
        else:
            _show(diagnosis)
        code = ExitCode.OK if diagnosis.sound else ExitCode.REFUSED
        if diagnosis.stuck:
            # What was given up on may never let go of its connection, and would keep us waiting.
            sys.stdout.flush()
            os._exit(code)
        return code

    act(work, as_json=as_json)


def _meet(here: Place, user: str) -> str:
    try:
        return here.meet(user)
    except NotSaid as nobody:
        raise BrokerUnavailable(str(nobody)) from None


def _show(diagnosis: Diagnosis) -> None:
    table = grid("", "what", "found")
    for each in diagnosis.findings:
        advice = "" if each.advice is None else f"\n[dim]→ {escape(each.advice)}[/dim]"
        table.add_row(_MARKS[each.level], each.check, escape(each.said) + advice)
    out.print(table)
