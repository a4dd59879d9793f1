"""The events that the exchange emits: answers, notices, and the public record of sales."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import Field

from strowger.contract.charges import CostLine, PriceTerms
from strowger.contract.families import CostBasis, ShownService, SoldService
from strowger.contract.fields import (
    Currency,
    MarketId,
    Money,
    Outbound,
    ParticipantId,
    Reference,
    Timestamp,
)
from strowger.contract.refusals import Refusal

EndReason = Literal["terminated", "timed_out"]

Limit = Annotated[int | None, Field(ge=1, le=1_000_000_000, exclude_if=lambda most: most is None)]
"""How many at most; none is no limit, and isn't written, as it wasn't before there were any."""

HIDDEN: Final = "hidden"
"""Stands for the provider, and its deck, where a market hides who that is; nobody has this name."""

Hiding = Annotated[bool, Field(exclude_if=lambda hides: not hides)]
"""Whether something is hidden; isn't written where it isn't, as it wasn't before it could be."""


class MarketTerms(Outbound):
    """What a market declares of itself; only the operator declares markets.

    `sessions` is `required`, or `optional` where a request may stand on its own. The bounds of a
    session's life and the validity of a match shown without one are in seconds of market time.

    `policy` says what providers may do with the stored set while sessions are open. `open`: read
    and change all of it, at once. `guarded`: neither read nor change the offers that an open
    session was shown; changes wait until it ends. `sealed`: neither read nor change any while a
    session is open; changes wait, or are refused (`denied_changes`). `snapshot`: read and change
    all of it, while each session sees the book as it stood when it opened.
    """

    market: MarketId
    policy: Literal["open", "guarded", "sealed", "snapshot"] = "open"
    currency: Currency
    sessions: Literal["required", "optional"] = "required"
    min_ttl_seconds: Annotated[int, Field(ge=1, le=86_400)] = 1
    max_ttl_seconds: Annotated[int, Field(ge=1, le=86_400)] = 3600
    match_validity_seconds: Annotated[int, Field(ge=1, le=86_400)] = 60
    default_call_seconds: Annotated[int, Field(ge=1, le=86_400)] = 180
    public_buyer: bool = False
    """Whether `acceptance-confirmed` names the buyer to analytics consumers."""

    increase_notice_seconds: Annotated[int, Field(ge=0, le=31_536_000)] = 0
    """How long ahead of its effect an increase of a price must be published."""

    hold_capacity: bool = False
    """Whether what a session is shown is held for it, to the quantity asked, until it ends."""

    denied_changes: Literal["defer", "refuse"] = "defer"
    """What becomes of a change that a sealed market denies; guarded markets always defer."""

    max_deferral_seconds: Annotated[int, Field(ge=1, le=604_800)] = 86_400
    """How long a change may wait in a sealed market: no session is granted beyond that."""

    closure_notice_seconds: Annotated[int, Field(ge=0, le=31_536_000)] = 0
    """How long ahead of its effect a withdrawal, or a change of scope, must be published."""

    max_open_sessions: Limit = None
    """How many sessions a buyer may have open at once; as the other limits, left out if none."""

    max_stored_offers: Limit = None
    """How many offers, and how many pools, a provider may have stored at once."""

    max_session_requests: Limit = None
    """How many requests a session may make, pages of answers included."""

    providers_hidden: Hiding = False
    """Whether buyers learn who sells only by a confirmed acceptance; left out if not."""


class OutboundEvent(Outbound):
    """What every outbound event has.

    `causation_id` is the `ce_id` of the event that this answers, or that led to it; `at` is market
    time, the broker's append time in the market's log, never stepping back.
    """

    TYPE: ClassVar[str]
    market: MarketId
    causation_id: str
    at: Timestamp

    @cached_property
    def traceparent(self) -> str | None:
        """The trace of the event that this answers, if it named one: whoever reads it sets it.

        It travels beside the event, in a header, and is no part of it.
        """
        return None

    @cached_property
    def encoded(self) -> bytes:
        """The event as JSON, made once: it is measured, remembered and told."""
        return self.model_dump_json().encode()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Give a copy, which is encoded anew: it may differ."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("encoded", None)
        return copied


class MarketDeclared(OutboundEvent):
    """The operator declared a market."""

    TYPE: ClassVar[str] = "strowger.market-declared.v1"
    type: Literal["market-declared"] = "market-declared"
    terms: MarketTerms


