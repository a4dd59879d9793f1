"""What is done to a running exchange: drawn from a seed, done, and undone again."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from strowger.broker.access import OPERATOR
from strowger.broker.appending import partition_of
from strowger.contract.topics import MARKET_LOG
from strowger.ledger.files import SUFFIXES
from strowger.ledger.rebuilding import Rebuilt, rebuild
from strowger.ledger.replacing import replace
from strowger.service import SERVICES, STANDBY
from tests.faults.cluster import BROKERS, frozen
from tests.faults.exchange import Exchange
from tests.faults.scrambled import poison
from tests.support import eventually

log = structlog.get_logger(__name__)

PAST_THE_TIMEOUT_SECONDS: Final = (8.0, 11.0)
"""How long a process stands still: longer than its group, or its controller, bears."""

POISON_RECORDS: Final = 100
BACK_SECONDS: Final = 60
SKEWS_SECONDS: Final = (-3600.0, -2.0, 2.0, 3600.0)
_SETTLED_SECONDS: Final = 30


@dataclass(frozen=True)
class Fault:
    """One thing to do: when after the start of its history, what, and to whom."""

    at_seconds: float
    kind: str
    victim: str = ""


@dataclass(frozen=True)
class Done:
    """One thing that was done, from when to when on this machine's clock."""

    what: str
    begun_ms: int
    ended_ms: int


def every_fault() -> list[tuple[str, str]]:
    """Give each kind of fault with each of its victims, the cheap ones first."""
    services, brokers = [*SERVICES], [str(each) for each in BROKERS]
    return [
        ("kill-owner", "matching"),
        *(("kill", name) for name in services),
        *(("freeze", name) for name in services),
        *(("stop", name) for name in services),
        *(("kill-broker", each) for each in brokers),
        *(("freeze-broker", each) for each in brokers),
        *(("stop-broker", each) for each in brokers),
        ("kill-leader", ""),
        ("stop-leader", ""),
        *((kind, each) for kind in ("cut", "refuse", "stall", "slow") for each in brokers),
        *(("skew", name) for name in services),
        ("behind", "notifier"),
        ("behind", "ledger"),
        ("damage", "ledger"),
        ("poison", ""),
        ("kill-all", ""),
        ("roll-services", ""),
        ("roll-brokers", ""),
    ]


def plan(seed: int, window_seconds: float) -> list[Fault]:
    """Draw a history's faults: one in its turn, so that all have theirs, and others by chance."""
    every = every_fault()
    chance = Random(f"{seed} faults")  # noqa: S311 - a script
    # A step that shares no divisor with the count meets each before it meets one again.
    drawn = [every[seed * 37 % len(every)], *chance.choices(every[:-3], k=chance.randrange(2))]
    moments = sorted(chance.uniform(1, window_seconds * 0.8) for _ in drawn)
    return [Fault(at, *each) for at, each in zip(moments, drawn, strict=True)]


def plans(seeds: Sequence[int], window_seconds: float) -> dict[int, list[Fault]]:
    """Draw the faults of histories side by side.

    In every fourth group matching is killed and nothing else is done: so it shows how long a market
    stands still for that alone.
    """
    if seeds[0] // len(seeds) % 4 == 3:
        return {**{seed: [] for seed in seeds}, seeds[0]: [Fault(3.0, "kill-owner", "matching")]}
    return {seed: plan(seed, window_seconds) for seed in seeds}


@dataclass(frozen=True)
class Locks:
    """What keeps faults apart that would be one greater fault together."""

    broker: asyncio.Lock
    services: asyncio.Lock


