import json
from datetime import UTC, datetime
from typing import Any

import pytest

from strowger.broker.appending import partition_of
from strowger.broker.consuming import Record
from strowger.broker.dead_letters import MAX_HEADERS_BYTES, MAX_VALUE_BYTES, DeadLetter
from strowger.contract import commands
from strowger.contract.commands import (
    AcceptOffer,
    AnyCommand,
    CloseSession,
    OpenSession,
    Origin,
    PublishOffer,
    RefuseEvent,
    SubmitRequest,
    TellOutcome,
    VoiceNeed,
    VoiceTerms,
    WithdrawOffer,
)
from strowger.contract.envelope import Envelope
from strowger.gateways import (
    offer_accepted,
    offer_published,
    request_submitted,
    session_closed,
    session_opened,
)
from strowger.gateways.gateway import Gateway
from strowger.gateways.numbers import NotE164, country_of

GATEWAYS = [
    module.GATEWAY
    for module in (
        offer_published,
        session_opened,
        request_submitted,
        offer_accepted,
        session_closed,
    )
]
GATEWAY_OF: dict[str, Gateway] = {
    event.TYPE: gateway for gateway in GATEWAYS for event in gateway.topic.events
}

NOON_MS = 1_769_860_800_000
COMMON: dict[str, Any] = {
    "market": "voice",
    "causation_id": "e-1",
    "sent_at_ms": NOON_MS,
    "origin": Origin("t", 1, 7),
}


def record(
    event: str,
    body: dict[str, Any] | bytes | None,
    source: str = "/participants/acme",
) -> Record:
    """Make a record as a participant's client writes it."""
    noon = datetime.fromtimestamp(NOON_MS / 1000, UTC)
    envelope = Envelope("e-1", source, f"strowger.{event}.v1", noon)
    value = json.dumps({"market": "voice", **body}).encode() if isinstance(body, dict) else body
    return Record("t", 1, 7, NOON_MS, None, value, envelope.to_headers())


def verdict(of: Record) -> AnyCommand | DeadLetter:
    """Give the verdict of the gateway that takes such events."""
    event_type: str = (dict(of.headers)["ce_type"] or b"").decode()
    return GATEWAY_OF[event_type].verdict(of)


OFFER = {"offer_id": "o-1", "revision": 3, "currency": "EUR"}
SERVICE = {"prefix": "4420", "rate_per_minute": "0.0125", "connect_fee": "0.000000001"}
REQUEST = {"request_id": "r-1", "session_id": "s-1"}
DEMAND = {"destination": "+442079460000", "minutes": 100}
CHOICE: dict[str, Any] = {"request_id": "r-1", "provider": "acme", "offer_id": "o-1", "revision": 3}


@pytest.mark.parametrize(
    ("event", "body", "command"),
    [
        (
            "offer-published",
            {**OFFER, "service": SERVICE},
            PublishOffer(
                **COMMON,
                participant="acme",
                offer_id="o-1",
                revision=3,
                currency="EUR",
                service=VoiceTerms("4420", "standard", 12_500_000, 1, 1, 1, None),
            ),
        ),
        (
            "offer-withdrawn",
            {"offer_id": "o-1", "revision": 4},
            WithdrawOffer(**COMMON, participant="acme", offer_id="o-1", revision=4),
        ),
        (
            "session-opened",
            {"session_id": "s-1", "ttl_seconds": 60},
            OpenSession(**COMMON, participant="acme", session_id="s-1", ttl_seconds=60),
        ),
        (
            "request-submitted",
            {**REQUEST, "service": DEMAND, "max_matches": 5},
            SubmitRequest(
                **COMMON,
                participant="acme",
                request_id="r-1",
                session_id="s-1",
                service=VoiceNeed("442079460000", "GB", 100, None),
                max_matches=5,
            ),
        ),
        (
            "offer-accepted",
            {**CHOICE, "acceptance_id": "a-1"},
            AcceptOffer(
                **COMMON, participant="acme", acceptance_id="a-1", session_id=None, **CHOICE
            ),
        ),
        (
            "outcome-requested",
            {"acceptance_id": "a-1"},
            TellOutcome(**COMMON, participant="acme", acceptance_id="a-1"),
        ),
        (
            "session-closed",
            {"session_id": "s-1"},
            CloseSession(
                **COMMON,
                participant="acme",
                session_id="s-1",
                buyer="acme",
                reason="terminated",
            ),
        ),
    ],
)
def test_every_event_has_its_command(event: str, body: dict[str, Any], command: AnyCommand) -> None:
    """Money comes out as integers of 1e-9, numbers without their plus, times in milliseconds."""
    assert verdict(record(event, body)) == command
    assert commands.decode(commands.encode(command)) == command


def refused(of: Record) -> tuple[str, str]:
    """Give why a record was refused, and what about."""
    command = verdict(of)
    assert isinstance(command, RefuseEvent)
    return command.refusal, command.subject


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
        ("session-opened", {"session_id": "s-1", "ttl_seconds": 0}, "session s-1"),
        ("session-opened", {"session_id": "s 1", "ttl_seconds": 1}, "session"),
        ("session-opened", {"session_id": ["s"], "ttl_seconds": 1}, "session"),
        ("session-opened", {"session_id": "s-1", "ttl_seconds": 1, "x": 1}, "session s-1"),
        ("session-closed", {"session_id": "s-1", "reason": "timed_out"}, "session s-1"),
        ("outcome-requested", {}, "acceptance"),
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
    ("number", "country"),
    [
        ("+442079460000", "GB"),
        ("+12025550123", "US"),
        ("+77012345678", "KZ"),
        ("+390236618300", "IT"),
        ("+883510001234567", None),
    ],
)
def test_a_number_has_a_country_or_none(number: str, country: str | None) -> None:
    """Codes shared by several countries are told apart; international networks have no country."""
    assert country_of(number) == country


@pytest.mark.parametrize(
    "number", ["+4402079460000", "+99912345678", "+4412", "+1234567", "+4420794600001234"]
)
def test_what_cannot_be_dialled_from_abroad_is_no_number(number: str) -> None:
    """A country code not in use, a wrong length, or a national prefix is refused, not mended."""
    with pytest.raises(NotE164):
        country_of(number)


def test_a_request_for_no_number_is_refused() -> None:
    """The buyer hears that it is the number."""
    body = {**REQUEST, "service": {**DEMAND, "destination": "+4412"}}
    assert refused(record("request-submitted", body)) == ("not_e164", "request r-1")


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
