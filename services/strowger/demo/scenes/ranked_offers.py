"""A buyer asks for minutes to real numbers in several countries."""

from collections.abc import Iterable

from strowger.cli.shared.answers import show
from strowger.client import Matches
from strowger.demo.calls import calls_of
from strowger.demo.carriers import CARRIERS
from strowger.demo.cast import CALLEES, MARKET, Callee
from strowger.demo.narrator import expect, saw, say
from strowger.demo.stage import Stage

TITLE = "A buyer asks for minutes: every offer able to carry them, ranked by cost"

_MINUTES = 1_000
_CALL_SECONDS = 90


async def play(stage: Stage) -> None:
    """Request each number in one session; check order and longest prefix of what is shown."""
    codes = {row.service.prefix for row in stage.rows}
    async with stage.buyer.session(MARKET, ttl=120) as session:
        for callee in CALLEES:
            matches = await session.request(
                to=callee.number, minutes=_MINUTES, call_seconds=_CALL_SECONDS
            )
            say(f"\n[bold]{callee.place}[/bold] [dim]({callee.source})[/dim]")
            show(matches)
            _check(matches, callee, codes)
    saw(
        "per carrier the longest matching code was chosen first, then the cost: minimum, "
        "increment and fee count, so the lowest rate is not always the cheapest"
    )


def _check(matches: Matches, callee: Callee, codes: Iterable[str]) -> None:
    costs = [shown.cost for shown in matches]
    expect(costs == sorted(costs), f"offers for {callee.number} were not ranked by cost")
    carriers = {shown.provider for shown in matches}
    expect(
        carriers == {carrier.name for carrier in CARRIERS},
        f"every carrier was to be shown for {callee.number}, not just {sorted(carriers)}",
    )
    digits = callee.number.removeprefix("+")
    longest = max((code for code in codes if digits.startswith(code)), key=len)
    expect(
        {calls_of(shown).prefix for shown in matches} == {longest},
        f"the longest code for {callee.number} is {longest}",
    )
