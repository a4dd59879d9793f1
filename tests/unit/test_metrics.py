"""What is exposed: spreads that add up, pages that merge, labels that nobody else can multiply."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

import pytest
from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families

from strowger.broker.consuming import Record
from strowger.contract.decision import Decision
from strowger.contract.outbound import EventRefused, OfferStored
from strowger.contract.refusals import DeadLetterReason, Refusal
from strowger.telemetry import metrics
from strowger.telemetry.exposition import merged, page
from strowger.telemetry.lag import Lag
from strowger.telemetry.spreads import Spread
from strowger.telemetry.watching import (
    Watch,
    count_dead_letter,
    count_decisions,
    count_events,
    settled_of,
)
from tests.scraping import value

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LABELS = {"topic", "partition", "became", "reason", "command", "role", "outcome", "refusal", "le"}


@pytest.fixture
def registry() -> CollectorRegistry:
    """Give a registry of this test's own."""
    return CollectorRegistry()


def test_a_spread_counts_a_batch_as_single_observations_would(
    registry: CollectorRegistry,
) -> None:
    """Each value is in its bucket and all above; the sum is in seconds; the future is now."""
    spread = Spread("took_seconds", "How long.", "topic", bounds=(0.1, 1), registry=registry)
    spread.add_since("a", [1000, 1000, 1900, 2000, 2500], now_ms=2000)
    spread.add_since("b", [0], now_ms=5000)
    text = page("s", registry)

    def bucket(le: str, topic: str = "a") -> float:
        return value(text, "took_seconds_bucket", topic=topic, le=le)

    assert (bucket("0.1"), bucket("1"), bucket("+Inf")) == (3, 5, 5)
    assert (bucket("0.1", "b"), bucket("1", "b"), bucket("+Inf", "b")) == (0, 0, 1)
    assert value(text, "took_seconds_count", topic="a") == 5
    assert value(text, "took_seconds_sum", topic="a") == pytest.approx(2.1)


def test_every_sample_names_its_service(registry: CollectorRegistry) -> None:
    """So that those of several services can be told apart on one page."""
    Counter("things", "Things.", ["kind"], registry=registry).labels("a").inc()
    families = list(text_string_to_metric_families(page("ledger", registry)))
    assert {sample.labels["service"] for each in families for sample in each.samples} == {"ledger"}


def test_pages_of_several_processes_are_one(registry: CollectorRegistry) -> None:
    """A family is declared once, with the samples of all; what is missing is left out."""
    things = Counter("things", "Things.", registry=registry)
    things.inc(2)
    first = page("ledger", registry)
    things.inc()
    Counter("others", "Others.", registry=registry)
    text = merged([first, "", page("notifier", registry)])

    assert text.count("# TYPE things_total") == 1
    assert value(text, "things_total", service="ledger") == 2
    assert value(text, "things_total", service="notifier") == 3
    assert value(text, "others_total", service="notifier") == 0
    assert [each.name for each in text_string_to_metric_families(text)] == ["things", "others"]


def test_labels_are_ours_to_choose() -> None:
    """No metric has a label that whoever sends events could make more values of."""
    for family in metrics.REGISTRY.collect():
        for sample in family.samples:
            assert sample.labels.keys() <= LABELS


async def test_the_lag_is_that_of_what_is_followed_now(registry: CollectorRegistry) -> None:
    """Of a partition that was handed on nothing is left; a broker that is gone tells nothing."""
    lag = Lag("behind", "Behind.", registry=registry)
    lags: dict[TopicPartition, int] = {TopicPartition("t", 0): 7, TopicPartition("t", 1): 0}

    async def ask() -> Mapping[TopicPartition, int]:
        if not lags:
            raise TimeoutError
        return lags

    with lag.following(ask):
        await lag.refresh()
        assert value(page("s", registry), "behind", topic="t", partition="0") == 7
        del lags[TopicPartition("t", 0)]
        await lag.refresh()
        assert 'partition="0"' not in page("s", registry)
        lags.clear()
        await lag.refresh()
        assert "behind{" not in page("s", registry)
    await lag.refresh()


def _decision(
    event: OfferStored | EventRefused, role: Literal["answer", "notice"] = "answer"
) -> Decision:
    return Decision(
        market="voice",
        sequence=1,
        log_offset=1,
        at=NOON,
        rules_version=1,
        command="publish-offer",
        participant="acme",
        role=role,
        recipient="acme",
        event_id="d-1",
        event=event,
    )


@pytest.fixture
def before() -> str:
    """Give what was counted before; other tests count as well."""
    return page("s")


def test_decisions_are_counted_by_outcome_and_refusals_by_name(before: str) -> None:
    """Each decision once; a refusal told to somebody else is no refusal of a command."""
    stored = OfferStored(
        market="voice", causation_id="e", at=NOON, offer_id="o", revision=1, effective_at=NOON
    )
    refused = EventRefused(
        market="voice",
        causation_id="e",
        at=NOON,
        refusal=Refusal.NOT_FIRM,
        retry=False,
        message="no",
        subject="offer o",
    )
    count_decisions([_decision(stored), _decision(refused), _decision(refused, "notice")])
    then, now = before, page("s")

    def grown(name: str, **labels: str) -> float:
        return value(now, name, default=0, **labels) - value(then, name, default=0, **labels)

    assert grown("strowger_decisions_total", outcome="offer-stored", role="answer") == 1
    assert grown("strowger_decisions_total", outcome="event-refused", role="answer") == 1
    assert grown("strowger_decisions_total", outcome="event-refused", role="notice") == 1
    assert grown("strowger_refusals_total", refusal="not_firm") == 1


def test_a_batch_is_counted_by_what_was_settled_of_it(before: str) -> None:
    """Records held back are not; those settled are, with how long they took, and dead letters."""
    records = [Record("t", 0, offset, 0, None, b"", ()) for offset in range(3)]
    place = TopicPartition("t", 0)
    settled = settled_of({place: records}, {place: 2})
    watch = Watch("take", "t-of-a-test")
    watch.begin()
    watch.commits()
    watch.settled(settled)
    watch.settled([])
    count_events("t-of-a-test", 1, 1)
    count_dead_letter("t-of-a-test", DeadLetterReason.NOT_JSON)
    then, now = before, page("s")
    assert "t-of-a-test" not in then
    assert value(now, "strowger_batch_records_count", topic="t-of-a-test") == 1
    assert value(now, "strowger_batch_records_sum", topic="t-of-a-test") == 2
    assert value(now, "strowger_record_seconds_count", topic="t-of-a-test") == 2
    assert value(now, "strowger_commit_seconds_count", topic="t-of-a-test") == 1
    assert value(now, "strowger_events_total", topic="t-of-a-test", became="dead_letter") == 1
    assert value(now, "strowger_dead_letters_total", topic="t-of-a-test", reason="not_json") == 1
