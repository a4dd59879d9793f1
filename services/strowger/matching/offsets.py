"""Ask where partitions begin and end, on connections that no fetch holds up.

A broker answers the requests of a connection in turn, and a fetch that finds nothing is held for
half a second: whoever reads and asks on one connection waits so long, several times at a take-over.
"""

from collections.abc import Collection, Mapping

from aiokafka import TopicPartition

from strowger.broker import connections

Ends = Mapping[TopicPartition, int]


class Offsets:
    """Two connections that are asked and never read from."""

    def __init__(self, bootstrap: str) -> None:
        self._committed, self._written = (
            connections.consumer(
                bootstrap, client_id="matching-offsets", read_committed=committed, start="none"
            )
            for committed in (True, False)
        )

    async def start(self) -> None:
        """Connect."""
        await self._committed.start()
        await self._written.start()

    async def stop(self) -> None:
        """Close the connections."""
        await self._committed.stop()
        await self._written.stop()

    async def begins(self, places: Collection[TopicPartition]) -> Ends:
        """Give where partitions begin."""
        found: Ends = await self._committed.beginning_offsets(places)
        return found

    async def committed(self, places: Collection[TopicPartition]) -> Ends:
        """Give where partitions end for who reads what is committed."""
        found: Ends = await self._committed.end_offsets(places)
        return found

    async def written(self, places: Collection[TopicPartition]) -> Ends:
        """Give where partitions end, open transactions and all."""
        found: Ends = await self._written.end_offsets(places)
        return found
