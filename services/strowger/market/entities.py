"""What the core remembers: one frozen entity, one row of the stream table.

An entity is written whole and never edited; a change is a new entity under the same key. Keys are
tuples of strings, `(kind, market, owner, id)`; on the topics a key is that tuple as a JSON array.
"""

from typing import Final

import msgspec

from strowger.contract.commands import VoiceNeed, VoiceTerms
from strowger.contract.topics import MARKET_BOOK, OFFER_BOOK, SESSION_BOOK

Key = tuple[str, ...]


class MarketState(msgspec.Struct, frozen=True, tag_field="row", tag="market"):
    """A market's terms, its clock and how many decisions it has made."""

    policy: str
    currency: str
    sessions: str
    min_ttl_seconds: int
    max_ttl_seconds: int
    match_validity_seconds: int
    default_call_seconds: int
    public_buyer: bool
    declared_at_ms: int
    clock_ms: int
    sequence: int


class PastRevision(msgspec.Struct, frozen=True, array_like=True):
    """A revision replaced within the horizon, so that a redelivery is known for what it is."""

    revision: int
    digest: str
    withdrawn: bool
    forget_at_ms: int


class Offer(msgspec.Struct, frozen=True, tag_field="row", tag="offer"):
    """An offer at its present revision; `sold` survives new revisions.

    It survives withdrawal too, until a withdrawn offer's row is forgotten after the horizon.
    `since` is the market's sequence when this revision took effect: the tie-break of ranking.
    """

    provider: str
    offer_id: str
    revision: int
    digest: str
    since: int
    service: VoiceTerms
    sold: int
    withdrawn: bool
    past: tuple[PastRevision, ...]
    forget_at_ms: int | None
    """When a withdrawn offer may be forgotten; none while it stands."""


class Session(msgspec.Struct, frozen=True, tag_field="row", tag="session"):
    """A buyer's session; open while `ended_at_ms` is none and the clock is before `deadline_ms`."""

    buyer: str
    session_id: str
    causation_id: str
    deadline_ms: int
    ended_at_ms: int | None
    reason: str | None
    forget_at_ms: int


class Shown(msgspec.Struct, frozen=True, array_like=True):
    """One offer that a request was shown, at the revision and cost shown."""

    provider: str
    offer_id: str
    revision: int
    cost_nano: int


class Request(msgspec.Struct, frozen=True, tag_field="row", tag="request"):
    """A request and what it was shown; `valid_until_ms` is set where there is no session."""

    buyer: str
    request_id: str
    session_id: str | None
    need: VoiceNeed
    shown: tuple[Shown, ...]
    valid_until_ms: int | None
    forget_at_ms: int


class Remembered(msgspec.Struct, frozen=True, tag_field="row", tag="remembered"):
    """The final answer to a natural key, and the digest of the content that it was given for."""

    participant: str
    subject: str
    digest: str
    answer: msgspec.Raw
    forget_at_ms: int


Entity = MarketState | Offer | Session | Request | Remembered

TOPIC_OF_KIND: Final = {
    "market": MARKET_BOOK.name,
    "offer": OFFER_BOOK.name,
    "session": SESSION_BOOK.name,
    "request": SESSION_BOOK.name,
    "remembered": SESSION_BOOK.name,
}
"""Which book a row lives in, by the first part of its key."""

_ENCODER = msgspec.json.Encoder(order="deterministic")
_KEYS: msgspec.json.Decoder[Key] = msgspec.json.Decoder(tuple[str, ...])
_ENTITIES: msgspec.json.Decoder[Entity] = msgspec.json.Decoder(Entity)


def encode_key(key: Key) -> bytes:
    """Write a key as the key of a row's record."""
    return _ENCODER.encode(key)


def decode_key(data: bytes) -> Key:
    """Read a row record's key.

    Raises:
        msgspec.MsgspecError: the table holds what the core did not write.
    """
    return _KEYS.decode(data)


def encode(entity: Entity) -> bytes:
    """Write an entity as the value of its row's record."""
    return _ENCODER.encode(entity)


def decode(data: bytes) -> Entity:
    """Read a row record's value.

    Raises:
        msgspec.MsgspecError: the table holds what the core did not write.
    """
    return _ENTITIES.decode(data)