class RatesDeclared(OutboundEvent):
    """The operator declared what currencies are worth in the market's own; for ranking alone."""

    TYPE: ClassVar[str] = "strowger.rates-declared.v1"
    type: Literal["rates-declared"] = "rates-declared"
    version: int
    rates: dict[Currency, Money]


class CapacityStored(OutboundEvent):
    """The pool holds this much from now on."""

    TYPE: ClassVar[str] = "strowger.capacity-stored.v1"
    type: Literal["capacity-stored"] = "capacity-stored"
    pool: Reference
    revision: int


class ChangeTaken(OutboundEvent):
    """The change is taken, whatever sessions are open; it takes effect when the policy lets it.

    A guarded market, and a sealed one that defers, answers every change so, so that the answer
    tells nothing of sessions. `subject` is `offer` or `capacity` and its id.
    """

    TYPE: ClassVar[str] = "strowger.change-taken.v1"
    type: Literal["change-taken"] = "change-taken"
    subject: str
    revision: int


class BookEntry(Outbound):
    """One offer in force, as the stored set has it."""

    provider: ParticipantId
    offer_id: Reference
    revision: int
    service: ShownService
    currency: Currency
    prices: PriceTerms
    firmness: str
    effective_at: Timestamp


class BookRead(OutboundEvent):
    """A page of the stored set, by provider and offer id, as it stood at `as_of`.

    `next` is set where more follow: ask again with it as `after`; all pages are of one state, or
    the next is refused. Offers with an audience are told to their own provider alone; those of a
    suspended provider are stored like any other, though no request is shown them. `withheld` says
    whether offers were left out because open sessions were shown them.
    """

    TYPE: ClassVar[str] = "strowger.book-read.v1"
    type: Literal["book-read"] = "book-read"
    read_id: Reference
    as_of: Timestamp
    entries: tuple[BookEntry, ...]
    withheld: bool = False
    next: str | None = None


class FeedEvent(Outbound):
    """What every record of `book-feed` says of the feed, as it stands after the record.

    `number` counts a market's records without a gap. `offers` are listed now, and `sum_of_numbers`
    adds up the numbers of the records that list them: a reader whose own count and sum are these
    has all of them, whatever compaction took out before. `standing` is `whole`; or `behind` while
    offers in force are still to be listed; or `closed`, when nothing listed before counts.
    """

    TYPE: ClassVar[str]
    market: MarketId
    number: int
    at: Timestamp
    standing: Literal["whole", "behind", "closed"]
    offers: int
    sum_of_numbers: int


class OfferListed(FeedEvent):
    """The offer is in force as its entry says, and so replaces what was listed of it before.

    Only offers to everybody are listed: a provider reads its own with an audience by asking.
    """

    TYPE: ClassVar[str] = "strowger.offer-listed.v1"
    type: Literal["offer-listed"] = "offer-listed"
    entry: BookEntry


class OfferDelisted(FeedEvent):
    """The offer is no more in force, or no more for everybody; its own key gets a tombstone."""

    TYPE: ClassVar[str] = "strowger.offer-delisted.v1"
    type: Literal["offer-delisted"] = "offer-delisted"
    provider: ParticipantId
    offer_id: Reference


class BookMarked(FeedEvent):
    """The feed stands otherwise: whole, behind, or closed, because of a `policy` or `market`."""

    TYPE: ClassVar[str] = "strowger.book-marked.v1"
    type: Literal["book-marked"] = "book-marked"
    because: Literal["policy", "market"] | None = None


FEED: tuple[type[FeedEvent], ...] = (OfferListed, OfferDelisted, BookMarked)
AnyFeedEvent = OfferListed | OfferDelisted | BookMarked


class MarketControlled(OutboundEvent):
    """The operator paused, resumed or closed the market, or changed what a participant may do."""

    TYPE: ClassVar[str] = "strowger.market-controlled.v1"
    type: Literal["market-controlled"] = "market-controlled"
    action: str
    participant: ParticipantId | None = None


class AccessControlled(OutboundEvent):
    """The operator revoked a key, or suspended or readmitted a participant, in every market.

    Each partition of the log answers for the markets in it; `market` is then `exchange`. `subject`
    is the key's id or the participant's.
    """

    TYPE: ClassVar[str] = "strowger.access-controlled.v1"
    type: Literal["access-controlled"] = "access-controlled"
    action: str
    subject: str
    effective_at: Timestamp | None = None
    """From when on the key counts no more, where that is still to come."""


