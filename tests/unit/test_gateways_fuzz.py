import json
from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from strowger.broker.consuming import Record
from strowger.broker.dead_letters import DeadLetter
from strowger.contract import commands
from strowger.contract.commands import (
    Origin,
)
from strowger.contract.inbound import INBOUND
from strowger.contract.topics import MAX_INBOUND_BYTES
from strowger.gateways import (
    offer_accepted,
    offer_published,
    request_submitted,
    session_closed,
    session_opened,
)
from strowger.gateways.gateway import Gateway

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
OFFER: dict[str, Any] = {"offer_id": "o-1", "revision": 3, "currency": "EUR"}
SERVICE: dict[str, Any] = {"prefix": "4420", "rate_per_minute": "0.0125"}
REQUEST = {"request_id": "r-1", "session_id": "s-1"}
DEMAND = {"destination": "+442079460000", "minutes": 100}
CHOICE = {"request_id": "r-1", "provider": "acme", "offer_id": "o-1", "revision": 3}

_TYPES = [event.TYPE for event in INBOUND]
_FIELDS = sorted({name for event in INBOUND for name in event.model_fields})
_TEXT = st.one_of(
    st.sampled_from(["voice", "acme", "s-1", "EUR", "timed_out", "+442079460000", "0.01", "1e9"]),
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
_BODIES = st.builds(
    lambda start, rest: json.dumps({**start, **rest}).encode(),
    st.sampled_from(
        [
            {"market": "voice"},
            {"market": "voice", "session_id": "s-1", "ttl_seconds": 60},
            {"market": "voice", **OFFER, "service": SERVICE},
            {"market": "voice", **REQUEST, "service": DEMAND},
            {"market": "voice", **CHOICE, "acceptance_id": "a-1"},
        ]
    ),
    st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=2),
)
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

    def written() -> object:
        decided = gateway.verdict(poison)
        if isinstance(decided, DeadLetter):
            return decided.to_append()
        assert commands.decode(commands.encode(decided)) == decided
        assert decided.origin == Origin("t", 0, 0)
        return decided

    assert written() == written()
