"""`schemas/` says what the models say, to everybody who has no Python."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import regress
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError as SchemaError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from pydantic import ValidationError

import strowger
from strowger.contract.fields import Inbound
from strowger.contract.generate.__main__ import find_stale, main
from strowger.contract.generate.asyncapi import ANSWERS
from strowger.contract.generate.examples import EXAMPLES
from strowger.contract.generate.files import contract
from strowger.contract.generate.guide import CLOCK_AHEAD_MINUTES, HORIZON_HOURS
from strowger.contract.generate.schemas import EMITTED, AnyEvent, name_of
from strowger.contract.inbound import INBOUND, InboundEvent
from strowger.contract.refusals import DeadLetterReason, Refusal
from strowger.market.rules import CLOCK_SKEW_MS, HORIZON_MS

Json = Any

SCHEMAS: Final = Path(__file__).parents[2] / "schemas"
EVENTS: Final[tuple[type[AnyEvent], ...]] = (*INBOUND, *EMITTED)


def _pattern(
    validator: Validator, pattern: str, instance: object, schema: object
) -> Iterator[SchemaError]:
    """Match as ECMA 262 does, as JSON Schema says; in Python `$` also stands before a newline."""
    del validator, schema
    if isinstance(instance, str) and regress.Regex(pattern, "u").find(instance) is None:
        yield SchemaError(f"{instance!r} does not match {pattern!r}")


_Ecma: Final[type[Validator]] = extend(  # type: ignore[no-untyped-call]  # jsonschema's stubs say no
    Draft202012Validator, {"pattern": _pattern}
)


def _load(path: str) -> Json:
    return json.loads((SCHEMAS / path).read_text(encoding="utf-8"))


def _folder(event: type[AnyEvent]) -> str:
    return "inbound" if issubclass(event, Inbound) else "outbound"


def _validator(event: type[AnyEvent]) -> Validator:
    schema = _load(f"{_folder(event)}/{name_of(event)}.json")
    validator: Validator = _Ecma(schema)
    return validator


def _model_takes(event: type[AnyEvent], document: Json) -> bool:
    try:
        event.model_validate_json(json.dumps(document))
    except ValidationError:
        return False
    return True


# What is in the folder


def test_schemas_are_up_to_date() -> None:
    """What lies in schemas/ is what the contract says now: else run `make schemas`."""
    assert find_stale(SCHEMAS) == []


def test_the_generator_names_every_stale_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file changed by hand, one missing and one no longer made are named, and then put right."""
    folder = tmp_path / "schemas"
    shutil.copytree(SCHEMAS, folder)
    (folder / "refusals.json").write_text("{}")
    (folder / "inbound" / "session-opened.v1.json").unlink()
    (folder / "inbound" / "session-lost.v1.json").write_text("{}")
    arguments = ["--into", str(folder)]
    assert main([*arguments, "--check"]) == 1
    named = capsys.readouterr().err
    for stale in ("refusals.json", "session-opened.v1.json", "session-lost.v1.json"):
        assert stale in named
    assert named.count("stale:") == 3
    assert main(arguments) == 0
    assert main([*arguments, "--check"]) == 0


def test_the_same_contract_gives_the_same_files(tmp_path: Path) -> None:
    """Another process, with other hashes, writes the same bytes."""
    command = [sys.executable, "-m", "strowger.contract.generate", "--into", str(tmp_path)]
    subprocess.run(command, check=True, env={"PYTHONHASHSEED": "4711"})  # noqa: S603 - our own module
    assert find_stale(tmp_path) == []


