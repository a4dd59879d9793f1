"""Who sent a record: verified by its signature, or nobody.

The verdict follows from the record, its append time and the registration of the key it names, which
never changes: so it is the same whenever it is given.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from strowger.broker.consuming import Record
from strowger.broker.registering import Reader, Registered, reading
from strowger.contract.envelope import Envelope
from strowger.contract.fields import to_millis
from strowger.contract.participants import MAX_AGE_MS, MAX_AHEAD_MS
from strowger.contract.reading import Malformed, Received, Unreadable
from strowger.contract.refusals import DeadLetterReason, Refusal
from strowger.contract.signatures import (
    NotAKey,
    NotASignature,
    PublicKey,
    key_id_of,
    signature_of,
)
from strowger.contract.topics import Topic


@dataclass(frozen=True)
class Key:
    """A registered key, ready to verify with."""

    registered: Registered
    public: PublicKey

    def counted_at(self, appended_ms: int) -> bool:
        """Say whether it had begun to count by then."""
        return self.registered.counts_from_ms <= appended_ms

    def expired_at(self, appended_ms: int) -> bool:
        """Say whether it had ceased to count by then."""
        not_after_ms = self.registered.registration.not_after_ms
        return not_after_ms is not None and not_after_ms <= appended_ms


Keys = Mapping[tuple[str, str], Key]
"""Registered keys by whose they are and their id."""


@dataclass(frozen=True)
class Verified:
    """The event is its sender's own; `refused` says why it goes no further all the same."""

    key_id: str
    events_per_second: int | None = None
    """How many its key was given; none for the topic's own limit."""

    refused: tuple[Refusal, str] | None = None


def authenticate(
    topic: Topic, record: Record, read: Received | Malformed, keys: Keys
) -> Verified | Unreadable:
    """Say whether a record is from who it says, and may be sent by it; never raises."""
    try:
        signature = signature_of(record.headers)
        if signature is None:
            return Unreadable(DeadLetterReason.UNSIGNED, "there is no header signature")
        key_id = key_id_of(signature)
    except NotASignature as problem:
        return Unreadable(DeadLetterReason.BAD_SIGNATURE, str(problem))
    key = keys.get((read.sender, key_id))
    if key is None or not key.counted_at(record.timestamp):
        # In the same words, whether it was registered since or never was.
        detail = f"no key of this id counted for {read.sender} when this was taken"
        return Unreadable(DeadLetterReason.UNKNOWN_KEY, detail)
    if key.expired_at(record.timestamp):
        return Unreadable(DeadLetterReason.KEY_EXPIRED, f"key {key_id} counted no more")
    if not key.public.verifies(signature, topic.name, record.headers, record.value or b""):
        detail = f"it is not the signature of key {key_id} for this event on {topic.name}"
        return Unreadable(DeadLetterReason.BAD_SIGNATURE, detail)
    registration = key.registered.registration
    return Verified(
        key_id,
        registration.events_per_second,
        _role_lacks(topic, registration.roles) or _out_of_time(read.envelope, record.timestamp),
    )


def _role_lacks(topic: Topic, roles: Iterable[str]) -> tuple[Refusal, str] | None:
    if not set(topic.writers).isdisjoint(roles):
        return None
    detail = f"{topic.name} is written by: {', '.join(topic.writers)}"
    return Refusal.NOT_ALLOWED, detail


def _out_of_time(envelope: Envelope, appended_ms: int) -> tuple[Refusal, str] | None:
    age_ms = appended_ms - to_millis(envelope.time)
    if age_ms > MAX_AGE_MS:
        return Refusal.STALE_EVENT, f"{age_ms // 1000} seconds old when the broker took it"
    if age_ms < -MAX_AHEAD_MS:
        return Refusal.CLOCK_AHEAD, f"{-age_ms // 1000} seconds ahead of the broker"
    return None


class Directory:
    """The registered keys as far as the topic was read; it reads on when it meets one it lacks."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.keys: dict[tuple[str, str], Key] = {}

    async def read_on(self) -> None:
        """Take in what was registered since; the first registration of a key stands."""
        for found in await self._reader.read_on():
            registration = found.registration
            try:
                public = PublicKey(registration.x)
            except NotAKey:
                continue
            if public.id == registration.key_id:
                name = (registration.participant, registration.key_id)
                self.keys.setdefault(name, Key(found, public))

    async def know(self, records: Iterable[Record]) -> None:
        """Read on if any record names a key that is not known: it may just have been registered."""
        if any(self._unknown(record) for record in records):
            await self.read_on()

    def _unknown(self, record: Record) -> bool:
        try:
            signature = signature_of(record.headers)
            if signature is None:
                return False
            key_id = key_id_of(signature)
            sender = Envelope.from_headers(record.headers).sender
        except (NotASignature, ValueError):
            return False
        return sender is not None and (sender, key_id) not in self.keys


@asynccontextmanager
async def directory(bootstrap: str, client_id: str) -> AsyncIterator[Directory]:
    """Give the registered keys, read to the topic's end."""
    async with reading(bootstrap, client_id) as reader:
        found = Directory(reader)
        await found.read_on()
        yield found
