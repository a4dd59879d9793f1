"""Examine an exchange: each thing by itself, at the same time, and none for longer than it may."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.errors import KafkaError

from strowger.broker.errors import BrokerError
from strowger.doctor import cluster, home, progress
from strowger.doctor.findings import Exchange, Finding, Level, failed, warning

_LIMIT_SECONDS: Final = 20.0
"""The longest that one thing is looked at."""

_BROKER_LIMIT_SECONDS: Final = 10.0
"""So long the broker may take to answer at all: twice what a command waits for it."""

Check = Callable[[Exchange], Coroutine[Any, Any, Sequence[Finding]]]

_OF_THE_HOME: Final[dict[str, Check]] = {
    "services": home.services,
    "ledger file": home.ledger_file,
    "disk": home.disk,
}
_OF_THE_BROKER: Final[dict[str, Check]] = {
    "topics": cluster.topics,
    "state": cluster.state,
    "clock": cluster.clock,
    "lag": progress.lag,
    "ledger": progress.ledger,
    "sessions": progress.sessions,
    "dead letters": progress.dead_letters,
}


@dataclass(frozen=True)
class Diagnosis:
    """Everything that was found; `stuck` says that a look was given up on and may not end."""

    findings: tuple[Finding, ...]
    stuck: bool

    @property
    def sound(self) -> bool:
        """Say whether nothing has failed."""
        return all(each.level is not Level.FAILED for each in self.findings)


async def examine(exchange: Exchange) -> Diagnosis:
    """Look at everything; without a broker, at what the home alone tells. Never raises."""
    first, stuck = await _within(_BROKER_LIMIT_SECONDS, exchange, {"broker": cluster.broker})
    answers = all(each.level is not Level.FAILED for each in first)
    checks = _OF_THE_HOME | (_OF_THE_BROKER if answers else {})
    others, also_stuck = await _within(_LIMIT_SECONDS, exchange, checks)
    if not answers:
        names = ", ".join(_OF_THE_BROKER)
        others.append(warning("the rest", f"not looked at: {names}", "mend the broker first"))
    return Diagnosis((*first, *others), stuck or also_stuck)


async def _within(
    limit_seconds: float, exchange: Exchange, checks: dict[str, Check]
) -> tuple[list[Finding], bool]:
    """Run checks at the same time. One that does not end in time is left behind, not waited for."""
    tasks = {name: asyncio.create_task(check(exchange)) for name, check in checks.items()}
    await asyncio.wait(tasks.values(), timeout=limit_seconds)
    found: list[Finding] = []
    stuck = False
    for name, task in tasks.items():
        if task.done():
            found += _result(name, task)
        else:
            stuck = True
            task.cancel()
            advice = "is the broker overloaded, or the network slow? look again"
            found.append(failed(name, f"no answer within {limit_seconds:g} s", advice))
    return found, stuck


def _result(name: str, task: "asyncio.Task[Sequence[Finding]]") -> Sequence[Finding]:
    problem = task.exception()
    if problem is None:
        return task.result()
    said = str(problem) or type(problem).__name__
    if isinstance(problem, BrokerError):
        what, _, advice = said.partition(": ")
        return [failed(name, what, advice or "see `strowger broker status`")]
    if isinstance(problem, KafkaError):
        return [failed(name, f"{type(problem).__name__}: {said}", _MAYBE_RIGHTS)]
    return [failed(name, f"{type(problem).__name__}: {said}", _OURS)]


_MAYBE_RIGHTS: Final = "`strowger topics apply` makes topics and rights that are missing"
_OURS: Final = "this is not foreseen: keep what `--json` says, and report it"
