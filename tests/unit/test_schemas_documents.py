"""Schemas and models take the same documents, as far as a schema can say what a model does."""

import copy
import json
import re
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from strowger.contract.charges import Charges
from strowger.contract.generate.examples import examples_of
from strowger.contract.generate.schemas import AnyEvent, name_of
from strowger.contract.inbound import (
    INBOUND,
    InboundEvent,
    OfferPublished,
    OfferWithdrawn,
    RankBy,
    RequestSubmitted,
)
from tests.published import Json, load, model_takes, validator_of

_PRICES: Final = [
    *["", "0", "1", "-1", "+1", "0.0125", "00.5", "0999.5", "1000", "1000.0", "1000.01", "1001"],
    *["9999", "12345", "1.", ".5", "1e3", "NaN", "0.1234567890", "٣"],
    *["99.95", "99.955", "100.00", "100.01", "007", "999999.999", "1000000", "1.5000"],
    *["1000000000", "1000000000.1", "0999999999.5", "9999999999"],
]
_WORDS: Final = [
    *["voice", "data", "USD", "usd", "terminated", "timed_out", "~a", "a~b", "firm", "g729"],
    *["+442079460000", "+0", "442079460000", "4420", "sms", "internet", "ethernet"],
    *["GB", "GB/LON", "GB/LON/", "gb", "234-15", "234", "134-15", "234-1", "asr_percent"],
    *["2026-01-31T12:00:00Z", "2026-01-31T12:00Z", "2026-01-31 12:00:00Z", "1769860800"],
    *["2026-01-31t12:00:00.5+14:00", "2026-01-31T12:00:00", "2026-13-31T12:00:00Z"],
]
_EDGES: Final = (" 1", "1 ", "1\n", "a\n", "A" * 80, "a" * 48, "a" * 49, "a" * 81)
_TEXTS: Final = st.one_of(
    st.sampled_from([*_PRICES, *_WORDS, *_EDGES]),
    st.text("aZ09.+-~:_ \n٣é", max_size=5),
    st.from_regex(r"\A[0-9]{1,5}(\.[0-9]{1,10})?\Z", fullmatch=True),
)
_NUMBERS: Final = st.one_of(
    st.sampled_from([0, 1, -1, 3600, 3601, 86_400, 86_401, 10_000, 10_001, 10**9, 10**9 + 1]),
    st.sampled_from([2**53 - 1, 2**53, 2**64, 10**30]),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: not value.is_integer()),
)
_STRUCTURES: Final[list[Json]] = [
    *[[], {}, ["a"], ["g729", "opus"], ["4420", "33"], ["globex"], ["full"], [1]],
    *[{"by": by} for by in ("cost", "quality", "weighted", "luck")],
    *[{"by": by, "attributes": ["asr_percent"]} for by in ("cost", "quality", "weighted")],
    {"by": "weighted", "weights": [{"attribute": "tps", "per_unit": "0.5"}]},
    {"tiers": [{"above_units": 0, "price": "1"}, {"above_units": 5, "price": "0.5"}]},
    {"terms": [{"months": 12, "recurring": "5"}, {"months": 12, "recurring": "5"}]},
    {"one_off": "5", "recurring": None, "tiering": "volume"},
]
_VALUES: Final = st.one_of(
    st.none(), st.booleans(), _TEXTS, _NUMBERS, st.sampled_from(_STRUCTURES).map(copy.deepcopy)
)


def _parts(event: InboundEvent, document: Json) -> list[tuple[Json, list[str]]]:
    """Give each object in a document that a model stands for, with the fields of that model."""
    models: list[tuple[Json, type[BaseModel]]] = [(document, type(event))]
    if isinstance(event, OfferPublished | RequestSubmitted):
        models.append((document.get("service"), type(event.service)))
        models.append((document.get("ranking"), RankBy))
        if isinstance(document.get("service"), dict):
            models.append((document["service"].get("charges"), Charges))
    return [(part, list(model.model_fields)) for part, model in models if isinstance(part, dict)]


@st.composite
def _documents(draw: st.DrawFn, event: type[InboundEvent]) -> Json:
    """Give an example with fields changed, taken away, and added, at its top or within."""
    example = draw(st.sampled_from(examples_of(event)))
    assert isinstance(example.event, event)
    document = copy.deepcopy(example.body)
    for _ in range(draw(st.integers(0, 2))):
        part, fields = draw(st.sampled_from(_parts(example.event, document)))
        name = draw(st.sampled_from([*fields, "surprise"]))
        if draw(st.integers(0, 3)) == 0:
            part.pop(name, None)
        else:
            part[name] = draw(_VALUES)
    return document


_UNSAID: Final = re.compile("terms go from|tiers start|neither commit nor burst")
"""The rules that no JSON Schema can say: of a list's order, of one number and another."""


def _breaks_only_what_schemas_cannot_say(event: type[AnyEvent], document: Json) -> bool:
    try:
        event.model_validate_json(json.dumps(document))
    except ValidationError as invalid:
        return all(_UNSAID.search(error["msg"]) for error in invalid.errors())
    return False


@pytest.mark.parametrize("event", INBOUND, ids=name_of)
@settings(max_examples=250)
@given(data=st.data())
def test_schema_and_model_take_the_same_documents(
    event: type[InboundEvent], data: st.DataObject
) -> None:
    """Who validates by the schema before sending is told of no more than three rules besides.

    One difference stays: to JSON Schema 1.0 is an integer, to the models it is not; senders are
    told to write integers without a fraction.
    """
    document = data.draw(_documents(event))
    valid = validator_of(event).is_valid(document)
    if not (valid and _breaks_only_what_schemas_cannot_say(event, document)):
        assert valid is model_takes(event, document)


@pytest.mark.parametrize(
    ("label", "change"),
    [
        ("internet", {"commit_mbps": 10_001}),
        ("internet", {"burst_mbps": 10_001}),
        ("sms", {"charges": {"tiers": [{"above_units": 1, "price": "1"}]}}),
        ("ethernet", {"charges": {"terms": [{"months": 12, "recurring": "1"}] * 2}}),
    ],
)
def test_what_no_schema_can_say_the_model_does(label: str, change: Json) -> None:
    """Each of the three rules is there, and is the one difference."""
    document = load(f"examples/offer-published.v1.{label}.json")
    document["service"] |= change
    assert validator_of(OfferPublished).is_valid(document)
    assert not model_takes(OfferPublished, document)
    assert _breaks_only_what_schemas_cannot_say(OfferPublished, document)


def test_a_day_that_no_month_has_is_refused() -> None:
    """The schema says `date-time`; who checks formats is told the same as by the model."""
    document = load("examples/offer-withdrawn.v1.json")
    assert model_takes(OfferWithdrawn, document | {"effective_at": "2028-02-29T12:00:00Z"})
    assert not model_takes(OfferWithdrawn, document | {"effective_at": "2026-02-29T12:00:00Z"})


@pytest.mark.parametrize("event", [OfferPublished, RequestSubmitted], ids=name_of)
def test_a_service_without_a_family_is_voice(event: type[InboundEvent]) -> None:
    """Senders built on 0.1.0 need not name it; those of other families do."""
    for example in examples_of(event):
        document = copy.deepcopy(example.body)
        voice = document["service"].pop("family") == "voice"
        assert validator_of(event).is_valid(document) is voice
        assert model_takes(event, document) is voice
