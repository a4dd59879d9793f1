"""What the exchange emits: encoded once, as its model is written."""

from typing import get_args

import pytest

from strowger.contract.decision import Decision
from strowger.contract.event import OutboundEvent
from strowger.contract.generate.examples import EXAMPLES, VARIANTS
from strowger.contract.outbound import Event, EventRefused

EVENTS = [each.event for each in (*EXAMPLES.values(), *VARIANTS.values())]
TOLD = [event for event in EVENTS if isinstance(event, OutboundEvent)]


def test_there_is_an_example_of_each_event_that_a_decision_tells() -> None:
    """So that what follows is said of all of them."""
    assert {type(event) for event in TOLD} >= set(get_args(get_args(Event)[0]))


@pytest.mark.parametrize("event", TOLD, ids=lambda event: str(event.type))
def test_a_decision_is_encoded_as_its_model_is_written(event: OutboundEvent) -> None:
    """Byte for byte, though its event is encoded apart from it: the audit compares bytes."""
    told = EXAMPLES[Decision].event
    assert isinstance(told, Decision)
    decision = told.model_copy(update={"event": event})
    assert decision.encoded == decision.model_dump_json().encode()
    assert Decision.model_validate_json(decision.encoded).event == event


def test_a_copy_is_encoded_anew() -> None:
    """What a copy changes shows in its bytes, also where the first was encoded before."""
    refused = next(event for event in TOLD if isinstance(event, EventRefused))
    assert refused.encoded
    copied = refused.model_copy(update={"causation_id": "another"})
    assert copied.encoded == copied.model_dump_json().encode()
    assert b'"another"' in copied.encoded
