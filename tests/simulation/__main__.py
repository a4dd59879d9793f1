"""Play seeds and check what each leaves behind; the last line is one JSON object.

`--seed` tells the whole story of one.
"""

import argparse
import gc
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.simulation.checker import check
from tests.simulation.checker.reading import Violation
from tests.simulation.history import History
from tests.simulation.story import story, verdict
from tests.simulation.world import live

MEMORY = next((path for path in ("/dev/shm",) if Path(path).is_dir()), None)  # noqa: S108 - with a name of its own
"""Where ledgers need no disk, if there is such a place."""

_TOLD = 10
_SHARE = 10


def play(seed: int) -> tuple[History, list[Violation]]:
    """Play a seed; give what it left behind, and what of it breaks a promise."""
    with tempfile.TemporaryDirectory(prefix="strowger-simulation-", dir=MEMORY) as folder:
        history = live(seed, Path(folder))
        return history, check(history)


def broken(seed: int) -> str | None:
    """Play a seed; tell what it broke, if anything."""
    history, violations = play(seed)
    if seed % _SHARE == 0:
        # Restores take what there is from the cycle collector; here their exchanges are over.
        gc.unfreeze()
        gc.collect()
    return verdict(history, violations) if violations else None


def _results(seeds: range) -> Iterator[str | None]:
    with ProcessPoolExecutor() as pool:
        yield from pool.map(broken, seeds, chunksize=_SHARE)


def _play_one(seed: int) -> int:
    history, violations = play(seed)
    for line in story(history):
        print(line)  # noqa: T201 - a tool prints
    for violation in violations:
        print(violation)  # noqa: T201 - as above
    print(json.dumps({"seeds": 1, "violations": len(violations)}))  # noqa: T201 - as above
    return 1 if violations else 0


def main() -> int:
    """Play what was asked for; give 1 if any promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many to play")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--seed", type=int, help="play this one alone, and tell its story")
    given = parser.parse_args()
    if given.seed is not None:
        return _play_one(given.seed)
    begun, failed = time.perf_counter(), 0
    for told in _results(range(given.first, given.first + given.seeds)):
        if told is not None:
            failed += 1
            if failed <= _TOLD:
                print(told, flush=True)  # noqa: T201 - as above
    rate = round(given.seeds / (time.perf_counter() - begun), 1)
    result = {"seeds": given.seeds, "violations": failed, "histories_per_second": rate}
    print(json.dumps(result))  # noqa: T201 - as above
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
