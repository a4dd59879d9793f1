import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strowger.broker.consuming import Record
from strowger.broker.dead_letters import DeadLetter
from strowger.contract import commands
from strowger.contract.commands import Origin, RefuseEvent
from strowger.contract.ethernet import EthernetDemand, EthernetLine
from strowger.contract.inbound import INBOUND
from strowger.contract.internet import InternetAccess, InternetDemand
from strowger.contract.sms import SmsDelivery, SmsDemand
from strowger.contract.topics import MAX_INBOUND_BYTES
from strowger.contract.voice import VoiceDemand, VoiceTermination
from strowger.gateways.gateway import Gateway
from tests.gateway_records import (
    CHOICE,
    DEMAND,
    GATEWAY_OF,
    GATEWAYS,
    LINE,
    MESSAGES,
    OFFER,
    REQUEST,
    SERVICE,
    record,
    verdict,
)

INTERNET: dict[str, Any] = {
    "family": "internet",
    "place": "DE/FRA",
    "port_mbps": 10_000,
    "commit_mbps": 1_000,
    "overage_per_mbps": "0.2",
    "uptime_percent": "99.95",
}
TRAFFIC: dict[str, Any] = {
    "family": "internet",
    "place": "DE/FRA/eq5",
    "expected_p95_mbps": 300,
    "routes": ["full"],
}
LINE_WANTED: dict[str, Any] = {
    "family": "ethernet",
    "a": "GB/LON",
    "z": "FR",
    "min_cir_mbps": 100,
    "max_delay_ms": "7.125",
}
SMS: dict[str, Any] = {"family": "sms", "network": "GB", "price_per_message": "0.03"}
CAPACITY: dict[str, Any] = {"pool": "p-1", "revision": 1, "units": 5, "channels": None}
RANKED: dict[str, Any] = {
    "ranking": {"by": "quality", "attributes": ["asr_percent"]},
    "comparison_months": 12,
    "max_cost": "10",
}

_MOMENT = "2026-01-31T12:00:00Z"
_TYPES = [event.TYPE for event in INBOUND]
_SERVICES = (
    *(VoiceTermination, InternetAccess, EthernetLine, SmsDelivery),
    *(VoiceDemand, InternetDemand, EthernetDemand, SmsDemand),
)
_FIELDS = sorted({name for event in INBOUND for name in event.model_fields})
_SERVICE_FIELDS = sorted({name for service in _SERVICES for name in service.model_fields})
_TEXT = st.one_of(
    st.sampled_from(["voice", "acme", "s-1", "EUR", "timed_out", "+442079460000", "0.01", "1e9"]),
    st.sampled_from(["sms", "ethernet", "internet", "GB", "GB/PAR", "234-15", "201", "362-999"]),
    st.sampled_from([_MOMENT, "9999-12-31T23:59:59-23:59", "99.95", "quality"]),
    st.text(),
)
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _TEXT),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(_FIELDS), st.text()), inner, max_size=6),
    ),
    max_leaves=12,
)


Start = tuple[str, dict[str, Any], dict[str, Any] | None]

_STARTS: list[Start] = [
    ("session-opened", {"session_id": "s-1", "ttl_seconds": 60}, None),
    ("session-closed", {"session_id": "s-1"}, None),
    ("offer-accepted", {**CHOICE, "acceptance_id": "a-1"}, None),
    ("offer-withdrawn", {"offer_id": "o-1", "revision": 4, "effective_at": _MOMENT}, None),
    ("capacity-published", CAPACITY, None),
    ("book-requested", {"read_id": "b-1", "most": 5, "after": "AbC-_1"}, None),
    *(("offer-published", OFFER, offered) for offered in (SERVICE, INTERNET, LINE, SMS)),
    *(("request-submitted", REQUEST, asked) for asked in (TRAFFIC, LINE_WANTED, MESSAGES)),
    ("request-submitted", {**REQUEST, **RANKED}, DEMAND),
]


def _body(
    start: Start, rest: Mapping[str, object] = {}, inner: Mapping[str, object] = {}
) -> dict[str, Any]:
    _, body, service = start
    served = {} if service is None else {"service": {**service, **inner}}
    return {**body, **served, **rest}


