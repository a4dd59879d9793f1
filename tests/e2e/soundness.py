"""The checker of a played market: what its topics and the ledger say, held against the promises.

It believes no process and no log line, only what is committed. Every promise that is broken is one
line of words; none means that the market was sound.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiokafka import TopicPartition

from strowger.broker import connections
from strowger.broker.consuming import Record
from strowger.contract import commands
from strowger.contract.envelope import Envelope, NotACloudEvent
from strowger.contract.outbound import (
    AcceptanceConfirmed,
    Decision,
    OfferSold,
    SessionEnded,
    SessionGranted,
)
from strowger.contract.topics import (
    ACCEPTANCE_CONFIRMED,
    DEAD_LETTERS,
    DECISIONS,
    INBOUND_TOPICS,
    MARKET_LOG,
    Topic,
    inbox,
)
from strowger.market.markets import Markets

Place = tuple[str, int, int]


@dataclass(frozen=True)
class Evidence:
    """Everything committed of one market; its name stands in the value of each of its records."""

    market: str
    sent: Sequence[Record]
    dead_letters: Sequence[Record]
    log: Sequence[Record]
    decided: Sequence[Record]
    public: Sequence[Record]
    inboxes: dict[str, Sequence[Record]]
    ledger_path: Path

    @property
    def decisions(self) -> list[Decision]:
        """Give the decisions in their order."""
        return [Decision.model_validate_json(record.value or b"") for record in self.decided]


async def gather(
    bootstrap: str, market: str, participants: Iterable[str], ledger_path: Path
) -> Evidence:
    """Read what is committed now."""

    async def read(*topics: Topic) -> list[Record]:
        records = await _read(bootstrap, *topics)
        return [record for record in records if market.encode() in (record.value or b"")]

    return Evidence(
        market,
        await read(*INBOUND_TOPICS),
        await read(DEAD_LETTERS),
        await read(MARKET_LOG),
        await read(DECISIONS),
        await read(ACCEPTANCE_CONFIRMED),
        {name: await read(inbox(name)) for name in participants},
        ledger_path,
    )


def flaws(evidence: Evidence, capacity_minutes: int) -> list[str]:
    """Name every broken promise."""
    return [
        *_not_answered_once(evidence),
        *_out_of_order(evidence),
        *_decided_otherwise(evidence),
        *_sold_wrongly(evidence, capacity_minutes),
        *_sessions_at_odds(evidence),
        *_told_wrongly(evidence),
        *_ledger_differs(evidence),
    ]


async def _read(bootstrap: str, *topics: Topic) -> list[Record]:
    """Read all that is committed, partition by partition, each in its order."""
    found: dict[TopicPartition, list[Record]] = {}
    async with connections.consumer(bootstrap, client_id="checker", start="none") as consumer:
        places = [
            TopicPartition(topic.name, each) for topic in topics for each in range(topic.partitions)
        ]
        consumer.assign(places)
        for place, start in (await consumer.beginning_offsets(places)).items():
            consumer.seek(place, start)
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for place, records in (await consumer.getmany(timeout_ms=200)).items():
                found.setdefault(place, []).extend(records)
    return [record for place in places for record in found.get(place, [])]


def _not_answered_once(evidence: Evidence) -> Iterator[str]:
    """Every record ends in exactly one answer or one dead letter (invariant 10)."""
    dead = {_source(letter) for letter in evidence.dead_letters}
    wanted: Counter[tuple[str | None, str]] = Counter()
    for record in evidence.sent:
        if (record.topic, record.partition, record.offset) in dead:
            continue
        try:
            envelope = Envelope.from_headers(record.headers)
        except NotACloudEvent:
            yield f"{record.topic}-{record.partition} lost its record {record.offset}"
        else:
            wanted[envelope.sender, envelope.id] += 1
    given: Counter[tuple[str | None, str]] = Counter(
        (each.participant, each.event.causation_id)
        for each in evidence.decisions
        if each.role == "answer" and each.participant != commands.OPERATOR
    )
    for cause in wanted.keys() | given.keys():
        if wanted[cause] != given[cause]:
            yield f"{cause} was sent {wanted[cause]} times and answered {given[cause]} times"


def _source(letter: Record) -> Place:
    headers = dict(letter.headers)
    topic, partition, offset = (
        (headers[name] or b"").decode() for name in ("dl_topic", "dl_partition", "dl_offset")
    )
    return topic, int(partition), int(offset)


def _out_of_order(evidence: Evidence) -> Iterator[str]:
    """Decisions are numbered without gap, in the log's order."""
    sequences = [decision.sequence for decision in evidence.decisions]
    if sequences != list(range(1, len(sequences) + 1)):
        yield f"decisions are numbered {sequences}"
    offsets = [decision.log_offset for decision in evidence.decisions]
    if offsets != sorted(offsets):
        yield "decisions do not follow the log"


