"""`strowger close`: end a session before its time."""

from typing import Annotated

import typer

from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap, Buyer, Json, Market, TimeoutSeconds
from strowger.cli.shared.output import emit, out
from strowger.cli.shared.place import NotSaid, Place, checked, place
from strowger.cli.shared.remembered import last_request
from strowger.client import BuyerClient

app = typer.Typer(add_completion=False)


@app.command()
def close(
    session_id: Annotated[
        str | None, typer.Argument(help="The session; else that of the last request.")
    ] = None,
    *,
    market: Market = None,
    buyer: Buyer = None,
    bootstrap: Bootstrap = None,
    timeout: TimeoutSeconds = 30,
    as_json: Json = False,
) -> None:
    """End a session: nothing in it can be accepted any more. One that has ended is left so.

    For example:

        strowger close
    """

    async def work() -> None:
        here = place(market=market, buyer=buyer, bootstrap=bootstrap)
        session, where, who = _which(here, session_id)
        async with BuyerClient(who, bootstrap=await here.broker(who), timeout=timeout) as client:
            await client.attach(session, where).close()
        if as_json:
            emit({"session_id": session, "market": where, "ended": True})
        else:
            out.print(f"session {session} has ended")

    act(work, as_json=as_json)


def _which(here: Place, session_id: str | None) -> tuple[str, str, str]:
    if session_id is not None:
        return checked("session", session_id), here.market, here.buyer
    last = last_request(here)
    if last.asked.session_id is None:
        raise NotSaid("the last request was made without a session: name one")
    return last.asked.session_id, last.asked.market, last.buyer
