"""Histograms that take a whole batch at once: a value costs a tenth of what `observe` costs it."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector


class Spread(Collector):
    """How long things took, in seconds, by one label; `bounds` are the buckets' upper ends."""

    def __init__(
        self,
        name: str,
        documentation: str,
        label: str,
        *,
        bounds: Sequence[float],
        registry: CollectorRegistry,
    ) -> None:
        self._family = (name, documentation)
        self._label = label
        self._bounds = bounds
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}
        registry.register(self)

    def add_since(self, of: str, moments_ms: Iterable[int], now_ms: int) -> None:
        """Add how long before now each moment was; one still to come, by another clock, is now."""
        counts = self._counts.setdefault(of, [0] * (len(self._bounds) + 1))
        total = 0.0
        # A broker stamps a whole batch with one time, so there are few moments among many records.
        for moment_ms, count in Counter(moments_ms).items():
            seconds = max(now_ms - moment_ms, 0) / 1000
            counts[bisect_left(self._bounds, seconds)] += count
            total += seconds * count
        self._sums[of] = self._sums.get(of, 0.0) + total

    def describe(self) -> Iterator[HistogramMetricFamily]:
        """Give the family, empty: its name is taken."""
        yield HistogramMetricFamily(*self._family, labels=[self._label])

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Give the family as it stands."""
        family = HistogramMetricFamily(*self._family, labels=[self._label])
        for of, counts in self._counts.items():
            below = 0
            buckets: list[tuple[str, float]] = []
            for bound, count in zip((*self._bounds, "+Inf"), counts, strict=True):
                below += count
                buckets.append((str(bound), below))
            family.add_metric([of], buckets=buckets, sum_value=self._sums[of])
        yield family
