"""Play seeded histories on a real cluster under real faults; the last line is one JSON object.

Several are played side by side, each in a market of its own; after some rounds the cluster and the
exchange are started anew, every other time with a standby of matching.
"""

import argparse
import asyncio
import json
import logging
import sys
import time
from collections.abc import Sequence
from typing import Final

import structlog

from tests.bench.naive.exchange import naive_exchange
from tests.bench.naive.workers import GROUPS as NAIVE_GROUPS
from tests.faults.exchange import exchange
from tests.faults.gathering import GROUPS
from tests.faults.round import Result, by_the_checker, play_round, story, totals

SIDE_BY_SIDE: Final = 5
LONG_WAIT_SECONDS: Final = 25.0
ROUNDS: Final = 6
"""How many rounds are played before everything is started anew."""


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)  # noqa: T201 - a tool prints


async def play(
    seeds: Sequence[int],
    side_by_side: int,
    rounds: int,
    *,
    naive: bool,
    calm: bool,
    standby_first: bool,
    until: float,
) -> tuple[list[Result], int]:
    """Play all seeds, or as many as begin in time; give what came of each, and failed audits."""
    results: list[Result] = []
    unsound = 0
    share = side_by_side * rounds
    for turn, first in enumerate(range(0, len(seeds), share)):
        if time.monotonic() > until:
            break
        some = seeds[first : first + share]
        standby = (turn + standby_first) % 2 == 1
        _say(f"starting a cluster for seeds {some[0]} to {some[-1]}, with a standby: {standby}")
        beside = min(side_by_side, len(some))
        starting = (
            naive_exchange(side_by_side=beside)
            if naive
            else exchange(side_by_side=beside, standby=standby)
        )
        async with starting as running:
            for at in range(0, len(some), side_by_side):
                if time.monotonic() > until:
                    break
                group = some[at : at + side_by_side]
                played = await play_round(
                    running,
                    group,
                    faults=dict.fromkeys(group, ()) if calm else None,
                    groups=NAIVE_GROUPS if naive else GROUPS,
                    judge=(lambda _: []) if naive else by_the_checker,
                )
                results += played
                _tell(played, f"make faults SEED={group[0]} HISTORIES={len(group)}")
                if any(_is_odd(result) for result in played):
                    kept = running.keep_logs(group[0])
                    _say(f"the services' and the brokers' logs: {kept}")
            audited = await running.audit()
            _say(f"audit: {json.dumps(audited)[:300]}")
            unsound += not audited.get("sound", False)
    return results, unsound


def _is_odd(result: Result) -> bool:
    """Say whether the logs of a history are worth keeping."""
    return bool(result.wrong) or result.still.worst_seconds > LONG_WAIT_SECONDS


def _tell(played: Sequence[Result], replay: str) -> None:
    for result in played:
        if result.wrong:
            _say(story(result, replay))
    for fault in played[0].faults:
        _say(f"  {fault}")
    faults = len(played[0].faults)
    events = sum(sum(len(each) for each in result.history.records.values()) for result in played)
    waits = [result.still.worst_seconds for result in played]
    for result in played:
        _say(f"  seed {result.seed}: {result.seen} {result.still}")
    _say(
        f"seeds {', '.join(str(each.seed) for each in played)}: {faults} faults, "
        f"{events} records, longest wait {max(waits):.1f} s, "
        f"{sum(len(each.wrong) for each in played)} promises broken"
    )


def summary(results: Sequence[Result], unsound: int) -> dict[str, float | int | None]:
    """Give the one line of figures."""
    killed = [
        result.still.owner_killed_seconds
        for result in results
        if result.still.owner_killed_seconds is not None
    ]
    return {
        "histories": len(results),
        **totals(results),
        "worst_standstill_seconds": max(killed, default=None),
        "worst_wait_seconds": max((each.still.worst_seconds for each in results), default=0)
        or None,
        "broken": sum(bool(result.wrong) for result in results),
        "audits_failed": unsound,
        "confirmed": sum(result.seen.get("confirmed", 0) for result in results),
    }


def main() -> int:
    """Play what was asked for; give 1 if any promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--histories", type=int, default=20, help="how many to play")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the first")
    parser.add_argument("--side-by-side", type=int, default=SIDE_BY_SIDE, help="how many at once")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds on one cluster")
    parser.add_argument("--naive", action="store_true", help="against the naive exchange")
    parser.add_argument("--minutes", type=float, default=600, help="begin no round after these")
    parser.add_argument(
        "--standby", action="store_true", help="matching with a standby on the first cluster"
    )
    parser.add_argument("--calm", action="store_true", help="without any fault")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    seeds = range(given.seed, given.seed + given.histories)
    results, unsound = asyncio.run(
        play(
            seeds,
            given.side_by_side,
            given.rounds,
            naive=given.naive,
            calm=given.calm,
            standby_first=given.standby,
            until=time.monotonic() + given.minutes * 60,
        )
    )
    figures = summary(results, unsound)
    print(json.dumps(figures))  # noqa: T201 - a tool prints
    return 1 if figures["broken"] or unsound else 0


if __name__ == "__main__":
    sys.exit(main())
