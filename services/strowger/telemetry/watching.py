"""What each loop tells of a batch that it has settled: one call, whatever the batch holds."""

import time
from collections import Counter
from collections.abc import Collection
from typing import Final

from strowger.broker.consuming import Fetched, Positions, Record
from strowger.contract.decision import Decision
from strowger.contract.outbound import EventRefused
from strowger.contract.refusals import DeadLetterReason
from strowger.telemetry import metrics, tracing

_ANSWER: Final = "answer"


class Watch:
    """A loop that reads one topic batch by batch; `does` names its spans, such as `matching`."""

    def __init__(self, does: str, topic: str) -> None:
        self._does = does
        self._topic = topic
        self._batch_records = metrics.BATCH_RECORDS.labels(topic)
        self._commit_seconds = metrics.COMMIT_SECONDS.labels(topic)
        self._began_ns = self._commits_ns = time.time_ns()

    def begin(self) -> None:
        """Note that a batch is at hand."""
        self._began_ns = self._commits_ns = time.time_ns()

    def commits(self) -> None:
        """Note that it is decided, and is being made to last."""
        self._commits_ns = time.time_ns()

    def settled(self, records: Collection[Record]) -> None:
        """Count a batch of which everything that became of it is acknowledged."""
        if not records:
            return
        now_ns = time.time_ns()
        self._batch_records.observe(len(records))
        self._commit_seconds.observe(max(now_ns - self._commits_ns, 0) / 1e9)
        appended_ms = [record.timestamp for record in records]
        metrics.RECORD_SECONDS.add_since(self._topic, appended_ms, now_ns // 1_000_000)
        tracing.tell(self._does, self._topic, records, self._began_ns, now_ns)


def settled_of(fetched: Fetched, positions: Positions) -> list[Record]:
    """Give the records that were settled: those before the position that each partition came to."""
    return [
        record
        for place, records in fetched.items()
        for record in records
        if record.offset < positions[place]
    ]


def count_events(topic: str, commands: int, dead_letters: int) -> None:
    """Count what a gateway's batch became."""
    metrics.EVENTS.labels(topic, "command").inc(commands)
    metrics.EVENTS.labels(topic, "dead_letter").inc(dead_letters)


def count_dead_letter(topic: str, reason: DeadLetterReason) -> None:
    """Count a record that is set aside."""
    metrics.DEAD_LETTERS.labels(topic, reason.value).inc()


def count_decisions(decisions: Collection[Decision]) -> None:
    """Count committed decisions, and among the answers refusals by name."""
    made = Counter((each.command, each.role, each.event.type) for each in decisions)
    for labels, count in made.items():
        metrics.DECISIONS.labels(*labels).inc(count)
    refused = Counter(
        str(each.event.refusal)
        for each in decisions
        if isinstance(each.event, EventRefused) and each.role == _ANSWER
    )
    for refusal, count in refused.items():
        metrics.REFUSALS.labels(refusal).inc(count)
