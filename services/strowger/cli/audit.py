"""`strowger audit`: prove that every recorded decision follows from the log."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from strowger.audit.auditing import audit as run
from strowger.audit.findings import Finding
from strowger.audit.report import Audited, Report
from strowger.broker.access import OPERATOR
from strowger.broker.appending import partition_of
from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap, Json
from strowger.cli.shared.output import emit, err, out
from strowger.cli.shared.place import checked, place
from strowger.contract.topics import ACCEPTANCE_CONFIRMED, DEAD_LETTERS, MARKET_LOG

app = typer.Typer(add_completion=False)

_CALLED: Final = {ACCEPTANCE_CONFIRMED.name: "sales", DEAD_LETTERS.name: "dead letters"}
"""How the records of a topic are called where it is not by its name."""


@app.command()
def audit(
    *,
    start: Annotated[
        Path | None,
        typer.Option("--from", help="Go on from a checkpoint, and trust it.", dir_okay=False),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save-checkpoint", help="Save where this came to, if it is sound.", dir_okay=False
        ),
    ] = None,
    market: Annotated[
        str | None, typer.Option(help="Only the partition of the log that holds this market.")
    ] = None,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Decide the log again, and hold every record of what was decided against it, byte by byte.

    Decisions, sales and dead letters, each digest of the tables that is still kept, and the tables
    themselves if they stand still; up to what was decided when it begins. The first record that
    does not follow is named, a partition each, and the exit code is 7. Nothing is written to Kafka.

    For example:

        strowger audit

        strowger audit --save-checkpoint 2026-11.audit.gz

        strowger audit --from 2026-11.audit.gz --json
    """

    async def work() -> ExitCode:
        here = place(bootstrap=bootstrap)
        partitions = range(MARKET_LOG.partitions)
        if market is not None:
            number = partition_of(checked("market", market).encode(), MARKET_LOG.partitions)
            partitions = range(number, number + 1)
        with err.status("auditing") as status:

            def progress(partition: int, at: int, end: int) -> None:
                status.update(f"auditing {MARKET_LOG.name}-{partition}: {at:,} of {end:,}")

            report = await run(
                await here.broker(OPERATOR), partitions, start=start, save=save, progress=progress
            )
        if as_json:
            emit(report.document())
        else:
            show(report)
        return ExitCode.OK if report.sound else ExitCode.UNSOUND

    act(work, as_json=as_json)


def show(report: Report) -> None:
    """Tell what an audit came to, a paragraph a partition that anything was decided in."""
    for each in report.partitions:
        if each.commands or each.finding is not None:
            _show_partition(each)
    speed = f"{report.seconds:.1f} s, {report.commands_per_second:,} commands/s"
    if report.sound:
        out.print(
            f"[green]✓[/green] all that is recorded follows from the log: {report.commands:,} "
            f"commands, {report.records:,} records ({speed})"
        )
    else:
        wrong = sum(not each.sound for each in report.partitions)
        out.print(f"[red]✗ {wrong} of {len(report.partitions)} partitions are not sound[/red]")
    _show_trust(report)


def _show_partition(each: Audited) -> None:
    last = f"{each.first_offset:,} to {each.next_offset - 1:,}" if each.commands else "none"
    out.print(f"[bold]{MARKET_LOG.name}-{each.partition}[/bold]  commands {last}")
    counted = [f"{count:,} {_CALLED.get(topic, topic)}" for topic, count in each.agreed.items()]
    rows = "tables not compared: they moved on" if each.rows is None else f"{each.rows:,} rows"
    out.print(f"  follow: {', '.join(counted)}, {each.positions:,} digests; {rows}")
    skipped = [f"{count:,} {name}" for name, count in each.became.items() if name != "decided"]
    if skipped:
        out.print(f"  [dim]commands without a decision: {', '.join(skipped)}[/dim]")
    if each.waiting:
        out.print(f"  [dim]{each.waiting:,} commands were not decided yet[/dim]")
    if each.finding is not None:
        _show_finding(each.finding)


def _show_finding(found: Finding) -> None:
    at = "" if found.offset is None else f", offset {found.offset:,}"
    out.print(f"  [red]✗ {found.what}[/red]: {found.topic}-{found.partition}{at}")
    if found.log_offset is not None:
        command = f": {escape(found.command)}" if found.command else ""
        out.print(f"    of the command at log offset {found.log_offset:,}{command}")
    for line in found.difference:
        out.print(f"    {escape(line)}")


def _show_trust(report: Report) -> None:
    if report.trusted is None:
        out.print("[dim]trusted: the log as it stands, and this release's rules[/dim]")
    else:
        out.print(
            f"[dim]trusted besides the log and this release's rules, for all that came before: "
            f"{escape(report.trusted.path)}\n  sha256 {report.trusted.sha256}[/dim]"
        )
    if report.saved is not None:
        out.print(f"saved {escape(report.saved.path)}\n  [dim]sha256 {report.saved.sha256}[/dim]")
    elif not report.sound:
        out.print("[dim]no checkpoint is saved of what is not sound[/dim]")
