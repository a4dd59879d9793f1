"""The whole exchange on a cluster of three: every service a process, a proxy before each broker."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from strowger.broker import authorisation, provisioning
from strowger.broker.access import OPERATOR, Bootstrap, meet
from strowger.broker.embedded import free_ports
from strowger.cli.shared.declaring import declare
from strowger.contract.market_terms import MarketTerms
from strowger.contract.topics import ALL, Topic
from strowger.enrolment import enrol, enrol_services
from strowger.keys import path_of
from strowger.service import SERVICES, STANDBY
from strowger.settings import Settings
from strowger.supervisor import Supervisor, environment_of
from tests.faults.cluster import BROKERS, Cluster
from tests.faults.guard import guarded
from tests.faults.proxy import Proxy

COPIES: Final = len(BROKERS)
READY_SECONDS: Final = 120
_SKEW: Final = Path(__file__).parent / "skew"


@dataclass(frozen=True)
class Cast:
    """Who trades in one market: some provide, some buy."""

    providers: tuple[str, ...]
    buyers: tuple[str, ...]

    @property
    def everybody(self) -> tuple[str, ...]:
        """Give all of them."""
        return (*self.providers, *self.buyers)


def casts(count: int) -> list[Cast]:
    """Give casts for so many markets that are played side by side."""
    return [
        Cast(
            tuple(f"provider-{cast}-{each}" for each in range(2)),
            tuple(f"buyer-{cast}-{each}" for each in range(3)),
        )
        for cast in range(count)
    ]


class Processes(Protocol):
    """The processes of an exchange, by name, each started again when it ends."""

    @property
    def names(self) -> Sequence[str]:
        """Give the names of all of them."""

    def pid(self, name: str) -> int | None:
        """Give a process's id; none while it waits to be started again."""

    async def ready(self, timeout_seconds: float) -> None:
        """Wait until all of them serve."""


@dataclass(frozen=True)
class Exchange:
    """What runs, what can be done to it, and how it is met."""

    settings: Settings
    cluster: Cluster
    proxy: Proxy
    doors: Mapping[int, int]
    """By broker the port of the proxy before it."""

    processes: Processes
    clocks: Path
    log_path: Path
    casts: Sequence[Cast]

    @property
    def root(self) -> Bootstrap:
        """Give the address, met as root: what a checker reads by."""
        return self.cluster.as_root()

    def met_by(self, user: str) -> Bootstrap:
        """Give the address, met as one of the cast or the operator."""
        return meet(self.settings, self.cluster.servers, user)

    def key(self, participant: str) -> Path:
        """Say where a participant's signing key is."""
        return path_of(self.settings.keys_dir, participant)

    async def declare(self, terms: MarketTerms) -> None:
        """Declare a market; see `strowger market declare`."""
        await declare(self.met_by(OPERATOR), terms, timeout_seconds=READY_SECONDS)

    def set_clock(self, service: str, off_seconds: float) -> None:
        """Let a service's clock be off by so much from now on."""
        (self.clocks / service).write_text(str(off_seconds), encoding="ascii")

    def keep_logs(self, name: object) -> Path:
        """Copy all logs to where they outlive the play; say where."""
        kept = Path(tempfile.gettempdir()) / f"strowger-faults-logs-{name}"
        kept.mkdir(exist_ok=True)
        shutil.copy(self.log_path, kept / "services.log")
        for each in BROKERS:
            shutil.copy(self.cluster.broker(each).log, kept / f"broker-{each}.log")
        return kept

    async def audit(self) -> dict[str, Any]:
        """Decide the whole log once more, by the command that an operator types."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "strowger", "audit", "--json"),
            env=environment_of(self.settings),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        told, problem = await process.communicate()
        try:
            result: dict[str, Any] = json.loads(told)
        except ValueError:
            return {"sound": False, "problem": problem.decode(errors="replace")[-1000:]}
        return result


@asynccontextmanager
async def exchange(*, side_by_side: int, standby: bool) -> AsyncIterator[Exchange]:
    """Start a cluster and an exchange on it, with casts for so many markets; leave nothing behind.

    Raises:
        BrokerDied: a broker ended while it started.
        TimeoutError: the services don't get ready.
    """
    async with stage() as (settings, cluster, proxy, doors):
        everybody = casts(side_by_side)
        await provision(settings, cluster, everybody)
        clocks = settings.home / "clocks"
        clocks.mkdir()
        log_path = settings.home / "services.log"
        async with AsyncExitStack() as stack:
            log = stack.enter_context(log_path.open("a", encoding="utf-8", buffering=1))

            def sink(name: str, line: str) -> None:
                log.write(f"{name} | {line}\n")

            stack.enter_context(clocks_from(clocks))
            names = [*SERVICES, *([STANDBY] if standby else [])]
            processes = await stack.enter_async_context(Supervisor(settings, names, sink=sink))
            await processes.ready(READY_SECONDS)
            yield Exchange(settings, cluster, proxy, doors, processes, clocks, log_path, everybody)


@asynccontextmanager
async def stage() -> AsyncIterator[tuple[Settings, Cluster, Proxy, Mapping[int, int]]]:
    """Give a running cluster behind its proxy, in a home that is removed at the end."""
    home = Path(tempfile.mkdtemp(prefix="strowger-faults-"))
    settings = Settings(home=home, replication_factor=COPIES, authentication="required")
    cluster = Cluster(settings)
    # Nobody listens there yet: they are free for whoever asks.
    own = {
        port
        for ports in cluster.ports.values()
        for port in (ports.broker, ports.controller, ports.peers)
    }
    free = (port for port in free_ports() if port not in own)
    doors = {each: next(free) for each in cluster.ports}
    cluster.send_clients_to(doors)
    with guarded(home, [settings.broker_dir / str(each) / "process.json" for each in BROKERS]):
        async with Proxy(
            {doors[each]: ports.broker for each, ports in cluster.ports.items()}
        ) as proxy:
            try:
                await cluster.start()
                settings = settings.model_copy(update={"bootstrap": cluster.servers})
                yield settings, cluster, proxy, doors
            finally:
                cluster.end()


async def provision(
    settings: Settings, cluster: Cluster, everybody: Sequence[Cast], more: Sequence[Topic] = ()
) -> None:
    """Make topics, users, rights and keys, as the operator's commands do."""
    root = cluster.as_root()
    names = [name for cast in everybody for name in cast.everybody]
    await provisioning.apply(root, [*ALL, *more], replication_factor=COPIES)
    await provisioning.ensure_inboxes(root, names, replication_factor=COPIES)
    await authorisation.apply(root, settings.secrets_dir)
    roles: dict[str, Sequence[str]] = {}
    for cast in everybody:
        roles |= dict.fromkeys(cast.providers, ("provider",))
        roles |= dict.fromkeys(cast.buyers, ("buyer",))
    for name, role in roles.items():
        await authorisation.grant(root, name, role, secrets_dir=settings.secrets_dir)
    operator = meet(settings, cluster.servers, OPERATOR)
    await enrol_services(operator, settings.keys_dir)
    await enrol(operator, settings.keys_dir, roles)


@contextmanager
def clocks_from(directory: Path) -> Iterator[None]:
    """Let the children that are started meanwhile take their clocks' errors from there."""
    paths = [str(_SKEW), *filter(None, [os.environ.get("PYTHONPATH")])]
    given = {"PYTHONPATH": os.pathsep.join(paths), "FAULTS_CLOCKS": str(directory)}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
