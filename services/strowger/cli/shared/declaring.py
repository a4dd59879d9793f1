"""Declare a market as its operator: a command in the log, answered in `decisions`."""

import asyncio
import time
import uuid
from typing import Final

from strowger.broker.connections import producer
from strowger.broker.errors import BrokerUnavailable
from strowger.cli.shared import topic_reader
from strowger.client.refused import refused
from strowger.contract.commands import OPERATOR, DeclareMarket, encode
from strowger.contract.outbound import Decision, EventRefused, MarketDeclared, MarketTerms
from strowger.contract.topics import DECISIONS, MARKET_LOG

_ANSWER_SECONDS: Final = 30


async def declare(
    bootstrap: str, terms: MarketTerms, *, timeout_seconds: float = _ANSWER_SECONDS
) -> MarketDeclared:
    """Declare a market and wait for its answer; the same terms again change nothing.

    Raises:
        Refused: the market stands with other terms.
        BrokerUnavailable: no broker, no topics, or nobody decided within the timeout.
    """
    since = await topic_reader.ends(bootstrap, [DECISIONS.name])
    if not since:
        raise BrokerUnavailable("the exchange's topics aren't there: run `strowger topics apply`")
    command = _command(terms)
    async with producer(bootstrap, client_id="strowger-operator") as sender:
        await sender.send_and_wait(
            MARKET_LOG.name, key=terms.market.encode(), value=encode(command)
        )
    try:
        async with asyncio.timeout(timeout_seconds):
            event = await _answer(bootstrap, since, command.causation_id)
    except TimeoutError:
        raise BrokerUnavailable(
            f"no answer within {timeout_seconds:g} s: does matching run? see `strowger health`"
        ) from None
    return event


def _command(terms: MarketTerms) -> DeclareMarket:
    return DeclareMarket(
        participant=OPERATOR,
        causation_id=uuid.uuid4().hex,
        sent_at_ms=time.time_ns() // 1_000_000,
        **terms.model_dump(),
    )


async def _answer(bootstrap: str, since: topic_reader.Places, causation_id: str) -> MarketDeclared:
    async for record in topic_reader.follow(bootstrap, since):
        event = Decision.model_validate_json(record.value).event
        if event.causation_id != causation_id:
            continue
        if isinstance(event, EventRefused):
            raise refused(event)
        if isinstance(event, MarketDeclared):
            return event
    raise AssertionError("following never ends")
