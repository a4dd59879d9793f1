"""Declare or control a market as its operator: a command in the log, answered in `decisions`."""

import asyncio
import time
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, TypedDict, TypeVar

from strowger.broker.connections import producer
from strowger.broker.errors import BrokerUnavailable
from strowger.cli.shared import topic_reader
from strowger.client.refused import refused
from strowger.contract.commands import (
    OPERATOR,
    ControlMarket,
    DeclareMarket,
    DeclareRates,
    encode,
)
from strowger.contract.decision import Decision
from strowger.contract.event import OutboundEvent
from strowger.contract.fields import to_nano
from strowger.contract.market_terms import MarketTerms
from strowger.contract.outbound import EventRefused, MarketControlled, MarketDeclared, RatesDeclared
from strowger.contract.topics import DECISIONS, MARKET_LOG
from strowger.market.rules import NEWEST_RULES

_Answer = TypeVar("_Answer", bound=OutboundEvent)

_ANSWER_SECONDS: Final = 30
_NEW_TERMS: Final = (
    "max_open_sessions",
    "max_stored_offers",
    "max_session_requests",
    "providers_hidden",
)


async def declare(
    bootstrap: str, terms: MarketTerms, *, timeout_seconds: float = _ANSWER_SECONDS
) -> MarketDeclared:
    """Declare a market under the newest rules; the same terms again change nothing.

    Raises:
        Refused: the market stands with other terms.
        BrokerUnavailable: no broker, no topics, or nobody decided within the timeout.
    """
    said = terms.model_dump()
    # An older release would pass over these terms: it is to stop at them instead.
    version = 2 if any(said.get(name) for name in _NEW_TERMS) else 1
    command = DeclareMarket(**_stamp(), **said, rules_version=NEWEST_RULES, needs_version=version)
    return await _decided(bootstrap, command, MarketDeclared, timeout_seconds)


async def declare_rates(
    bootstrap: str,
    market: str,
    version: int,
    rates: Mapping[str, Decimal],
    *,
    timeout_seconds: float = _ANSWER_SECONDS,
) -> RatesDeclared:
    """Declare what a unit of each currency is worth in the market's own, and wait for the answer.

    Raises:
        Refused: no such market, or its rates stand at this version or a greater one.
        BrokerUnavailable: no broker, no topics, or nobody decided within the timeout.
    """
    rates_nano = {currency: to_nano(rate) for currency, rate in sorted(rates.items())}
    command = DeclareRates(**_stamp(), market=market, version=version, rates_nano=rates_nano)
    return await _decided(bootstrap, command, RatesDeclared, timeout_seconds)


async def control(
    bootstrap: str,
    market: str,
    action: str,
    subject: str | None,
    *,
    timeout_seconds: float = _ANSWER_SECONDS,
) -> MarketControlled:
    """Control a market as its operator, and wait for the answer.

    Raises:
        Refused: no such market, or it is closed for good.
        BrokerUnavailable: no broker, no topics, or nobody decided within the timeout.
    """
    command = ControlMarket(**_stamp(), market=market, action=action, subject=subject)
    return await _decided(bootstrap, command, MarketControlled, timeout_seconds)


async def _decided(
    bootstrap: str,
    command: DeclareMarket | DeclareRates | ControlMarket,
    kind: type[_Answer],
    timeout_seconds: float,
) -> _Answer:
    since = await topic_reader.ends(bootstrap, [DECISIONS.name])
    if not since:
        raise BrokerUnavailable("the exchange's topics aren't there: run `strowger topics apply`")
    async with producer(bootstrap, client_id="strowger-operator") as sender:
        await sender.send_and_wait(
            MARKET_LOG.name, key=command.market.encode(), value=encode(command)
        )
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _answer(bootstrap, since, command.causation_id, kind)
    except TimeoutError:
        raise BrokerUnavailable(
            f"no answer within {timeout_seconds:g} s: does matching run? see `strowger health`"
        ) from None


class _Stamp(TypedDict):
    participant: str
    causation_id: str
    sent_at_ms: int


def _stamp() -> _Stamp:
    return {
        "participant": OPERATOR,
        "causation_id": uuid.uuid4().hex,
        "sent_at_ms": time.time_ns() // 1_000_000,
    }


async def _answer(
    bootstrap: str, since: topic_reader.Places, causation_id: str, kind: type[_Answer]
) -> _Answer:
    async for record in topic_reader.follow(bootstrap, since):
        event = Decision.model_validate_json(record.value).event
        if event.causation_id != causation_id:
            continue
        if isinstance(event, EventRefused):
            raise refused(event)
        if isinstance(event, kind):
            return event
    raise AssertionError("following never ends")
