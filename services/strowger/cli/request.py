"""`strowger request`: ask for minutes to a number, and see the ranked offers."""

from datetime import datetime
from typing import Annotated

import typer
from pydantic import ValidationError

from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap, Buyer, Json, Market, TimeoutSeconds
from strowger.cli.shared.output import amount, emit, grid, out
from strowger.cli.shared.place import NotSaid, place
from strowger.cli.shared.remembered import LastRequest
from strowger.client import BuyerClient, Matches
from strowger.contract.voice import VoiceDemand

app = typer.Typer(add_completion=False)


@app.command()
def request(
    *,
    to: Annotated[str, typer.Option(help="The number, + and digits, in full international form.")],
    minutes: Annotated[int, typer.Option(help="How many minutes of calls to buy.")],
    call_seconds: Annotated[
        int | None, typer.Option(help="Expected length of a call; else the market's own.")
    ] = None,
    max_matches: Annotated[
        int | None, typer.Option("--max", min=1, max=10_000, help="Show only the best so many.")
    ] = 10,
    session: Annotated[
        bool,
        typer.Option("--session/--no-session", help="Ask in a session of its own, or in none."),
    ] = True,
    ttl: Annotated[
        int, typer.Option(min=1, max=86_400, help="How long the session stays open, seconds.")
    ] = 600,
    market: Market = None,
    buyer: Buyer = None,
    bootstrap: Bootstrap = None,
    timeout: TimeoutSeconds = 30,
    as_json: Json = False,
) -> None:
    """Ask for minutes of calls to a number: the offers able to carry them, cheapest first.

    The session stays open after this command, so that `strowger accept RANK` can follow.

    For example:

        strowger request --to +442079460123 --minutes 1000

        strowger request --to +819012345678 --minutes 500 --call-seconds 60 --json
    """

    async def work() -> None:
        here = place(market=market, buyer=buyer, bootstrap=bootstrap)
        demand = _demand(to, minutes, call_seconds)
        where = here.market
        buying = BuyerClient(here.buyer, bootstrap=await here.broker(), timeout=timeout)
        async with buying as client:
            until: datetime | None = None
            asked = demand.model_dump(exclude={"family", "destination"})
            if session:
                opened = await client.open_session(where, ttl=ttl)
                until = opened.deadline
                matches = await opened.request(to=to, max_matches=max_matches, **asked)
            else:
                matches = await client.request(where, to=to, max_matches=max_matches, **asked)
                until = matches.valid_until
        LastRequest(
            buyer=here.buyer, destination=to, minutes=minutes, until=until, answer=matches.event
        ).keep(here)
        if as_json:
            emit({**matches.event.model_dump(mode="json"), "until": until})
        else:
            show(matches, to=to, minutes=minutes)
            _say_next(matches, until)

    act(work, as_json=as_json)


def _demand(to: str, minutes: int, call_seconds: int | None) -> VoiceDemand:
    try:
        return VoiceDemand(destination=to, minutes=minutes, call_seconds=call_seconds)
    except ValidationError as invalid:
        problem = invalid.errors(include_url=False, include_input=False)[0]
        if problem["loc"][0] == "destination":
            raise NotSaid(
                f"{to!r} is no number in full international form, such as +442079460123"
            ) from None
        raise NotSaid(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}") from None


def show(matches: Matches, *, to: str, minutes: int) -> None:
    """Show ranked offers with how each cost came about."""
    table = grid(
        ">rank", "provider", "code", "deck", ">rate", ">billed", ">fee", f">cost {matches.currency}"
    )
    for shown in matches:
        made = shown.breakdown
        table.add_row(
            str(shown.rank),
            shown.provider,
            f"+{shown.service.prefix}",
            shown.service.deck,
            amount(made.rate_per_minute),
            f"{made.billed_seconds} s",
            amount(made.connect_fee),
            f"[bold]{amount(shown.cost)}[/bold]",
        )
    offers = "1 offer" if matches.able == 1 else f"{matches.able} offers"
    out.print(f"{minutes:,} minutes to {to}: {offers} can carry them")
    if not matches:
        return
    out.print(table)
    first = matches[0].breakdown
    out.print(
        f"[dim]cost = {first.answered_calls:,} calls of {first.call_seconds} s x "
        "(fee + rate x billed / 60)[/dim]"
    )


def _say_next(matches: Matches, until: datetime | None) -> None:
    if not matches:
        out.print("nobody offers this; try another number, or see `strowger offers import --help`")
    elif until is not None:
        at = until.astimezone().strftime("%H:%M:%S")
        ends = "the session ends" if matches.event.session_id else "the answer ends"
        out.print(f"{ends} at {at}; next: [bold]strowger accept 1[/bold]")