_BODIES = st.builds(
    _body,
    st.sampled_from(_STARTS),
    st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=2),
    st.dictionaries(st.sampled_from(_SERVICE_FIELDS), _JSON, max_size=2),
).map(lambda body: json.dumps({"market": "voice", **body}).encode())
_VALUES = st.one_of(
    st.none(),
    st.binary(max_size=200),
    _JSON.map(lambda each: json.dumps(each).encode("utf-8", "surrogatepass")),
    _BODIES,
    st.sampled_from(
        [
            b"[" * 10_000,
            b'{"market":' * 5_000,
            b'{"market":"voice","session_id":"\\ud800"}',
            b'{"market":"voice","service":{"family":["sms"]}}',
            b'{"market":"voice","service":{"family":1e400}}',
            b"1" * 5000,
        ]
    ),
    st.just(b" " * (MAX_INBOUND_BYTES + 1)),
)
_TIMES = st.one_of(
    st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
    st.sampled_from(["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-01-31"]),
    st.text(),
)


def _maybe(usual: st.SearchStrategy[str]) -> st.SearchStrategy[bytes | None]:
    return st.one_of(
        usual.map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.none(),
        st.binary(max_size=20),
    )


_HEADERS = st.builds(
    lambda *lists: [header for each in lists for header in each],
    st.just([("ce_specversion", b"1.0")]),
    _maybe(st.sampled_from(["e-1", "x" * 101])).map(lambda value: [("ce_id", value)]),
    _maybe(
        st.sampled_from(["/participants/acme", "/services/session-timeout", "/participants/A"])
    ).map(lambda value: [("ce_source", value)]),
    _maybe(st.sampled_from(_TYPES)).map(lambda value: [("ce_type", value)]),
    _maybe(_TIMES).map(lambda value: [("ce_time", value)]),
    st.lists(
        st.tuples(
            st.one_of(st.sampled_from(["ce_id", "content-type", ""]), st.text()),
            st.one_of(st.none(), st.binary(max_size=30)),
        ),
        max_size=2,
    ),
)


def _settled(gateway: Gateway, given_record: Record) -> object:
    """Give the verdict, once it is certain that it can be written."""
    decided = gateway.verdict(given_record)
    if isinstance(decided, DeadLetter):
        return decided.to_append()
    assert commands.decode(commands.encode(decided)) == decided
    assert decided.origin == Origin(given_record.topic, given_record.partition, given_record.offset)
    return decided


@given(
    gateway=st.sampled_from(GATEWAYS),
    headers=_HEADERS,
    value=_VALUES,
    timestamp=st.integers(-1, 2**63 - 1),
)
def test_a_verdict_is_total_and_the_same_each_time(
    gateway: Gateway, headers: list[tuple[str, bytes | None]], value: bytes | None, timestamp: int
) -> None:
    """Whatever the bytes, a record becomes one command or one dead letter that can be written."""
    poison = Record("t", 0, 0, timestamp, None, value, headers)
    assert _settled(gateway, poison) == _settled(gateway, poison)


@given(
    start=st.sampled_from(_STARTS),
    rest=st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=1),
    inner=st.dictionaries(st.sampled_from(_SERVICE_FIELDS), _JSON, max_size=1),
)
def test_an_event_of_any_family_with_something_odd_in_it_becomes_a_command(
    start: Start, rest: dict[str, Any], inner: dict[str, Any]
) -> None:
    """A wrong field is told to its sender; a right one goes on: neither stops the partition."""
    odd = record(start[0], _body(start, {"market": "voice", **rest}, inner))
    gateway = GATEWAY_OF[f"strowger.{start[0]}.v1"]
    assert _settled(gateway, odd) == _settled(gateway, odd)


@pytest.mark.parametrize("start", _STARTS, ids=str)
def test_what_the_odd_is_put_into_is_right(start: Start) -> None:
    """Each event that is mangled above goes on when it is not."""
    assert not isinstance(verdict(record(start[0], _body(start))), RefuseEvent | DeadLetter)
