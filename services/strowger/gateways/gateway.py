"""The one loop of all gateways: every record ends as a command on `market-log` or a dead letter.

A verdict depends on its record, what its sender sent before it within the same second of its
partition, and what can't change of the key that signed it, so a redelivery gets the same verdict;
each command says which record it came from, and matching takes it once. Offsets are committed only
after everything read was acknowledged where it went, so a crash at any point repeats records and
never loses one.
"""

import sys
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, TypedDict

import msgspec
import structlog
from aiokafka import TopicPartition

from strowger.broker import connections
from strowger.broker.appending import Append, Appender, partition_of
from strowger.broker.consuming import Fetched, Positions, Record, consume
from strowger.broker.dead_letters import DeadLetter
from strowger.contract.commands import AnyCommand, Origin, RefuseEvent, encode
from strowger.contract.fields import to_millis
from strowger.contract.participants import REFUSED_ABOVE
from strowger.contract.reading import Malformed, Received, Unreadable, read
from strowger.contract.refusals import DeadLetterReason, Refusal
from strowger.contract.topics import MARKET_LOG, Topic
from strowger.contract.tracing import header_of, traceparent_of
from strowger.gateways.authentication import (
    Directory,
    Keys,
    Verified,
    authenticate,
    directory,
)
from strowger.gateways.meter import Meter, Pace, counted_again
from strowger.gateways.subjects import subject_of, subject_of_bytes
from strowger.life import Life
from strowger.service import bootstrap_of
from strowger.settings import Settings
from strowger.telemetry.lag import lags_of
from strowger.telemetry.metrics import LAG
from strowger.telemetry.watching import Watch, count_dead_letter, count_events, settled_of

log = structlog.get_logger(__name__)

MAX_BATCH_RECORDS: Final = 500
"""Bounds how long deciding one batch keeps the event loop, and how much a crash repeats."""

_MAX_DETAIL_LENGTH: Final = 1000

ANYBODY: Final = Verified("", events_per_second=sys.maxsize)
"""A sender where nobody is authenticated: as much is taken as comes, since names are for free."""

Normalise = Callable[[Received], AnyCommand]


class Brake(Protocol):
    """What holds commands back while matching has enough to do."""

    async def clogged(self) -> frozenset[int]:
        """Give the partitions of `market-log` that shall not get more for now."""


class Common(TypedDict):
    """The fields that every command takes from its event."""

    market: str
    participant: str
    causation_id: str
    sent_at_ms: int


@dataclass(frozen=True)
class Gateway:
    """One gateway: its topic, how its events become commands, which of our services may send."""

    topic: Topic
    normalise: Normalise
    services: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """Name the service, which is also its consumer group."""
        return f"gateway-{self.topic.name}"

    def verdict(
        self, record: Record, keys: Keys | None = None, meter: Meter | None = None
    ) -> AnyCommand | DeadLetter:
        """Decide where one record goes, whatever its bytes; the same record always goes there.

        Without `keys` nobody is authenticated: everybody is who they say. The `meter` has counted
        what came before in the record's partition; without one, nothing did.
        """
        meter = meter or Meter()
        meter.pass_time(record.timestamp)
        event = read(self.topic, record.headers, record.value)
        if isinstance(event, Unreadable):
            return DeadLetter(record, event.reason, event.detail, self.name)
        flooded = meter.flooding(event.sender)
        if flooded is not None:
            # Whoever signed it: what can't be taken any more isn't worth a look at its signature.
            return self._too_many(record, event.sender, flooded)
        verified = ANYBODY if keys is None else authenticate(self.topic, record, event, keys)
        if isinstance(verified, Unreadable):
            return DeadLetter(record, verified.reason, verified.detail, self.name)
        if not event.sender.startswith("service:"):
            limit = verified.events_per_second or self.topic.events_per_second
            match meter.count(event.sender, limit):
                case Pace.FAR_ABOVE:
                    return self._too_many(record, event.sender, limit)
                case Pace.ABOVE:
                    detail = f"at most {limit} a second are taken in a partition of this topic"
                    verified = replace(verified, refused=(Refusal.TOO_MANY_EVENTS, detail))
        command = self._command(event, record.value or b"", verified)
        origin = Origin(record.topic, record.partition, record.offset)
        return msgspec.structs.replace(command, origin=origin, key_id=verified.key_id)

    def _too_many(self, record: Record, sender: str, limit: int) -> DeadLetter:
        most = limit * REFUSED_ABOVE
        detail = f"{sender} sent more than {most} events within a second, {limit} are taken"
        return DeadLetter(record, DeadLetterReason.TOO_MANY_EVENTS, detail, self.name)

    def _command(self, event: Received | Malformed, value: bytes, verified: Verified) -> AnyCommand:
        if verified.refused is not None:
            return _refuse(event, value, *verified.refused)
        if isinstance(event, Malformed):
            return _refuse(event, value, Refusal.MALFORMED, event.problems)
        return self._normalised(event)

    def _normalised(self, received: Received) -> AnyCommand:
        if received.sender.startswith("service:") and received.sender not in self.services:
            return refuse(received, Refusal.NOT_ALLOWED, "no service of the exchange sends this")
        return self.normalise(received)


