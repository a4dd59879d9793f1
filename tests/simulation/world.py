"""One simulated life of the exchange: from a seed to what it leaves behind."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from strowger.contract import topics
from strowger.contract.topics import (
    DECISIONS,
    INBOUND_TOPICS,
    MARKET_LOG,
    SESSION_BOOK,
    Topic,
    inbox,
)
from strowger.market.entities import Session, decode
from strowger.session_timeout.closing import SESSION_KEYS
from strowger.settings import Settings
from tests.simulation.buyers import Buyer
from tests.simulation.cluster import Cluster
from tests.simulation.history import History
from tests.simulation.loop import VirtualLoop, now_ms, running, spawn
from tests.simulation.operator import Operator
from tests.simulation.process import FOCI, Chance, Process
from tests.simulation.providers import Provider
from tests.simulation.services import connected, processes

CAST: Final = {
    "voice": (("acme", "initech"), ("globex", "hooli", "vandelay")),
    "calls": (("stark",), ("wayne",)),
}
"""By market its providers and its buyers; the markets lie in different partitions of the log."""

WITHOUT_INBOX: Final = "vandelay"

_TRADING_SECONDS: Final = (10.0, 20.0, 40.0)
SETTLE_SECONDS: Final = 240.0
"""Within so long after the last fault everything must have come to its end.

The log's clock may have been ahead by `_JUMP_MS`, which true time has to reach; then come the
longest session, a restored group, and the greatest back-off of the session-timeout processor.
"""
_JUMP_MS: Final = 60_000


def limit_of(seed: int) -> int | None:
    """Give how many events a second are taken of each in a seed's life: few in some, else all."""
    return 2 if seed % 4 == 3 else None


def live(seed: int, folder: Path) -> History:
    """Play one seed; the same seed leaves the very same history on any machine."""
    world = _World(seed, folder)
    with connected(world.cluster, limit_of(seed)), running(VirtualLoop()) as loop:
        # What killed processes leave behind is told by the history, not by asyncio.
        loop.set_exception_handler(lambda _loop, _context: None)
        return loop.run_until_complete(world.live())


