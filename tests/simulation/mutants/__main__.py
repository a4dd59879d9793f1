"""Plant each bug, play seeds until the checker sees it; the last line is one JSON object."""

import argparse
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Final

from tests.simulation.mutants import market, owning, path, telling
from tests.simulation.mutants.looking import MOST_SEEDS, Seen, look_for
from tests.simulation.mutants.mutant import Mutant

MUTANTS: Final[tuple[Mutant, ...]] = (
    *market.PLANTED,
    *path.PLANTED,
    *owning.PLANTED,
    *telling.PLANTED,
)

_LONGEST: Final = 200


def _look(number: int, most_seeds: int) -> Seen:
    return look_for(MUTANTS[number], most_seeds)


def _lines(chosen: list[int], most_seeds: int) -> Iterator[tuple[str, bool]]:
    with ProcessPoolExecutor() as pool:
        found = pool.map(_look, chosen, [most_seeds] * len(chosen))
        for number, seen in zip(chosen, found, strict=True):
            yield _line(MUTANTS[number], seen), seen.is_caught


def _line(mutant: Mutant, seen: Seen) -> str:
    first, *_ = seen.sentence.split("\n")
    if not seen.is_caught:
        breaks = ", ".join(map(str, mutant.breaks))
        return f"MISSED  {mutant.name}: breaks {breaks}; {seen.seeds} seeds{first and ': '}{first}"
    by = ", ".join(map(str, seen.invariants))
    return f"caught  {mutant.name}: by {by}, after {seen.seeds} seeds: {first[:_LONGEST]}"


def main() -> int:
    """Look for every bug; give 1 if any is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description=__doc__)
    parser.add_argument("--seeds", type=int, default=MOST_SEEDS, help="how many to play at most")
    parser.add_argument("--only", default="", help="those whose name holds this")
    given = parser.parse_args()
    chosen = [at for at, mutant in enumerate(MUTANTS) if given.only in mutant.name]
    caught = 0
    for line, is_caught in _lines(chosen, given.seeds):
        print(line, flush=True)  # noqa: T201 - a tool prints
        caught += is_caught
    print(json.dumps({"planted": len(chosen), "caught": caught}))  # noqa: T201 - as above
    return 0 if caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