class OfferStored(OutboundEvent):
    """The offer is in the book at this revision, in force from `effective_at`."""

    TYPE: ClassVar[str] = "strowger.offer-stored.v1"
    type: Literal["offer-stored"] = "offer-stored"
    offer_id: Reference
    revision: int
    effective_at: Timestamp


class OfferRemoved(OutboundEvent):
    """The offer is out of the book from `effective_at`."""

    TYPE: ClassVar[str] = "strowger.offer-removed.v1"
    type: Literal["offer-removed"] = "offer-removed"
    offer_id: Reference
    revision: int
    effective_at: Timestamp


class SessionGranted(OutboundEvent):
    """The session is open; at `deadline` it is already too late."""

    TYPE: ClassVar[str] = "strowger.session-granted.v1"
    type: Literal["session-granted"] = "session-granted"
    session_id: Reference
    deadline: Timestamp


class SessionEnded(OutboundEvent):
    """The session has ended; nothing in it will be confirmed any more."""

    TYPE: ClassVar[str] = "strowger.session-ended.v1"
    type: Literal["session-ended"] = "session-ended"
    session_id: Reference
    reason: EndReason
    """`timed_out` by its deadline; `terminated` before it."""

    ended_by: str = "buyer"
    """`buyer`, `time`, or `operator`, who closed the market; more may come."""


class Match(Outbound):
    """One offer able to satisfy the request; `rank` 1 is the best.

    `cost` is the sum of `lines`, in the offer's own `currency`, which binds; `ranking_cost` is the
    same in the market's currency, which ranks. `term_months` is how long the buyer would be bound,
    none where the offer has no term; with `renewal_assumed` the comparison is longer than the term
    and takes it as renewed at its price. `undetermined` names the clauses that the offer says
    nothing to and that the buyer let pass.

    Where a market hides its providers, `provider` and the service's deck are `hidden`, `offer_id`
    is a name that holds in this answer alone, and `revision` is 1: an acceptance repeats the three.
    """

    rank: int
    provider: ParticipantId
    offer_id: Reference
    revision: int
    service: ShownService
    cost: Money
    breakdown: CostBasis
    currency: Currency
    ranking_cost: Money
    firmness: str
    lines: tuple[CostLine, ...]
    term_months: int | None = None
    renewal_assumed: bool = False
    undetermined: tuple[str, ...] = ()


class NearMiss(Outbound):
    """An offer that fails one clause only: which, what was asked and offered, and by how much.

    `short_by` is in `unit`, in the direction that was asked for; none where there is no measure: a
    word that differs, words that are missing, an attribute that is not given. The clauses `term`,
    `max_cost`, `capacity`, `channels`, `ceiling_mbps`, `firmness` and `codes` are the request's own
    limits. Where a market hides its providers it is named as a match is.
    """

    provider: ParticipantId
    offer_id: Reference
    revision: int
    service: ShownService
    clause: str
    test: Literal["floor", "ceiling", "cover", "same"]
    asked: str
    offered: str | None
    short_by: str | None
    unit: str


class OffersMatched(OutboundEvent):
    """The stored offers able to satisfy the request, the best first.

    Equals: the offer that has stood longest at its revision first. `able` counts them all, also
    those past `max_matches`. `valid_until` is set where there is no session. `next` is set where
    more rank behind: submit the request anew with it as `after`. `near_misses` are told when few
    are able. `rates_version` is that of the market's rates, where there are any.
    """

    TYPE: ClassVar[str] = "strowger.offers-matched.v1"
    type: Literal["offers-matched"] = "offers-matched"
    request_id: Reference
    session_id: Reference | None
    currency: Currency
    able: int
    matches: tuple[Match, ...]
    valid_until: Timestamp | None = None
    near_misses: tuple[NearMiss, ...] = ()
    next: str | None = None
    rates_version: int | None = None


class Contract(OutboundEvent):
    """What a sale froze, whatever is published later.

    `service` is its scope and qualities, without the more specific codes that `excludes` names: the
    provider priced them apart when this was shown. `cost` is the sum of `lines`, in the offer's own
    `currency`; `ranking_cost` was compared, in the market's currency at `rates_version`. The price
    terms are those in force since `effective_at`; the contract runs from `starts_at` and binds
    until `ends_at`, if there is a term. `quantity` counts the family's units a month.
    """

    contract_id: str
    offer_id: Reference
    revision: int
    service: SoldService
    currency: Currency
    cost: Money
    prices: PriceTerms
    lines: tuple[CostLine, ...]
    quantity: int
    channels: int
    comparison_months: int
    term_months: int | None
    renewal_assumed: bool
    excludes: tuple[str, ...]
    effective_at: Timestamp
    starts_at: Timestamp
    ends_at: Timestamp | None
    ranking_cost: Money
    rates_version: int | None


