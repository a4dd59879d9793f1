"""`strowger market`: declare markets, and list them."""

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer
from pydantic import ValidationError

from strowger.cli.shared.declaring import declare as declare_market
from strowger.cli.shared.faults import act
from strowger.cli.shared.markets import markets
from strowger.cli.shared.options import Bootstrap, Json
from strowger.cli.shared.output import emit, err, grid, out
from strowger.cli.shared.place import NotSaid, checked, place
from strowger.contract.outbound import MarketTerms

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Declare markets, and list them."
)


class Sessions(StrEnum):
    """Whether a market trades in sessions only."""

    REQUIRED = "required"
    OPTIONAL = "optional"


@app.command()
def declare(
    name: Annotated[str, typer.Argument(help="The market's id: letters, digits, dashes.")],
    *,
    currency: Annotated[str, typer.Option(help="ISO 4217 code that every offer is priced in.")],
    sessions: Annotated[
        Sessions, typer.Option(help="Whether a request may stand without a session.")
    ] = Sessions.REQUIRED,
    min_ttl: Annotated[int, typer.Option(help="Shortest session, seconds.")] = 1,
    max_ttl: Annotated[int, typer.Option(help="Longest session, seconds.")] = 3600,
    match_validity: Annotated[
        int, typer.Option(help="How long an answer without a session can be accepted, seconds.")
    ] = 60,
    default_call_seconds: Annotated[
        int, typer.Option(help="Call length that costs are worked out for when a request has none.")
    ] = 180,
    public_buyer: Annotated[
        bool, typer.Option("--public-buyer", help="Name the buyer in the public record of sales.")
    ] = False,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Declare a market; with the same terms again nothing changes.

    Its terms stand for good: other terms under the same name are refused, exit 1.

    For example:

        strowger market declare voice --currency EUR

        strowger market declare spot --currency USD --sessions optional --match-validity 30
    """

    async def work() -> None:
        here = place(bootstrap=bootstrap)
        if min_ttl > max_ttl:
            raise NotSaid("--min-ttl is above --max-ttl: no session could ever be opened")
        terms = _terms(
            market=checked("market", name),
            currency=checked("currency", currency),
            sessions=sessions.value,
            min_ttl_seconds=min_ttl,
            max_ttl_seconds=max_ttl,
            match_validity_seconds=match_validity,
            default_call_seconds=default_call_seconds,
            public_buyer=public_buyer,
        )
        declared = await declare_market(here.bootstrap, terms)
        if as_json:
            emit(declared)
        else:
            out.print(f"market [bold]{name}[/bold] stands, in {currency}, sessions {sessions}")

    act(work, as_json=as_json)


@app.command("list")
def list_(*, bootstrap: Bootstrap = None, as_json: Json = False) -> None:
    """List the markets that stand, with what is in them as this home's ledger has it.

    With --bootstrap it asks that exchange, and leaves out what only its own ledger knows.

    For example:

        strowger market list --json
    """

    async def work() -> None:
        found = await markets(place(bootstrap=bootstrap))
        if as_json:
            emit([asdict(each) for each in found])
            return
        table = grid("market", "policy", "currency", "sessions", ">offers", ">open sessions")
        for each in found:
            table.add_row(
                each.market,
                each.policy,
                each.currency,
                each.sessions,
                _known(each.standing_offers),
                _known(each.open_sessions),
            )
        out.print(table)
        if not found:
            err.print("none; declare one with `strowger market declare NAME --currency EUR`")

    act(work, as_json=as_json)


def _known(count: int | None) -> str:
    return "?" if count is None else f"{count:,}"


def _terms(**fields: object) -> MarketTerms:
    try:
        return MarketTerms.model_validate(fields)
    except ValidationError as invalid:
        problem = invalid.errors(include_url=False, include_input=False)[0]
        raise NotSaid(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}") from None
