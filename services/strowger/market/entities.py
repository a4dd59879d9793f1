"""What the core remembers: one frozen entity, one row of the stream table.

An entity is written whole and never edited; a change is a new entity under the same key. Keys are
tuples of strings, `(kind, market, owner, id)`; on the topics a key is that tuple as a JSON array.
"""

from typing import Final

import msgspec

from strowger.contract.fields import NANO
from strowger.contract.normal import Need, Terms
from strowger.contract.topics import MARKET_BOOK, OFFER_BOOK, SESSION_BOOK
from strowger.market.rules import FIRST_RULES

Key = tuple[str, ...]


class FeedState(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far the market's feed has come; all of it is told with every record.

    `number` counts the records; `sum_of_numbers` adds up those of the offers that are listed.
    """

    standing: str = "closed"
    """`whole`, `behind` while some offers are still to be told, `clearing`, or `closed`."""

    number: int = 0
    offers: int = 0
    sum_of_numbers: int = 0
    cursor: tuple[str, str] | None = None
    """The last offer that was seen to while all of them are listed or cleared; else none."""


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
    increase_notice_seconds: int = 0
    closure_notice_seconds: int = 0
    hold_capacity: bool = False
    denied_changes: str = "defer"
    max_deferral_seconds: int = 86_400
    max_open_sessions: int | msgspec.UnsetType = msgspec.UNSET
    max_stored_offers: int | msgspec.UnsetType = msgspec.UNSET
    max_session_requests: int | msgspec.UnsetType = msgspec.UNSET
    providers_hidden: bool | msgspec.UnsetType = msgspec.UNSET
    standing: str = "trading"
    """`trading`, `paused` or `closed`."""

    suspended: tuple[str, ...] = ()
    """The participants that the operator has suspended, in order."""

    next_policy: str | None = None
    """The policy that comes into force once no session is open."""

    book_sequence: int = 0
    """How often the stored set changed, or a change of it was taken."""

    feed: FeedState = FeedState()

    rates_version: int | None = None
    rates_nano: dict[str, int] = {}
    rules_version: int = FIRST_RULES
    """The rules in force: a key of `rules.RULES`."""

    log_offset: int = 0
    """Where in the log the operator last changed the market; rows of other kinds have theirs."""

    def term(self, name: str) -> object:
        """Give a term by its name; none where the declaration set none, as old ones don't."""
        value: object = getattr(self, name)
        return None if value is msgspec.UNSET else value

    def rate_nano(self, currency: str) -> int | None:
        """Give what a unit of a currency is worth in the market's, times 1e9; none if unknown."""
        return NANO if currency == self.currency else self.rates_nano.get(currency)


class PastRevision(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A revision replaced within the horizon, so that a redelivery is known for what it is."""

    revision: int
    digest: str
    withdrawn: bool
    forget_at_ms: int
    from_ms: int = 0


class Revised(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One revision of an offer that is in force, or will be; without terms it is a closure.

    In force from `from_ms` of market time until the next one is. `since` is the market's sequence
    when it was stored: the tie-break of ranking.
    """

    revision: int
    digest: str
    from_ms: int
    since: int
    currency: str = ""
    terms: Terms | None = None
    firmness: str = "firm"
    pool: str | None = None
    audience: tuple[str, ...] | None = None
    log_offset: int = 0


class DeferredRevision(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A revision that waits for sessions to end; its `from_ms` is what its provider asked for."""

    revised: Revised
    taken_ms: int


class Offer(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field="row", tag="offer", gc=False
):
    """An offer: the revision in force, then those to come, by number and by time alike.

    `sold` survives new revisions, and withdrawal until a withdrawn offer's row is forgotten after
    the horizon.
    """

    provider: str
    offer_id: str
    revisions: tuple[Revised, ...]
    sold: int = 0
    past: tuple[PastRevision, ...] = ()
    forget_at_ms: int | None = None
    """When an offer that is or will be withdrawn may be forgotten; none while it stands."""

    deferred: tuple[DeferredRevision, ...] = ()
    held: int = 0
    """Units that open sessions were shown, and that are theirs to buy until they end."""

    fed: int | None = None
    """The greatest revision that the feed has seen to, 0 before any; none without a feed."""

    feed_number: int = 0
    """The number of the feed's record that lists the offer; 0 while none does."""

    def in_force(self, clock_ms: int) -> Revised | None:
        """Give the revision in force, closures too; none if all are still to come."""
        found = None
        for revised in self.revisions:
            if revised.from_ms > clock_ms:
                break
            found = revised
        return found


class PoolTerms(msgspec.Struct, frozen=True, array_like=True):
    """What a provider says of a pool; `taken_ms` is when, for one that waits."""

    revision: int
    digest: str
    units: int | None
    period: str
    channels: int | None
    taken_ms: int = 0
    since: int = 0
    log_offset: int = 0


class Pool(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="row", tag="pool"):
    """Capacity that several offers of a provider share, and what is sold of it.

    `sold` counts all units ever sold, `month_sold` those sold in `month` (`2026-11`), whatever the
    period was then: a new revision may count by the other.
    """

    provider: str
    pool: str
    revision: int
    digest: str
    units: int | None
    period: str
    channels: int | None
    sold: int = 0
    month: str = ""
    month_sold: int = 0
    channels_sold: int = 0
    past: tuple[PastRevision, ...] = ()
    deferred: tuple[PoolTerms, ...] = ()
    held: int = 0
    channels_held: int = 0
    log_offset: int = 0


class Session(msgspec.Struct, frozen=True, tag_field="row", tag="session"):
    """A buyer's session; open while `ended_at_ms` is none and the clock is before `deadline_ms`."""

    buyer: str
    session_id: str
    causation_id: str
    opened_at_ms: int
    deadline_ms: int
    ended_at_ms: int | None
    reason: str | None
    forget_at_ms: int
    log_offset: int = 0
    ended_log_offset: int | None = None


class Line(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One line of a cost: `quantity` / `per` units at a price, rounded half up to 1e-9."""

    charge: str
    quantity: int
    per: int
    unit: str
    price_nano: int
    amount_nano: int


class Quote(msgspec.Struct, frozen=True, array_like=True):
    """What an offer costs for a request, in the offer's currency, and as it ranks in the market's.

    Integers of 1e-9 currency units; the lines add up to the cost.
    """

    cost_nano: int
    ranking_nano: int
    lines: tuple[Line, ...]
    term_months: int | None = None
    renewal_assumed: bool = False


class Held(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Capacity held for one shown offer: units of it and of its pool, channels of that."""

    units: int
    channels: int
    pool: str | None


class Shown(msgspec.Struct, frozen=True, array_like=True):
    """One offer that a request was shown, at the revision and cost shown."""

    provider: str
    offer_id: str
    revision: int
    quote: Quote
    held: Held | None = None


class Request(msgspec.Struct, frozen=True, tag_field="row", tag="request"):
    """A request and what it was shown; `valid_until_ms` is set where there is no session."""

    buyer: str
    request_id: str
    session_id: str | None
    need: Need
    months: int
    shown: tuple[Shown, ...]
    shown_at_ms: int
    rates_version: int | None
    valid_until_ms: int | None
    forget_at_ms: int
    log_offset: int = 0
    page_end: tuple[int | str, ...] | msgspec.UnsetType = msgspec.UNSET
    """The place of the last that was shown, where more rank behind and no buyer may hold it."""


class Remembered(msgspec.Struct, frozen=True, tag_field="row", tag="remembered"):
    """The final answer to a natural key, and the digest of the content that it was given for."""

    participant: str
    subject: str
    digest: str
    answer: msgspec.Raw
    forget_at_ms: int
    log_offset: int = 0


class Withheld(msgspec.Struct, frozen=True, tag_field="row", tag="withheld"):
    """A sale that nobody but its buyer may hear of before a session ends: the confirmation.

    The session is that of `buyer`, and of the sale, unless the sale is of no session.
    """

    buyer: str
    session_id: str
    confirmed: msgspec.Raw
    notice: msgspec.Raw
    log_offset: int = 0


class RevokedKey(msgspec.Struct, frozen=True, tag_field="row", tag="revoked-key"):
    """A key that counts no more from `from_ms` of each market's time on."""

    key_id: str
    from_ms: int
    log_offset: int


class Suspension(msgspec.Struct, frozen=True, tag_field="row", tag="suspension"):
    """A participant that may not trade in any market."""

    participant: str
    log_offset: int


Entity = (
    MarketState | Offer | Pool | Session | Request | Remembered | Withheld | RevokedKey | Suspension
)

TOPIC_OF_KIND: Final = {
    "market": MARKET_BOOK.name,
    "revoked-key": MARKET_BOOK.name,
    "suspension": MARKET_BOOK.name,
    "offer": OFFER_BOOK.name,
    "pool": OFFER_BOOK.name,
    "session": SESSION_BOOK.name,
    "request": SESSION_BOOK.name,
    "remembered": SESSION_BOOK.name,
    "withheld": SESSION_BOOK.name,
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
