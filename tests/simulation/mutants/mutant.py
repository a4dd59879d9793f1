"""What a mutant is, and a bug that several services can have."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from strowger.broker.consuming import Fetched, Settle, consume
from tests.property.plans import take

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Mutant:
    """One bug: how it is planted, and the promises of which it breaks at least one."""

    plant: Plant
    breaks: tuple[int, ...]
    plan: str = "as it chooses"

    @property
    def name(self) -> str:
        """Name it in words."""
        return self.plant.__name__.replace("_", " ")

    def plant_in(self, patch: pytest.MonkeyPatch) -> None:
        """Plant it, until the patch is undone."""
        take(self.plan, patch)
        self.plant(patch)


def _commit_first(consumer: AIOKafkaConsumer) -> Any:  # noqa: ANN401 - a consumer
    """Let a consumer commit what it gives out before anything is done with it."""
    real = consumer.getmany

    async def getmany(**given: int) -> Fetched:
        fetched: Fetched = await real(**given)
        if fetched:
            await consumer.commit({place: each[-1].offset + 1 for place, each in fetched.items()})
        return fetched

    consumer.getmany = getmany
    return consumer


async def committing_first(
    consumer: AIOKafkaConsumer, topic: str, settle: Settle, **given: Any
) -> None:
    """Consume as `consume` does, but commit what was read before anything is done with it."""
    await consume(_commit_first(consumer), topic, settle, **given)
