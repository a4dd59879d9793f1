"""The topic registry: every name, key, partition count, setting, writer and reader, spelled once.

Provisioning, tests, AsyncAPI and deploy files are made from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from strowger.contract.inbound import (
    BookRequested,
    CapacityPublished,
    InboundEvent,
    OfferAccepted,
    OfferPublished,
    OfferWithdrawn,
    OutcomeRequested,
    RequestSubmitted,
    SessionClosed,
    SessionOpened,
)

DAY_MS: Final = 86_400_000
MAX_INBOUND_BYTES: Final = 65_536
"""The largest event a participant may send."""

MAX_ANSWER_BYTES: Final = 524_288
"""The largest event the exchange emits; a request whose answer would be larger is refused."""

_LOG_PARTITIONS: Final = 4
_RECORD_BYTES: Final = str(1_048_576)


@dataclass(frozen=True)
class Topic:
    """One topic: `config` is Kafka's own settings; `events` the inbound types that it carries."""

    name: str
    key: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    purpose: str
    partitions: int = 1
    config: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    events: tuple[type[InboundEvent], ...] = ()
    events_per_second: int = 0
    """How many events a gateway takes within a second of a participant, from each partition."""

    @property
    def is_compacted(self) -> bool:
        """Say whether only the last record of each key is kept for good."""
        return self.config.get("cleanup.policy") == "compact"


def _stream(retention_days: int, **extra: str) -> Mapping[str, str]:
    return MappingProxyType(
        {
            "cleanup.policy": "delete",
            "retention.ms": str(retention_days * DAY_MS),
            "max.message.bytes": _RECORD_BYTES,
            "message.timestamp.type": "LogAppendTime",
            **extra,
        }
    )


def _table() -> Mapping[str, str]:
    return MappingProxyType(
        {
            "cleanup.policy": "compact",
            "max.message.bytes": _RECORD_BYTES,
            "min.cleanable.dirty.ratio": "0.2",
            "delete.retention.ms": str(DAY_MS),
        }
    )


def _inbound(
    name: str,
    writers: tuple[str, ...],
    purpose: str,
    *events: type[InboundEvent],
    events_per_second: int = 50,
) -> Topic:
    return Topic(
        name,
        key="any; the same key keeps its events in order",
        writers=writers,
        readers=("gateway",),
        purpose=purpose,
        partitions=2,
        config=_stream(7),
        events=events,
        events_per_second=events_per_second,
    )


OFFER_PUBLISHED: Final = _inbound(
    "offer-published",
    ("provider",),
    "Offers published, replaced, withdrawn; capacity that offers share.",
    OfferPublished,
    OfferWithdrawn,
    CapacityPublished,
    # A sheet is published whole, as fast as the exchange takes it.
    events_per_second=5_000,
)
SESSION_OPENED: Final = _inbound(
    "session-opened", ("buyer",), "Sessions that buyers open.", SessionOpened
)
REQUEST_SUBMITTED: Final = _inbound(
    "request-submitted", ("buyer",), "Requests for service.", RequestSubmitted
)
OFFER_ACCEPTED: Final = _inbound(
    "offer-accepted",
    ("buyer",),
    "Acceptances, and questions after their outcome.",
    OfferAccepted,
    OutcomeRequested,
    # They cost least of all, and come in a burst where many customers are sold to at once.
    events_per_second=200,
)
SESSION_CLOSED: Final = _inbound(
    "session-closed",
    ("buyer", "session-timeout"),
    "Sessions closed by their buyer or by time.",
    SessionClosed,
)
BOOK_REQUESTED: Final = _inbound(
    "book-requested", ("provider",), "Questions after the stored set.", BookRequested
)
INBOUND_TOPICS: Final = (
    OFFER_PUBLISHED,
    SESSION_OPENED,
    REQUEST_SUBMITTED,
    OFFER_ACCEPTED,
    SESSION_CLOSED,
    BOOK_REQUESTED,
)

