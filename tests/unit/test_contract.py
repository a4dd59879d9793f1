"""The contract's promises: envelopes, prices, what is read and what is refused."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from strowger.contract import topics
from strowger.contract.decision import Decision
from strowger.contract.envelope import (
    MAX_ID_LENGTH,
    Envelope,
    NotACloudEvent,
    participant_source,
    service_source,
)
from strowger.contract.fields import Price, from_millis, from_nano, plain, to_millis, to_nano
from strowger.contract.generate.examples import EXAMPLES
from strowger.contract.inbound import INBOUND, InboundEvent, SessionOpened
from strowger.contract.outbound import OUTBOUND, EventRefused
from strowger.contract.reading import MAX_NESTING, MAX_VALUES, Malformed, Received, Unreadable, read
from strowger.contract.refusals import DeadLetterReason, Refusal

_PRICE: Final[TypeAdapter[Decimal]] = TypeAdapter(Price)
_NOON: Final = datetime(2026, 1, 31, 12, tzinfo=UTC)
_HEADERS: Final = Envelope(
    "globex-1", participant_source("globex"), SessionOpened.TYPE, _NOON
).to_headers()
_BODY: Final = {"market": "voice-usd", "session_id": "s-1", "ttl_seconds": 60}


def _read(
    body: object = None,
    headers: Iterable[tuple[str, bytes | None]] = _HEADERS,
    value: bytes | None = None,
) -> Received | Malformed | Unreadable:
    written = json.dumps(_BODY if body is None else body).encode() if value is None else value
    return read(topics.SESSION_OPENED, headers, written)


def _with(name: str, value: bytes | None) -> list[tuple[str, bytes | None]]:
    return [(each, value if each == name else old) for each, old in _HEADERS]


def _without(name: str) -> list[tuple[str, bytes]]:
    return [header for header in _HEADERS if header[0] != name]


# The envelope

_VISIBLE: Final = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=MAX_ID_LENGTH
)
_MOMENTS: Final = st.integers(0, 4_102_444_800_000_000).map(
    lambda microseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)


@given(identity=_VISIBLE, moment=_MOMENTS)
def test_an_envelope_comes_back_as_it_was_sent(identity: str, moment: datetime) -> None:
    """Headers hold the whole envelope, its time to the millisecond."""
    whole = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    sent = Envelope(identity, service_source("exchange"), "strowger.offer-stored.v1", whole)
    assert Envelope.from_headers(sent.to_headers()) == sent


@pytest.mark.parametrize(
    ("source", "sender"),
    [
        ("/participants/globex", "globex"),
        ("/services/session-timeout", "service:session-timeout"),
        ("/participants/", None),
        ("/participants/Globex", None),
        ("/participants/globex/more", None),
        ("/participants/globex\n", None),
        ("participants/globex", None),
        ("/participants/service:operator", None),
        ("", None),
    ],
)
def test_only_a_well_formed_source_names_a_sender(source: str, sender: str | None) -> None:
    """No participant can spell itself as a service, nor as anybody by a near miss."""
    assert Envelope("x", source, "t", _NOON).sender == sender


@pytest.mark.parametrize(
    "headers",
    [
        [],
        *(_without(name) for name in ("ce_specversion", "ce_id", "ce_time")),
        [*_HEADERS, ("ce_id", b"again")],
        _with("ce_specversion", b"0.3"),
        _with("ce_id", b""),
        _with("ce_id", b"two words"),
        _with("ce_id", b"\xff"),
        _with("ce_id", None),
        _with("ce_id", b"x" * (MAX_ID_LENGTH + 1)),
        _with("ce_time", b"yesterday"),
        _with("ce_time", b"2026-01-31T12:00:00"),
        _with("ce_time", b""),
    ],
)
def test_headers_that_are_no_cloudevent_are_dead_letters(
    headers: list[tuple[str, bytes | None]],
) -> None:
    """Each way an envelope can be wrong is told apart from an unknown sender or body."""
    with pytest.raises(NotACloudEvent):
        Envelope.from_headers(headers)
    assert isinstance(outcome := _read(headers=headers), Unreadable)
    assert outcome.reason is DeadLetterReason.NOT_A_CLOUDEVENT


# Reading


def test_a_good_record_is_received() -> None:
    """Envelope, sender and event come out as they went in."""
    assert isinstance(outcome := _read(), Received)
    assert outcome.sender == "globex"
    assert outcome.envelope.id == "globex-1"
    assert outcome.event == SessionOpened(market="voice-usd", session_id="s-1", ttl_seconds=60)


@pytest.mark.parametrize(
    ("headers", "value", "reason"),
    [
        (_HEADERS, b"x" * (topics.MAX_INBOUND_BYTES + 1), DeadLetterReason.TOO_LARGE),
        (_with("ce_source", b"globex"), b"{}", DeadLetterReason.UNKNOWN_SENDER),
        (_with("ce_type", b"strowger.offer-published.v1"), b"{}", DeadLetterReason.UNKNOWN_TYPE),
        (_without("ce_type"), b"{}", DeadLetterReason.UNKNOWN_TYPE),
        (_HEADERS, b"", DeadLetterReason.NOT_JSON),
        (_HEADERS, b"\xff\xfe", DeadLetterReason.NOT_JSON),
        (_HEADERS, b'{"market": "voice-usd"', DeadLetterReason.NOT_JSON),
        (_HEADERS, b"[" * topics.MAX_INBOUND_BYTES, DeadLetterReason.TOO_COMPLEX),
        (_HEADERS, b"[" * MAX_NESTING, DeadLetterReason.NOT_JSON),
        (_HEADERS, b"[" * (MAX_NESTING + 1), DeadLetterReason.TOO_COMPLEX),
        (_HEADERS, b'{"a":' * 10_000 + b"1" + b"}" * 10_000, DeadLetterReason.TOO_COMPLEX),
        (_HEADERS, b"[" + b"1," * MAX_VALUES + b"1]", DeadLetterReason.TOO_COMPLEX),
        (_HEADERS, b'"' + b'\\"[' * 20_000, DeadLetterReason.NOT_JSON),
        (_HEADERS, b'"[[{,' * 10_000 + b"\\", DeadLetterReason.TOO_COMPLEX),
        (_HEADERS, b'{"market": NaN}', DeadLetterReason.NOT_JSON),
        (_HEADERS, b"[]", DeadLetterReason.NO_MARKET),
        (_HEADERS, b"{}", DeadLetterReason.NO_MARKET),
        (_HEADERS, b'{"market": 7}', DeadLetterReason.NO_MARKET),
        (_HEADERS, b'{"market": "Voice USD"}', DeadLetterReason.NO_MARKET),
    ],
)
def test_what_nobody_can_be_told_about_is_unreadable(
    headers: list[tuple[str, bytes | None]], value: bytes, reason: DeadLetterReason
) -> None:
    """Each dead-letter reason of reading is reached, and says in words what was wrong."""
    assert isinstance(outcome := _read(headers=headers, value=value), Unreadable)
    assert outcome.reason is reason
    assert outcome.detail


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"session_id": None}, "session_id"),
        ({"ttl_seconds": "60"}, "ttl_seconds"),
        ({"ttl_seconds": 60.0}, "ttl_seconds"),
        ({"ttl_seconds": True}, "ttl_seconds"),
        ({"ttl_seconds": 0}, "ttl_seconds"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_body_that_breaks_its_schema_is_malformed(change: dict[str, Any], field: str) -> None:
    """The sender can be told, and is told which field; what stood in it is not repeated."""
    assert isinstance(outcome := _read(_BODY | change), Malformed)
    assert outcome.sender == "globex"
    assert outcome.market == "voice-usd"
    assert outcome.problems.startswith(f"{field}: ")
    assert "red" not in outcome.problems.replace(field, "")


def test_many_problems_are_counted_not_listed() -> None:
    """However much is wrong, a message stays readable."""
    extra = {f"extra{number}": number for number in range(20)}
    assert isinstance(outcome := _read(_BODY | extra), Malformed)
    assert outcome.problems.endswith("; and 15 more")


@pytest.mark.parametrize("topic", topics.INBOUND_TOPICS, ids=lambda topic: topic.name)
@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from([name for name, _ in _HEADERS]) | st.text(max_size=8),
            st.none() | st.binary(max_size=20) | st.sampled_from([value for _, value in _HEADERS]),
        ),
        max_size=8,
    ),
    good=st.booleans(),
    value=st.none()
    | st.binary(max_size=40)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda child: st.dictionaries(st.sampled_from(sorted(_BODY)), child, max_size=3),
        max_leaves=6,
    ).map(lambda body: json.dumps(body).encode()),
)
def test_reading_is_total(
    topic: topics.Topic,
    headers: list[tuple[str, bytes | None]],
    good: bool,  # noqa: FBT001 - given by Hypothesis
    value: bytes | None,
) -> None:
    """Whatever the bytes, reading gives one of its three outcomes and never raises."""
    kind = topic.events[0].TYPE.encode()
    taken = _with("ce_type", kind) if good else headers
    outcome = read(topic, taken, value)
    assert isinstance(outcome, Received | Malformed | Unreadable)
    assert read(topic, taken, value) == outcome


@pytest.mark.parametrize("event", INBOUND)
def test_each_inbound_event_is_read_from_its_own_topic(event: type[InboundEvent]) -> None:
    """The registry places every inbound event on exactly one topic."""
    placed = [topic for topic in topics.INBOUND_TOPICS if event in topic.events]
    assert len(placed) == 1
    example = EXAMPLES[event]
    headers = [(name, text.encode()) for name, text in example.headers.items()]
    outcome = read(placed[0], headers, json.dumps(example.body).encode())
    assert isinstance(outcome, Received)
    assert outcome.event == example.event


# Prices and times


@pytest.mark.parametrize(
    "text", ["0", "0.0125", "1000", "1000.000", "0.000000001", "999.999999999"]
)
def test_a_plain_price_is_taken_exactly(text: str) -> None:
    """A price keeps every digit that was sent, through integers and back."""
    price = _PRICE.validate_json(json.dumps(text))
    assert price == Decimal(text)
    assert from_nano(to_nano(price)) == price


@pytest.mark.parametrize(
    "price",
    [
        *["-1", "-0", "+1", "1000.01", "1001", "99999", "0.0000000001", "1e3", "1E-3", "NaN"],
        *["Infinity", "", " ", "1 ", " 1", "1\n", "1,5", "1.", ".5", "1_0", "0x1"],
        *[1, 0.0125, True, None, [], {}],
        "٣",
    ],
)
def test_an_absurd_price_is_refused(price: object) -> None:
    """Negative, too dear, too fine, with an exponent, or no string at all: never guessed."""
    with pytest.raises(ValidationError):
        _PRICE.validate_json(json.dumps(price))


@given(st.integers(0, 10**15))
def test_money_is_written_plainly_and_exactly(amount_nano: int) -> None:
    """No exponent, no trailing zeros, and the same amount when read again."""
    text = plain(from_nano(amount_nano))
    assert "E" not in text
    assert text == "0" or not (("." in text and text.endswith("0")) or text.endswith("."))
    assert to_nano(Decimal(text)) == amount_nano


@given(_MOMENTS)
def test_times_are_cut_to_milliseconds(moment: datetime) -> None:
    """What is finer than a millisecond is cut off, never rounded up into the future."""
    assert timedelta(0) <= moment - from_millis(to_millis(moment)) < timedelta(milliseconds=1)


# Refusals and events


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_says_what_to_do(refusal: Refusal) -> None:
    """Advice is a sentence, the value is a plain word, and its name is the same word."""
    assert refusal.advice[0].isupper()
    assert refusal.advice.endswith(".")
    assert len(refusal.advice.split()) > 3
    assert refusal.name.lower() == refusal.value
    assert isinstance(refusal.retry, bool)


def test_types_are_unique_and_versioned() -> None:
    """No two events share a type, and each type carries its version."""
    types = [event.TYPE for event in EXAMPLES]
    assert len(set(types)) == len(types)
    assert all(kind.startswith("strowger.") and kind.endswith(".v1") for kind in types)


@pytest.mark.parametrize("event", OUTBOUND)
def test_the_tag_of_an_emitted_event_is_its_type(event: type[EventRefused]) -> None:
    """A reader may go by `ce_type` or by the `type` in the body: they say the same."""
    assert f"strowger.{event.model_fields['type'].default}.v1" == event.TYPE


@pytest.mark.parametrize("event", OUTBOUND)
def test_a_decision_keeps_its_event_byte_for_byte(event: type[EventRefused]) -> None:
    """The event inside a decision is written just as it is written alone."""
    alone = EXAMPLES[event].event.model_dump_json()
    whole = EXAMPLES[Decision].event.model_copy(update={"event": EXAMPLES[event].event})
    assert f'"event":{alone}' in whole.model_dump_json()
    assert Decision.model_validate_json(whole.model_dump_json()) == whole
