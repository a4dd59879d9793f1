"""Steps of scripts: a few small integers each, and what they choose from."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from tests.property.naive_words import moment

DAY_MS: Final = 86_400_000
FIVE_MINUTES_MS: Final = 300_000

DUE_MS: Final = 10**15
"""Stands for the time until the next revision comes into force; a little less for before that."""
MONTH_MS: Final = 2 * 10**15
"""Stands for the time until the calendar month turns."""

ELAPSED_MS: Final = (
    *(0,) * 60,
    *(
        1,
        1,
        1000,
        1000,
        1999,
        2000,
        5000,
        9999,
        DUE_MS,
        DUE_MS - 1,
        DUE_MS,
        DUE_MS - 1,
        MONTH_MS,
        MONTH_MS - 1,
    ),
    *(10_000, 20_000, 29_999, 30_000, -1000, -60_000, FIVE_MINUTES_MS, DAY_MS - 30_000, DAY_MS),
)
SENT_MS: Final = (*(0,) * 60, -DAY_MS + 1, -DAY_MS, FIVE_MINUTES_MS, FIVE_MINUTES_MS + 1)


class Step(NamedTuple):
    """What happens next, as integers: an index into `KINDS`, choices, and two times' indexes."""

    kind: int
    choices: int
    elapsed: int
    sent: int


_WEIGHTS: Final = {
    "publish": 14,
    "open": 4,
    "request": 10,
    "accept": 9,
    "withdraw": 2,
    "close": 4,
    "outcome": 1,
    "again": 3,
    "redeliver": 1,
    "declare": 1,
    "refuse": 1,
    "capacity": 3,
    "rates": 1,
    "schedule": 1,
    "page": 2,
    "read": 2,
    "read on": 2,
    "control": 1,
    "close market": 1,
}
KINDS: Final = tuple(kind for kind, weight in _WEIGHTS.items() for _ in range(weight))
"""The kinds of steps, the frequent ones more often; the last one ends it all."""


def time_until(elapsed_ms: int, now_ms: int, due: Sequence[int]) -> int:
    """Give the time to what is stood for, or a millisecond before it; else the time as it is."""
    if elapsed_ms > MONTH_MS - DAY_MS:
        now = moment(now_ms)
        first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        turn = first.replace(year=now.year + now.month // 12, month=now.month % 12 + 1)
        return (turn - now) // timedelta(milliseconds=1) + elapsed_ms - MONTH_MS
    if elapsed_ms > DUE_MS - DAY_MS:
        next_ms = min((each for each in due if each > now_ms), default=now_ms)
        return max(0, next_ms - now_ms + elapsed_ms - DUE_MS)
    return elapsed_ms
