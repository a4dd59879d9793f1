"""The published examples are no fiction: sent through the gateways, the market answers so."""

from collections.abc import Iterator
from typing import Final

import msgspec
import pytest

from strowger.broker.consuming import Record
from strowger.broker.dead_letters import DeadLetter
from strowger.contract.commands import (
    OPERATOR,
    AnyCommand,
    ControlAccess,
    ControlMarket,
    DeclareMarket,
    DeclareRates,
)
from strowger.contract.decision import Decision
from strowger.contract.event import OutboundEvent
from strowger.contract.fields import to_millis, to_nano
from strowger.contract.generate.example import (
    BUYER,
    DATA_MARKET,
    DATA_SESSION,
    GUARDED_MARKET,
    Example,
    sent,
)
from strowger.contract.generate.examples import EXAMPLES, VARIANTS
from strowger.contract.inbound import InboundEvent, SessionOpened
from strowger.contract.outbound import (
    AccessControlled,
    EventRefused,
    MarketControlled,
    MarketDeclared,
    RatesDeclared,
)
from strowger.market.markets import Markets
from strowger.market.rules import NEWEST_RULES
from tests.gateway_records import GATEWAY_OF

_ALL: Final = (*EXAMPLES.values(), *VARIANTS.values())
_DATA_SESSION: Final = sent(
    BUYER,
    11,
    61,
    DATA_SESSION,
    SessionOpened(market=DATA_MARKET, session_id=DATA_SESSION, ttl_seconds=60),
)
"""The session that the requests of the other families are made in; like the voice sale's."""

_SENT: Final = sorted(
    (_DATA_SESSION, *(each for each in _ALL if isinstance(each.event, InboundEvent))),
    key=lambda each: each.time,
)
_EMITTED: Final = [
    each.event
    for each in _ALL
    if isinstance(each.event, OutboundEvent) and not isinstance(each.event, EventRefused)
]
_AT_MS: Final = {event.causation_id: to_millis(event.at) for event in _EMITTED}


def _declarations() -> Iterator[tuple[AnyCommand, int]]:
    """Give the operator's commands and their times, as the examples tell them."""
    declared, rates = EXAMPLES[MarketDeclared].event, EXAMPLES[RatesDeclared].event
    assert isinstance(declared, MarketDeclared)
    assert isinstance(rates, RatesDeclared)
    at_ms = to_millis(declared.at)
    market = DeclareMarket(
        **declared.terms.model_dump(),
        participant=OPERATOR,
        causation_id=declared.causation_id,
        sent_at_ms=at_ms,
        rules_version=NEWEST_RULES,
    )
    yield market, at_ms
    yield msgspec.structs.replace(market, market=DATA_MARKET, currency="EUR"), at_ms
    yield msgspec.structs.replace(market, market=GUARDED_MARKET, policy="guarded"), at_ms
    rated = DeclareRates(
        market=rates.market,
        participant=OPERATOR,
        causation_id=rates.causation_id,
        sent_at_ms=at_ms,
        version=rates.version,
        rates_nano={currency: to_nano(rate) for currency, rate in rates.rates.items()},
    )
    yield rated, to_millis(rates.at)


def _control() -> tuple[AnyCommand, int]:
    """Give the operator's control of a market, and its time."""
    controlled = EXAMPLES[MarketControlled].event
    assert isinstance(controlled, MarketControlled)
    at_ms = to_millis(controlled.at)
    command = ControlMarket(
        market=controlled.market,
        participant=OPERATOR,
        causation_id=controlled.causation_id,
        sent_at_ms=at_ms,
        action=controlled.action,
        subject=controlled.participant,
    )
    return command, at_ms


def _revocation() -> tuple[AnyCommand, int]:
    """Give the operator's control of access, and its time."""
    revoked = EXAMPLES[AccessControlled].event
    assert isinstance(revoked, AccessControlled)
    at_ms = to_millis(revoked.at)
    command = ControlAccess(
        market=revoked.market,
        participant=OPERATOR,
        causation_id=revoked.causation_id,
        sent_at_ms=at_ms,
        action=revoked.action,
        subject=revoked.subject,
    )
    return command, at_ms


def _command(example: Example) -> AnyCommand:
    """Give the command that an example becomes at its gateway."""
    headers = [(name, value.encode()) for name, value in example.headers.items()]
    value = example.event.model_dump_json(exclude_unset=True).encode()
    command = GATEWAY_OF[example.event.TYPE].verdict(Record("t", 0, 0, 0, None, value, headers))
    assert not isinstance(command, DeadLetter)
    return msgspec.structs.replace(command, origin=None)


@pytest.fixture(scope="module")
def decisions() -> list[Decision]:
    """Decide every example that is sent, each at the time of its answer."""
    markets = Markets()
    commands = [
        *_declarations(),
        *((_command(each), _AT_MS.get(each.id, to_millis(each.time))) for each in _SENT),
        _control(),
        _revocation(),
    ]
    return [
        decision
        for offset, (command, at_ms) in enumerate(commands)
        for decision in markets.apply(command, at_ms, offset)
    ]


def test_every_example_that_is_sent_is_granted(decisions: list[Decision]) -> None:
    """None of them is refused: one may copy and send any."""
    assert [each.event for each in decisions if isinstance(each.event, EventRefused)] == []


@pytest.mark.parametrize("event", _EMITTED, ids=lambda event: f"{event.type}-{event.causation_id}")
def test_every_example_that_is_emitted_is_what_the_market_says(
    event: OutboundEvent, decisions: list[Decision]
) -> None:
    """Offers, ranks, costs to the last line, what was sold: all but the number of the contract."""
    (said,) = {
        each.event.model_copy(update=_numberless(each.event)).model_dump_json()
        for each in decisions
        if (each.market, each.event.TYPE, each.event.causation_id)
        == (event.market, event.TYPE, event.causation_id)
    }
    assert said == event.model_copy(update=_numberless(event)).model_dump_json()


def _numberless(event: OutboundEvent) -> dict[str, str]:
    """Leave out what counts every decision before it: the examples show a market at work."""
    return {"contract_id": "voice-usd-1"} if "contract_id" in type(event).model_fields else {}


def test_the_decision_is_of_the_present_rules() -> None:
    """The example of a decision carries the rules version that this release decides by."""
    decision = EXAMPLES[Decision].event
    assert isinstance(decision, Decision)
    assert decision.rules_version == NEWEST_RULES