def test_a_release_is_never_rewritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A released contract that differs from the present one stays as it was."""
    arguments = ["--into", str(tmp_path), "--release"]
    assert main(arguments) == 0
    released = tmp_path / "released" / f"{strowger.__version__}.json"
    assert json.loads(released.read_text()) == contract(strowger.__version__)
    assert main(arguments) == 0
    released.write_text("{}")
    assert main(arguments) == 1
    assert "raise the version" in capsys.readouterr().err
    assert released.read_text() == "{}"


# Schemas and models agree


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
def test_each_event_has_a_schema_and_a_valid_example(event: type[AnyEvent]) -> None:
    """The schema is one of 2020-12, and schema and model both take the example."""
    validator = _validator(event)
    Draft202012Validator.check_schema(validator.schema)
    document = _load(f"examples/{name_of(event)}.json")
    validator.validate(document)
    assert event.model_validate_json(json.dumps(document)) == EXAMPLES[event].event


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
def test_only_what_the_exchange_emits_may_hold_unknown_fields(event: type[AnyEvent]) -> None:
    """A field that is not known is refused of senders and to be ignored by readers."""
    document = _load(f"examples/{name_of(event)}.json") | {"surprise": 1}
    emitted = event in EMITTED
    assert _validator(event).is_valid(document) is emitted
    assert _model_takes(event, document) is emitted


@pytest.mark.parametrize("event", EMITTED, ids=name_of)
def test_every_field_of_an_emitted_event_is_always_there(event: type[AnyEvent]) -> None:
    """What the schema requires is every field, and the exchange writes every field."""
    schema = _validator(event).schema
    assert isinstance(schema, dict)
    written = json.loads(EXAMPLES[event].event.model_dump_json())
    assert set(schema["required"]) == set(schema["properties"]) == set(written)


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_and_one_to_come_fit_the_schema(refusal: Refusal) -> None:
    """A reader that validates goes on working when a release adds a refusal."""
    validator = _validator(type(EXAMPLES[_refused()].event))
    document = _load("examples/event-refused.v1.json")
    assert validator.is_valid(document | {"refusal": refusal.value})
    assert validator.is_valid(document | {"refusal": "market_sealed"})
    assert not validator.is_valid(document | {"refusal": None})


def _refused() -> type[AnyEvent]:
    return next(event for event in EMITTED if name_of(event) == "event-refused.v1")


_PRICES: Final = [
    *["", "0", "1", "-1", "+1", "0.0125", "00.5", "0999.5", "1000", "1000.0", "1000.01", "1001"],
    *["9999", "12345", "1.", ".5", "1e3", "NaN", "0.1234567890", "٣"],
]
_WORDS: Final = [
    *["voice", "data", "USD", "usd", "terminated", "timed_out", "~a", "a~b"],
    *["+442079460000", "+0", "442079460000", "4420"],
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
_VALUES: Final = st.one_of(
    st.none(), st.booleans(), _TEXTS, _NUMBERS, st.just([]), st.just({}), st.just(["a"])
)


@st.composite
def _documents(draw: st.DrawFn, event: type[InboundEvent]) -> Json:
    """Give an example with fields changed, taken away, and added, at its top or in its service."""
    document = _load(f"examples/{name_of(event)}.json")
    for _ in range(draw(st.integers(0, 2))):
        part = document
        if isinstance(part.get("service"), dict) and draw(st.booleans()):
            part, fields = part["service"], _fields(event, "service")
        else:
            fields = _fields(event)
        name = draw(st.sampled_from([*fields, "surprise"]))
        if draw(st.integers(0, 3)) == 0:
            part.pop(name, None)
        else:
            part[name] = draw(_VALUES)
    return document


def _fields(event: type[InboundEvent], part: str | None = None) -> list[str]:
    model: Json = event if part is None else event.model_fields[part].annotation
    return list(model.model_fields)


@pytest.mark.parametrize("event", INBOUND, ids=name_of)
@settings(max_examples=150)
@given(data=st.data())
def test_schema_and_model_take_the_same_documents(
    event: type[InboundEvent], data: st.DataObject
) -> None:
    """Who validates by the schema before sending is never told that the event is malformed.

    One difference stays: to JSON Schema 1.0 is an integer, to the models it is not; senders are
    told to write integers without a fraction.
    """
    document = data.draw(_documents(event))
    assert _validator(event).is_valid(document) is _model_takes(event, document)


def test_a_session_that_timed_out_names_its_buyer_in_the_schema_too() -> None:
    """The one rule between two fields is in the schema."""
    event = next(event for event in INBOUND if name_of(event) == "session-closed.v1")
    document = _load("examples/session-closed.v1.json") | {"reason": "timed_out"}
    assert not _validator(event).is_valid(document)
    assert not _validator(event).is_valid(document | {"buyer": None})
    assert _validator(event).is_valid(document | {"buyer": "globex"})


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
def test_examples_travel_with_headers_that_their_schema_takes(event: type[AnyEvent]) -> None:
    """The header schema describes what an envelope writes."""
    _Ecma(_load("event-headers.json")).validate(EXAMPLES[event].headers)


def test_every_refusal_and_reason_is_listed() -> None:
    """refusals.json holds each with what to do about it."""
    listed = _load("refusals.json")
    assert list(listed["refusals"]) == [refusal.value for refusal in Refusal]
    assert list(listed["dead_letter_reasons"]) == [reason.value for reason in DeadLetterReason]


def test_the_guide_tells_the_limits_that_the_market_keeps() -> None:
    """The horizon and the clock skew in words are those of the rules."""
    assert HORIZON_HOURS * 3_600_000 == HORIZON_MS
    assert CLOCK_AHEAD_MINUTES * 60_000 == CLOCK_SKEW_MS


def test_the_guide_shows_every_event_that_participants_meet() -> None:
    """Each event stands in the guide as it travels, save those of the operator."""
    guide = (SCHEMAS / "README.md").read_text(encoding="utf-8")
    untold = {event.TYPE for event in EVENTS if f"ce_type: {event.TYPE}" not in guide}
    assert untold == {"strowger.market-declared.v1", "strowger.decision.v1"} | {
        "strowger.offer-removed.v1"
    }


def test_every_inbound_event_has_an_answer() -> None:
    """AsyncAPI says what each event is answered with."""
    assert set(ANSWERS) == set(INBOUND)
