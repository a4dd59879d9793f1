"""Traces: what is taken for one, whom it is told, and that it decides nothing."""

import json
from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import TracerProvider

from strowger.broker.appending import Append
from strowger.broker.consuming import Record
from strowger.broker.dead_letters import DeadLetter
from strowger.client import tracing as client
from strowger.contract.commands import AnyCommand, encode
from strowger.contract.outbound import OfferStored
from strowger.contract.topics import ACCEPTANCE_CONFIRMED, DECISIONS, MARKET_LOG
from strowger.contract.tracing import HEADER, OF_ONE_HOP, header_of, traceparent_of
from strowger.matching.deciding import Deciding, Restored
from strowger.matching.output import Output
from tests.commands import NOON_MS, Commands
from tests.gateway_records import CHOICE, record, verdict

TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"

ILL_FORMED = [
    b"",
    b"\xff\xfe",
    TRACE.upper(),
    TRACE[:-1],
    TRACE + b"-00",
    TRACE * 10_000,
    TRACE + b"\n",
    b"ff" + TRACE[2:],
    TRACE.replace(b"4bf92f3577b34da6a3ce929d0e0e4736", b"0" * 32),  # pragma: allowlist secret
    TRACE.replace(b"00f067aa0ba902b7", b"0" * 16),
]


@pytest.mark.parametrize("name", [HEADER, OF_ONE_HOP])
def test_a_trace_is_read_in_either_header(name: str) -> None:
    """CloudEvents' own, or that which tracing of Kafka clients writes."""
    assert traceparent_of([("ce_id", b"e"), (name, TRACE)]) == TRACE


def test_the_events_own_trace_is_the_one_it_began_in() -> None:
    """It goes before that of the last hop, whichever stands first."""
    given = [(OF_ONE_HOP, OTHER), (HEADER, TRACE)]
    assert traceparent_of(given) == traceparent_of(given[::-1]) == TRACE


@pytest.mark.parametrize("name", [HEADER, OF_ONE_HOP])
@pytest.mark.parametrize("value", ILL_FORMED, ids=range(len(ILL_FORMED)))
def test_what_is_no_trace_loses_nothing_else(name: str, value: bytes) -> None:
    """The event becomes the same command as without it, also where it stands twice."""
    plain = record("offer-accepted", {"acceptance_id": "a-1", "session_id": "s-1", **CHOICE})
    headers = [*plain.headers, (name, value), (name, value)]
    assert traceparent_of(headers) is None
    assert verdict(_with(plain, headers)) == verdict(plain)


def test_a_trace_is_no_part_of_a_command() -> None:
    """What decides is the same with a trace, without one, and with another."""
    plain = record("offer-accepted", {"acceptance_id": "a-1", "session_id": "s-1", **CHOICE})
    made = {
        encode(_command(_with(plain, [*plain.headers, *header_of(trace)])))
        for trace in (None, TRACE, OTHER)
    }
    assert len(made) == 1


def _with(plain: Record, headers: Sequence[tuple[str, bytes | None]]) -> Record:
    place = (plain.topic, plain.partition, plain.offset, plain.timestamp)
    return Record(*place, plain.key, plain.value, headers)


def _command(of: Record) -> AnyCommand:
    made = verdict(of)
    assert not isinstance(made, DeadLetter)
    return made


# What is written of it


def _decided(*commands: AnyCommand) -> list[list[Append]]:
    """Decide commands that each came with the trace; give the events written of each."""
    deciding = Deciding(0, Restored.of_nothing())
    told = []
    for offset, command in enumerate(commands):
        output = Output(0)
        at_ms = max(NOON_MS + offset, command.sent_at_ms)
        headers = header_of(TRACE)
        logged = Record(MARKET_LOG.name, 0, offset, at_ms, b"", encode(command), headers)
        deciding.decide(logged, output)
        told.append([each for each in output.records if each.topic in _TOLD])
    return told


_TOLD = {DECISIONS.name, ACCEPTANCE_CONFIRMED.name}


def _traces(written: list[Append]) -> list[tuple[str, bytes | None]]:
    return [(each.topic, traceparent_of(each.headers)) for each in written]


@pytest.mark.parametrize(("public_buyer", "public"), [(True, TRACE), (False, None)])
def test_a_sale_is_in_its_acceptances_trace(*, public_buyer: bool, public: bytes | None) -> None:
    """Its decisions are; the public record only where the market names buyers: it would link."""
    make = Commands()
    script = (make.declare(public_buyer=public_buyer), make.publish(), make.open(), make.request())
    *_, sale = _decided(*script, make.accept())
    assert _traces(sale) == [
        (DECISIONS.name, TRACE),
        (ACCEPTANCE_CONFIRMED.name, public),
        (DECISIONS.name, TRACE),
    ]


def test_what_another_led_to_is_in_no_trace_of_theirs() -> None:
    """A session that a command finds overdue ends by time: of the command's trace it is not."""
    make = Commands()
    late = Commands(sent_at_ms=NOON_MS + 7_200_000)
    script = (make.declare(), make.open("s-1"), late.publish())
    *_, ended = _decided(*script)
    assert _traces(ended) == [(DECISIONS.name, None), (DECISIONS.name, TRACE)]


# In the SDK


def test_what_is_sent_in_a_span_is_told_so() -> None:
    """The span that the caller is in, and none outside of any."""
    tracer = TracerProvider().get_tracer("test")
    assert client.current() == []
    with tracer.start_as_current_span("buying") as span:
        ((name, value),) = client.current()
    assert name == HEADER
    context = span.get_span_context()
    flags = f"{context.trace_flags:02x}"
    assert value == f"00-{context.trace_id:032x}-{context.span_id:016x}-{flags}".encode()
    assert traceparent_of([(name, value)]) == value


def test_what_is_read_says_its_trace() -> None:
    """An answer carries it beside what it says; one without has none, and both are equal."""
    fields = {"market": "m", "causation_id": "e", "at": "2026-01-31T12:00:00Z"}
    offer = {"offer_id": "o", "revision": 1, "effective_at": "2026-01-31T12:00:00Z"}
    plain, traced = (OfferStored.model_validate_json(json.dumps(fields | offer)) for _ in range(2))
    assert client.traced(plain, []).traceparent is None
    assert client.traced(traced, header_of(TRACE)).traceparent == TRACE.decode()
    assert plain == traced
    assert "traceparent" not in traced.model_dump()
