"""How far services are behind in their own partitions, asked of Kafka when it is scraped."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

PATIENCE_SECONDS: Final = 2.0
"""So long a scrape waits for Kafka; what it does not say by then is left out of it."""

Lags = Mapping[TopicPartition, int]
Asked = Callable[[], Awaitable[Lags]]


class Lag(Collector):
    """The lag of what is followed now; of a partition that was handed on nothing stays behind."""

    def __init__(self, name: str, documentation: str, *, registry: CollectorRegistry) -> None:
        self._family = (name, documentation)
        self._asked: list[Asked] = []
        self._lags: dict[TopicPartition, int] = {}
        registry.register(self)

    @contextmanager
    def following(self, ask: Asked) -> Iterator[None]:
        """Ask for these lags as well, within the block."""
        self._asked.append(ask)
        try:
            yield
        finally:
            self._asked.remove(ask)

    async def refresh(self) -> None:
        """Ask anew; who can't be asked is left out."""
        self._lags = {}
        for ask in tuple(self._asked):
            # What is not assigned any more, and a broker that is gone, are no fault of the scrape.
            with contextlib.suppress(TimeoutError, IllegalStateError, KafkaError):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    self._lags.update(await ask())

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Give the family, empty: its name is taken."""
        yield GaugeMetricFamily(*self._family, labels=["topic", "partition"])

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give the lags as they were last asked for."""
        family = GaugeMetricFamily(*self._family, labels=["topic", "partition"])
        for place, lag in self._lags.items():
            family.add_metric([place.topic, str(place.partition)], lag)
        yield family


def lags_of(consumer: AIOKafkaConsumer) -> Asked:
    """Give how to ask a consumer for its lags."""

    async def ask() -> Lags:
        places = tuple(consumer.assignment())
        if not places:
            return {}
        ends = await consumer.end_offsets(places)
        return {place: max(ends[place] - await consumer.position(place), 0) for place in places}

    return ask
