"""The simulated cluster: the log, its two coordinators, and the clients that connect to them."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from strowger.contract.topics import Topic
from tests.simulation.consumers import Consumer
from tests.simulation.groups import Groups
from tests.simulation.log import Log
from tests.simulation.loop import now_ms
from tests.simulation.process import CURRENT, Chance
from tests.simulation.producers import Producer
from tests.simulation.transactions import Coordinator


class Cluster:
    """What our services reach through `strowger.broker.connections`; it is never down."""

    def __init__(self, topics: Collection[Topic], chance: Chance) -> None:
        self.chance = chance
        self.log = Log(list(topics), now_ms)
        self.groups = Groups({topic.name: topic.partitions for topic in topics})
        self.transactions = Coordinator(
            self.log, self.groups.commit_in_transaction, chance.latency_seconds
        )

    def consumer(self, _bootstrap: str, *topics: str, **settings: Any) -> Consumer:
        """Make a consumer, as `connections.consumer` does."""
        settings.pop("client_id", None)
        settings.pop("group_instance_id", None)
        return Consumer(self.log, self.groups, CURRENT.get(), topics, **settings)

    def producer(self, _bootstrap: str, **_settings: Any) -> Producer:
        """Make a producer, as `connections.producer` does."""
        return Producer(self.log, self.transactions, CURRENT.get(), None, 0)

    def transactional_producer(
        self, _bootstrap: str, *, transactional_id: str, transaction_timeout_seconds: float = 10
    ) -> Producer:
        """Make a producer of transactions, as `connections.transactional_producer` does."""
        me = CURRENT.get()
        return Producer(
            self.log, self.transactions, me, transactional_id, transaction_timeout_seconds
        )

    @asynccontextmanager
    async def asking_the_group(self, _bootstrap: str, _client_id: str) -> AsyncIterator["_Admin"]:
        """Connect to ask how far a group has come, as `brake.asking_the_group` does."""
        yield _Admin(self.groups)


class _Committed(NamedTuple):
    offset: int


class _Admin:
    def __init__(self, groups: Groups) -> None:
        self._groups = groups

    async def list_consumer_group_offsets(
        self, group: str, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, _Committed]:
        """Give what a group has committed; -1 where nothing."""
        await CURRENT.get().step("asking how far a group has come")
        committed = self._groups.committed(group)
        return {place: _Committed(committed.get(place, -1)) for place in partitions}
