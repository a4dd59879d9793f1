"""Take from keys and participants what they may do, in every market: a command a partition."""

import asyncio
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from strowger.broker.connections import producer
from strowger.broker.errors import BrokerUnavailable
from strowger.cli.shared import topic_reader
from strowger.client.refused import refused
from strowger.contract.commands import EXCHANGE, OPERATOR, ControlAccess, encode
from strowger.contract.decision import Decision
from strowger.contract.outbound import AccessControlled, EventRefused
from strowger.contract.topics import DECISIONS, MARKET_BOOK, MARKET_LOG
from strowger.market.access import ROW_KINDS
from strowger.market.entities import RevokedKey, Suspension, decode, decode_key

_ANSWER_SECONDS = 30


@dataclass(frozen=True)
class Taken:
    """What stands revoked and suspended; a key with from when by market time."""

    revoked_from_ms: dict[str, int]
    suspended: frozenset[str]


async def control_access(
    bootstrap: str, action: str, subjects: Iterable[str], *, from_ms: int = 0
) -> None:
    """Command every partition of the log, and wait until each has decided; again changes nothing.

    Raises:
        Refused: the exchange said no.
        BrokerUnavailable: no topics, or not every partition decided in time: say it again.
    """
    commands = {
        uuid.uuid4().hex: (partition, subject)
        for subject in subjects
        for partition in range(MARKET_LOG.partitions)
    }
    since = await topic_reader.ends(bootstrap, [DECISIONS.name])
    if not since:
        raise BrokerUnavailable("the exchange's topics aren't there: run `strowger topics apply`")
    async with producer(bootstrap, client_id="strowger-operator") as sender:
        for causation_id, (partition, subject) in commands.items():
            command = ControlAccess(
                market=EXCHANGE,
                participant=OPERATOR,
                causation_id=causation_id,
                sent_at_ms=time.time_ns() // 1_000_000,
                action=action,
                subject=subject,
                from_ms=from_ms,
            )
            await sender.send_and_wait(
                MARKET_LOG.name,
                key=EXCHANGE.encode(),
                value=encode(command),
                partition=partition,
            )
    waiting = set(commands)
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            await _decided(bootstrap, since, waiting)
    except TimeoutError:
        behind = sorted({commands[each][0] for each in waiting})
        raise BrokerUnavailable(
            f"no answer within {_ANSWER_SECONDS} s from the log's partitions {behind}: does "
            "matching run? see `strowger health`, then say it again"
        ) from None


async def _decided(bootstrap: str, since: topic_reader.Places, waiting: set[str]) -> None:
    async for record in topic_reader.follow(bootstrap, since):
        event = Decision.model_validate_json(record.value).event
        if event.causation_id not in waiting:
            continue
        if isinstance(event, EventRefused):
            raise refused(event)
        if isinstance(event, AccessControlled):
            waiting.discard(event.causation_id)
        if not waiting:
            return


async def taken(bootstrap: str) -> Taken:
    """Read what stands revoked and suspended, from the tables of the markets."""
    since = await topic_reader.starts(bootstrap, [MARKET_BOOK.name])
    until = await topic_reader.ends(bootstrap, [MARKET_BOOK.name])
    rows: dict[tuple[int, bytes], RevokedKey | Suspension] = {}
    async for record in topic_reader.read(bootstrap, since, until):
        if decode_key(record.key)[0] not in ROW_KINDS:
            continue
        entity = None if record.value is None else decode(record.value)
        if isinstance(entity, RevokedKey | Suspension):
            rows[record.partition, record.key] = entity
        else:
            rows.pop((record.partition, record.key), None)
    revoked = [row for row in rows.values() if isinstance(row, RevokedKey)]
    return Taken(
        {row.key_id: row.from_ms for row in sorted(revoked, key=lambda row: -row.from_ms)},
        frozenset(row.participant for row in rows.values() if isinstance(row, Suspension)),
    )
