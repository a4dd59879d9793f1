"""`make bench-standstill`: for how long a market stands still when its owner is killed."""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.standstill.exchange import Exchange

_OFFERS = 100_000
_TIMES = 3


async def _measure(offers: int, times: int, folder: Path) -> dict[str, object]:
    async with Exchange(folder) as exchange:
        _note(f"loading {offers} offers")
        loaded_seconds = await exchange.load(offers)
        _note(f"decided in {loaded_seconds:.0f} s")
        with_standby: list[float] = []
        restarted: list[float] = []
        for number in range(times):
            # In turns, so that what else the machine does falls on both alike.
            with_standby.append(await exchange.standstill(standby=True))
            restarted.append(await exchange.standstill(standby=False))
            _note(f"{number + 1}: with standby {with_standby[-1]} s, restarted {restarted[-1]} s")
    return {
        "offers": offers,
        "with_standby_seconds": statistics.median(with_standby),
        "restarted_seconds": statistics.median(restarted),
        "worst_with_standby_seconds": max(with_standby),
        "worst_restarted_seconds": max(restarted),
        "times": times,
    }


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - a tool prints


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print one JSON object last."""
    parser = argparse.ArgumentParser(prog="make bench-standstill", description=__doc__)
    parser.add_argument("--offers", type=int, default=_OFFERS)
    parser.add_argument("--times", type=int, default=_TIMES, help="how often each is killed")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="strowger-standstill-") as folder:
        measured = asyncio.run(_measure(given.offers, given.times, Path(folder)))
    print(json.dumps(measured))  # noqa: T201 - a tool prints
    return 0


if __name__ == "__main__":
    sys.exit(main())
