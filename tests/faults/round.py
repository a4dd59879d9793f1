"""A round: histories side by side on one exchange, their faults, and the verdict on each."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from tests.faults.account import KINDS, Wrong, account
from tests.faults.exchange import Exchange
from tests.faults.faults import Done, Fault, Injector, Locks, plans
from tests.faults.gathering import (
    GROUPS,
    Groups,
    Places,
    Records,
    ends,
    history_of,
    read,
    settle,
    topics,
)
from tests.faults.play import Play
from tests.faults.scrambled import Scrambler
from tests.faults.standstill import Standstill, standstill
from tests.simulation.checker import check
from tests.simulation.history import History

WINDOW_SECONDS: Final = 12.0
AFTERWARDS_SECONDS: Final = 5.0
"""How long trade goes on when the last fault is undone and everything serves again."""

SETTLE_SECONDS: Final = 90.0
"""Within so long after the last fault everything must have come to its end.

The longest session, a group that has to notice a death, and the greatest back-off of the
session-timeout processor fit into it twice.
"""

_KIND_OF: Final = {
    1: "late",
    2: "late",
    3: "sold_twice",
    4: "sold_twice",
    10: "lost",
    11: "stalled",
}
"""By broken invariant what it is for a user; the others are told as they are."""


@dataclass
class Result:
    """What one history came to."""

    seed: int
    history: History
    wrong: list[Wrong]
    faults: list[str]
    still: Standstill
    seen: Mapping[str, int] = field(default_factory=dict)

    def count(self, kind: str) -> int:
        """Count what went wrong in one way."""
        return sum(each.kind == kind for each in self.wrong)


Judge = Callable[[History], list[Wrong]]


def by_the_checker(history: History) -> list[Wrong]:
    """Hold a history of ours against every invariant."""
    return [
        Wrong(_KIND_OF.get(each.invariant, f"invariant {each.invariant}"), each.sentence)
        for each in check(history)
    ]


async def play_round(
    exchange: Exchange,
    seeds: Sequence[int],
    *,
    faults: Mapping[int, Sequence[Fault]] | None = None,
    window_seconds: float = WINDOW_SECONDS,
    groups: Groups = GROUPS,
    judge: Judge = by_the_checker,
) -> list[Result]:
    """Play these seeds side by side, heal, wait for their end, and give the verdict on each."""
    begun = time.time()
    cast = [name for each in exchange.casts for name in each.everybody]
    since = await ends(exchange.root, topics(cast))
    plays = [
        Play(seed, f"m-{seed}-{int(begun)}", each, exchange)
        for seed, each in zip(seeds, exchange.casts, strict=False)
    ]
    for play in plays:
        await exchange.declare(play.terms())
    planned = faults if faults is not None else plans(seeds, window_seconds)
    done = await _trade(exchange, plays, planned, window_seconds)
    for play in plays:
        await play.ask_what_became()
    records, stalled = await _settled(exchange, plays, since, groups)
    done_in_words = [f"{each.begun_ms / 1000 - begun:5.1f} s  {each.what}" for each in done]
    results = []
    for play in plays:
        history = history_of(
            records,
            play.market,
            play.seed,
            ledger_path=exchange.settings.ledger_path,
            unsettled="; ".join(stalled),
            faults=done_in_words,
        )
        # A partition that stands still is everybody's: it is counted once.
        mine = stalled if play is plays[0] else ()
        wrong = [*account(history, play.told, mine), *judge(history)]
        still = standstill(history, done)
        results.append(Result(play.seed, history, wrong, done_in_words, still, play.told.seen))
    return results


async def _trade(
    exchange: Exchange,
    plays: Sequence[Play],
    planned: Mapping[int, Sequence[Fault]],
    window_seconds: float,
) -> list[Done]:
    """Let everybody trade while faults happen, and for a while when all of them are undone."""
    locks = Locks(asyncio.Lock(), asyncio.Lock())
    injectors = [
        Injector(exchange, play.market, Random(f"{play.seed} injector"), locks)  # noqa: S311 - a script
        for play in plays
    ]
    async with asyncio.TaskGroup() as playing:
        for play in plays:
            playing.create_task(play.run())
            playing.create_task(Scrambler(play, exchange).run())
        try:
            async with asyncio.TaskGroup() as troubles:
                troubles.create_task(asyncio.sleep(window_seconds))
                for play, injector in zip(plays, injectors, strict=True):
                    troubles.create_task(injector.run(planned[play.seed]))
            await exchange.cluster.wait_until_whole()
            await exchange.processes.ready(SETTLE_SECONDS)
            await asyncio.sleep(AFTERWARDS_SECONDS)
        finally:
            for play in plays:
                play.over.set()
    done = [each for injector in injectors for each in injector.done]
    return sorted(done, key=lambda each: each.begun_ms)


async def _settled(
    exchange: Exchange, plays: Sequence[Play], since: Places, groups: Groups
) -> tuple[Records, list[str]]:
    """Wait until all is read and every session has ended; give what is there, and what is not."""
    wanted = topics(name for play in plays for name in play.cast.everybody)
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        stalled = await settle(exchange.root, groups, until)
        records = await read(exchange.root, wanted, since)
        open_sessions = sum(_open(records, play) for play in plays)
        if not stalled and not open_sessions:
            # What ended the last session was itself told to somebody.
            stalled = await settle(exchange.root, groups, until)
            return await read(exchange.root, wanted, since), stalled
        if time.monotonic() > until:
            return records, stalled
        await asyncio.sleep(0.5)


def _open(records: Records, play: Play) -> int:
    """Count the sessions of which a buyer was told that they began, and not that they ended."""
    told: dict[str, set[tuple[str, str]]] = {"session-granted": set(), "session-ended": set()}
    for name, events in records.of_market(play.market).items():
        if name.startswith("inbox."):
            for facts in (json.loads(event.value or b"{}") for event in events):
                if facts["type"] in told:
                    told[facts["type"]].add((name, facts["session_id"]))
    return len(told["session-granted"] - told["session-ended"])


def story(result: Result, replay: str) -> str:
    """Tell shortly what a history broke, what was done to it, and how to play it again."""
    lines = [f"seed {result.seed} breaks {len(result.wrong)} promises; first:"]
    lines += [f"  {each}" for each in result.wrong[:6]]
    lines += [f"after {len(result.faults)} faults:", *(f"  {each}" for each in result.faults)]
    return "\n".join([*lines, f"play it again: {replay}"])


def totals(results: Sequence[Result]) -> dict[str, int]:
    """Count what went wrong in all of them, by what it is for a user."""
    return {kind: sum(result.count(kind) for result in results) for kind in KINDS}
