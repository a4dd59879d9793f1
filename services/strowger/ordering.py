"""The order in which the services of one machine start and stop: along the way of an event.

Whoever takes events in starts last and stops first. So what is taken is decided and told at once,
and a stop leaves as little in the log between services as there can be; what is left there is
taken up at the next start.
"""

from collections.abc import Callable, Iterable
from typing import Final

_TAKES_IN: Final = "gateway-"
_DECIDES: Final = "matching"
_TELLS: Final = frozenset({"notifier", "ledger"})
_SENDS: Final = "session-timeout"


def in_order_of_start(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Give who starts at once, and who starts when the others are there."""
    given = list(names)
    first = [name for name in given if not name.startswith(_TAKES_IN)]
    return first, [name for name in given if name.startswith(_TAKES_IN)]


def awaited(name: str) -> bool:
    """Say whether gateways wait for a service: for who decides and tells, not for who reminds."""
    return name == _DECIDES or name in _TELLS


def in_order_of_stop(names: Iterable[str]) -> list[list[str]]:
    """Give who stops at once, stage by stage."""
    given = list(names)
    stages: tuple[Callable[[str], bool], ...] = (
        lambda name: name.startswith(_TAKES_IN) or name == _SENDS,
        lambda name: name not in _TELLS,
        lambda _: True,
    )
    found: list[list[str]] = []
    for is_of in stages:
        stage = [name for name in given if is_of(name)]
        given = [name for name in given if name not in stage]
        found.append(stage)
    return found
