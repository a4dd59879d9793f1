"""How many events each participant sends within a second: counted in the log that they are in.

A limit that turned on when a gateway reads would make no verdict: a redelivery would be judged
otherwise. What is counted here stands in the log: the records of one partition whose append times
are within one second, in their order. Whoever reads them again counts the same.
"""

from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import Final

from aiokafka import TopicPartition

from strowger.broker import connections
from strowger.broker.consuming import Record, read_some
from strowger.contract.participants import REFUSED_ABOVE

_SECOND_MS: Final = 1_000


class Pace(Enum):
    """How fast events come, by a participant's limit."""

    WITHIN = auto()
    ABOVE = auto()
    FAR_ABOVE = auto()


class Meter:
    """The events of each sender in one partition, within the second that its log has come to.

    That is the second of the latest append time so far: a broker's clock may step back.
    """

    def __init__(self) -> None:
        self.next_offset = 0
        """Of the record that it counts next; what comes otherwise has to be counted again."""
        self._second = 0
        self._counts: dict[str, int] = {}
        self._flooding: dict[str, int] = {}

    def pass_time(self, append_ms: int) -> None:
        """Come to the append time of the next record."""
        second = append_ms // _SECOND_MS
        if second > self._second:
            self._second = second
            self._counts.clear()
            self._flooding.clear()

    def flooding(self, sender: str) -> int | None:
        """Give the limit that a sender is far above in this second; none if it isn't."""
        return self._flooding.get(sender)

    def count(self, sender: str, limit: int) -> Pace:
        """Count one more event of a sender; say how that is by its limit."""
        count = self._counts[sender] = self._counts.get(sender, 0) + 1
        if count <= limit:
            return Pace.WITHIN
        if count <= limit * REFUSED_ABOVE:
            return Pace.ABOVE
        self._flooding[sender] = limit
        return Pace.FAR_ABOVE

    def take_back(self, sender: str) -> None:
        """Take back the last event counted, which will be read again."""
        self._counts[sender] -= 1


async def counted_again(
    bootstrap: str,
    client_id: str,
    before: Record,
    count: Callable[[Meter, list[Record]], Awaitable[None]],
) -> Meter:
    """Give a meter that has counted, once more, what came before a record within its second.

    From the first record on that is not of an earlier second, whatever the broker's clock did
    between: so the latest append time before the record is known, too, where it matters.

    Raises:
        KafkaError: the broker can't be asked.
    """
    meter = Meter()
    meter.next_offset = before.offset
    place = TopicPartition(before.topic, before.partition)
    consumer = connections.consumer(bootstrap, client_id=client_id)
    async with consumer:
        consumer.assign([place])
        start_ms = max(0, before.timestamp // _SECOND_MS * _SECOND_MS)
        found = (await consumer.offsets_for_times({place: start_ms}))[place]
        position = before.offset if found is None else found.offset

        async def go_back() -> None:
            consumer.seek(place, position)

        await go_back()
        while position < before.offset:
            records = (await read_some(consumer, place.topic, go_back)).get(place, [])
            await count(meter, [each for each in records if each.offset < before.offset])
            position = await consumer.position(place)
    return meter
