"""The brake of bulk loads: wait while matching lags, so that no acceptance queues behind them."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from strowger.broker import connections
from strowger.broker.connections import to
from strowger.contract.topics import MARKET_LOG

MATCHING_GROUP: Final = "matching"

MAX_LAG_COMMANDS: Final = 500
"""How far matching may lag in a partition before offers for it wait.

An acceptance waits for what stands before it, and so many offers take matching some 0.4 s. As many
as 2,000 came in no sooner: `make bench-path PART=e`.
"""

_CHECK_SECONDS: Final = 0.05


@asynccontextmanager
async def asking_the_group(bootstrap: str, client_id: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """Connect to ask how far a group has come."""
    admin = AIOKafkaAdminClient(**to(bootstrap), client_id=client_id)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


def asking_the_log(bootstrap: str, client_id: str) -> AIOKafkaConsumer:
    """Make what asks where the log ends, on a connection of its own.

    Behind a fetch that waits for more offers, a lone one would wait for half a second.
    """
    return connections.consumer(bootstrap, client_id=client_id, start="none")


class LagBrake:
    """Follows how far matching is behind in each partition of `market-log`.

    Each partition stands for itself: one market that is behind, or whose matching is down, does not
    stop the offers of markets elsewhere.
    """

    def __init__(self, asker: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> None:
        self._asker = asker
        self._admin = admin
        self._clogged: frozenset[int] = frozenset()
        self._check_at = time.monotonic()

    async def clogged(self) -> frozenset[int]:
        """Give the partitions beyond the bound, at most 0.05 s old."""
        if time.monotonic() >= self._check_at:
            lags = await self._lags()
            self._clogged = frozenset(
                partition for partition, lag in lags.items() if lag > MAX_LAG_COMMANDS
            )
            self._check_at = time.monotonic() + _CHECK_SECONDS
        return self._clogged

    async def _lags(self) -> dict[int, int]:
        places = [TopicPartition(MARKET_LOG.name, each) for each in range(MARKET_LOG.partitions)]
        committed = await self._admin.list_consumer_group_offsets(MATCHING_GROUP, partitions=places)
        ends = await self._asker.end_offsets(places)
        # A partition that matching never committed anything of is given as offset -1.
        return {
            place.partition: end - max(committed[place].offset, 0) for place, end in ends.items()
        }
