"""What the owner of a partition tells of it in metrics and spans, batch by batch."""

import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from strowger.contract.refusals import DeadLetterReason
from strowger.contract.topics import MARKET_LOG
from strowger.market.markets import Markets
from strowger.matching.output import Output
from strowger.telemetry import metrics
from strowger.telemetry.watching import Watch, count_dead_letter, count_decisions


class Meter(Watch):
    """Counts one partition's batches, from what was committed; its tables are counted on demand."""

    def __init__(self, partition: int, markets: Markets) -> None:
        super().__init__("decide", MARKET_LOG.name)
        self._partition = str(partition)
        self._redeliveries = metrics.REDELIVERIES.labels(self._partition)
        self._rule_faults = metrics.RULE_FAULTS.labels(self._partition)
        # Weakly: a metric is no reason to keep a partition's tables in memory.
        offers = weakref.WeakMethod(markets.count_offers)
        open_sessions = weakref.WeakMethod(markets.count_open_sessions)
        metrics.OFFERS_STORED.labels(self._partition).set_function(lambda: _asked(offers))
        metrics.OPEN_SESSIONS.labels(self._partition).set_function(lambda: _asked(open_sessions))

    @staticmethod
    @contextmanager
    def of_restore(partition: int) -> Iterator[Callable[[int], None]]:
        """Time a restore within the block; what is given takes how many rows it was of."""
        began_seconds = time.monotonic()
        yield metrics.RESTORED_ROWS.labels(str(partition)).set
        took_seconds = time.monotonic() - began_seconds
        metrics.RESTORE_SECONDS.labels(str(partition)).set(took_seconds)

    def decided(self, output: Output) -> None:
        """Count what was committed in one transaction."""
        now_ms = time.time_ns() // 1_000_000
        self.settled(output.taken)
        count_decisions(output.decisions)
        metrics.SUBMISSION_SECONDS.add_since(self._partition, output.sent_at_ms, now_ms)

    def redelivered(self) -> None:
        """Count a command that was decided before."""
        self._redeliveries.inc()

    def no_command(self) -> None:
        """Count a record of the log that is none."""
        count_dead_letter(MARKET_LOG.name, DeadLetterReason.NOT_A_COMMAND)

    def rule_failed(self) -> None:
        """Count a fault of ours."""
        self._rule_faults.inc()

    def forget(self) -> None:
        """Tell no more of the partition's tables: they are another owner's now."""
        for gauge in metrics.OF_AN_OWNER:
            gauge.remove(self._partition)


def _asked(count: Callable[[], Callable[[], int] | None]) -> float:
    asked = count()
    return 0 if asked is None else asked()
