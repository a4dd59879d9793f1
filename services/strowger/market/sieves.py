"""Sieves: a request's clauses as comparisons of columns, for one row or for many at once."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from strowger.contract.normal import Asked
from strowger.market.columns import FAR, Layout

Mask = npt.NDArray[np.bool_]

(FLOOR, CEILING, SAME, COVER, NEVER) = range(5)


class Sieve(NamedTuple):
    """One comparison of a column with a value; `silent` is what stands for a value not given.

    Where silence fails, `silent` is none if it fails by itself, else `guard` is what it may not be.
    """

    column: int
    test: int
    value: int
    silent: int | None = None
    guard: int | None = None

    def mask(self, column: npt.NDArray[np.int64]) -> Mask:
        """Say of each value whether it passes."""
        match self.test:
            case 0:
                passed = column >= self.value
            case 1:
                passed = column <= self.value
            case 2:
                passed = column == self.value
            case 3:
                passed = (column & self.value) == self.value
            case _:
                passed = np.zeros(len(column), np.bool_)
        if self.silent is not None:
            passed |= column == self.silent
        if self.guard is not None:
            passed &= column != self.guard
        return passed

    def left(self, column: Sequence[int], places: Sequence[int]) -> list[int]:
        """Give those of some places whose value passes."""
        value = self.value
        match self.test:
            case 0:
                passed = [at for at in places if column[at] >= value]
            case 1:
                passed = [at for at in places if column[at] <= value]
            case 2:
                passed = [at for at in places if column[at] == value]
            case 3:
                passed = [at for at in places if column[at] & value == value]
            case _:
                passed = []
        if self.silent is not None:
            silent = self.silent
            known = set(passed)
            passed = [at for at in places if at in known or column[at] == silent]
        if self.guard is not None:
            passed = [at for at in passed if column[at] != self.guard]
        return passed


def passes(lists: Sequence[Sequence[int]], at: int, sieves: Sequence[Sieve]) -> bool:
    """Say whether one row passes every sieve."""
    for column, test, value, silent, guard in sieves:
        has = lists[column][at]
        if test == FLOOR:
            passed = has >= value
        elif test == CEILING:
            passed = has <= value
        elif test == SAME:
            passed = has == value
        else:
            passed = test == COVER and has & value == value
        if passed:
            if has == guard:
                return False
        elif silent is None or has != silent:
            return False
    return True


def sieve(layout: Layout, asked: Asked, *, undetermined: bool) -> Sieve:
    """Turn a clause into a sieve; `undetermined`: whether an offer that says nothing passes."""
    name, test, value = asked.attribute, asked.test, asked.value
    column = layout.places[name]
    nothing = layout.absent[name]
    silent = nothing if undetermined else None
    if layout.kinds.get(name) is type(value):
        if isinstance(value, int):
            if test == "floor":
                guard = nothing if nothing == FAR and silent is None else None
                return Sieve(column, FLOOR, value, silent, guard)
            if test == "ceiling":
                guard = nothing if nothing != FAR and silent is None else None
                return Sieve(column, CEILING, value, silent, guard)
        elif (test == "cover" and isinstance(value, tuple)) or test == "same":
            known = layout.known(name, value)
            if known is not None:
                return Sieve(column, SAME if test == "same" else COVER, known, silent)
        if test == "same" and isinstance(value, int):
            return Sieve(column, SAME, value, silent)
    return Sieve(column, NEVER, 0, silent)