def common(received: Received) -> Common:
    """Give the fields of a command that do not depend on its kind."""
    return Common(
        market=received.event.market,
        participant=received.sender,
        causation_id=received.envelope.id,
        sent_at_ms=to_millis(received.envelope.time),
    )


def refuse(received: Received, refusal: Refusal, detail: str) -> RefuseEvent:
    """Make the command that tells a sender why its event goes no further."""
    return RefuseEvent(
        **common(received), refusal=refusal.value, detail=detail, subject=subject_of(received.event)
    )


def _refuse(
    event: Received | Malformed, value: bytes, refusal: Refusal, detail: str
) -> RefuseEvent:
    """Refuse an event whatever its body says, as long as its market can be read."""
    if isinstance(event, Received):
        return refuse(event, refusal, detail)
    return RefuseEvent(
        market=event.market,
        participant=event.sender,
        causation_id=event.envelope.id,
        sent_at_ms=to_millis(event.envelope.time),
        refusal=refusal.value,
        detail=detail[:_MAX_DETAIL_LENGTH],
        subject=subject_of_bytes(event.envelope.type, value),
    )


async def run(
    gateway: Gateway,
    settings: Settings,
    life: Life,
    brake: Brake | None = None,
) -> None:
    """Serve one gateway until told to stop, with its brake if it has one.

    Raises:
        KafkaError: a record could not be appended, or its offset not committed.
    """
    bootstrap = bootstrap_of(settings, gateway.name)
    consumer = connections.consumer(
        bootstrap, client_id=gateway.name, group_id=gateway.name, max_poll_records=MAX_BATCH_RECORDS
    )
    producer = connections.producer(bootstrap, client_id=gateway.name)
    async with AsyncExitStack() as open_while_serving:
        await open_while_serving.enter_async_context(producer)
        keys: Directory | None = None
        if settings.authentication == "required":
            keys = await open_while_serving.enter_async_context(directory(bootstrap, gateway.name))
        else:
            log.warning("anybody may act as anybody", authentication=settings.authentication)
        partitions = len(await producer.partitions_for(MARKET_LOG.name))
        watch = Watch("take", gateway.topic.name)
        settling = _Settling(gateway, Appender(producer), partitions, brake, keys, bootstrap, watch)
        open_while_serving.enter_context(LAG.following(lags_of(consumer)))
        await consume(
            consumer, gateway.topic.name, settling.settle, stop=life.stop, ready=life.ready
        )


@dataclass(frozen=True)
class _Settling:
    gateway: Gateway
    appender: Appender
    partitions: int
    brake: Brake | None
    directory: Directory | None
    bootstrap: str
    watch: Watch
    meters: dict[TopicPartition, Meter] = field(default_factory=dict)

    async def settle(self, fetched: Fetched) -> Positions:
        """Append what the records become, and say how far that went in each partition."""
        self.watch.begin()
        await self._know(record for records in fetched.values() for record in records)
        for place, (first, *_) in fetched.items():
            if place not in self.meters or self.meters[place].next_offset != first.offset:
                # It was given to this process anew, or comes again: what was counted may not fit.
                self.meters[place] = await counted_again(
                    self.bootstrap, self.gateway.name, first, self._count
                )
        clogged = await self.brake.clogged() if self.brake else frozenset()
        appends: list[Append] = []
        positions = {
            place: self._decide(records, self.meters[place], clogged, appends)
            for place, records in fetched.items()
        }
        self.watch.commits()
        await self.appender.append(appends)
        commands = sum(append.topic == MARKET_LOG.name for append in appends)
        count_events(self.gateway.topic.name, commands, len(appends) - commands)
        self.watch.settled(settled_of(fetched, positions))
        return positions

    async def _know(self, records: Iterable[Record]) -> None:
        if self.directory is not None:
            await self.directory.know(records)

    async def _count(self, meter: Meter, records: list[Record]) -> None:
        await self._know(records)
        for record in records:
            self._verdict(record, meter)

    def _verdict(self, record: Record, meter: Meter) -> AnyCommand | DeadLetter:
        keys = None if self.directory is None else self.directory.keys
        return self.gateway.verdict(record, keys, meter)

    def _decide(
        self, records: list[Record], meter: Meter, clogged: frozenset[int], appends: list[Append]
    ) -> int:
        """Add what the records become, up to the first that has to wait; give its offset."""
        for record in records:
            verdict = self._verdict(record, meter)
            append = self._to_append(verdict, traceparent_of(record.headers))
            if append.topic == MARKET_LOG.name and append.partition in clogged:
                if not isinstance(verdict, DeadLetter):
                    meter.take_back(verdict.participant)
                return record.offset
            appends.append(append)
            meter.next_offset = record.offset + 1
        return records[-1].offset + 1

    def _to_append(
        self, verdict: AnyCommand | DeadLetter, traceparent: bytes | None = None
    ) -> Append:
        if isinstance(verdict, DeadLetter):
            count_dead_letter(self.gateway.topic.name, verdict.reason)
            return verdict.to_append()
        key = verdict.market.encode()
        partition, headers = partition_of(key, self.partitions), header_of(traceparent)
        return Append(MARKET_LOG.name, partition, key, encode(verdict), headers)
