"""Measure one mix in this process: prints a line for people, then one JSON object."""

import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

from tests.bench.matching.duckdb_peer import DuckDb
from tests.bench.matching.mixes import make
from tests.bench.matching.mokaccino_peer import Mokaccino
from tests.bench.matching.ours import InLines, Ours
from tests.bench.matching.running import Measured, Times, median_by_size, quantile_us, run
from tests.bench.matching.shape import PAGE, Engine
from tests.bench.matching.sqlite_peer import Sqlite

_WHOLE = 10
"""So much is measured of ours with every shown offer read and told in lines: it is no peer's."""


@dataclass(frozen=True)
class Line:
    """One engine's figures, in microseconds."""

    load_seconds: float
    p50: float
    p99: float
    wall_p50: float
    wall_p99: float
    change_p50: float
    change_p99: float


def measure(name: str, *, offers: int, operations: int, seed: int, peers: bool) -> dict[str, Any]:
    """Run a mix; give each engine's figures, the answers compared, and the table by size."""
    mix = make(name, offers=offers, operations=operations, seed=seed)
    family = mix.offers[0].terms.family
    ours = Ours()
    engines: list[Engine] = [ours]
    if peers:
        engines += [Sqlite(family), DuckDb(family), Mokaccino(family)]
    loads = []
    for engine in engines:
        begun = time.perf_counter()
        engine.load(mix.offers)
        loads.append(time.perf_counter() - begun)
    measured, compared = run(mix, engines)
    lines = {
        engine.name: asdict(_line(measured[engine.name], load))
        for engine, load in zip(engines, loads, strict=True)
    }
    return {
        "mix": name,
        "offers": offers,
        "engines": lines,
        "in_lines": _in_lines(ours, mix.operations),
        "by_size": median_by_size(measured["ours"], PAGE),
        **asdict(compared),
    }


def _line(measured: Measured, load_seconds: float) -> Line:
    asks, changes = measured.asks, measured.changes
    return Line(
        load_seconds,
        quantile_us(asks.cpu_ns, 0.5),
        quantile_us(asks.cpu_ns, 0.99),
        quantile_us(asks.wall_ns, 0.5),
        quantile_us(asks.wall_ns, 0.99),
        quantile_us(changes.cpu_ns, 0.5),
        quantile_us(changes.cpu_ns, 0.99),
    )


def _in_lines(ours: Ours, operations: list[Any]) -> dict[str, float]:
    times = Times()
    whole = InLines(ours)
    for operation in operations[: len(operations) // _WHOLE]:
        if hasattr(operation, "command"):
            times.measure(whole.ask, operation)
    return {"p50": quantile_us(times.cpu_ns, 0.5), "p99": quantile_us(times.cpu_ns, 0.99)}


if __name__ == "__main__":
    given_name, given_offers, given_operations, given_seed, given_peers = sys.argv[1:]
    result = measure(
        given_name,
        offers=int(given_offers),
        operations=int(given_operations),
        seed=int(given_seed),
        peers=given_peers == "peers",
    )
    sys.stdout.write(json.dumps(result) + "\n")
