"""Follow a market's book: what `book-feed` tells, put together and proven to be all of it."""

import json
from collections.abc import Mapping
from types import MappingProxyType, TracebackType
from typing import Annotated, Final, Literal, Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from pydantic import Field, TypeAdapter

from strowger.broker import connections
from strowger.broker.appending import partition_of
from strowger.client.errors import ClientError, FeedClosed, FeedIncomplete
from strowger.contract.book import AnyFeedEvent, BookEntry, OfferDelisted, OfferListed
from strowger.contract.topics import BOOK_FEED

OfferName = tuple[str, str]
"""A provider and the id of an offer of its."""

_POLL_MS: Final = 250
_EVENT: Final[TypeAdapter[AnyFeedEvent]] = TypeAdapter(
    Annotated[AnyFeedEvent, Field(discriminator="type")]
)


class Listed:
    """What a follower holds of one market: pure, fed record by record in the topic's order."""

    def __init__(self, market: str) -> None:
        self._market = market
        self._entries: dict[OfferName, BookEntry] = {}
        self._numbers: dict[OfferName, int] = {}
        self._sum_of_numbers = 0
        self._last: AnyFeedEvent | None = None

    @property
    def entries(self) -> Mapping[OfferName, BookEntry]:
        """Give the offers that are listed, by provider and offer id."""
        return MappingProxyType(self._entries)

    @property
    def standing(self) -> Literal["whole", "behind", "closed"]:
        """Say how the feed stands; one of which nothing was ever told is closed."""
        return "closed" if self._last is None else self._last.standing

    @property
    def is_complete(self) -> bool:
        """Say whether all is held that was listed by the last record, whatever is missing before.

        As many offers, and their numbers' sum, as that record says of the feed (decision 0014).
        """
        if self._last is None:
            return True
        held = (len(self._numbers), self._sum_of_numbers)
        return held == (self._last.offers, self._last.sum_of_numbers)

    def take(self, key: bytes | None, value: bytes | None) -> AnyFeedEvent | None:
        """Take in one record; give its event, or none for a tombstone or another market's.

        Raises:
            ValueError: the record is not one that the exchange writes.
        """
        market, *name = json.loads(key or b"null")
        if market != self._market:
            return None
        if value is None:
            self._drop((name[0], name[1]))
            return None
        event = _EVENT.validate_json(value)
        self._last = event
        match event:
            case OfferListed(entry=entry):
                self._drop((entry.provider, entry.offer_id))
                self._hold(entry, event.number)
            case OfferDelisted():
                self._drop((event.provider, event.offer_id))
            case _ if event.standing == "closed":
                self._clear()
        return event

    def _hold(self, entry: BookEntry, number: int) -> None:
        name = (entry.provider, entry.offer_id)
        self._entries[name] = entry
        self._numbers[name] = number
        self._sum_of_numbers += number

    def _drop(self, name: OfferName) -> None:
        self._entries.pop(name, None)
        self._sum_of_numbers -= self._numbers.pop(name, 0)

    def _clear(self) -> None:
        self._entries.clear()
        self._numbers.clear()
        self._sum_of_numbers = 0


class BookFeed:
    """The stored set of an open or a snapshot market, followed; made by `ProviderClient.follow`.

    Iterating gives each event of the feed, from the oldest that is kept, once `offers` shows what
    it tells. `caught_up` reads first to where the feed ends now.
    """

    def __init__(self, market: str, bootstrap: str, client_id: str) -> None:
        self.market = market
        self._bootstrap = bootstrap
        self._consumer: AIOKafkaConsumer = connections.consumer(
            bootstrap, client_id=f"{client_id}.feed", start="none"
        )
        self._place = TopicPartition(
            BOOK_FEED.name, partition_of(market.encode(), BOOK_FEED.partitions)
        )
        self._listed = Listed(market)
        self._at_hand: list[ConsumerRecord] = []
        self._next = 0

    async def __aenter__(self) -> Self:
        """Connect, to read from the oldest record that is kept.

        Raises:
            BrokerUnavailable: no broker answers.
            ClientError: the exchange keeps no feed.
        """
        await connections.wait_for_broker(self._bootstrap)
        try:
            await self._consumer.start()
            await self._look()
            self._consumer.assign([self._place])
            self._next = (await self._consumer.beginning_offsets([self._place]))[self._place]
            self._consumer.seek(self._place, self._next)
        except BaseException:
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._consumer.stop()

    @property
    def offers(self) -> Mapping[OfferName, BookEntry]:
        """Give the offers in force as far as the feed was read, by provider and offer id.

        Those with an audience are not in the feed: a provider reads its own with `book`.
        """
        return self._listed.entries

    @property
    def standing(self) -> Literal["whole", "behind", "closed"]:
        """Say whether the feed tells all that is in force, is behind with it, or tells nothing."""
        return self._listed.standing

    async def caught_up(self) -> Mapping[OfferName, BookEntry]:
        """Read to where the feed ends now, and give the offers, proven to be all that are listed.

        Raises:
            FeedClosed: there is nothing to follow: the market's policy, or its name, allows none.
            FeedIncomplete: what is kept of the feed does not add up.
        """
        end = await self._end()
        while self._next < end or not self._listed.is_complete:
            await self._read()
            while self._at_hand:
                self._take()
        if self.standing == "closed":
            raise FeedClosed(self.market)
        return self.offers

    def __aiter__(self) -> Self:
        """Follow the feed."""
        return self

    async def __anext__(self) -> AnyFeedEvent:
        """Give the feed's next event, as soon as there is one.

        Raises:
            FeedIncomplete: the feed was read to its end, and what was read does not add up.
        """
        while True:
            while self._at_hand:
                event = self._take()
                if event is not None:
                    return event
            await self._read()

    async def _read(self) -> None:
        fetched = await self._consumer.getmany(timeout_ms=_POLL_MS)
        self._at_hand = list(reversed(fetched.get(self._place, [])))
        if not self._at_hand:
            # Compaction and transactions take offsets away: only the position says how far it is.
            self._next = await self._consumer.position(self._place)
            await self._prove()

    async def _prove(self) -> None:
        """Bear that what was compacted is missing while there is more to read, and no longer."""
        if not self._listed.is_complete and self._next >= await self._end():
            raise FeedIncomplete(self.market)

    def _take(self) -> AnyFeedEvent | None:
        record = self._at_hand.pop()
        self._next = record.offset + 1
        return self._listed.take(record.key, record.value)

    async def _look(self) -> None:
        """See that there is a feed at all: aiokafka would wait for it for ever."""
        if BOOK_FEED.name not in await self._consumer.topics():
            raise ClientError(f"{BOOK_FEED.name} is not there, or not to be read by you")

    async def _end(self) -> int:
        end: int = (await self._consumer.end_offsets([self._place]))[self._place]
        return end
