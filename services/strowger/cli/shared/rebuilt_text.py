"""Show how far a ledger's rebuild is, and what came of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from strowger.cli.shared.output import emit, err, out
from strowger.ledger.comparing import Difference
from strowger.ledger.rebuilding import Progress as Told
from strowger.ledger.rebuilding import Rebuilt


@contextmanager
def rebuilding() -> Iterator[Told]:
    """Show a bar of the offsets read, on standard error, while the block runs."""
    columns = (TextColumn("reading decisions"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=err, transient=True) as bar:
        task = bar.add_task("", total=None)

        def told(done: int, of: int) -> None:
            bar.update(task, completed=done, total=of)

        yield told


def show_rebuilt(made: Rebuilt, place: Path | None, kept: Path | None, *, as_json: bool) -> None:
    """Show how the rebuilt ledger compares, and where it is now; `place` where it has replaced."""
    compared = made.compared
    if as_json:
        emit(
            {
                "path": str(place or made.path),
                "replaced": place is not None,
                "kept": None if kept is None else str(kept),
                "next_offsets": made.next_offsets,
                "equal": compared.equal,
                "rows_compared": compared.rows,
                "not_compared": compared.not_compared,
                "differences": [asdict(each) for each in compared.differences],
                "seconds": round(made.seconds, 3),
            }
        )
        return
    if compared.not_compared is not None:
        out.print(f"[yellow]not compared[/yellow]: {escape(compared.not_compared)}")
    elif compared.equal:
        out.print(
            f"[green]✓[/green] equal to the present ledger, as far as that had read: "
            f"{compared.rows:,} rows"
        )
    else:
        out.print("[red]✗ the present ledger does not say what the log says[/red]")
        for each in compared.differences:
            _show_difference(each)
    if place is None:
        out.print(f"rebuilt as {escape(str(made.path))} in {made.seconds:.1f} s; not put in place")
    else:
        out.print(f"put in place as {escape(str(place))}, rebuilt in {made.seconds:.1f} s")
    if kept is not None:
        out.print(f"what was there is kept as {escape(str(kept))}")


def _show_difference(each: Difference) -> None:
    for said, count, first in (
        ("missing from the rebuilt one", each.missing, each.first_missing),
        ("only in the rebuilt one", each.extra, each.first_extra),
        ("otherwise in the rebuilt one", each.changed, each.first_changed),
    ):
        if first is not None:
            key = ", ".join(f"{name}={value}" for name, value in first.items())
            out.print(f"  {each.table}: {count:,} {said}, the first {escape(key)}")
