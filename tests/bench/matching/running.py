"""One mix in one process: every engine runs the same operations, in the order A B B A."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench.matching.mixes import Mix
from tests.bench.matching.shape import Answer, Asking, Engine, Operation, Removed, Stored
from tests.bench.matching.warming import touch_memory

SEGMENTS = 4
"""In so many turns every engine runs the operations; each turn reverses the order of engines."""


@dataclass
class Times:
    """Nanoseconds an operation: of the processor, and by the wall."""

    cpu_ns: list[int] = field(default_factory=list)
    wall_ns: list[int] = field(default_factory=list)

    def measure(self, action: Callable[..., Any], *given: Any) -> Any:  # noqa: ANN401 - handed on
        """Do something and add what it took."""
        wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
        result = action(*given)
        self.cpu_ns.append(time.thread_time_ns() - cpu)
        self.wall_ns.append(time.perf_counter_ns() - wall)
        return result


@dataclass
class Measured:
    """What one engine took, and what it answered."""

    asks: Times = field(default_factory=Times)
    changes: Times = field(default_factory=Times)
    answers: list[Any] = field(default_factory=list)


@dataclass
class Compared:
    """How many answers were held against ours, and where one differed."""

    compared: int = 0
    different: int = 0
    first: str = ""


def run(mix: Mix, engines: Sequence[Engine]) -> tuple[dict[str, Measured], Compared]:
    """Run a mix; the engines have loaded its offers, ours first.

    What was loaded is frozen out of Python's cycle collector first, for all engines alike, as
    matching does once it is restored; the collector runs on, and its pauses are in the times.
    Before each turn all memory is read once: what an engine waits for then is not its own doing.
    """
    gc.collect()
    gc.freeze()
    measured = {engine.name: Measured() for engine in engines}
    size = -(-len(mix.operations) // SEGMENTS)
    for segment in range(SEGMENTS):
        operations = mix.operations[segment * size : (segment + 1) * size]
        turn = engines if segment % 2 == 0 else engines[::-1]
        for engine in turn:
            touch_memory()
            _play(engine, operations, measured[engine.name])
    gc.unfreeze()
    for engine in engines:
        answers = measured[engine.name].answers
        measured[engine.name].answers = [engine.told(answer) for answer in answers]
    return measured, _compare(mix, measured)


def _play(engine: Engine, operations: Sequence[Operation], measured: Measured) -> None:
    for operation in operations:
        match operation:
            case Asking():
                measured.answers.append(measured.asks.measure(engine.ask, operation))
            case Stored():
                measured.changes.measure(engine.put, operation)
            case Removed():
                measured.changes.measure(engine.remove, operation.offer)


def _compare(mix: Mix, measured: dict[str, Measured]) -> Compared:
    result = Compared()
    asked = [operation for operation in mix.operations if isinstance(operation, Asking)]
    ours, *peers = measured.items()
    for name, peer in peers:
        for asking, mine, theirs in zip(asked, ours[1].answers, peer.answers, strict=True):
            result.compared += 1
            if mine != theirs:
                result.different += 1
                result.first = result.first or f"{asking}\n{ours[0]}: {mine}\n{name}: {theirs}"
    return result


def quantile_us(times_ns: Sequence[int], part: float) -> float:
    """Give a quantile in microseconds: the least time that so many are not above."""
    if not times_ns:
        return 0.0
    ordered = sorted(times_ns)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] / 1000


def median_by_size(measured: Measured, page: int) -> dict[str, float]:
    """Give the median of requests by how many offers their answer shows: none, some, a page."""
    sizes: dict[str, list[int]] = {"0": [], f"1-{page - 1}": [], str(page): []}
    none, some, full = sizes
    for answer, taken_ns in zip(measured.answers, measured.asks.cpu_ns, strict=True):
        if not isinstance(answer, Answer):
            raise TypeError("answers are not told yet")
        shown = len(answer.first)
        sizes[none if not shown else full if shown == page else some].append(taken_ns)
    return {name: quantile_us(times, 0.5) for name, times in sizes.items()}
