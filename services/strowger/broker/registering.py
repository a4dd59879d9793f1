"""The topic `participants`: read whole, and written by the operator, a key at a time."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Self

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from strowger.broker import connections
from strowger.contract.participants import COUNTS_AFTER_MS, Registration, decode, encode
from strowger.contract.topics import PARTICIPANTS

log = structlog.get_logger(__name__)

_PLACE: Final = TopicPartition(PARTICIPANTS.name, 0)
_POLL_MS: Final = 100


class RegisteredOtherwise(Exception):
    """A key is registered already, with other roles, validity or limit: that is never changed."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A registration as it stands in the topic, and from which append time on its key counts."""

    registration: Registration
    counts_from_ms: int

    @classmethod
    def of(cls, registration: Registration, appended_ms: int) -> Self:
        """Say from when a key counts that was registered then."""
        return cls(registration, max(appended_ms + COUNTS_AFTER_MS, registration.not_before_ms))


class Reader:
    """Reads the topic from its start, and on to its end whenever it is asked to."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._next = 0

    async def read_on(self) -> list[Registered]:
        """Give what was registered since the last time, up to where the topic ends now.

        Raises:
            KafkaError: the topic is not there, or can't be read.
        """
        end = (await self._consumer.end_offsets([_PLACE]))[_PLACE]
        found: list[Registered] = []
        while self._next < end:
            for record in (await self._consumer.getmany(timeout_ms=_POLL_MS)).get(_PLACE, ()):
                try:
                    registration = decode(record.value or b"")
                except msgspec.MsgspecError:
                    log.exception("no registration", topic=_PLACE.topic, offset=record.offset)
                else:
                    found.append(Registered.of(registration, record.timestamp))
            # Compaction takes offsets away: only the position says how far it was read.
            self._next = await self._consumer.position(_PLACE)
        return found


@asynccontextmanager
async def reading(bootstrap: str, client_id: str) -> AsyncIterator[Reader]:
    """Connect to read the registrations."""
    consumer = connections.consumer(bootstrap, client_id=client_id)
    async with consumer:
        consumer.assign([_PLACE])
        consumer.seek(_PLACE, 0)
        yield Reader(consumer)


async def registered(bootstrap: str) -> list[Registered]:
    """Give every registration, in the order in which they were made."""
    async with reading(bootstrap, "strowger-participants") as reader:
        return await reader.read_on()


async def register(
    bootstrap: str, wanted: Iterable[Registration], *, until_they_count: bool = True
) -> Sequence[Registration]:
    """Register keys; give those that were new. Returns once each counts, unless told not to wait.

    Raises:
        RegisteredOtherwise: a key is registered with other roles or another validity.
        KafkaError: the broker did not take a registration.
    """
    standing = {each.registration.key: each.registration for each in await registered(bootstrap)}
    new: list[Registration] = []
    for registration in wanted:
        known = standing.setdefault(registration.key, registration)
        if known != registration:
            raise RegisteredOtherwise(
                f"key {registration.key_id} of {registration.participant} is registered with other "
                "roles, validity or events a second, which are never changed: register another key"
            )
        if known is registration:
            new.append(registration)
    if new:
        async with connections.producer(bootstrap, client_id="strowger-participants") as producer:
            for registration in new:
                await producer.send_and_wait(
                    PARTICIPANTS.name, key=registration.key, value=encode(registration)
                )
        if until_they_count:
            await asyncio.sleep(COUNTS_AFTER_MS / 1000)
    return new