class _World:
    def __init__(self, seed: int, folder: Path) -> None:
        self._seed = seed
        self._random = random = Random(seed)  # noqa: S311 - reproducible, guarding nothing
        wild = random.choice((0.0, 1.0, 1.0, 3.0))
        self._chance = Chance(
            Random(random.random()),  # noqa: S311 - reproducible, guarding nothing
            kill=0.002 * wild,
            pause=0.002 * wild,
            lose=0.003 * wild,
            focus=random.choice((None, *FOCI)),
        )
        self._wild = wild
        self._markets = list(CAST)[: random.choice((1, 2))]
        names = [name for market in self._markets for names in CAST[market] for name in names]
        # One without an inbox can trade, but is never told: its answers are dead letters.
        if random.random() < 1 / 4:
            names.remove(WITHOUT_INBOX)
        self.cluster = Cluster(_topics(names), self._chance)
        self.cluster.log.grain_ms = random.choice((1, 1, 100))
        # Who sends is tested elsewhere: here nobody forges, and a signature costs 200 µs.
        self._settings = Settings(
            home=folder,
            bootstrap="simulated:9092",
            security_protocol="PLAINTEXT",
            authentication="off",
        )
        self._processes: list[Process] = []

    async def live(self) -> History:
        left = await self._play()
        for process in self._processes:
            process.kill()
        records = {
            name: [event for partition in partitions for event in partition.events()]
            for name, partitions in self.cluster.log.topics.items()
        }
        return History(
            seed=self._seed,
            records=records,
            ledger_path=self._settings.ledger_path,
            settled=not left,
            unsettled="; ".join(left),
            events_per_second=limit_of(self._seed),
            now_ms=now_ms(),
            faults=tuple(self._chance.faults),
            deaths=tuple(death for process in self._processes for death in process.deaths),
        )

    async def _play(self) -> list[str]:
        """Trade while things go wrong, then heal and wait; give what has not come to its end."""
        random, cluster = self._random, self.cluster
        self._processes = processes(cluster, self._settings, random.choice((0, -1500, 1500)))
        keepers = [process.keep() for process in self._processes]
        coordinator = spawn(self._coordinate)
        until = random.choice(_TRADING_SECONDS)
        players = [player for market in self._markets for player in self._players(market)]
        troubles = spawn(self._trouble)
        await asyncio.gather(*(player.live(until) for player in players))
        troubles.cancel()
        if random.random() < 0.5:
            # What lived in a process alone, and should not have, is gone before all settles.
            self._chance.note("every process starts anew")
            for process in self._processes:
                process.kill()
        self._chance.is_healed = True
        cluster.log.skew_ms = 0
        self._chance.note("all is healed")
        left = await self._settle()
        for task in (coordinator, *keepers):
            task.cancel()
        return left

    def _players(self, market: str) -> Iterator[Provider | Buyer | Operator]:
        providers, buyers = CAST[market]
        operator = Operator(market, (*providers, *buyers), self.cluster, self._another())
        operator.declare()
        yield operator
        for name in providers:
            yield Provider(name, market, self.cluster, self._another())
        for name in buyers:
            yield Buyer(name, market, self.cluster, self._another())

    def _another(self) -> Random:
        """Give chance to one player, so that what others do does not change what it draws."""
        return Random(self._random.random())  # noqa: S311 - reproducible, guarding nothing

    async def _coordinate(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self.cluster.groups.expire()

    async def _trouble(self) -> None:
        """Do to the exchange what no step of its own brings about."""
        chance, log = self._chance, self.cluster.log
        while self._wild:
            await asyncio.sleep(self._random.expovariate(self._wild / 3))
            match self._random.randrange(9):
                case 0:
                    log.skew_ms += self._random.choice((-3000, -500, 500, 3000))
                    chance.note(f"the log's clock is off by {log.skew_ms} ms")
                case 1 if self._random.random() < 0.2:
                    log.skew_ms = self._random.choice((_JUMP_MS, 5_000, -20_000))
                    chance.note(f"the log's clock is off by {log.skew_ms} ms")
                case 2 | 3:
                    log.compact()
                    chance.note("tables are compacted")
                case 4:
                    group = self._random.choice(("matching", "gateway-offer-accepted", "notifier"))
                    self.cluster.groups.shuffle(group)
                    chance.note(f"group {group} is dealt out anew")
                case 5:
                    process = self._random.choice(self._processes)
                    process.kill(self._random.choice((0.0, 3.0, 30.0)))
                    chance.note(f"{process.name} is killed")
                case 8:
                    self._lose_the_registration()
                case 6:
                    process = self._random.choice(self._processes)
                    process.tell_to_stop()
                    chance.note(f"{process.name} is told to stop")
                case 7:
                    process = self._random.choice(self._processes)
                    seconds = self._random.choice((1.0, 9.0, 20.0))
                    chance.note(f"{process.name} stands still for {seconds:g} s")
                    spawn(partial(process.pause, seconds))

    def _lose_the_registration(self) -> None:
        """Abort without marks, as a broker does that was killed: matching's readers stand still."""
        self.cluster.transactions.skips_until = asyncio.get_running_loop().time() + 8
        for process in self._processes:
            if process.name.startswith("matching"):
                process.kill()
        self._chance.note("the broker is without its registration, and matching is killed")

    async def _settle(self) -> list[str]:
        deadline = asyncio.get_running_loop().time() + SETTLE_SECONDS
        while True:
            await asyncio.sleep(2.0)
            left = list(self._unsettled())
            if not left or asyncio.get_running_loop().time() > deadline:
                return left

    def _unsettled(self) -> Iterator[str]:
        consumed = [(f"gateway-{topic.name}", topic) for topic in INBOUND_TOPICS]
        for group, topic in (*consumed, ("matching", MARKET_LOG), ("notifier", DECISIONS)):
            committed = self.cluster.groups.committed(group)
            for partition in self.cluster.log.topics[topic.name]:
                at = committed.get(partition.place, 0)
                rest, _ = partition.read(at, 1, committed=True)
                if rest:
                    yield f"{group} stands at {at} of {partition.end} in {topic.name}"
        positions = self._ledger_positions()
        for partition in self.cluster.log.topics[DECISIONS.name]:
            at = positions.get(partition.place.partition, 0)
            if partition.read(at, 1, committed=True)[0]:
                yield f"the ledger stands at {at} of {partition.end}"
        for partition in self.cluster.log.topics[SESSION_BOOK.name]:
            rows = {
                record.key: record.value
                for record in partition.read(0, partition.end, committed=True)[0]
                if (record.key or b"").startswith(SESSION_KEYS)
            }
            for key, row in rows.items():
                session = None if row is None else decode(row)
                if isinstance(session, Session) and session.ended_at_ms is None:
                    yield f"session {key!r} is open"

    def _ledger_positions(self) -> dict[int, int]:
        path = self._settings.ledger_path
        if not path.exists():
            return {}
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            try:
                return dict(database.execute("SELECT partition, next_offset FROM offsets"))
            except sqlite3.OperationalError:
                return {}  # not migrated yet


def _topics(participants: Sequence[str]) -> Sequence[Topic]:
    declared = [each for each in vars(topics).values() if isinstance(each, Topic)]
    return [*declared, *(inbox(name) for name in participants)]
