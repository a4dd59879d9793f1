"""A wide bucket's attributes once more, each in a byte: quick to read, and enough to rule most out.

A number or word is told by how many of its column's marks it reaches, so that order is kept; a set
by its first eight words. What passes by bytes may fail by its values, never the other way round:
the vector approximation of Weber, Schek and Blott (VLDB 1998).
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from strowger.market.columns import ABSENT, ATTRIBUTES, FAR, Block, Layout
from strowger.market.sieves import COVER, NEVER, Mask, Sieve

WIDE: Final = 2048
"""From so many rows on a bucket has bytes."""

_MARKS: Final = 253
_LEARNT_FROM: Final = 4096
_OUTGROWN: Final = 4
"""Marks are learnt anew when there are so many times the rows that they were learnt from."""

_WORDS: Final = 255
"""The bits of a set that a byte tells."""

Bytes = npt.NDArray[np.uint8]


class Coarse:
    """The bytes of a bucket: `block[attribute, place]`."""

    __slots__ = ("_layout", "_marks", "block", "outgrown")

    def __init__(self, layout: Layout, block: Block, count: int) -> None:
        self._layout = layout
        self._marks = [_marks(block[column, :count]) for column in range(ATTRIBUTES, len(block))]
        self.block: Bytes = np.empty((len(block) - ATTRIBUTES, block.shape[1]), np.uint8)
        self.outgrown = count * _OUTGROWN
        for at, marks in enumerate(self._marks):
            values = block[ATTRIBUTES + at, :count]
            if at in layout.sets_at:
                self.block[at, :count] = values & _WORDS
            else:
                self.block[at, :count] = np.searchsorted(marks, values, side="right")

    def widen(self, room: int) -> None:
        """Make room for so many rows."""
        wider = np.empty((len(self.block), room), np.uint8)
        wider[:, : self.block.shape[1]] = self.block
        self.block = wider

    def put(self, place: int, row: Sequence[int]) -> None:
        """Follow a row that was put in a place."""
        sets_at = self._layout.sets_at
        self.block[:, place] = [
            value & _WORDS if at in sets_at else bisect_right(marks, value)
            for at, (marks, value) in enumerate(zip(self._marks, row[ATTRIBUTES:], strict=True))
        ]

    def sift(self, sieves: Sequence[Sieve], count: int) -> tuple[Mask | None, list[Sieve]]:
        """Say which rows may pass, none: all; and which sieves are still to be asked."""
        mask: Mask | None = None
        left = []
        for sieve in sieves:
            passed, sure = self._passed(sieve, count)
            if not sure:
                left.append(sieve)
            if passed is not None:
                mask = passed if mask is None else np.logical_and(mask, passed, out=mask)
        return mask, left

    def _passed(self, sieve: Sieve, count: int) -> tuple[Mask | None, bool]:
        """Say which rows may pass a sieve, none: all; and whether these are just those that do."""
        at = sieve.column - ATTRIBUTES
        if at < 0 or sieve.test == NEVER:
            return None, False
        codes = self.block[at, :count]
        marks, value = self._marks[at], sieve.value
        plain = sieve.silent is None and sieve.guard is None
        if sieve.test == COVER or at in self._layout.sets_at:
            if sieve.test != COVER:
                return None, False
            words = value & _WORDS
            passed, sure = (codes & words) == words, words == value
        else:
            code = bisect_right(marks, value)
            reached = code > 0 and marks[code - 1] == value
            ends = code < len(marks) and marks[code] == value + 1
            match sieve.test:
                case 0:
                    passed, sure = codes >= code, reached
                case 1:
                    passed, sure = codes <= code, ends
                case _:
                    passed, sure = codes == code, reached and ends
        if sieve.silent is not None:
            silent = 0 if at in self._layout.sets_at else bisect_right(marks, sieve.silent)
            passed |= codes == silent
        return passed, sure and plain


def _marks(values: npt.NDArray[np.int64]) -> list[int]:
    """Choose marks between which values are about as many; what is not given is behind its own."""
    sample = values[:: len(values) // _LEARNT_FROM + 1]
    given = np.unique(sample)
    given = given[(given != ABSENT) & (given != FAR)]
    if len(given) > _MARKS:
        ordered = np.sort(sample[(sample != ABSENT) & (sample != FAR)])
        given = np.unique(ordered[np.linspace(0, len(ordered) - 1, _MARKS).astype(np.intp)])
    return [ABSENT + 1, *given.tolist(), FAR]
