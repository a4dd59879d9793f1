"""What part (a) says: ours against bare loops and frameworks, and the worse of its halves."""

from collections.abc import Mapping
from statistics import median
from typing import Final

FRAMEWORKS: Final = ("faststream", "quix", "faust")
CPU: Final = "cpu_vs_best_framework"

Line = dict[str, float]
Lines = dict[str, list[Line]]
Figures = dict[str, float]


def against(lines: Lines, ours: str) -> Figures:
    """Give ours over others: processor time over the best framework's, throughput over bare."""
    best = min(median_of(lines[kind], "cpu_per_1000") for kind in FRAMEWORKS)
    figures = {CPU: rounded(median_of(lines[ours], "cpu_per_1000") / best)}
    for name, other in (("", "bare"), ("_with_the_work", "bare-work")):
        if other in lines:
            figures[f"throughput_vs_bare_loop{name}"] = over(lines, ours, other, "per_second")
    return figures


def worse(halves: Mapping[str, Figures]) -> Figures:
    """Give the worse of each figure, and each half's own, its name before it.

    The greater is worse of processor time, the smaller of throughput.
    """
    told: Figures = {}
    for figures in halves.values():
        for name, figure in figures.items():
            pick = max if name == CPU else min
            told[name] = pick(figure, told.get(name, figure))
    for half, figures in halves.items():
        told |= {f"{half}_{name}": figure for name, figure in figures.items()}
    return told


def over(lines: Lines, kind: str, other: str, what: str) -> float:
    """Divide one kind's median by another's."""
    return rounded(median_of(lines[kind], what) / median_of(lines[other], what))


def median_of(lines: list[Line], what: str) -> float:
    """Give the median of what the runs of a kind measured."""
    return median(line[what] for line in lines)


def rounded(ratio: float) -> float:
    """Give three places of a ratio; more would say what no run here can tell."""
    return round(ratio, 3)
