"""How an import is told: counts first, then the rows, for people; all of it as JSON."""

from collections.abc import Sequence
from typing import Final

from rich.markup import escape

from strowger.cli.shared.delivery import Delivery
from strowger.cli.shared.importing import Given, Plan
from strowger.cli.shared.output import amount, err, grid, out
from strowger.contract.families import OfferedService
from strowger.contract.voice import VoiceTermination
from strowger.sheets import BadRow
from strowger.sheets.comparing import KINDS, STOPS, Change
from strowger.sheets.sonata import Unmapped

_MOST_SHOWN: Final = 20
_COLOURS: Final = {"up": "red", "down": "green", "withdrawn": "yellow", "new": "cyan"}


def show_plan(plan: Plan, heading: str) -> None:
    """Show what an import would do: how much of each, then the rows that change something."""
    counts = plan.diff.counts
    out.print(f"{len(plan.diff.changes):,} offers {heading}, compared with {plan.against}")
    for currency, count in plan.currencies.items():
        out.print(f"  in {currency}: {count:,}")
    out.print("  " + ", ".join(f"{counts[kind]:,} {kind}" for kind in KINDS if counts[kind]))
    stopped = ", ".join(f"{counts[stop]:,} {stop}" for stop in STOPS if counts[stop])
    if stopped:
        out.print(f"  [yellow]not to be sent:[/yellow] {stopped}")
    if plan.notice is None:
        out.print("  the market's notice periods are not known here: nothing is checked against")
    _show_changes(plan.diff.stopped)
    _show_changes([change for change in plan.diff.to_send if change.kind != "same"])


def _show_changes(changes: Sequence[Change]) -> None:
    if not changes:
        return
    table = grid("change", "offer", "destination", ">before", ">after", "from", "")
    for change in changes[:_MOST_SHOWN]:
        wanted, before = change.wanted, change.before
        named = change.stop or change.kind
        colour = _COLOURS.get(named)
        table.add_row(
            f"[{colour}]{named}[/{colour}]" if colour else named,
            escape(wanted.offer_id),
            escape(wanted.destination),
            "" if before is None else priced(before.service),
            priced(wanted.service),
            "at once" if wanted.effective_at is None else f"{wanted.effective_at:%Y-%m-%d %H:%M}",
            escape(change.why),
        )
    out.print(table)
    if len(changes) > _MOST_SHOWN:
        out.print(f"and {len(changes) - _MOST_SHOWN:,} more; --json lists them all")


def priced(service: OfferedService | None) -> str:
    """Write an offer's price in a few characters: `0.0125 30/6` and the fee, if there is one."""
    if service is None:
        return ""
    if isinstance(service, VoiceTermination):
        fee = f" +{amount(service.connect_fee)}" if service.connect_fee else ""
        steps = f"{service.minimum_seconds}/{service.increment_seconds}"
        return f"{amount(service.rate_per_minute)} {steps}{fee}"
    charges = service.charges
    said = [f"{amount(step.recurring)} x {step.months} months" for step in charges.terms]
    if charges.recurring is not None:
        said.insert(0, f"{amount(charges.recurring)} a month")
    if charges.one_off:
        said.append(f"{amount(charges.one_off)} once")
    return ", ".join(said)


def show_delivery(plan: Plan, delivery: Delivery, heading: str) -> None:
    """Show what became of an import."""
    withdrawn = f", {delivery.removed:,} withdrawn" if delivery.removed else ""
    out.print(
        f"{delivery.stored:,} offers stored{withdrawn} {heading}, in {delivery.seconds:.1f} s"
    )
    if delivery.absent:
        out.print(f"{delivery.absent:,} more were to be withdrawn, and did not stand")
    for subject, why in delivery.failed[:_MOST_SHOWN]:
        out.print(f"[red]{escape(subject)}[/red]: {escape(why)}")
    if len(delivery.failed) > _MOST_SHOWN:
        out.print(f"and {len(delivery.failed) - _MOST_SHOWN:,} more")
    if plan.diff.stopped:
        out.print(f"[yellow]{len(plan.diff.stopped):,} not sent:[/yellow]")
        _show_changes(plan.diff.stopped)


def _show_bad(bad: Sequence[BadRow]) -> None:
    """Show the rows that were left out, by line and column, on stderr."""
    if not bad:
        return
    err.print(f"[yellow]{len(bad):,} rows left out:[/yellow]")
    for row in bad[:_MOST_SHOWN]:
        value = f" ({row.value})" if row.value else ""
        column = f"{row.place} {row.column}" if row.place else row.column
        err.print(f"  line {row.line}, {column}{value}: {row.reason}", markup=False)
    if len(bad) > _MOST_SHOWN:
        err.print(f"  and {len(bad) - _MOST_SHOWN:,} more; --json lists them all")


def show_unread(given: Given) -> None:
    """Show on stderr what could not be read: rows, items of responses, and fields of them."""
    _show_bad(given.bad)
    _show_unmapped(given.left_out, "items make no offer")
    _show_unmapped(given.unmapped, "fields have no place in an offer")


def _show_unmapped(unmapped: Sequence[Unmapped], what: str) -> None:
    if not unmapped:
        return
    err.print(f"[yellow]{len(unmapped):,} {what}:[/yellow]")
    for each in unmapped[:_MOST_SHOWN]:
        value = "" if each.value is None else f" ({each.value})"
        err.print(f"  {each.file}#{each.pointer}{value}: {each.reason}", markup=False)
    if len(unmapped) > _MOST_SHOWN:
        err.print(f"  and {len(unmapped) - _MOST_SHOWN:,} more; --json lists them all")


def document(plan: Plan, delivery: Delivery | None) -> dict[str, object]:
    """Give all that there is to tell, as JSON."""
    return {
        "rows": len(plan.given.wanted) + len(plan.given.bad) + len(plan.given.left_out),
        "good": plan.given.good,
        "bad": [
            {
                "line": row.line,
                "place": row.place,
                "column": row.column,
                "value": row.value,
                "reason": row.reason,
            }
            for row in plan.given.bad
        ],
        "left_out": [_unmapped(each) for each in plan.given.left_out],
        "unmapped": [_unmapped(each) for each in plan.given.unmapped],
        "sheet": "" if plan.given.sheet is None else plan.given.sheet.name,
        "against": plan.against,
        "currencies": dict(plan.currencies),
        "notice_known": plan.notice is not None,
        "counts": dict(plan.diff.counts),
        "changes": [_change(change) for change in plan.diff.changes],
        "sent": 0 if delivery is None else len(plan.diff.to_send),
        "stored": 0 if delivery is None else delivery.stored,
        "removed": 0 if delivery is None else delivery.removed,
        "absent": 0 if delivery is None else delivery.absent,
        "failed": []
        if delivery is None
        else [{"offer": subject, "reason": why} for subject, why in delivery.failed],
    }


def _unmapped(each: Unmapped) -> dict[str, object]:
    return {
        "file": each.file,
        "pointer": each.pointer,
        "value": each.value,
        "reason": each.reason,
    }


def _change(change: Change) -> dict[str, object]:
    wanted, before = change.wanted, change.before
    return {
        "change": change.kind,
        "stop": change.stop,
        "why": change.why,
        "offer": wanted.offer_id,
        "line": wanted.line,
        "destination": wanted.destination,
        "country": wanted.country,
        "currency": wanted.currency,
        "effective_at": wanted.effective_at,
        "until": wanted.until,
        "firmness": wanted.firmness,
        "before": None if before is None else before.service,
        "after": wanted.service,
    }
