"""Every metric of the exchange, spelled once; the dashboard is made from this list.

Labels have few values that we choose: topics, kinds, names of refusals, partitions. Never a
participant, market or anything else that whoever sends events could make more of. At exposition
each sample also gets the label `service`.
"""

from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from strowger.telemetry.lag import Lag
from strowger.telemetry.spreads import Spread

# A second family for each, which says when it was made and doubles what is scraped.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types

REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)
_RECORDS: Final = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000)

BATCH_RECORDS: Final = Histogram(
    "strowger_batch_records",
    "How many records a batch had, by the topic that was read.",
    ["topic"],
    buckets=_RECORDS,
    registry=REGISTRY,
)
COMMIT_SECONDS: Final = Histogram(
    "strowger_commit_seconds",
    "How long it took until what became of a batch was acknowledged: appended by gateways and "
    "notifier, committed in one transaction by matching, written to its file by the ledger.",
    ["topic"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
RECORD_SECONDS: Final = Spread(
    "strowger_record_seconds",
    "From a record's append to the topic, by the broker's clock, until what became of it was "
    "acknowledged, by the service's.",
    "topic",
    bounds=_SECONDS,
    registry=REGISTRY,
)
SUBMISSION_SECONDS: Final = Spread(
    "strowger_submission_to_decision_seconds",
    "From an event's ce_time, by its sender's clock, until its decision was committed, by ours.",
    "partition",
    bounds=_SECONDS,
    registry=REGISTRY,
)
LAG: Final = Lag(
    "strowger_lag_records",
    "How many records of its own partitions a service has not read yet, asked when scraped.",
    registry=REGISTRY,
)

EVENTS: Final = Counter(
    "strowger_events",
    "Events that gateways took in, by what they became: a command, or a dead letter.",
    ["topic", "became"],
    registry=REGISTRY,
)
DEAD_LETTERS: Final = Counter(
    "strowger_dead_letters",
    "Records set aside among the dead letters, by the topic they came from and the reason.",
    ["topic", "reason"],
    registry=REGISTRY,
)
DECISIONS: Final = Counter(
    "strowger_decisions",
    "Decisions committed, by the command, whether its answer or a notice, and the event told.",
    ["command", "role", "outcome"],
    registry=REGISTRY,
)
REFUSALS: Final = Counter(
    "strowger_refusals",
    "Commands answered with a refusal, by its name.",
    ["refusal"],
    registry=REGISTRY,
)
REDELIVERIES: Final = Counter(
    "strowger_redeliveries",
    "Commands that matching had decided before and took no second time.",
    ["partition"],
    registry=REGISTRY,
)
RULE_FAULTS: Final = Counter(
    "strowger_rule_faults",
    "Rules that failed while a command was decided: each is a bug, and an alarm.",
    ["partition"],
    registry=REGISTRY,
)
OPEN_SESSIONS: Final = Gauge(
    "strowger_open_sessions", "Sessions that are open.", ["partition"], registry=REGISTRY
)
OFFERS_STORED: Final = Gauge(
    "strowger_offers_stored",
    "Offers in the book, with those withdrawn that are still remembered.",
    ["partition"],
    registry=REGISTRY,
)
RESTORE_SECONDS: Final = Gauge(
    "strowger_restore_seconds",
    "How long the last take-over of a partition took to restore its tables.",
    ["partition"],
    registry=REGISTRY,
)
RESTORED_ROWS: Final = Gauge(
    "strowger_restored_rows",
    "Rows of the tables that the last take-over of a partition restored.",
    ["partition"],
    registry=REGISTRY,
)
OF_AN_OWNER: Final = (OPEN_SESSIONS, OFFERS_STORED, RESTORE_SECONDS, RESTORED_ROWS)
"""What is told of a partition by whoever owns it, and by nobody else."""

NOTICES: Final = Counter(
    "strowger_notices",
    "Events that the notifier wrote into inboxes.",
    registry=REGISTRY,
)
LEDGER_DECISIONS: Final = Counter(
    "strowger_ledger_decisions",
    "Decisions that the ledger wrote into its file.",
    registry=REGISTRY,
)
SESSIONS_FOLLOWED: Final = Gauge(
    "strowger_sessions_followed",
    "Open sessions whose deadlines the session-timeout processor watches.",
    ["partition"],
    registry=REGISTRY,
)
CLOSE_LATENESS_SECONDS: Final = Histogram(
    "strowger_close_lateness_seconds",
    "How long after its deadline a close of a session was sent, by this machine's clock; one that "
    "showed no effect is sent again, and counts again.",
    ["partition"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
