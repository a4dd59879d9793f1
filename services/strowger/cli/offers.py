"""`strowger offers`: publish a rate sheet as offers."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.delivery import deliver
from strowger.cli.shared.faults import act
from strowger.cli.shared.importing import NO_CURRENCY, Asked, Plan, planned
from strowger.cli.shared.markets import terms_if_known, terms_of
from strowger.cli.shared.options import Bootstrap, Json, Market, Provider
from strowger.cli.shared.output import emit, out
from strowger.cli.shared.place import NotSaid, Place, checked, place
from strowger.cli.shared.sheet_report import document, show_delivery, show_plan, show_unread
from strowger.cli.standing import capacity, publish, withdraw
from strowger.sheets import Reading
from strowger.sheets.cells import from_text
from strowger.sheets.dates import DayOrder, NoDate, moment_of

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Publish offers and rate sheets, withdraw offers, say what pools hold.",
)


for _command in (publish, withdraw, capacity):
    app.command()(_command)


@app.command("import")
def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="A rate sheet, CSV in Unicode or XLSX; or MEF LSO Sonata responses, JSON.",
        ),
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change; send nothing.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Publish without asking, also beside bad rows.")
    ] = False,
    scope: Annotated[
        Literal["partial", "country", "full"],
        typer.Option(
            help="What the sheet leaves out: stays; is withdrawn in the countries it names; "
            "is withdrawn in its decks."
        ),
    ] = "partial",
    effective: Annotated[
        str | None,
        typer.Option(help="From when rows without a date are in force; else at once."),
    ] = None,
    dates: Annotated[
        Literal["dmy", "mdy"] | None,
        typer.Option(help="How to read 03/04/2026, which else is a bad cell."),
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="The sheet's currency; else its own, else the market's.")
    ] = None,
    deck: Annotated[str | None, typer.Option(help="The deck of rows that name none.")] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Which sheet of an XLSX file; else the first with a header.")
    ] = None,
    previous: Annotated[
        Path | None, typer.Option(help="The sheet before; else what imports from here left.")
    ] = None,
    allow_big_changes: Annotated[
        bool,
        typer.Option("--allow-big-changes", help="Publish prices 100 times, or 1/100, of before."),
    ] = False,
    withdraw_anyway: Annotated[
        bool,
        typer.Option("--withdraw-anyway", help="Withdraw also what a bad row might have named."),
    ] = False,
    a: Annotated[str | None, typer.Option(help="One end of Sonata's lines, as GB/LON.")] = None,
    z: Annotated[str | None, typer.Option(help="Their other end.")] = None,
    firmness: Annotated[
        Literal["budgetary", "firm_subject_to_feasibility", "firm"] | None,
        typer.Option(help="How far Sonata's discovered prices bind; else budgetary."),
    ] = None,
    market: Market = None,
    provider: Provider = None,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Publish every good row of a rate sheet as an offer, and report every bad one by line.

    Columns are known by their headings: a code and a rate; and increments, connect fee, effective
    date, currency, deck, origin, status where the sheet has them. A row's offer is named deck:code,
    so the next sheet's row replaces it.

    On a terminal you are shown what would change and asked. Elsewhere, a sheet with bad, blocked or
    flagged rows is published only with --yes, and then without those.

    Responses of MEF LSO Sonata (availability with pricing discovery, or a quote) become Ethernet
    offers between the places --a and --z; what has no place in an offer is listed, field by field.

    Exit 5 when a row was left out or refused.

    For example:

        strowger offers import sheet.csv --dry-run

        strowger offers import a-z.xlsx --scope full --effective 2026-05-01 --provider carrier-x

        strowger offers import availability.json pricing.json --a GB/LON --z FR/PAR --dry-run
    """

    async def work() -> ExitCode:
        here = place(market=market, provider=provider, bootstrap=bootstrap)
        to, sender = here.market, here.provider
        asked = Asked(
            _reading(sheet, dates, effective, currency, deck),
            _ends(files, a, z),
            firmness,
            scope,
            previous,
            allow_big_changes,
            withdraw_anyway,
        )
        if dry_run:
            plan = await planned(files, asked, here, await terms_if_known(here, to))
            if as_json:
                emit(document(plan, None))
            else:
                show_plan(plan, f"would go to {to}, in {plan.currency or NO_CURRENCY}")
                out.print("nothing was sent")
                show_unread(plan.given)
            return _code(plan)
        plan = await planned(files, asked, here, await terms_of(here, to))
        if not (yes or _agreed(plan, f"to {to}, as {sender}", as_json=as_json)):
            return ExitCode.OK
        return await _publish(plan, here, as_json=as_json)

    act(work, as_json=as_json)


def _ends(files: Sequence[Path], a: str | None, z: str | None) -> tuple[str, str] | None:
    """Give the places that Sonata's lines are between; none for a rate sheet."""
    if not any(path.suffix.lower() == ".json" for path in files):
        if a or z:
            raise NotSaid("--a and --z are for Sonata responses, whose names end in .json")
        return None
    if not a or not z:
        raise NotSaid("Sonata responses name no places: say both with --a and --z, as GB/LON")
    return checked("place", a), checked("place", z)


def _reading(
    sheet: str | None,
    dates: DayOrder | None,
    effective: str | None,
    currency: str | None,
    deck: str | None,
) -> Reading:
    if currency is not None:
        checked("currency", currency)
    try:
        moment = None if effective is None else moment_of(from_text(effective), dates)
    except NoDate as problem:
        raise NotSaid(f"--effective {effective}: {problem}") from None
    return Reading(sheet, dates, moment, currency, deck)


def _agreed(plan: Plan, heading: str, *, as_json: bool) -> bool:
    """Ask on a terminal; elsewhere agree to a plan that nobody needs to look at.

    Raises:
        NotSaid: somebody needs to, and there is no terminal.
    """
    if not sys.stdin.isatty():
        if not plan.problems:
            return True
        if as_json:
            emit(document(plan, None))
        show_unread(plan.given)
        raise NotSaid(
            f"nothing was sent: {plan.problems}. Look with --dry-run; --yes publishes the others"
        )
    if not as_json:
        show_plan(plan, heading)
    show_unread(plan.given)
    withdrawals = sum(wanted.service is None for wanted in plan.wanted.values())
    question = f"Publish {len(plan.wanted) - withdrawals:,} offers"
    question += f" and withdraw {withdrawals:,}?" if withdrawals else "?"
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        return False


async def _publish(plan: Plan, here: Place, *, as_json: bool) -> ExitCode:
    to, sender = here.market, here.provider
    delivery = await deliver(sender, plan.events(to), bootstrap=await here.broker(sender))
    plan.kept.after(delivery.reports, plan.wanted).save(here.settings.home, to, sender)
    if as_json:
        emit(document(plan, delivery))
    else:
        money = " and ".join(plan.currencies) or plan.currency
        show_delivery(plan, delivery, f"to {to}, as {sender}, in {money}")
        show_unread(plan.given)
    return ExitCode.PARTLY if delivery.failed else _code(plan)


def _code(plan: Plan) -> ExitCode:
    left_out = plan.given.bad or plan.given.left_out or plan.diff.stopped
    return ExitCode.PARTLY if left_out else ExitCode.OK
