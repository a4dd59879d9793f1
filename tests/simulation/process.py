"""Processes of the simulation: killed, paused and started again, at any step that they take."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from random import Random
from typing import Final

from aiokafka.errors import KafkaError

from strowger.life import Life
from tests.simulation.loop import spawn

RESTART_SECONDS: Final = 1.0


class Killed(BaseException):
    """The process is gone: whatever still runs in it must come to its end without effect."""


FOCI: Final = (
    "starting a producer",
    "having started a producer",
    "asking where partitions end",
    "adding a partition",
    "writing to",
    "having written to",
    "adding offsets",
    "ending the transaction",
    "having ended the transaction",
    "reading",
    "committing",
    "having committed",
    "joining",
    "having joined",
    "asking its database",
)
"""Steps that a seed may dwell on: what goes wrong goes wrong there many times as often."""

_DWELLING: Final = 15


class Chance:
    """What may go wrong, and how often; nothing does once it is healed."""

    def __init__(
        self, random: Random, kill: float, pause: float, lose: float, focus: str | None = None
    ) -> None:
        self.random = random
        self._kill, self._pause, self._lose = kill, pause, lose
        self._focus = focus
        self.is_healed = False
        self.faults: list[str] = []

    def kills(self, what: str) -> bool:
        """Say whether a process dies at this step."""
        return self._falls(self._kill, what)

    def pauses(self, what: str) -> bool:
        """Say whether a process stands still at this step, maybe for longer than is borne."""
        return self._falls(self._pause, what)

    def _falls(self, often: float, what: str) -> bool:
        if self.is_healed:
            return False
        dwells = self._focus is not None and what.startswith(self._focus)
        return self.random.random() < often * (_DWELLING if dwells else 1)

    def loses(self) -> bool:
        """Say whether what was sent, or the answer to it, is lost on its way."""
        return not self.is_healed and self.random.random() < self._lose

    def wakes(self) -> bool:
        """Say whether one that stands still goes on at this step of its successor."""
        return not self.is_healed and self.random.random() < 0.05

    def latency_seconds(self) -> float:
        """Draw how long one way between a process and the log takes."""
        quick = self.random.random() < 0.9
        return self.random.uniform(0.0002, 0.003) if quick else self.random.uniform(0.003, 0.2)

    def note(self, fault: str) -> None:
        """Keep what was done, for the story; with the simulation's time."""
        self.faults.append(f"{asyncio.get_running_loop().time():8.3f} s  {fault}")


class Process:
    """One process: a coroutine, and whether it lives. What it does, it does step by step."""

    def __init__(self, name: str, run: Callable[[Life], Awaitable[None]], chance: Chance) -> None:
        self.name = name
        self.chance = chance
        self.deaths: list[str] = []
        self.down_until = 0.0
        self.twins: list[Process] = []
        """Who takes over what this one had, once it is taken for dead."""
        self._run = run
        self._told = Life()
        self._life = 0
        self._awake = asyncio.Event()
        self._awake.set()
        self._task: asyncio.Task[None] | None = None

    def keep(self) -> "asyncio.Task[None]":
        """Run it, and start it again whenever it ends."""
        return spawn(self._keep)

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._life += 1
            self._awake.set()
            token = CURRENT.set(Incarnation(self, self._life))
            task = self._task = spawn(self._live)
            CURRENT.reset(token)
            await asyncio.wait({task})
            if not task.cancelled():
                task.exception()  # looked at, so that asyncio does not tell of it
            await asyncio.sleep(max(RESTART_SECONDS, self.down_until - loop.time()))

    async def _live(self) -> None:
        try:
            self._told = Life()
            await self._run(self._told)
        except (Killed, asyncio.CancelledError):
            raise
        except BaseExceptionGroup as group:
            if not group.subgroup(lambda error: isinstance(error, (Killed, KafkaError))):
                self._died(group)
        except KafkaError as error:
            self.chance.note(f"{self.name} ends by {type(error).__name__}")
        except Exception as error:  # noqa: BLE001 - kept and told, whatever it is
            self._died(error)

    def _died(self, error: BaseException) -> None:
        self.chance.note(f"{self.name} ends by {error!r}")
        self.deaths.append(f"{self.name}: {error!r}")

    @property
    def is_paused(self) -> bool:
        """Whether it stands still."""
        return not self._awake.is_set()

    def lives_as(self, life: int) -> bool:
        """Say whether it still is the process that was started for the `life`th time."""
        return life == self._life

    def wake(self) -> None:
        """Let it go on, though it was to stand still for longer."""
        self._awake.set()

    def kill(self, down_seconds: float = 0.0) -> None:
        """End it at once; nothing that it began has any effect from here on."""
        self.down_until = asyncio.get_running_loop().time() + down_seconds
        self._life += 1
        self._awake.set()
        if self._task is not None:
            self._task.cancel()

    def tell_to_stop(self) -> None:
        """Let it finish what it has in hand and end, as before an upgrade."""
        self._told.stop.set()

    async def pause(self, seconds: float) -> None:
        """Let it stand still, as a machine does that swaps or a virtual one that is moved."""
        self._awake.clear()
        await asyncio.sleep(seconds)
        self._awake.set()

    async def awake(self) -> None:
        """Return once it does not stand still."""
        await self._awake.wait()


class Incarnation:
    """A process as it was started one time: what clients of the log belong to."""

    def __init__(self, process: Process, life: int) -> None:
        self.process = process
        self.life = life

    @property
    def is_gone(self) -> bool:
        """Whether the process was killed since."""
        return not self.process.lives_as(self.life)

    async def step(self, what: str) -> None:
        """Take one step toward the log, or back from it; anything may happen at it.

        Raises:
            Killed: the process is gone.
        """
        process, chance = self.process, self.process.chance
        await self._bear()
        for twin in process.twins:
            if twin.is_paused and chance.wakes():
                chance.note(f"{twin.name} goes on while {process.name} is {what}")
                twin.wake()
        if chance.kills(what):
            chance.note(f"{process.name} is killed at {what}")
            process.kill(chance.random.choice((0.0, 0.0, 5.0)))
        elif chance.pauses(what):
            seconds = chance.random.choice((0.5, 3.0, 8.0, 15.0))
            chance.note(f"{process.name} stands still for {seconds:g} s at {what}")
            spawn(lambda: process.pause(seconds))
            await asyncio.sleep(0)
        await asyncio.sleep(chance.latency_seconds())
        await self._bear()

    async def _bear(self) -> None:
        if self.is_gone:
            raise Killed
        await self.process.awake()
        if self.is_gone:
            raise Killed


CURRENT: ContextVar[Incarnation] = ContextVar("the process that runs")