MARKET_LOG: Final = Topic(
    "market-log",
    key="market",
    writers=("gateway", "operator"),
    readers=("matching", "operator"),
    purpose="Every command, in the one total order of its market; what replay and audit read.",
    partitions=_LOG_PARTITIONS,
    config=_stream(30),
)
OFFER_BOOK: Final = Topic(
    "offer-book",
    key="market and offer",
    writers=("matching",),
    readers=("matching", "operator"),
    purpose="The stream table: offers.",
    partitions=_LOG_PARTITIONS,
    config=_table(),
)
SESSION_BOOK: Final = Topic(
    "session-book",
    key="market and session, request or outcome",
    writers=("matching",),
    readers=("matching", "session-timeout", "operator"),
    purpose="The stream table: sessions, requests and what they were shown, remembered outcomes.",
    partitions=_LOG_PARTITIONS,
    config=_table(),
)
MARKET_BOOK: Final = Topic(
    "market-book",
    key="market, or partition for its position",
    writers=("matching",),
    readers=("matching", "operator"),
    purpose="The stream table: market terms and clocks, what the operator took from whom, and each "
    "partition's position and digest.",
    partitions=_LOG_PARTITIONS,
    config=_table(),
)
BOOKS: Final = (OFFER_BOOK, SESSION_BOOK, MARKET_BOOK)

DECISIONS: Final = Topic(
    "decisions",
    key="market",
    writers=("matching",),
    readers=("notifier", "ledger", "operator"),
    purpose="Every command's outcome, with its log offset.",
    partitions=_LOG_PARTITIONS,
    config=_stream(30),
)
ACCEPTANCE_CONFIRMED: Final = Topic(
    "acceptance-confirmed",
    key="market",
    writers=("matching",),
    readers=("analyst", "operator"),
    purpose="The record of sales.",
    partitions=_LOG_PARTITIONS,
    config=_stream(30),
)
BOOK_FEED: Final = Topic(
    "book-feed",
    key="market, provider and offer as a JSON array; the market alone for what stands of it",
    writers=("matching",),
    readers=("provider", "operator"),
    purpose="The stored set, followed offer by offer, where a market's policy lets providers read.",
    partitions=_LOG_PARTITIONS,
    config=_table(),
)
DEAD_LETTERS: Final = Topic(
    "dead-letters",
    key="source topic",
    writers=("gateway", "matching", "notifier"),
    readers=("operator",),
    purpose="Records that could not be read, as received; provenance and reason in headers.",
    config=_stream(30),
)

DEAD_LETTERS_HANDLED: Final = Topic(
    "dead-letters-handled",
    key="dead letter",
    writers=("operator",),
    readers=("operator",),
    purpose="Which dead letters were replayed, as which command, and which dropped.",
    # Longer than what it speaks of, so that a letter never outlives the word that it was handled.
    config=_stream(60),
)
NOTICES_REPLAYED: Final = Topic(
    "notices-replayed",
    key="dead letter",
    writers=("notifier",),
    readers=("notifier", "operator"),
    purpose="Which notices among the dead letters were sent again.",
    config=_stream(60),
)
CLOCK_PROBES: Final = Topic(
    "clock-probes",
    key="none",
    writers=("operator",),
    readers=("operator",),
    purpose="Where `strowger doctor` has the broker stamp a record, to compare clocks.",
    config=_stream(1),
)

PARTICIPANTS: Final = Topic(
    "participants",
    key="participant and key id",
    writers=("operator",),
    readers=("gateway", "operator"),
    purpose="The public keys that events are verified with: whose, for which roles, how long.",
    # From when on a key counts follows from when its registration was appended.
    config=MappingProxyType({**_table(), "message.timestamp.type": "LogAppendTime"}),
)

SESSION_TIMEOUT_APP: Final = "session-timeout"
SESSION_TIMEOUT_CHANGELOG: Final = Topic(
    f"{SESSION_TIMEOUT_APP}-open-sessions-changelog",
    key="market and session",
    writers=("session-timeout",),
    readers=("session-timeout",),
    purpose="The changelog of the session-timeout processor's own table.",
    partitions=_LOG_PARTITIONS,
    config=_table(),
)

ALL: Final = (
    *INBOUND_TOPICS,
    MARKET_LOG,
    *BOOKS,
    DECISIONS,
    ACCEPTANCE_CONFIRMED,
    BOOK_FEED,
    DEAD_LETTERS,
    DEAD_LETTERS_HANDLED,
    NOTICES_REPLAYED,
    CLOCK_PROBES,
    PARTICIPANTS,
    SESSION_TIMEOUT_CHANGELOG,
)

INBOX_PREFIX: Final = "inbox."


def inbox(participant: str) -> Topic:
    """Give the topic that one participant alone reads its answers and notices from."""
    return Topic(
        INBOX_PREFIX + participant,
        key="market",
        writers=("notifier",),
        readers=(participant,),
        purpose=f"Answers and notices to {participant}, in the order of each market's decisions.",
        config=_stream(7),
    )
