from typing import Any

import pytest

from strowger.broker.appending import partition_of
from strowger.broker.consuming import Record
from strowger.broker.dead_letters import MAX_HEADERS_BYTES, MAX_VALUE_BYTES, DeadLetter
from strowger.contract.commands import CloseSession, RefuseEvent
from tests.gateway_records import (
    DEMAND,
    GATEWAYS,
    LINE,
    NOON_MS,
    OFFER,
    REQUEST,
    SERVICE,
    record,
    refused,
    verdict,
)


def test_only_the_timeout_processor_says_timed_out() -> None:
    """Its word closes the session of the buyer it names; from a participant it is refused."""
    body = {"session_id": "s-1", "reason": "timed_out", "buyer": "globex"}
    command = verdict(record("session-closed", body, "/services/session-timeout"))
    assert isinstance(command, CloseSession)
    assert (command.participant, command.buyer) == ("service:session-timeout", "globex")
    assert refused(record("session-closed", body)) == ("not_allowed", "session s-1")


def test_the_timeout_processor_terminates_nothing() -> None:
    """Only a buyer ends a session early."""
    body = {"session_id": "s-1", "reason": "terminated", "buyer": "globex"}
    given = record("session-closed", body, "/services/session-timeout")
    assert refused(given) == ("not_allowed", "session s-1")


def test_another_buyers_session_is_left_to_the_market() -> None:
    """The market knows whose session it is, and refuses it there."""
    command = verdict(record("session-closed", {"session_id": "s-1", "buyer": "globex"}))
    assert isinstance(command, CloseSession)
    assert (command.participant, command.buyer) == ("acme", "globex")


@pytest.mark.parametrize("service", ["session-timeout", "exchange", "notifier"])
def test_services_do_not_trade(service: str) -> None:
    """No service of the exchange may act as a buyer or provider."""
    body = {"session_id": "s-1", "ttl_seconds": 60}
    given = record("session-opened", body, f"/services/{service}")
    assert refused(given) == ("not_allowed", "session s-1")


@pytest.mark.parametrize(
    ("event", "body", "subject"),
    [
        (
            "offer-published",
            {**OFFER, "service": {**SERVICE, "rate_per_minute": "-1"}},
            "offer o-1",
        ),
        ("offer-published", {**OFFER, "service": {**SERVICE, "rate_per_minute": 0.1}}, "offer o-1"),
        (
            "offer-published",
            {**OFFER, "service": {**SERVICE, "rate_per_minute": "1000.1"}},
            "offer o-1",
        ),
        ("offer-published", {**OFFER}, "offer o-1"),
        ("offer-published", {**OFFER, "service": {"family": "fax"}}, "offer o-1"),
        ("offer-published", {**OFFER, "service": {**LINE, "capacity_minutes": 1}}, "offer o-1"),
        ("offer-published", {**OFFER, "service": LINE, "effective_at": "1769860800"}, "offer o-1"),
        ("capacity-published", {"pool": "ring", "revision": 1, "units": -1}, "capacity ring"),
        ("request-submitted", {**REQUEST, "service": DEMAND, "max_cost": 5}, "request r-1"),
        ("session-opened", {"session_id": "s-1", "ttl_seconds": 0}, "session s-1"),
        ("session-opened", {"session_id": "s 1", "ttl_seconds": 1}, "session"),
        ("session-opened", {"session_id": ["s"], "ttl_seconds": 1}, "session"),
        ("session-opened", {"session_id": "s-1", "ttl_seconds": 1, "x": 1}, "session s-1"),
        ("session-closed", {"session_id": "s-1", "reason": "timed_out"}, "session s-1"),
        ("outcome-requested", {}, "acceptance"),
        ("book-requested", {"read_id": "b-1", "most": 501}, "book b-1"),
        ("book-requested", {"read_id": "b-1", "after": "no continuation"}, "book b-1"),
    ],
)
def test_a_body_that_breaks_its_schema_is_refused(
    event: str, body: dict[str, Any], subject: str
) -> None:
    """The sender hears of it: which fields, and about what."""
    assert refused(record(event, body)) == ("malformed", subject)


def test_a_long_list_of_problems_is_cut() -> None:
    """What a sender wrote cannot blow up the log."""
    body = {"session_id": "s-1", "ttl_seconds": 1, "k" * 60_000: 1}
    command = verdict(record("session-opened", body))
    assert isinstance(command, RefuseEvent)
    assert len(command.detail) == 1000


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_markets_are_partitioned_as_kafka_does(key: bytes, hashed: int) -> None:
    """The vectors are those of Apache Kafka's own test of its murmur2 (UtilsTest)."""
    assert partition_of(key, 4) == (hashed & 0x7FFFFFFF) % 4
    assert partition_of(key, 2**31) == hashed & 0x7FFFFFFF


def test_a_huge_record_still_fits_the_dead_letters() -> None:
    """A dead letter that could not be written would stop the partition: it is cut, and says so."""
    headers = [(f"h{number}", b"x" * 40_000) for number in range(10)]
    poison = Record("t", 1, 7, NOON_MS, None, b"v" * 1_048_000, headers)
    letter = GATEWAYS[0].verdict(poison)
    assert isinstance(letter, DeadLetter)
    append = letter.to_append()
    assert len(append.value or b"") == MAX_VALUE_BYTES
    kept = sum(len(value or b"") for name, value in append.headers if name.startswith("original_"))
    assert 0 < kept <= MAX_HEADERS_BYTES
    assert dict(append.headers)["dl_cut"] == (
        b"headers: the first 3 of 10; value: the first 786432 of 1048000 bytes"
    )