@dataclass
class Injector:
    """Does faults to one exchange, at most one to a broker at a time: two of three keep a record.

    What it does to a market's owner, it does to the market that it was told of.
    """

    exchange: Exchange
    market: str
    chance: Random
    locks: Locks
    done: list[Done] = field(default_factory=list)

    async def run(self, faults: Sequence[Fault]) -> None:
        """Do what was planned, each in its time; return when all of it is undone."""
        begun = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for fault in faults:
                tasks.create_task(self._later(fault, begun))

    async def _later(self, fault: Fault, begun: float) -> None:
        await asyncio.sleep(max(0.0, begun + fault.at_seconds - time.monotonic()))
        await self.do(fault.kind, fault.victim)

    async def do(self, kind: str, victim: str) -> None:
        """Do one thing, and undo it."""
        started_ms = _now_ms()
        acts: dict[str, Callable[[str], Awaitable[str]]] = {
            "kill": self._kill,
            "kill-owner": self._kill_owner,
            "freeze": self._freeze,
            "behind": self._freeze,
            "stop": self._stop,
            "kill-broker": self._kill_broker,
            "freeze-broker": self._freeze_broker,
            "stop-broker": self._stop_broker,
            "kill-leader": self._kill_leader,
            "stop-leader": self._stop_leader,
            "cut": self._cut,
            "refuse": self._refuse,
            "stall": self._stall,
            "slow": self._slow,
            "skew": self._skew,
            "damage": self._damage_ledger,
            "poison": self._poison,
            "kill-all": self._kill_all,
            "roll-services": self._roll_services,
            "roll-brokers": self._roll_brokers,
        }
        what = await acts[kind](victim)
        self.done.append(Done(what, started_ms, _now_ms()))
        log.info("fault done", what=what)

    async def _kill(self, name: str) -> str:
        async with self.locks.services:
            await self._signalled(name, signal.SIGKILL)
        return f"{name} killed"

    async def _kill_owner(self, _: str) -> str:
        """Kill matching, or its standby, and let nothing else happen meanwhile."""
        owners = [name for name in ("matching", STANDBY) if name in self.exchange.processes.names]
        name = self.chance.choice(owners or [*self.exchange.processes.names])
        async with self.locks.services, self.locks.broker:
            await self._signalled(name, signal.SIGKILL)
            await asyncio.sleep(10)
        return f"{name} killed, alone"

    async def _stop(self, name: str) -> str:
        async with self.locks.services:
            await self._signalled(name, signal.SIGTERM)
        return f"{name} stopped and started"

    async def _signalled(self, name: str, number: signal.Signals) -> None:
        """Signal a service's process, and wait until another one is up in its place."""
        name = self._known(name)
        pid = self.exchange.processes.pid(name)
        if pid is None:
            return  # it is being started again already
        os.kill(pid, number)
        await eventually(
            lambda: self.exchange.processes.pid(name) not in {pid, None},
            timeout_seconds=BACK_SECONDS,
            because=f"{name} is back",
        )

    def _known(self, name: str) -> str:
        """Give the process that bears a fault: by its name; where there are fewer, by its turn."""
        names = self.exchange.processes.names
        if name in names:
            return name
        return names[list(SERVICES).index(name) % len(names)]

    async def _freeze(self, name: str) -> str:
        pid = self.exchange.processes.pid(self._known(name))
        seconds = self.chance.uniform(*PAST_THE_TIMEOUT_SECONDS)
        if pid is not None:
            with suppress(ProcessLookupError), frozen(pid):
                await asyncio.sleep(seconds)
        return f"{name} stood still for {seconds:.1f} s"

    async def _kill_broker(self, number: str) -> str:
        return await self._restarted(int(number), signal.SIGKILL)

    async def _stop_broker(self, number: str) -> str:
        return await self._restarted(int(number), signal.SIGTERM)

    async def _kill_leader(self, _: str) -> str:
        return f"leader: {await self._restarted(None, signal.SIGKILL)}"

    async def _stop_leader(self, _: str) -> str:
        return f"leader: {await self._restarted(None, signal.SIGTERM)}"

    async def _leader(self) -> int:
        partition = partition_of(self.market.encode(), MARKET_LOG.partitions)
        return await self.exchange.cluster.leader_of(MARKET_LOG.name, partition)

    async def _restarted(self, number: int | None, how: signal.Signals) -> str:
        async with self.locks.broker:
            cluster = self.exchange.cluster
            await cluster.wait_until_whole()
            which = number or await self._leader()
            broker = cluster.broker(which)
            broker.signal(how)
            await asyncio.to_thread(broker.wait)
            await asyncio.sleep(self.chance.choice((0.0, 8.0)))
            broker.launch()
            await cluster.wait_until_whole()
        return f"broker {which} {how.name} and started again"

    async def _freeze_broker(self, number: str) -> str:
        seconds = self.chance.uniform(*PAST_THE_TIMEOUT_SECONDS)
        async with self.locks.broker:
            await self.exchange.cluster.wait_until_whole()
            broker = self.exchange.cluster.broker(int(number))
            broker.signal(signal.SIGSTOP)
            try:
                await asyncio.sleep(seconds)
            finally:
                broker.signal(signal.SIGCONT)
            await self.exchange.cluster.wait_until_whole()
        return f"broker {number} stood still for {seconds:.1f} s"

    async def _cut(self, number: str) -> str:
        for _ in range(3):
            self._order(number, cut=True)
            await asyncio.sleep(self.chance.uniform(0.1, 1.0))
        return f"connections to broker {number} cut three times"

    async def _refuse(self, number: str) -> str:
        return await self._for_a_while(number, "refused", refuse=True)

    async def _stall(self, number: str) -> str:
        return await self._for_a_while(number, "gone silent", stall=True)

    async def _slow(self, number: str) -> str:
        return await self._for_a_while(
            number, "slowed", slow_seconds=self.chance.choice((0.02, 0.1, 0.3))
        )

    async def _for_a_while(self, number: str, how: str, **order: bool | float) -> str:
        seconds = self.chance.uniform(2, 10)
        async with self.locks.broker:
            self._order(number, **order)
            try:
                await asyncio.sleep(seconds)
            finally:
                self._order(number)
        return f"connections to broker {number} {how} for {seconds:.1f} s"

    def _order(self, number: str, **order: bool | float) -> None:
        self.exchange.proxy.order(self.exchange.doors[int(number)], **order)

    async def _skew(self, name: str) -> str:
        off_seconds = self.chance.choice(SKEWS_SECONDS)
        self.exchange.set_clock(self._known(name), off_seconds)
        try:
            await asyncio.sleep(8)
        finally:
            self.exchange.set_clock(self._known(name), 0)
        return f"clock of {name} was off by {off_seconds:g} s"

    async def _damage_ledger(self, name: str) -> str:
        """Destroy the ledger's file under the ledger, and kill that; make it anew from the log.

        What `strowger ledger rebuild --replace` does, but that the supervisor goes on: each process
        that it starts meanwhile finds the file damaged, and ends by that name.
        """
        async with self.locks.services:
            pid = (
                self.exchange.processes.pid(name) if name in self.exchange.processes.names else None
            )
            if pid is None:
                return "no ledger to damage"
            path = self.exchange.settings.ledger_path
            with suppress(ProcessLookupError), frozen(pid):
                for suffix in SUFFIXES[1:]:
                    path.with_name(path.name + suffix).unlink(missing_ok=True)
                path.write_bytes(b"damaged" * 1000)
                os.kill(pid, signal.SIGKILL)
            made = await self._rebuilt(path)
            assert "is damaged" in (made.compared.not_compared or ""), made.compared
            await replace(path, made.path)
            await eventually(
                lambda: self.exchange.processes.pid(name) not in {pid, None},
                timeout_seconds=BACK_SECONDS,
                because="the ledger is back",
            )
        return f"ledger damaged, and made anew from the log in {made.seconds:.1f} s"

    async def _rebuilt(self, path: Path) -> Rebuilt:
        """Read the whole log, once the brokers let it be read to its end."""
        until = time.monotonic() + BACK_SECONDS
        while True:
            try:
                return await rebuild(self.exchange.met_by(OPERATOR), path)
            except KafkaError:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(1)

    async def _poison(self, _: str) -> str:
        await poison(self.exchange, self.market, POISON_RECORDS)
        return f"{POISON_RECORDS} unreadable records sent to every inbound topic"

    async def _kill_all(self, _: str) -> str:
        async with self.locks.services:
            names = self.exchange.processes.names
            await asyncio.gather(*(self._signalled(name, signal.SIGKILL) for name in names))
        return "every service killed at once"

    async def _roll_services(self, _: str) -> str:
        async with self.locks.services:
            for name in self.exchange.processes.names:
                await self._signalled(name, signal.SIGTERM)
                await self.exchange.processes.ready(BACK_SECONDS)
        return "every service stopped and started, one after the other"

    async def _roll_brokers(self, _: str) -> str:
        for number in BROKERS:
            await self._restarted(number, signal.SIGTERM)
        return "every broker stopped and started, one after the other"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
