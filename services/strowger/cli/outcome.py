"""`strowger outcome`: ask what became of an acceptance."""

from typing import Annotated

import typer

from strowger.cli.accept import show
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap, Buyer, Json, Market, TimeoutSeconds
from strowger.cli.shared.output import emit
from strowger.cli.shared.place import checked, place
from strowger.client import BuyerClient
from strowger.client.identifiers import market_of

app = typer.Typer(add_completion=False)


@app.command()
def outcome(
    acceptance_id: Annotated[str, typer.Argument(help="The id of the acceptance.")],
    *,
    market: Market = None,
    buyer: Buyer = None,
    bootstrap: Bootstrap = None,
    timeout: TimeoutSeconds = 30,
    as_json: Json = False,
) -> None:
    """Tell what became of an acceptance: the sale, or the refusal that accepting it got.

    It answers after a restart and after the session's end, and buys nothing.

    For example:

        strowger outcome voice~019ac3f09d8f2b6d0c7a51e2f8b4
    """

    async def work() -> None:
        here = place(market=market, buyer=buyer, bootstrap=bootstrap)
        checked("acceptance", acceptance_id)
        where = (market and here.market) or market_of(acceptance_id) or here.market
        buying = BuyerClient(here.buyer, bootstrap=await here.broker(here.buyer), timeout=timeout)
        async with buying as client:
            confirmed = await client.outcome(acceptance_id, where)
        if as_json:
            emit(confirmed)
        else:
            show(confirmed)

    act(work, as_json=as_json)
