"""The notifier: write each decision that is for somebody into that participant's inbox.

At least once, with the decision's own event id, so that readers can drop repeats. It stands apart
from matching, so that thousands of inboxes never hold up a market.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec
import structlog
from aiokafka import AIOKafkaProducer

from strowger.broker import connections
from strowger.broker.appending import Append, Appender
from strowger.broker.consuming import Fetched, Positions, Record, consume
from strowger.broker.dead_letters import DeadLetter
from strowger.contract.envelope import EXCHANGE_SOURCE, Envelope
from strowger.contract.outbound import OUTBOUND
from strowger.contract.refusals import DeadLetterReason
from strowger.contract.topics import DEAD_LETTERS, DECISIONS, INBOX_PREFIX
from strowger.contract.tracing import header_of, traceparent_of
from strowger.life import Life
from strowger.service import bootstrap_of
from strowger.settings import Settings
from strowger.telemetry.lag import lags_of
from strowger.telemetry.metrics import LAG, NOTICES
from strowger.telemetry.watching import Watch, count_dead_letter, settled_of

log = structlog.get_logger(__name__)

NAME: Final = "notifier"
MAX_BATCH_RECORDS: Final = 500

_CE_TYPE_OF: Final = {event.model_fields["type"].default: event.TYPE for event in OUTBOUND}


class Delivery(msgspec.Struct, frozen=True):
    """What of a decision is needed to deliver it; the event stays the bytes that matching wrote."""

    at: datetime
    participant: str
    recipient: str | None
    event_id: str
    event: msgspec.Raw


class _Event(msgspec.Struct, frozen=True):
    type: str


_DELIVERIES: msgspec.json.Decoder[Delivery] = msgspec.json.Decoder(Delivery)
_EVENTS: msgspec.json.Decoder[_Event] = msgspec.json.Decoder(_Event)


async def run(settings: Settings, life: Life) -> None:
    """Serve until told to stop.

    Raises:
        KafkaError: an inbox could not be written, or the offset not committed.
        msgspec.MsgspecError: a decision is not what matching writes.
    """
    bootstrap = bootstrap_of(settings, NAME)
    consumer = connections.consumer(
        bootstrap, client_id=NAME, group_id=NAME, max_poll_records=MAX_BATCH_RECORDS
    )
    async with connections.producer(bootstrap, client_id=NAME) as producer:
        inboxes = Inboxes(producer)
        await inboxes.look()
        notifying = _Notifying(Appender(producer), inboxes)
        with LAG.following(lags_of(consumer)):
            settle = notifying.settle
            await consume(consumer, DECISIONS.name, settle, stop=life.stop, ready=life.ready)


@dataclass
class Inboxes:
    """The inboxes that exist. Writing to one that doesn't would wait for it, and hold up the rest.

    The cluster is asked anew, once a batch at most, when an inbox turns up that is not known: it
    may have been made a moment ago.
    """

    producer: AIOKafkaProducer
    known: frozenset[str] = field(default=frozenset())

    async def missing(self, wanted: set[str]) -> set[str]:
        """Give those that the cluster does not have."""
        if not wanted <= self.known:
            await self.look()
        return wanted - self.known

    async def look(self) -> None:
        """Ask for all topics, and let the producer learn of all inboxes in one go.

        Left to itself it asks for them one by one, as it meets them: a stall of 43 s for 1,000.
        """
        client = self.producer.client
        topics = (await client.fetch_all_metadata()).topics()
        self.known = frozenset(topic for topic in topics if topic.startswith(INBOX_PREFIX))
        await client.set_topics({*self.known, DEAD_LETTERS.name})


@dataclass(frozen=True)
class _Notifying:
    appender: Appender
    inboxes: Inboxes
    watch: Watch = field(default_factory=lambda: Watch("deliver", DECISIONS.name))

    async def settle(self, fetched: Fetched) -> Positions:
        """Append what the decisions tell participants, and say how far that went."""
        self.watch.begin()
        told = [
            (record, decision)
            for records in fetched.values()
            for record in records
            if (decision := read_decision(record)).recipient is not None
        ]
        missing = await self.inboxes.missing({inbox_of(decision) for _, decision in told})
        appends = [
            _no_inbox(record, inbox_of(decision)).to_append()
            if inbox_of(decision) in missing
            else notice(record, decision)
            for record, decision in told
        ]
        self.watch.commits()
        await self.appender.append(appends)
        for inbox in sorted(missing):
            log.warning("inbox missing", inbox=inbox)
        positions = {place: records[-1].offset + 1 for place, records in fetched.items()}
        _count(appends)
        self.watch.settled(settled_of(fetched, positions))
        return positions


def _count(appends: Sequence[Append]) -> None:
    """Count what was written, by what it was."""
    for append in appends:
        if append.topic == DEAD_LETTERS.name:
            count_dead_letter(DECISIONS.name, DeadLetterReason.NO_INBOX)
    NOTICES.inc(sum(append.topic != DEAD_LETTERS.name for append in appends))


def read_decision(record: Record) -> Delivery:
    """Read what is needed of a decision.

    Raises:
        msgspec.MsgspecError: matching cannot have written it.
    """
    return _DELIVERIES.decode(record.value or b"")


def inbox_of(decision: Delivery) -> str:
    """Name the inbox that a decision is for."""
    return f"{INBOX_PREFIX}{decision.recipient}"


def notice(record: Record, decision: Delivery) -> Append:
    """Make the inbox record; an inbox has one partition, so one order."""
    envelope = Envelope(
        id=decision.event_id,
        source=EXCHANGE_SOURCE,
        type=_CE_TYPE_OF[_EVENTS.decode(decision.event).type],
        time=decision.at,
    )
    headers = envelope.to_headers() + header_of(_trace_of(record, decision))
    return Append(inbox_of(decision), 0, record.key or b"", bytes(decision.event), headers)


def _trace_of(record: Record, decision: Delivery) -> bytes | None:
    """Give the trace that goes along: to whoever began it alone, as it links what they did."""
    return traceparent_of(record.headers) if decision.recipient == decision.participant else None


def _no_inbox(record: Record, inbox: str) -> DeadLetter:
    detail = f"there is no topic {inbox}; make it with `strowger topics apply`"
    return DeadLetter(record, DeadLetterReason.NO_INBOX, detail, NAME)
