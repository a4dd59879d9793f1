"""`strowger ledger`: what was sold and what was refused."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from strowger.broker.access import OPERATOR
from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap, Json, Market
from strowger.cli.shared.output import amount, emit, grid, out
from strowger.cli.shared.place import place
from strowger.cli.shared.rebuilt_text import rebuilding, show_rebuilt
from strowger.cli.shared.services import bought
from strowger.ledger.backup import back_up
from strowger.ledger.errors import LedgerInUse
from strowger.ledger.queries import reading
from strowger.ledger.rebuilding import rebuild
from strowger.ledger.replacing import replace as put_in_place
from strowger.ledger.results import Acceptance, Count, Decided
from strowger.service import MAX_HEARTBEAT_AGE_SECONDS, pid_if_alive
from strowger.settings import Settings
from strowger.supervisor import claimed

LEDGER: Final = "ledger"

app = typer.Typer(add_completion=False)


@app.callback(invoke_without_command=True)
def ledger(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option(min=1, help="The last so many of each.")] = 10,
    market: Market = None,
    as_json: Json = False,
) -> None:
    """Show the last sales and refusals, and how many answers of each kind there were.

    All markets, unless --market names one. Refusals of the exchange's own services are left out.

    For example:

        strowger ledger

        strowger ledger --market voice --limit 100 --json
    """
    if context.invoked_subcommand is not None:
        return

    async def work() -> None:
        here = place()
        async with reading(here.settings.ledger_path) as book:
            sales = await book.acceptances(market, limit=limit)
            refusals = await book.refused(market, limit=limit)
            counts = await book.counts(market)
        if as_json:
            emit(
                {
                    "acceptances": [asdict(sale) for sale in sales],
                    "refusals": [_refusal(each) for each in refusals],
                    "counts": [asdict(count) for count in counts],
                }
            )
            return
        _show_sales(sales)
        _show_refusals(refusals)
        _show_counts(counts)

    act(work, as_json=as_json)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; none may be there.")],
    *,
    as_json: Json = False,
) -> None:
    """Copy the ledger into one file, whole as it stands at one moment, for its owner alone.

    The exchange may run meanwhile. Every page is checked.

    For example:

        strowger ledger backup ledger-2026-11.sqlite3
    """

    async def work() -> None:
        made = await back_up(place().settings.ledger_path, file.absolute())
        if as_json:
            emit({**asdict(made), "path": str(made.path)})
            return
        out.print(
            f"[green]✓[/green] {escape(str(made.path))}: {made.decisions:,} decisions, "
            f"{made.size_bytes:,} bytes"
        )

    act(work, as_json=as_json)


@app.command("rebuild")
def rebuild_(
    *,
    start: Annotated[
        Path | None,
        typer.Option("--from", help="Go on from a back-up, and trust it.", dir_okay=False),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of the present ledger.")
    ] = False,
    despite: Annotated[
        bool, typer.Option("--despite-differences", help="Replace also where the two differ.")
    ] = False,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Make the ledger anew from the log of decisions, beside the present one, and compare the two.

    Every table is compared row by row, as far as the present one had read; exit 7 if they differ.
    With --replace it is put in the present one's place, which is kept under another name: if both
    are alike, or the present one is damaged or missing. The ledger's service has to be stopped for
    that. The log is kept for 30 days: on an exchange older than that, start --from a back-up.

    For example:

        strowger ledger rebuild

        strowger ledger rebuild --from ledger-2026-11.sqlite3 --replace
    """

    async def work() -> ExitCode:
        here = place(bootstrap=bootstrap)
        path = here.settings.ledger_path
        if replace:
            with _stopped(here.settings):
                pass  # said before the work rather than after it
        with rebuilding() as progress:
            made = await rebuild(await here.broker(OPERATOR), path, start=start, progress=progress)
        compared = made.compared
        kept = None
        replaced = replace and (not compared.differences or despite)
        if replaced:
            with _stopped(here.settings):
                kept = await put_in_place(path, made.path)
        show_rebuilt(made, path if replaced else None, kept, as_json=as_json)
        return ExitCode.UNSOUND if compared.differences else ExitCode.OK

    act(work, as_json=as_json)


@contextmanager
def _stopped(settings: Settings) -> Iterator[None]:
    """Hold the ledger's service stopped in this home.

    Raises:
        LedgerInUse: it runs.
        AlreadySupervised: it is kept running.
    """
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    with claimed(settings.run_dir, LEDGER):
        pid = pid_if_alive(settings.run_dir, LEDGER, MAX_HEARTBEAT_AGE_SECONDS)
        if pid is not None:
            raise LedgerInUse(
                f"the ledger's service runs in {settings.home} (process {pid}): stop it first"
            )
        yield


def _refusal(decided: Decided) -> dict[str, object]:
    return {**asdict(decided), "event": json.loads(decided.event)}


def _show_sales(sales: Iterable[Acceptance]) -> None:
    table = grid(
        *("at", "contract", "buyer", "provider", "what", ">cost", ""),
        title="[bold]sold[/bold]",
    )
    for sale in sales:
        table.add_row(
            f"{sale.at:%H:%M:%S}",
            sale.contract_id,
            sale.buyer,
            sale.provider,
            bought(sale.quantity, sale.service),
            amount(sale.cost),
            sale.currency,
        )
    out.print(table)


def _show_refusals(refusals: Iterable[Decided]) -> None:
    table = grid("at", "market", "participant", "refusal", "what", title="\n[bold]refused[/bold]")
    for each in refusals:
        table.add_row(
            f"{each.at:%H:%M:%S}",
            each.market,
            each.participant,
            f"[red]{each.refusal}[/red]",
            escape(json.loads(each.event)["subject"]),
        )
    out.print(table)


def _show_counts(counts: Iterable[Count]) -> None:
    table = grid("command", "answer", "refusal", ">times", title="\n[bold]answers[/bold]")
    for count in counts:
        table.add_row(count.command, count.event_type, count.refusal or "", f"{count.decisions:,}")
    out.print(table)
