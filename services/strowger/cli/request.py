"""`strowger request`: ask for a service of any family, and see the ranked offers."""

import inspect
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final, cast, get_args

import typer
from typer.core import TyperGroup

from strowger.cli.shared.answers import show
from strowger.cli.shared.demanding import options_of, parsed
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap, Buyer, Json, Market, TimeoutSeconds
from strowger.cli.shared.output import emit, out
from strowger.cli.shared.place import NotSaid, place
from strowger.cli.shared.remembered import LastRequest, last_request
from strowger.client import BuyerClient, Matches, Wishes
from strowger.contract.families import RequestedService
from strowger.contract.inbound import RequestSubmitted
from strowger.contract.service import Requested

_EXAMPLES: Final[Mapping[str, str]] = {
    "voice": "strowger request --to +442079460123 --minutes 1000 --min-asr-percent 45",
    "internet": "strowger request internet --place GB/LON --p95 500 --months 12",
    "ethernet": "strowger request ethernet --a GB/LON --z DE/FRA --cir 100 --months 36",
    "sms": "strowger request sms --network 234-15 --messages 100000",
}
_WISHES: Final = "Wishes"


class _Families(TyperGroup):
    """One command a family; voice where none is named, and `--more` for the next page of any."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # typer's public Context is its own click's
        if "--more" in args:
            args = ["more", *(word for word in args if word != "--more")]
        elif args and args[0].startswith("-") and args[0] != "--help":
            args = ["voice", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Families,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Ask for a service: the offers able to give it, ranked. Voice where no family is named."
    "\n\nThe session stays open after it, so that `strowger accept RANK` can follow; `--more` shows"
    " the next page."
    "\n\nFor example:\n\n" + "\n\n".join((*_EXAMPLES.values(), "strowger request --more")),
)


def _ask(
    kind: type[Requested],
    service: Mapping[str, object],
    *,
    max_matches: Annotated[
        int | None,
        typer.Option(
            "--max", min=1, max=10_000, help="Show the best so many.", rich_help_panel=_WISHES
        ),
    ] = 10,
    comparison_months: Annotated[
        int,
        typer.Option("--months", help="Compare costs over so many.", rich_help_panel=_WISHES),
    ] = 1,
    max_term_months: Annotated[
        int | None,
        typer.Option(
            "--max-term", help="Longest term, months; else the comparison.", rich_help_panel=_WISHES
        ),
    ] = None,
    max_cost: Annotated[
        str | None,
        typer.Option(
            "--max-cost", help="Most that it may cost, market's currency.", rich_help_panel=_WISHES
        ),
    ] = None,
    undetermined: Annotated[
        bool,
        typer.Option(
            "--undetermined",
            help="Let pass what an offer says nothing to.",
            rich_help_panel=_WISHES,
        ),
    ] = False,
    firm_only: Annotated[
        bool, typer.Option("--firm", help="Firm offers only.", rich_help_panel=_WISHES)
    ] = False,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", help="A provider to leave out.", rich_help_panel=_WISHES),
    ] = None,
    best: Annotated[
        list[str] | None,
        typer.Option(
            "--best", help="Rank by this quality, then cost; again: next.", rich_help_panel=_WISHES
        ),
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(
            "--weight",
            help="Rank by cost and qualities: QUALITY=WORTH of a unit, as pdd_ms=0.05.",
            rich_help_panel=_WISHES,
        ),
    ] = None,
    near_misses: Annotated[
        int,
        typer.Option(
            "--near-misses", help="Near misses shown where fewer fit.", rich_help_panel=_WISHES
        ),
    ] = 3,
    lines: Annotated[bool, typer.Option("--lines", help="Show the lines of each cost.")] = False,
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
    async def work() -> None:
        here = place(market=market, buyer=buyer, bootstrap=bootstrap)
        family = kind.model_fields["family"].default
        asked = parsed(
            RequestSubmitted,
            {
                "market": here.market,
                "request_id": "not-sent",
                "service": {"family": family, **service},
                "max_matches": max_matches,
                "comparison_months": comparison_months,
                "max_term_months": max_term_months,
                "max_cost": max_cost,
                "undetermined": "pass" if undetermined else "fail",
                "firm_only": firm_only,
                "exclude_providers": exclude or [],
                "ranking": _ranking(best or [], weight or []),
                "near_misses": near_misses,
            },
        )
        wishes = cast("Wishes", {name: getattr(asked, name) for name in Wishes.__annotations__})
        buying = BuyerClient(here.buyer, bootstrap=await here.broker(here.buyer), timeout=timeout)
        async with buying as client:
            if session:
                opened = await client.open_session(here.market, ttl=ttl)
                matches = await opened.request(asked.service, **wishes)
                until = opened.deadline
            else:
                matches = await client.request(here.market, asked.service, **wishes)
                until = matches.valid_until
        last = LastRequest(
            buyer=here.buyer, asked=matches.asked, until=until, pages=(matches.event,)
        )
        last.keep(here)
        _tell(matches, until, lines=lines, as_json=as_json)

    act(work, as_json=as_json)


@app.command()
def more(
    *,
    lines: Annotated[bool, typer.Option("--lines", help="Show the lines of each cost.")] = False,
    bootstrap: Bootstrap = None,
    timeout: TimeoutSeconds = 30,
    as_json: Json = False,
) -> None:
    """Show the next page of the last request; its ranks and those before can be accepted.

    For example:

        strowger request --more
    """

    async def work() -> None:
        here = place(bootstrap=bootstrap)
        last = last_request(here)
        if last.matches.next is None:
            raise NotSaid("nothing ranks behind what the last request showed")
        buying = BuyerClient(last.buyer, bootstrap=await here.broker(last.buyer), timeout=timeout)
        async with buying as client:
            matches = await client.more(last.matches)
        longer = last.with_page(matches.event)
        longer.keep(here)
        _tell(matches, longer.until, lines=lines, as_json=as_json)

    act(work, as_json=as_json)


def _ranking(best: list[str], weights: list[str]) -> dict[str, object]:
    if best and weights:
        raise NotSaid("--best and --weight rank in two ways: give one of them")
    if best:
        return {"by": "quality", "attributes": best}
    if weights:
        return {"by": "weighted", "weights": [_weight(each) for each in weights]}
    return {}


def _weight(said: str) -> dict[str, str]:
    attribute, equals, worth = said.partition("=")
    if not equals:
        raise NotSaid(f"--weight: {said!r} is no QUALITY=WORTH, such as pdd_ms=0.05")
    return {"attribute": attribute, "per_unit": worth}


def _tell(matches: Matches, until: datetime | None, *, lines: bool, as_json: bool) -> None:
    if as_json:
        emit({**matches.event.model_dump(mode="json"), "until": until})
        return
    show(matches, lines=lines)
    if not matches:
        out.print("nobody offers this; ask for something else, or say less of what it must be")
        return
    if matches.next is not None:
        out.print("more rank behind: [bold]strowger request --more[/bold]")
    if until is not None:
        at = until.astimezone().strftime("%H:%M:%S")
        ends = "the session ends" if matches.event.session_id else "the answer ends"
        first = matches[0].rank
        out.print(f"{ends} at {at}; next: [bold]strowger accept {first}[/bold]")


def _command_of(kind: type[Requested]) -> Callable[..., None]:
    """Make a family's command: an option of each of its fields, then what all of them take."""
    own = options_of(kind)
    common = [
        each
        for each in inspect.signature(_ask).parameters.values()
        if each.name not in {"kind", "service"}
    ]

    def ask(**said: Any) -> None:
        service = {each.name: _document(said.pop(each.name)) for each in own}
        _ask(kind, {name: value for name, value in service.items() if value is not None}, **said)

    family = kind.model_fields["family"].default
    example = f"\n\nFor example:\n\n    {_EXAMPLES[family]}" if family in _EXAMPLES else ""
    ask.__doc__ = f"{inspect.cleandoc(kind.__doc__ or '')}{example}"
    ask.__annotations__ = {each.name: each.annotation for each in (*own, *common)}
    ask.__signature__ = inspect.Signature([*own, *common])  # type: ignore[attr-defined]  # inspect reads it
    return ask


def _document(said: object) -> object:
    """Give an option's value as the contract's JSON has it; a list may also be said with commas."""
    if isinstance(said, list):
        return [part.strip() for each in said for part in each.split(",")]
    return said


def _families() -> tuple[type[Requested], ...]:
    union, *_ = get_args(RequestedService)
    return get_args(union)


for _kind in _families():
    app.command(_kind.model_fields["family"].default)(_command_of(_kind))
