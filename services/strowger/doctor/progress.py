"""How far everything is: what waits for each service, sessions overdue, letters unhandled."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from strowger.broker import connections
from strowger.broker.access import OPERATOR
from strowger.broker.rights import GATEWAYS, NOTIFIER
from strowger.cli.shared import topic_reader
from strowger.contract.topics import DECISIONS, INBOUND_TOPICS, MARKET_LOG, SESSION_BOOK
from strowger.dead_letters.letters import Wanted, read_letters, read_standing
from strowger.dead_letters.replaying import pending
from strowger.doctor.findings import RUNS, Exchange, Finding, failed, ok, warning
from strowger.ledger.errors import LedgerError
from strowger.ledger.queries import reading
from strowger.market.entities import Session, decode, decode_key
from strowger.matching.deciding import GROUP

_CLIENT: Final = "strowger-doctor"
_BEHIND: Final = 1_000
"""From so many waiting records on, one that moves is behind all the same."""

_SAMPLE_SECONDS: Final = 2.0
_GRACE_MS: Final = 10_000
"""The timeout processor ends a session well within so long after its deadline."""

_FOLLOWED: Final[Mapping[str, str]] = {
    GROUP: MARKET_LOG.name,
    NOTIFIER: DECISIONS.name,
    **{name: topic.name for name, topic in zip(GATEWAYS, INBOUND_TOPICS, strict=True)},
}
"""By consumer group: what it reads and commits. The timeout processor rereads its book instead."""


@dataclass(frozen=True)
class Waiting:
    """What a follower has not read: between where it is and where its topic ends."""

    at: dict[TopicPartition, int]
    ends: dict[TopicPartition, int]

    @property
    def offsets(self) -> int:
        """Count the offsets between; those of ends of transactions are among them."""
        return sum(max(0, end - self.at.get(place, 0)) for place, end in self.ends.items())


async def lag(exchange: Exchange) -> Sequence[Finding]:
    """Look twice at how far each consumer group is, and whether it moves."""
    bootstrap = exchange.meet(OPERATOR)
    first = await _groups(bootstrap)
    late = {group for group, waiting in first.items() if await _records(bootstrap, waiting)}
    second = first
    if late:
        await asyncio.sleep(_SAMPLE_SECONDS)
        second = await _groups(bootstrap)
    found: list[Finding] = []
    for group in sorted(late):
        count = await _records(bootstrap, second[group])
        found += of_lag(group, count, moved=second[group].at != first[group].at)
    return found or [ok("lag", f"nothing waits long for any of {len(first)} consumer groups")]


def of_lag(follower: str, waiting: int, *, moved: bool) -> list[Finding]:
    """Judge how many records wait for a follower, and whether it took any while we looked."""
    if waiting and not moved:
        advice = f"{follower} stands still: {RUNS}"
        return [failed("lag", f"{waiting:,} records wait for {follower}", advice)]
    if waiting > _BEHIND:
        advice = "it catches up; look again, and if it grows give it more CPU or partitions"
        return [warning("lag", f"{waiting:,} records wait for {follower}", advice)]
    return []


async def _groups(bootstrap: str) -> dict[str, Waiting]:
    ends = await topic_reader.ends(bootstrap, set(_FOLLOWED.values()))
    begins = await topic_reader.starts(bootstrap, set(_FOLLOWED.values()))
    admin = AIOKafkaAdminClient(**connections.to(bootstrap), client_id=_CLIENT)
    await admin.start()
    try:
        committed = {group: await admin.list_consumer_group_offsets(group) for group in _FOLLOWED}
    finally:
        await admin.close()
    found: dict[str, Waiting] = {}
    for group, topic in _FOLLOWED.items():
        of_topic = {place: end for place, end in ends.items() if place.topic == topic}
        at = {
            place: max(begins[place], each.offset)
            for place in of_topic
            if (each := committed[group].get(place)) is not None
        }
        found[group] = Waiting({**{place: begins[place] for place in of_topic}, **at}, of_topic)
    return found


async def _records(bootstrap: str, waiting: Waiting) -> int:
    """Count the records that wait; where there are many, by their offsets."""
    if not 0 < waiting.offsets <= _BEHIND:
        return waiting.offsets
    count = 0
    async for _ in topic_reader.read(bootstrap, waiting.at, waiting.ends):
        count += 1
    return count


async def ledger(exchange: Exchange) -> Sequence[Finding]:
    """Look twice at how far the ledger is with the decisions, and whether it moves."""
    bootstrap = exchange.meet(OPERATOR)
    try:
        first = await _of_ledger(exchange, bootstrap)
        if not await _records(bootstrap, first):
            return [ok("ledger", "has all decisions")]
        await asyncio.sleep(_SAMPLE_SECONDS)
        second = await _of_ledger(exchange, bootstrap)
    except LedgerError:
        return []  # what is wrong with its file is told by itself
    waiting = await _records(bootstrap, second)
    found = of_lag("the ledger", waiting, moved=second.at != first.at)
    return found or [ok("ledger", f"moves, {waiting:,} decisions behind")]


async def _of_ledger(exchange: Exchange, bootstrap: str) -> Waiting:
    async with reading(exchange.settings.ledger_path) as book:
        positions = await book.positions()
    ends = await topic_reader.ends(bootstrap, [DECISIONS.name])
    at = {place: positions.get(place.partition, 0) for place in ends}
    begins = await topic_reader.starts(bootstrap, [DECISIONS.name])
    return Waiting({place: max(offset, begins[place]) for place, offset in at.items()}, ends)


async def sessions(exchange: Exchange) -> Sequence[Finding]:
    """Read the book of sessions: which are past their deadline and still open."""
    bootstrap = exchange.meet(OPERATOR)
    since = await topic_reader.starts(bootstrap, [SESSION_BOOK.name])
    until = await topic_reader.ends(bootstrap, [SESSION_BOOK.name])
    still_open: dict[bytes, Session] = {}
    async for record in topic_reader.read(bootstrap, since, until):
        if decode_key(record.key)[0] != _SESSION:
            continue
        row = None if record.value is None else decode(record.value)
        if isinstance(row, Session) and row.ended_at_ms is None:
            still_open[record.key] = row
        else:
            still_open.pop(record.key, None)
    due_ms = time.time_ns() // 1_000_000 - _GRACE_MS
    overdue = [row for row in still_open.values() if row.deadline_ms < due_ms]
    if not overdue:
        return [ok("sessions", f"{len(still_open):,} open, none past its deadline")]
    longest = (due_ms + _GRACE_MS - min(row.deadline_ms for row in overdue)) // 1000
    said = f"{len(overdue):,} past their deadline still open, the longest by {longest:,} s"
    advice = f"session-timeout or matching stands still: {RUNS}. Nothing can be bought in them"
    return [failed("sessions", said, advice)]


_SESSION: Final = "session"


async def dead_letters(exchange: Exchange) -> Sequence[Finding]:
    """Count the dead letters that nothing was done with, and replays that were not finished."""
    bootstrap = exchange.meet(OPERATOR)
    standing = await read_standing(bootstrap)
    reasons: Counter[str] = Counter()
    async for letter in read_letters(bootstrap, Wanted()):
        if standing.state(letter.id) == "unhandled":
            reasons[letter.reason] += 1
    found: list[Finding] = []
    if reasons:
        counted = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
        advice = "`strowger dead-letters list`, then replay or drop them"
        found.append(warning("dead letters", f"unhandled: {counted}", advice))
    if begun := await pending(bootstrap):
        advice = f"finish them: `strowger dead-letters replay {begun[0].handled.letter}`"
        found.append(warning("dead letters", f"{len(begun):,} replays not finished", advice))
    return found or [ok("dead letters", "none is unhandled")]
