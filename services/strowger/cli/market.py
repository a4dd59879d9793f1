"""`strowger market`: declare markets and their rates, control them, and list them."""

import re
from dataclasses import asdict
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import typer
from pydantic import ValidationError

from strowger.broker.access import OPERATOR
from strowger.cli.shared.declaring import control as control_market
from strowger.cli.shared.declaring import declare as declare_market
from strowger.cli.shared.declaring import declare_rates
from strowger.cli.shared.durations import seconds_of
from strowger.cli.shared.faults import act
from strowger.cli.shared.markets import markets
from strowger.cli.shared.options import Bootstrap, Json
from strowger.cli.shared.output import emit, err, grid, out
from strowger.cli.shared.place import NotSaid, checked, place
from strowger.cli.shared.told import told
from strowger.contract.market_terms import MarketTerms

_RATE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,9})?")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Declare, control and list markets.",
)


class Sessions(StrEnum):
    """Whether a market trades in sessions only."""

    REQUIRED = "required"
    OPTIONAL = "optional"


class Policy(StrEnum):
    """What providers may do with the stored set while sessions are open."""

    OPEN = "open"
    GUARDED = "guarded"
    SEALED = "sealed"
    SNAPSHOT = "snapshot"


class DeniedChanges(StrEnum):
    """What becomes of a change that a sealed market denies."""

    DEFER = "defer"
    REFUSE = "refuse"


class Action(StrEnum):
    """What the operator does to a market."""

    PAUSE = "pause"
    RESUME = "resume"
    CLOSE = "close"
    SUSPEND = "suspend"
    READMIT = "readmit"
    POLICY = "policy"
    RULES = "rules"


_WITH_SUBJECT = frozenset({Action.SUSPEND, Action.READMIT, Action.POLICY, Action.RULES})


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
    increase_notice: Annotated[
        str, typer.Option(help="How long ahead dearer prices are published, such as 7d.")
    ] = "0",
    closure_notice: Annotated[
        str, typer.Option(help="How long ahead offers are withdrawn, such as 7d.")
    ] = "0",
    policy: Annotated[
        Policy, typer.Option(help="What providers may read and change while sessions are open.")
    ] = Policy.OPEN,
    denied_changes: Annotated[
        DeniedChanges, typer.Option(help="What becomes of a change that a sealed market denies.")
    ] = DeniedChanges.DEFER,
    max_deferral: Annotated[
        str, typer.Option(help="How long a change may wait in a sealed market, such as 1h.")
    ] = "24h",
    hold_capacity: Annotated[
        bool, typer.Option("--hold-capacity", help="Hold what a session is shown until it ends.")
    ] = False,
    max_open_sessions: Annotated[
        int, typer.Option(min=0, help="Open sessions a buyer; 0 is no limit.")
    ] = 100,
    max_stored_offers: Annotated[
        int, typer.Option(min=0, help="Stored offers, and pools, a provider; 0 is no limit.")
    ] = 1_000_000,
    max_session_requests: Annotated[
        int, typer.Option(min=0, help="Requests a session; 0 is no limit.")
    ] = 1_000,
    hide_providers: Annotated[
        bool, typer.Option("--hide-providers", help="Tell buyers who sells once they have bought.")
    ] = False,
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

        strowger market declare wholesale --currency EUR --increase-notice 7d --closure-notice 30d

        strowger market declare auction --currency EUR --policy sealed --max-deferral 1h
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
            policy=policy.value,
            denied_changes=denied_changes.value,
            max_deferral_seconds=seconds_of("--max-deferral", max_deferral),
            hold_capacity=hold_capacity,
            increase_notice_seconds=seconds_of("--increase-notice", increase_notice),
            closure_notice_seconds=seconds_of("--closure-notice", closure_notice),
            max_open_sessions=max_open_sessions or None,
            max_stored_offers=max_stored_offers or None,
            max_session_requests=max_session_requests or None,
            providers_hidden=hide_providers,
        )
        declared = await declare_market(here.meet(OPERATOR), terms)
        if as_json:
            emit(declared)
        else:
            out.print(f"market [bold]{name}[/bold] stands, in {currency}, sessions {sessions}")

    act(work, as_json=as_json)


@app.command()
def rates(
    name: Annotated[str, typer.Argument(help="The market's id.")],
    worth: Annotated[
        list[str],
        typer.Argument(metavar="CURRENCY=WORTH...", help="A unit's worth in the market's own."),
    ],
    *,
    version: Annotated[int, typer.Option(min=1, help="Greater than any declared before.")],
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Declare what other currencies are worth in the market's own, so that offers in them rank.

    A new version replaces all rates of the one before. Rates rank and bind nobody: a sale is in the
    offer's own currency.

    For example:

        strowger market rates voice --version 1 USD=0.92 GBP=1.17
    """

    async def work() -> None:
        here = place(bootstrap=bootstrap)
        said = dict(_rate(each) for each in worth)
        if len(said) < len(worth):
            raise NotSaid("a currency has two rates: give each once")
        declared = await declare_rates(here.meet(OPERATOR), checked("market", name), version, said)
        if as_json:
            emit(declared)
        else:
            out.print(f"market [bold]{name}[/bold]: {told(declared)}")

    act(work, as_json=as_json)


@app.command()
def control(
    name: Annotated[str, typer.Argument(help="The market's id.")],
    action: Annotated[Action, typer.Argument(help="What to do.")],
    subject: Annotated[
        str | None,
        typer.Argument(help="Whom to suspend or readmit; the policy, or the rules, to change to."),
    ] = None,
    *,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Pause, resume or close a market, suspend a participant in it, change its policy or rules.

    To close ends every session, for good. A new policy is in force once no session is open. Rules
    are in force at once, by version; every decision says by which it was made.

    For example:

        strowger market control voice pause

        strowger market control voice suspend carrier-x

        strowger market control voice policy sealed

        strowger market control voice rules 4
    """

    async def work() -> None:
        here = place(bootstrap=bootstrap)
        if (subject is None) == (action in _WITH_SUBJECT):
            raise NotSaid(
                "suspend and readmit take a participant, policy a policy, rules a version, "
                "others none"
            )
        done = await control_market(here.meet(OPERATOR), checked("market", name), action, subject)
        if as_json:
            emit(done)
        else:
            out.print(f"market [bold]{name}[/bold]: {told(done)}")

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


def _rate(said: str) -> tuple[str, Decimal]:
    currency, _, worth = said.partition("=")
    if not _RATE.fullmatch(worth) or not Decimal(worth):
        raise NotSaid(f"{said!r} is no CURRENCY=WORTH such as USD=0.92, at most 9 decimals")
    return checked("currency", currency), Decimal(worth)


def _terms(**fields: object) -> MarketTerms:
    try:
        return MarketTerms.model_validate(fields)
    except ValidationError as invalid:
        problem = invalid.errors(include_url=False, include_input=False)[0]
        raise NotSaid(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}") from None
