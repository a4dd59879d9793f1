"""Meters: what a month's usage costs by an offer's columns, in integers, and a bound in floats.

A family's own file says how usage is counted; its meter says the same of columns, so that most
offers need not be read to be ranked. The floats only tell which offers cannot be among the first:
every cost that decides is of integers. Of many offers those are of 64 bits, after `greatest` has
said that none can be too large for it.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_MINUTE: Final = 60


class Meter(ABC):
    """One request's usage, of an offer that has neither tiers nor a minimum."""

    @abstractmethod
    def cost_nano(
        self, usage_nano: int, fee_nano: int, minimum: int, increment: int, metering: int
    ) -> int:
        """Give what usage costs, each line rounded half up."""

    @abstractmethod
    def costs_nano(
        self, usage_nano: Ints, fee_nano: Ints, minimum: Ints, increment: Ints, metering: Ints
    ) -> Ints:
        """Give what usage costs, as `cost_nano` does, of many offers of which none is too large."""

    @abstractmethod
    def greatest(self, peaks: Sequence[int]) -> int:
        """Give what no number is above that costing meets, by the peaks of an offer's five."""

    @abstractmethod
    def estimate(
        self, usage_nano: Ints, fee_nano: Ints, minimum: Ints, increment: Ints, metering: Ints
    ) -> Floats:
        """Give what usage costs but for rounding, of many offers."""

    @property
    @abstractmethod
    def least_units(self) -> float:
        """Give the least that any offer counts, in units of the price of usage."""


class Calls(Meter):
    """Calls of a length, so many in all months; each is rounded up to the offer's increment."""

    def __init__(self, calls: int, seconds: int) -> None:
        self._calls = calls
        self._seconds = seconds

    def cost_nano(
        self, usage_nano: int, fee_nano: int, minimum: int, increment: int, metering: int
    ) -> int:
        """Give fees and minutes, each rounded half up."""
        del metering
        billed = max(minimum, -(-self._seconds // increment) * increment)
        sixtieths = self._calls * billed * usage_nano
        return self._calls * fee_nano + (sixtieths + _MINUTE // 2) // _MINUTE

    def costs_nano(
        self, usage_nano: Ints, fee_nano: Ints, minimum: Ints, increment: Ints, metering: Ints
    ) -> Ints:
        """Give fees and minutes, each rounded half up."""
        del metering
        billed = np.maximum(minimum, -(-self._seconds // increment) * increment)
        minutes_nano = (usage_nano * self._calls * billed + _MINUTE // 2) // _MINUTE
        return np.asarray(minutes_nano + fee_nano * self._calls)

    def greatest(self, peaks: Sequence[int]) -> int:
        """Give the greatest of fees and sixtieths of minutes together."""
        usage_nano, fee_nano, minimum, increment, _ = peaks
        billed = self._seconds + minimum + increment
        return self._calls * (billed * (usage_nano + 1) + fee_nano) + _MINUTE

    def estimate(
        self, usage_nano: Ints, fee_nano: Ints, minimum: Ints, increment: Ints, metering: Ints
    ) -> Floats:
        """Give fees and minutes."""
        del metering
        billed = np.maximum(minimum, -(-self._seconds // increment) * increment)
        calls = float(self._calls)
        return np.asarray((usage_nano * (calls / _MINUTE)) * billed + fee_nano * calls)

    @property
    def least_units(self) -> float:
        """Give the minutes of calls that are not rounded."""
        return self._calls * self._seconds / _MINUTE


class Excess(Meter):
    """Units above what each offer includes (its `metering`), in each of so many months."""

    def __init__(self, units: int, months: int) -> None:
        self._units = units
        self._months = months

    def cost_nano(
        self, usage_nano: int, fee_nano: int, minimum: int, increment: int, metering: int
    ) -> int:
        """Give the price of the excess; it is never a fraction."""
        del fee_nano, minimum, increment
        return max(0, self._units - metering) * self._months * usage_nano

    def costs_nano(
        self, usage_nano: Ints, fee_nano: Ints, minimum: Ints, increment: Ints, metering: Ints
    ) -> Ints:
        """Give the price of the excess; it is never a fraction."""
        del fee_nano, minimum, increment
        return np.asarray(np.maximum(0, self._units - metering) * self._months * usage_nano)

    def greatest(self, peaks: Sequence[int]) -> int:
        """Give the price of all units, and more."""
        usage_nano, *_, metering = peaks
        return (self._units + metering) * self._months * (usage_nano + 1)

    def estimate(
        self, usage_nano: Ints, fee_nano: Ints, minimum: Ints, increment: Ints, metering: Ints
    ) -> Floats:
        """Give the price of the excess."""
        del fee_nano, minimum, increment
        excess = np.maximum(0, self._units - metering)
        return np.asarray(excess * float(self._months) * usage_nano)

    @property
    def least_units(self) -> float:
        """There may be no excess."""
        return 0.0


class Shares(Meter):
    """Units of which only a share counts, `metering` parts of `whole`; 0: all of them count."""

    def __init__(self, units: int, whole: int) -> None:
        self._units = units
        self._whole = whole

    def cost_nano(
        self, usage_nano: int, fee_nano: int, minimum: int, increment: int, metering: int
    ) -> int:
        """Give the price of as many as make the units, rounded half up."""
        del fee_nano, minimum, increment
        share = metering or self._whole
        return (2 * self._units * self._whole * usage_nano + share) // (2 * share)

    def costs_nano(
        self, usage_nano: Ints, fee_nano: Ints, minimum: Ints, increment: Ints, metering: Ints
    ) -> Ints:
        """Give the price of as many as make the units, rounded half up."""
        del fee_nano, minimum, increment
        share = np.where(metering == 0, self._whole, metering)
        return np.asarray((usage_nano * (2 * self._units * self._whole) + share) // (2 * share))

    def greatest(self, peaks: Sequence[int]) -> int:
        """Give twice the price of all units if only one part counted."""
        usage_nano, *_, metering = peaks
        return 2 * self._units * self._whole * (usage_nano + 1) + metering + self._whole

    def estimate(
        self, usage_nano: Ints, fee_nano: Ints, minimum: Ints, increment: Ints, metering: Ints
    ) -> Floats:
        """Give the price of as many as make the units."""
        del fee_nano, minimum, increment
        share = np.where(metering == 0, self._whole, metering)
        return np.asarray(usage_nano * (float(self._units) * self._whole) / share)

    @property
    def least_units(self) -> float:
        """Give the units where all count."""
        return float(self._units)


class Flat(Meter):
    """No usage."""

    def cost_nano(
        self, usage_nano: int, fee_nano: int, minimum: int, increment: int, metering: int
    ) -> int:
        """Give nothing."""
        del usage_nano, fee_nano, minimum, increment, metering
        return 0

    def costs_nano(
        self, usage_nano: Ints, fee_nano: Ints, minimum: Ints, increment: Ints, metering: Ints
    ) -> Ints:
        """Give nothing."""
        del fee_nano, minimum, increment, metering
        return np.zeros(len(usage_nano), np.int64)

    def greatest(self, peaks: Sequence[int]) -> int:
        """There is nothing to cost."""
        del peaks
        return 0

    def estimate(
        self, usage_nano: Ints, fee_nano: Ints, minimum: Ints, increment: Ints, metering: Ints
    ) -> Floats:
        """Give nothing."""
        del fee_nano, minimum, increment, metering
        return np.zeros(len(usage_nano))

    @property
    def least_units(self) -> float:
        """There is none."""
        return 0.0
