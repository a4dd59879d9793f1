"""`strowger watch`: follow decisions and sales as they are made."""

from typing import Annotated

import typer
from rich.markup import escape

from strowger.broker.access import OPERATOR
from strowger.cli.shared import topic_reader
from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap, Json, Market
from strowger.cli.shared.output import emit, err, out
from strowger.cli.shared.place import NotSaid, place
from strowger.cli.shared.told import told
from strowger.contract.decision import Decision
from strowger.contract.sales import AcceptanceConfirmed
from strowger.contract.topics import ACCEPTANCE_CONFIRMED, DECISIONS

app = typer.Typer(add_completion=False)


@app.command()
def watch(
    *,
    sales: Annotated[
        bool, typer.Option("--sales", help="Only the public record of sales.")
    ] = False,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Begin with the oldest that is kept.")
    ] = False,
    count: Annotated[int | None, typer.Option(min=1, help="End after so many.")] = None,
    market: Market = None,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Follow what the exchange decides, one line each, until Ctrl-C. With --json, JSON lines.

    All markets, unless --market names one.

    For example:

        strowger watch

        strowger watch --sales --from-start --count 10 --json
    """

    async def work() -> None:
        here = place(bootstrap=bootstrap)
        topic = (ACCEPTANCE_CONFIRMED if sales else DECISIONS).name
        find = topic_reader.starts if from_start else topic_reader.ends
        bootstrap_servers = here.meet(OPERATOR)
        since = await find(bootstrap_servers, [topic])
        if not since:
            raise NotSaid("the exchange's topics aren't there: run `strowger topics apply`")
        if not as_json:
            err.print(f"[dim]following {topic} at {here.bootstrap}; Ctrl-C ends[/dim]")
        left = count
        async for record in topic_reader.follow(bootstrap_servers, since):
            if market is not None and record.key != market.encode():
                continue
            _show(record.value, sales=sales, as_json=as_json)
            if left is not None:
                left -= 1
                if left == 0:
                    return

    act(work, as_json=as_json, interrupted=ExitCode.OK)


def _show(value: bytes, *, sales: bool, as_json: bool) -> None:
    found = (AcceptanceConfirmed if sales else Decision).model_validate_json(value)
    if as_json:
        emit(found)
    elif isinstance(found, AcceptanceConfirmed):
        out.print(f"{found.at:%H:%M:%S} {found.market} {told(found)} from {escape(found.provider)}")
    elif isinstance(found, Decision):
        who = "" if found.recipient is None else f" [dim]to {escape(found.recipient)}[/dim]"
        if found.role == "notice" and found.recipient is None:
            who = " [dim]to the public, now that its session has ended[/dim]"
        out.print(f"{found.at:%H:%M:%S} {found.market} #{found.sequence} {told(found.event)}{who}")
