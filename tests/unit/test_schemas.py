"""`schemas/` says what the models say, to everybody who has no Python."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import strowger
from strowger.contract.generate.__main__ import find_stale, main
from strowger.contract.generate.asyncapi import ANSWERS
from strowger.contract.generate.example import Example
from strowger.contract.generate.examples import EXAMPLES, VARIANTS, examples_of
from strowger.contract.generate.files import contract
from strowger.contract.generate.guide import CLOCK_AHEAD_MINUTES, HORIZON_HOURS
from strowger.contract.generate.schemas import EMITTED, AnyEvent, name_of
from strowger.contract.inbound import INBOUND, RequestSubmitted, SessionClosed
from strowger.contract.refusals import DeadLetterReason, Refusal
from strowger.market.rules import CLOCK_SKEW_MS, HORIZON_MS
from tests.published import EVENTS, SCHEMAS, Ecma, Json, load, model_takes, validator_of


def _named_examples(event: type[AnyEvent]) -> Iterator[tuple[str, Example]]:
    yield name_of(event), EXAMPLES[event]
    yield from ((name, each) for name, each in VARIANTS.items() if type(each.event) is event)


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
    validator = validator_of(event)
    Draft202012Validator.check_schema(validator.schema)
    for name, example in _named_examples(event):
        document = load(f"examples/{name}.json")
        validator.validate(document)
        assert event.model_validate_json(json.dumps(document)) == example.event


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
def test_only_what_the_exchange_emits_may_hold_unknown_fields(event: type[AnyEvent]) -> None:
    """A field that is not known is refused of senders and to be ignored by readers."""
    document = load(f"examples/{name_of(event)}.json") | {"surprise": 1}
    emitted = event in EMITTED
    assert validator_of(event).is_valid(document) is emitted
    assert model_takes(event, document) is emitted


@pytest.mark.parametrize("event", EMITTED, ids=name_of)
def test_every_field_of_an_emitted_event_is_always_there(event: type[AnyEvent]) -> None:
    """What the schema requires is every field, and the exchange writes every field."""
    schema = validator_of(event).schema
    assert isinstance(schema, dict)
    written = json.loads(EXAMPLES[event].event.model_dump_json())
    assert set(schema["required"]) == set(schema["properties"]) == set(written)


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_and_one_to_come_fit_the_schema(refusal: Refusal) -> None:
    """A reader that validates goes on working when a release adds a refusal."""
    validator = validator_of(type(EXAMPLES[_refused()].event))
    document = load("examples/event-refused.v1.json")
    assert validator.is_valid(document | {"refusal": refusal.value})
    assert validator.is_valid(document | {"refusal": "market_sealed"})
    assert not validator.is_valid(document | {"refusal": None})


def _refused() -> type[AnyEvent]:
    return next(event for event in EMITTED if name_of(event) == "event-refused.v1")


def test_a_session_that_timed_out_names_its_buyer_in_the_schema_too() -> None:
    """A rule between two fields is in the schema."""
    document = load("examples/session-closed.v1.json") | {"reason": "timed_out"}
    assert not validator_of(SessionClosed).is_valid(document)
    assert not validator_of(SessionClosed).is_valid(document | {"buyer": None})
    assert validator_of(SessionClosed).is_valid(document | {"buyer": "globex"})


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({}, True),
        ({"codes": None}, True),
        ({"destination": None}, False),
        ({"codes": ["4420"]}, False),
        ({"codes": ["4420"], "destination": None}, True),
    ],
)
def test_a_destination_is_a_number_or_codes_in_the_schema_too(change: Json, valid: bool) -> None:  # noqa: FBT001 - given by pytest
    """One of the two, never both."""
    document = load("examples/request-submitted.v1.json")
    document["service"] |= change
    assert validator_of(RequestSubmitted).is_valid(document) is valid
    assert model_takes(RequestSubmitted, document) is valid


@pytest.mark.parametrize(
    ("ranking", "valid"),
    [
        ({"by": "cost"}, True),
        ({"attributes": ["pdd_ms"]}, False),
        ({"by": "quality"}, False),
        ({"by": "quality", "attributes": ["pdd_ms"]}, True),
        ({"by": "quality", "weights": [{"attribute": "pdd_ms", "per_unit": "1"}]}, False),
        ({"by": "weighted", "weights": [{"attribute": "pdd_ms", "per_unit": "1"}]}, True),
    ],
)
def test_what_offers_are_ranked_by_is_said_in_the_schema_too(ranking: Json, valid: bool) -> None:  # noqa: FBT001 - given by pytest
    """Attributes to rank by quality, weights to rank by weights, and only then."""
    document = load("examples/request-submitted.v1.json") | {"ranking": ranking}
    assert validator_of(RequestSubmitted).is_valid(document) is valid
    assert model_takes(RequestSubmitted, document) is valid


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
def test_examples_travel_with_headers_that_their_schema_takes(event: type[AnyEvent]) -> None:
    """The header schema describes what an envelope writes."""
    for example in examples_of(event):
        Ecma(load("event-headers.json")).validate(example.headers)


def test_every_refusal_and_reason_is_listed() -> None:
    """refusals.json holds each with what to do about it."""
    listed = load("refusals.json")
    assert list(listed["refusals"]) == [refusal.value for refusal in Refusal]
    assert list(listed["dead_letter_reasons"]) == [reason.value for reason in DeadLetterReason]


def test_the_guide_tells_the_limits_that_the_market_keeps() -> None:
    """The horizon and the clock skew in words are those of the rules."""
    assert HORIZON_HOURS * 3_600_000 == HORIZON_MS
    assert CLOCK_AHEAD_MINUTES * 60_000 == CLOCK_SKEW_MS


def test_the_guide_shows_every_event_that_participants_meet() -> None:
    """Each event stands in the guide as it travels, save those that speak for themselves."""
    guide = (SCHEMAS / "README.md").read_text(encoding="utf-8")
    untold = {event.TYPE for event in EVENTS if f"ce_type: {event.TYPE}" not in guide}
    operators = {"market-declared", "rates-declared", "market-controlled", "access-controlled"}
    told_elsewhere = {*operators, "decision", "offer-removed"}
    assert untold == {f"strowger.{name}.v1" for name in told_elsewhere}


def test_every_inbound_event_has_an_answer() -> None:
    """AsyncAPI says what each event is answered with."""
    assert set(ANSWERS) == set(INBOUND)
