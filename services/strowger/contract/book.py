"""The stored set as providers read it: pages of it, and the feed that tells of its changes."""

from typing import ClassVar, Literal

from strowger.contract.charges import PriceTerms
from strowger.contract.event import OutboundEvent
from strowger.contract.families import ShownService
from strowger.contract.fields import (
    Currency,
    MarketId,
    Outbound,
    ParticipantId,
    Reference,
    Timestamp,
)


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
