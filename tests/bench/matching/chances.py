"""Chances that the mixes draw by."""

import random
from bisect import bisect
from itertools import accumulate


class Zipf:
    """Draws ranks 0 to `count` - 1 with a chance of 1 / (rank + 1) ** `skew`."""

    def __init__(self, count: int, skew: float, chance: random.Random) -> None:
        self._until = list(accumulate(1 / (rank + 1) ** skew for rank in range(count)))
        self._chance = chance

    def draw(self) -> int:
        """Draw one rank."""
        return bisect(self._until, self._chance.random() * self._until[-1])