def _decided_otherwise(evidence: Evidence) -> Iterator[str]:
    """Replay the log in one go: it gives the same bytes (invariant 9)."""
    markets, replayed = Markets(), []
    applied: dict[tuple[str, int], int] = {}
    for record in evidence.log:
        command = commands.decode(record.value or b"")
        if command.origin is not None:
            source = (command.origin.topic, command.origin.partition)
            if command.origin.offset <= applied.get(source, -1):
                continue
            applied[source] = command.origin.offset
        decided = markets.apply(command, record.timestamp, record.offset)
        replayed += [decision.model_dump_json().encode() for decision in decided]
    if replayed != [record.value for record in evidence.decided]:
        yield f"a replay decides {len(replayed)} times, matching did {len(evidence.decided)} times"


def _sold_wrongly(evidence: Evidence, capacity_minutes: int) -> Iterator[str]:
    """Nothing is sold twice or beyond capacity, and each sale is told and published once."""
    confirmed: Counter[tuple[str, str | None]] = Counter()
    minutes: Counter[tuple[str, str]] = Counter()
    contracts: list[str] = []
    for decision in evidence.decisions:
        sale = decision.event
        if isinstance(sale, AcceptanceConfirmed) and not decision.repeat:
            confirmed[decision.participant, sale.acceptance_id] += 1
            minutes[sale.provider, sale.offer_id] += sale.quantity
            contracts.append(sale.contract_id)
    yield from (
        f"{key} was confirmed {times} times" for key, times in confirmed.items() if times > 1
    )
    yield from (
        f"{sold} minutes of {offer} were sold"
        for offer, sold in minutes.items()
        if sold > capacity_minutes
    )
    notices = [
        each.event.contract_id for each in evidence.decisions if isinstance(each.event, OfferSold)
    ]
    if notices != contracts:
        yield f"{len(contracts)} sales, {len(notices)} notices of sales"
    public = [json.loads(record.value or b"")["contract_id"] for record in evidence.public]
    if public != contracts:
        yield f"{len(contracts)} sales, {len(public)} in the public record"


def _sessions_at_odds(evidence: Evidence) -> Iterator[str]:
    """Sessions end once, in time, and nothing in them is confirmed after (invariants 1, 2, 11)."""
    deadlines: dict[tuple[str | None, str], datetime] = {}
    ended: set[tuple[str | None, str]] = set()
    for decision in evidence.decisions:
        if decision.repeat:
            continue
        match decision.event:
            case SessionGranted(session_id=session_id, deadline=deadline):
                deadlines[decision.recipient, session_id] = deadline
            case SessionEnded(session_id=session_id):
                if (decision.recipient, session_id) in ended:
                    yield f"session {session_id} ended twice"
                ended.add((decision.recipient, session_id))
            case AcceptanceConfirmed(session_id=str(session_id)):
                buyer = (decision.participant, session_id)
                if buyer in ended or decision.at >= deadlines[buyer]:
                    yield f"a sale was confirmed in session {session_id} after its end"
    now = datetime.now(UTC)
    for key in deadlines.keys() - ended:
        if deadlines[key] < now:
            yield f"session {key[1]} did not end at {deadlines[key]}"


def _told_wrongly(evidence: Evidence) -> Iterator[str]:
    """Hold each inbox against what was decided for it, in that order; repeats are left out."""
    for name, records in evidence.inboxes.items():
        told = [(dict(record.headers)["ce_id"] or b"").decode() for record in records]
        due = [each.event_id for each in evidence.decisions if each.recipient == name]
        if list(dict.fromkeys(told)) != list(dict.fromkeys(due)):
            yield f"{name} was told {len(set(told))} of {len(set(due))} events, or in another order"


def _ledger_differs(evidence: Evidence) -> Iterator[str]:
    """Look for each decision once in the ledger, and for the sales that they made."""
    with closing(sqlite3.connect(f"file:{evidence.ledger_path}?mode=ro", uri=True)) as ledger:
        rows = ledger.execute(
            'SELECT "offset", event_id FROM decisions WHERE market = ? ORDER BY 1',
            (evidence.market,),
        ).fetchall()
        sales = ledger.execute(
            "SELECT count(*) FROM acceptances WHERE market = ?", (evidence.market,)
        ).fetchone()[0]
    pairs = zip(evidence.decided, evidence.decisions, strict=True)
    if rows != [(record.offset, decision.event_id) for record, decision in pairs]:
        yield f"the ledger has {len(rows)} of {len(evidence.decided)} decisions"
    if sales != len(evidence.public):
        yield f"the ledger has {sales} of {len(evidence.public)} sales"
