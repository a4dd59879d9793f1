"""Show what a request was shown: the ranked offers, what each cost is made of, near misses."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from rich.markup import escape

from strowger.cli.shared.output import amount, grid, out
from strowger.cli.shared.services import Fields, family_of, heading, phrase, said, traits, where
from strowger.client import Matches, ShownOffer
from strowger.contract.charges import CostLine
from strowger.contract.families import RequestedService
from strowger.contract.matches import HIDDEN, NearMiss

_ASKED: Final[Mapping[str, str]] = {
    "floor": "at least ",
    "ceiling": "at most ",
    "cover": "all of ",
    "same": "",
}


def show(matches: Matches, *, lines: bool = False) -> None:
    """Show ranked offers; columns are what they differ in, what they share is said once.

    With `lines`, also the lines that each cost is the sum of.
    """
    if any(each.provider == HIDDEN for each in (*matches, *matches.near_misses)):
        out.print("[dim]who sells is told once you have bought[/dim]")
    many = "1 offer is" if matches.able == 1 else f"{matches.able:,} offers are"
    out.print(f"{_asked(matches.asked.service)}: {many} able")
    if matches:
        _show_table(matches)
    if lines:
        for shown in matches:
            out.print(
                f"\n[bold]{shown.rank}[/bold] {shown.provider} {shown.offer_id}: "
                f"{amount(shown.cost)} {shown.currency}"
            )
            show_lines(shown.lines)
    if matches.near_misses:
        _show_near_misses(matches.near_misses)


def show_lines(lines: Iterable[CostLine]) -> None:
    """Show the lines of a cost: each amount is its quantity x its price, and they add up to it."""
    table = grid("charge", ">quantity", "", ">price", ">amount")
    for line in lines:
        table.add_row(
            line.charge, line.quantity, line.unit, amount(line.price), amount(line.amount)
        )
    out.print(table)


def _asked(service: RequestedService) -> str:
    told = [
        phrase(name, value) for name, value in service if name != "family" and value is not None
    ]
    return f"{family_of(service)}, {', '.join(told)}"


def _show_table(matches: Matches) -> None:
    rows = [_row(shown, matches) for shown in matches]
    names = list(dict.fromkeys(name for row in rows for name in row))
    differ = [name for name in names if len({str(row.get(name)) for row in rows}) > 1]
    shared = [name for name in names if name not in differ]
    table = grid(
        ">rank",
        "provider",
        *(_column(name, rows) for name in differ),
        *(("firmness",) if any(shown.firmness != "firm" for shown in matches) else ()),
        ">cost",
        *((f">in {matches.currency}",) if _converted(matches) else ()),
    )
    for shown, row in zip(matches, rows, strict=True):
        table.add_row(
            str(shown.rank),
            shown.provider,
            *(escape(said(row.get(name))) for name in differ),
            *((shown.firmness,) if any(each.firmness != "firm" for each in matches) else ()),
            f"[bold]{amount(shown.cost)} {shown.currency}[/bold]",
            *((amount(shown.ranking_cost),) if _converted(matches) else ()),
        )
    out.print(table)
    if shared:
        alike = ", ".join(phrase(name, rows[0][name]) for name in shared)
        out.print(f"[dim]{'all' if len(rows) > 1 else 'its'}: {escape(alike)}[/dim]")


def _row(shown: ShownOffer, matches: Matches) -> Fields:
    """Give what may be a column: where and what it is, how usage was counted, how it binds."""
    counted = {name: value for name, value in shown.breakdown if name != "family"}
    row = {"for": where(shown.service), **traits(shown.service)}
    # What a breakdown repeats of the service is the same; the service's own value is shown.
    row |= {name: value for name, value in counted.items() if name not in row}
    if any(each.term_months for each in matches):
        row["term"] = _term(shown)
    if any(each.undetermined for each in matches):
        row["undetermined"] = " ".join(shown.undetermined)
    return row


def _term(shown: ShownOffer) -> str:
    if shown.term_months is None:
        return "none"
    return f"{shown.term_months} months" + (", renewed" if shown.renewal_assumed else "")


def _column(name: str, rows: Sequence[Fields]) -> str:
    right = all(isinstance(row.get(name), int | Decimal | None) for row in rows)
    return f"{'>' if right else ''}{heading(name)}"


def _converted(matches: Matches) -> bool:
    return any(shown.currency != matches.currency for shown in matches)


def _show_near_misses(misses: Iterable[NearMiss]) -> None:
    table = grid(
        *("provider", "for", "fails", "asked", "offered", ">by", ""),
        title="\n[bold]near misses[/bold]: each fails one clause only",
    )
    for miss in misses:
        table.add_row(
            miss.provider,
            where(miss.service),
            f"[yellow]{heading(miss.clause)}[/yellow]",
            escape(f"{_ASKED[miss.test]}{miss.asked}"),
            escape("not said" if miss.offered is None else miss.offered),
            miss.short_by or "",
            miss.unit if miss.short_by else "",
        )
    out.print(table)
