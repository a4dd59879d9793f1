"""A broker, matching as processes of their own, and a buyer whose requests are decided steadily."""

import asyncio
import itertools
import json
import time
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Final, Self

from aiokafka import AIOKafkaProducer, TopicPartition

from strowger.broker import authorisation, connections, provisioning
from strowger.broker.appending import Append, Appender, partition_of
from strowger.broker.embedded import EmbeddedBroker
from strowger.contract.commands import AnyCommand, encode
from strowger.contract.topics import ALL, DECISIONS, MARKET_LOG
from strowger.service import STANDBY
from strowger.settings import Settings
from strowger.supervisor import Supervisor
from tests.commands import Commands
from tests.support import eventually

_MARKET: Final = "voice"
_PARTITION: Final = partition_of(_MARKET.encode(), MARKET_LOG.partitions)
_EVERY_SECONDS: Final = 0.02
_STEADY_SECONDS: Final = 3.0
"""So long all is well before the owner is killed, and so long again until the count ends."""

_IN_FLIGHT_SECONDS: Final = 0.5
"""What is decided when the owner is killed is told within so long after."""

_MOST_SECONDS: Final = 60.0
_APPENDED_AT_ONCE: Final = 5_000
_PROVIDERS: Final = 20
_SEED: Final = 1889


class Exchange:
    """What is measured: the log, and one or two processes that decide it."""

    def __init__(self, folder: Path) -> None:
        self._broker = EmbeddedBroker.from_settings(Settings(home=folder))
        self._settings = Settings(home=folder, log_format="json")
        self._bootstrap = ""
        self._commands = Commands(_MARKET, sent_at_ms=time.time_ns() // 1_000_000)
        self._numbers = itertools.count()
        self._owner = ""
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start the broker, with topics and rights as in production."""
        await asyncio.to_thread(self._broker.start, wipe=True)
        self._stack.callback(self._broker.stop)
        self._bootstrap = self._broker.as_root()
        self._settings = self._settings.model_copy(update={"bootstrap": str(self._bootstrap)})
        await provisioning.apply(self._bootstrap, ALL)
        await authorisation.apply(self._bootstrap, self._settings.secrets_dir)
        producer = connections.producer(self._bootstrap, client_id="bench")
        self._producer: AIOKafkaProducer = await self._stack.enter_async_context(producer)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the broker."""
        await self._stack.aclose()

    async def load(self, offers: int) -> float:
        """Have a market declared and offers stored; give how many seconds deciding took."""
        await self._append(self._commands.declare())
        random = Random(_SEED)  # noqa: S311 - reproducible, guarding nothing
        publishing = (
            self._commands.publish(
                f"of-{number}",
                prefix=str(random.randrange(10**3, 10**6)),
                deck=f"deck-{number % 7}",
                rate_nano=random.randrange(10**6, 10**8),
                provider=f"provider-{number % _PROVIDERS}",
            )
            for number in range(offers)
        )
        while batch := list(itertools.islice(publishing, _APPENDED_AT_ONCE)):
            await self._append(*batch)
        began = time.monotonic()
        async with Supervisor(self._settings, ["matching"], sink=self._hear):
            await self._decided(offers + 1)
        return time.monotonic() - began

    async def standstill(self, *, standby: bool) -> float:
        """Kill the market's owner while a buyer asks; give the longest time without a decision."""
        names = ["matching", STANDBY] if standby else ["matching"]
        async with Supervisor(self._settings, names, sink=self._hear) as supervisor:
            await supervisor.ready(_MOST_SECONDS)
            seen: list[float] = []
            tasks = [asyncio.create_task(each) for each in (self._buy(), self._watch(seen))]
            try:
                await self._trades_for(_STEADY_SECONDS, seen)
                killed_at = time.monotonic()
                supervisor.kill(self._owner)
                await eventually(
                    lambda: seen[-1] > killed_at + _IN_FLIGHT_SECONDS, timeout_seconds=_MOST_SECONDS
                )
                # The killed one comes back, and the group deals its partitions out anew.
                await supervisor.ready(_MOST_SECONDS)
                await self._trades_for(_STEADY_SECONDS, seen)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        return round(max(later - earlier for earlier, later in itertools.pairwise(seen)), 2)

    async def _trades_for(self, seconds: float, seen: list[float]) -> None:
        """Return once decisions have been coming for so long."""
        until = time.monotonic() + seconds
        await eventually(
            lambda: bool(seen) and seen[-1] > until, timeout_seconds=seconds + _MOST_SECONDS
        )

    async def _watch(self, seen: list[float]) -> None:
        """Note when decisions come."""
        async with connections.consumer(self._bootstrap, client_id="bench") as reader:
            place = TopicPartition(DECISIONS.name, _PARTITION)
            reader.assign([place])
            await reader.seek_to_end(place)
            while True:
                if await reader.getmany(timeout_ms=100):
                    seen.append(time.monotonic())

    async def _buy(self) -> None:
        """Ask at a steady pace, whatever is answered, as many buyers together do."""
        while True:
            number = next(self._numbers)
            await self._append(self._commands.request(f"r-{number}", None, destination="44207946"))
            await asyncio.sleep(_EVERY_SECONDS)

    async def _append(self, *commands: AnyCommand) -> None:
        key = _MARKET.encode()
        await Appender(self._producer).append(
            Append(MARKET_LOG.name, _PARTITION, key, encode(each)) for each in commands
        )

    async def _decided(self, count: int) -> None:
        """Wait until so many commands are decided: an offer stored is one decision."""
        async with connections.consumer(self._bootstrap, client_id="bench") as reader:
            reader.assign([TopicPartition(DECISIONS.name, _PARTITION)])
            while count > 0:
                for records in (await reader.getmany(timeout_ms=200)).values():
                    count -= len(records)

    def _hear(self, name: str, line: str) -> None:
        """Note who took the market's partition over last."""
        if '"partition taken over"' in line and json.loads(line)["partition"] == _PARTITION:
            self._owner = name
