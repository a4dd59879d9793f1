"""`make bench-matching`: request matching against databases, in ratios; see README.md here."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from tests.bench.matching.mixes import NAMES

_ALL: Final = 1_000_000
_OPERATIONS: Final = 2000
_SEED: Final = 1891
_SMALL: Final = 100
"""How many times fewer offers the table of growth starts from."""


def main() -> int:
    """Measure every mix, print tables, and last one JSON object; fail if any answer differs."""
    parser = argparse.ArgumentParser(prog="make bench-matching")
    parser.add_argument("--offers", type=int, default=_ALL)
    parser.add_argument("--operations", type=int, default=_OPERATIONS)
    parser.add_argument("--seed", type=int, default=_SEED)
    given = parser.parse_args()
    sizes = (str(given.offers), str(given.operations), str(given.seed))
    mixes = {name: _child("one_mix", name, *sizes, "peers") for name in NAMES}
    small = (str(max(1, given.offers // _SMALL)), *sizes[1:])
    smaller = {name: _child("one_mix", name, *small, "alone") for name in NAMES}
    weights = {name: _weight(name, given.offers, given.seed) for name in NAMES}
    different = sum(mix["different"] for mix in mixes.values())
    _say(f"answers compared: {sum(mix['compared'] for mix in mixes.values())}, {different} differ")
    for mix in mixes.values():
        if mix["first"]:
            _say(mix["first"])
    _tables(mixes, smaller, weights)
    _say(json.dumps(_summary(mixes, weights)))
    return 1 if different else 0


def _child(module: str, *arguments: str) -> dict[str, Any]:
    """Run one of our modules in a process of its own; give the JSON object that it printed."""
    command = [sys.executable, "-m", f"tests.bench.matching.{module}", *arguments]
    _note(f"{module} {' '.join(arguments)}")
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603 - ours
    result: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
    return result


def _weight(name: str, offers: int, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "rows")
        _child("memory", "write", name, str(offers), str(seed), path)
        return _child("memory", "restore", path)


def _tables(
    mixes: dict[str, Any], smaller: dict[str, Any], weights: dict[str, dict[str, float]]
) -> None:
    _say("\nmicroseconds of processor time; by the wall in brackets")
    row = "{:<8} {:<10} {:>9} {:>9} {:>22} {:>9} {:>10} {:>7}"
    _say(row.format("mix", "engine", "p50", "p99", "[p50 p99]", "chg p50", "chg p99", "load s"))
    for name, mix in mixes.items():
        for engine, line in mix["engines"].items():
            wall = f"[{line['wall_p50']:.0f} {line['wall_p99']:.0f}]"
            _say(
                row.format(
                    name,
                    engine,
                    f"{line['p50']:.0f}",
                    f"{line['p99']:.0f}",
                    wall,
                    f"{line['change_p50']:.0f}",
                    f"{line['change_p99']:.0f}",
                    f"{line['load_seconds']:.0f}",
                )
            )
        told = mix["in_lines"]
        _say(row.format(name, "  in lines", f"{told['p50']:.0f}", f"{told['p99']:.0f}", *[""] * 4))
    fewest, most = (next(iter(each.values()))["offers"] for each in (smaller, mixes))
    _say(f"\nours, p50 by how many offers the answer shows: {fewest} offers, {most}, times")
    for name, mix in mixes.items():
        for size, large_us in mix["by_size"].items():
            small_us = smaller[name]["by_size"][size]
            times = f"{large_us / small_us:.1f}" if small_us and large_us else "-"
            _say(f"{name:<8} {size:>5} {small_us:>9.0f} {large_us:>9.0f} {times:>6}")
    _say("\nbytes an offer, offers a second when rebuilt from rows")
    for name, weight in weights.items():
        bytes_each, rate = weight["bytes_per_offer"], weight["offers_per_second"]
        _say(f"{name:<8} {bytes_each:>6.0f} {rate:>8.0f}")


def _summary(mixes: dict[str, Any], weights: dict[str, dict[str, float]]) -> dict[str, Any]:
    def ratio(name: str) -> float:
        engines = dict(mixes[name]["engines"])
        ours = engines.pop("ours")
        return round(float(ours["p99"]) / min(float(peer["p99"]) for peer in engines.values()), 4)

    ours = [mix["engines"]["ours"] for mix in mixes.values()]
    changes = [
        mix["engines"]["ours"]["change_p99"] / mix["engines"]["sqlite"]["change_p99"]
        for mix in mixes.values()
    ]
    return {
        "skewed_p99_ratio": ratio("skewed"),
        "rare_p99_ratio": ratio("rare"),
        "sparse_p99_ratio": ratio("sparse"),
        "worst_p99_over_p50": round(max(line["p99"] / line["p50"] for line in ours), 2),
        "bytes_per_offer": round(max(each["bytes_per_offer"] for each in weights.values())),
        "rebuild_offers_per_second": round(
            min(each["offers_per_second"] for each in weights.values())
        ),
        "answers_compared": sum(mix["compared"] for mix in mixes.values()),
        "answers_different": sum(mix["different"] for mix in mixes.values()),
        "real_p99_ratio": ratio("real"),
        "worst_change_p99_ratio": round(max(changes), 4),
    }


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _note(line: str) -> None:
    sys.stderr.write(f"... {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
