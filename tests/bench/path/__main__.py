"""`make bench-path`: the whole way of an event, against bare loops and frameworks; see README."""

import argparse
import asyncio
import json
import sys
from collections import Counter
from statistics import median
from typing import Any, Final

from tests.bench.path import trading
from tests.bench.path.exchange import exchange
from tests.bench.path.filling import fill_offers, fill_requests, fill_trade
from tests.bench.path.loops import Loops
from tests.bench.path.ratios import (
    CPU,
    FRAMEWORKS,
    Figures,
    Lines,
    against,
    median_of,
    over,
    rounded,
    worse,
)
from tests.bench.path.trading import Waits, quantile_ms

_RATE: Final = 50.0
_LOAD_RATE: Final = 20.0
_OF_THE_LINE: Final = (
    "cpu_vs_best_framework",
    "throughput_vs_bare_loop",
    "p50_over_r0",
    "p99_over_r0",
    "exactly_once_cost",
    "restore_offers_per_second",
    "load_offers_per_second",
    "trading_during_load",
)


def main() -> None:
    """Measure the parts, print tables, and last one JSON object; null is what was not measured."""
    parser = argparse.ArgumentParser(prog="make bench-path")
    parser.add_argument("--parts", default="abcde")
    parser.add_argument("--offers", type=int, default=1_000_000)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=30)
    given = parser.parse_args()
    figures: Figures = {}
    if set(given.parts) & set("acd"):
        asyncio.run(_loops(given, figures))
    if set(given.parts) & set("be"):
        asyncio.run(_trading(given, figures))
    line: dict[str, float | None] = dict.fromkeys(_OF_THE_LINE)
    _say(json.dumps(line | figures))


async def _loops(given: Any, figures: Figures) -> None:  # noqa: ANN401 - argparse has no types
    if "a" in given.parts:
        async with exchange(()) as ours:
            loops = Loops(ours.settings, ours.root)
            # Matching first: what the gateway's loops write goes into the same log, behind it.
            mix = await fill_trade(ours.root, given.records)
            matching = _matching_half(loops, given.records, mix)
            await fill_requests(ours.settings, ours.root, given.records)
            gateway, unsigned = _gateway_half(loops, given.records)
            figures |= worse({"gateway": gateway, "matching": matching})
            figures["gateway_cpu_vs_best_framework_unsigned"] = unsigned
    if set(given.parts) & set("cd"):
        async with exchange(()) as ours:
            loops = Loops(ours.settings, ours.root)
            await fill_offers(ours.root, given.offers)
            if "c" in given.parts:
                _part_c(loops, min(given.records, given.offers), figures)
            if "d" in given.parts:
                _part_d(loops, given.offers, figures)


def _gateway_half(loops: Loops, records: int) -> tuple[Figures, float]:
    kinds = ("bare", "bare-work", "gateway", *FRAMEWORKS)
    signed = loops.alternate(kinds, records, "gateway")
    unsigned = loops.alternate(kinds[1:], records, "gateway", signed=False)
    _table("a: a gateway, signed", signed)
    _table("a: a gateway, nothing verified", unsigned)
    return against(signed, "gateway"), against(unsigned, "gateway")[CPU]


def _matching_half(loops: Loops, records: int, mix: Counter[str]) -> Figures:
    lines = loops.alternate(("bare", "bare-work", "matching", *FRAMEWORKS), records)
    said = ", ".join(f"{count} {name}" for name, count in mix.most_common())
    _table(f"a: matching, of {said}", lines)
    return against(lines, "matching")


def _part_c(loops: Loops, records: int, figures: Figures) -> None:
    lines = loops.alternate(("matching", "matching-least"), records)
    _table("c: matching, of offers published", lines)
    figures["exactly_once_cost"] = rounded(
        1 - over(lines, "matching", "matching-least", "per_second")
    )


def _part_d(loops: Loops, offers: int, figures: Figures) -> None:
    loops.run("matching", offers + 1)
    lines: Lines = {"restore": [loops.run("restore", offers) for _ in range(2)]}
    _table("d: restore", lines)
    figures["restore_offers_per_second"] = median_of(lines["restore"], "per_second")


async def _trading(given: Any, figures: Figures) -> None:  # noqa: ANN401 - argparse has no types
    async with exchange() as ours:
        await trading.ready_to_trade(ours)
        if "b" in given.parts:
            waits = await trading.alternate(ours, _RATE, given.seconds)
            _waits(f"b: {_RATE:.0f} events a second", waits)
            figures["p50_over_r0"] = _waited(waits, 0.5)
            figures["p99_over_r0"] = _waited(waits, 0.99)
            greatest = await trading.greatest(ours, given.seconds)
            waits = await trading.alternate(ours, greatest / 2, given.seconds)
            _waits(f"b: half of the greatest load, which is {greatest:.0f} events a second", waits)
            figures["p50_over_r0_at_half_load"] = _waited(waits, 0.5)
            figures["p99_over_r0_at_half_load"] = _waited(waits, 0.99)
        if "e" in given.parts:
            before, during, rate = await trading.loading(
                ours, given.offers, _LOAD_RATE, given.seconds
            )
            _waits("e: before the load", before)
            _waits(f"e: while {given.offers} offers come in, {rate:.0f} a second", during)
            figures["load_offers_per_second"] = round(rate)
            figures["trading_during_load"] = rounded(
                quantile_ms(during.calls(), 0.5) / quantile_ms(before.calls(), 0.5)
            )


def _waited(waits: Waits, part: float) -> float:
    return rounded(quantile_ms(waits.calls(), part) / quantile_ms(waits.r0, part))


def _table(title: str, lines: Lines) -> None:
    _say(
        f"\n{title}\n{'':16} {'CPU-s per 1,000':>16} {'spread':>16} {'a second':>10} {'spread':>16}"
    )
    for kind, each in lines.items():
        cells = [f"{kind:<16}"]
        for what, places, width in (("cpu_per_1000", 4, 16), ("per_second", 0, 10)):
            values = [line[what] for line in each]
            spread = f"{min(values):.{places}f}-{max(values):.{places}f}"
            cells += [f"{median(values):>{width}.{places}f}", f"{spread:>16}"]
        _say(" ".join(cells))


def _waits(title: str, waits: Waits) -> None:
    heads = " ".join(f"{head:>8}" for head in ("p50", "p99", "least", "most"))
    _say(f"\n{title}\n{'milliseconds':16} {heads} {'count':>6}")
    for name, seconds in (("R0", waits.r0), ("request", waits.asks), ("accept", waits.accepts)):
        if seconds:
            parts = (quantile_ms(seconds, part) for part in (0.5, 0.99, 0.0, 1.0))
            row = " ".join(f"{each:>8.1f}" for each in parts)
            _say(f"{name:<16} {row} {len(seconds):>6}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