class AcceptanceConfirmed(Contract):
    """The sale is made; nothing that happens later undoes it.

    In the buyer's inbox every field is set; on the topic `acceptance-confirmed` the buyer, and the
    buyer's own ids, are left out unless the market declares them public.
    """

    TYPE: ClassVar[str] = "strowger.acceptance-confirmed.v1"
    type: Literal["acceptance-confirmed"] = "acceptance-confirmed"
    acceptance_id: Reference | None
    session_id: Reference | None
    request_id: Reference | None
    buyer: ParticipantId | None
    provider: ParticipantId


class OfferSold(Contract):
    """A provider's notice that some of its offer was sold."""

    TYPE: ClassVar[str] = "strowger.offer-sold.v1"
    type: Literal["offer-sold"] = "offer-sold"
    buyer: ParticipantId
    remaining: int | None
    """Units of capacity left, of the offer or its pool; none where it is unlimited.

    Nor is it told in guarded and sealed markets, where sessions may hold or have bought some: there
    a provider counts what it was told of."""

    remaining_channels: int | None = None
    """Channels left of the pool; none where they are not counted, or not told, as units."""


class EventRefused(OutboundEvent):
    """The exchange said no: which rule, whether trying again may help, and what to do."""

    TYPE: ClassVar[str] = "strowger.event-refused.v1"
    type: Literal["event-refused"] = "event-refused"
    refusal: Annotated[Refusal | str, Field(union_mode="left_to_right")]
    """A value of `Refusal`; a later release may know more of them than its reader."""
    retry: bool
    message: str
    subject: str
    """The kind and id of what was refused, for example `acceptance a-17`."""


Event = Annotated[
    MarketDeclared
    | RatesDeclared
    | CapacityStored
    | ChangeTaken
    | BookRead
    | MarketControlled
    | AccessControlled
    | OfferStored
    | OfferRemoved
    | SessionGranted
    | SessionEnded
    | OffersMatched
    | AcceptanceConfirmed
    | OfferSold
    | EventRefused,
    Field(discriminator="type"),
]

OUTBOUND: tuple[type[OutboundEvent], ...] = (
    MarketDeclared,
    RatesDeclared,
    CapacityStored,
    ChangeTaken,
    BookRead,
    MarketControlled,
    AccessControlled,
    OfferStored,
    OfferRemoved,
    SessionGranted,
    SessionEnded,
    OffersMatched,
    AcceptanceConfirmed,
    OfferSold,
    EventRefused,
)


class Ground(Outbound):
    """An earlier command that a decision rests on: where in `market-log`, and what it is of."""

    subject: str
    """The kind and id, for example `session s-1` or `offer standard:44 of carrier-x`."""

    log_offset: int


class Decision(Outbound):
    """One decision of a market, as `decisions` keeps it for notifier, ledger and audit.

    `role` is `answer` for the one final decision on a command and `notice` for what it, or the
    passing of time, led to for somebody. `recipient` is whose inbox the event goes to, if any's.
    `repeat` marks an answer given again, to the same content under the same id: nothing happened.
    `rests_on` names the commands that made what it was decided by: the market's terms, the session,
    the request, the offers at their revisions; for an answer given again, the one answered first.
    """

    TYPE: ClassVar[str] = "strowger.decision.v1"
    market: MarketId
    sequence: int
    log_offset: int
    at: Timestamp
    rules_version: int
    command: str
    participant: str
    role: Literal["answer", "notice"]
    repeat: bool = False
    recipient: ParticipantId | None
    event_id: str
    rests_on: tuple[Ground, ...] = ()
    event: Event

    @property
    def encoded(self) -> bytes:
        """The decision as JSON, about the bytes that its event is encoded as."""
        about = self.model_dump_json(exclude=_EVENT_ALONE).encode()
        return b'%b,"event":%b}' % (about[:-1], self.event.encoded)


_EVENT_ALONE: Final = {"event"}
"""The field of a decision that stands last, and is most of its bytes."""
