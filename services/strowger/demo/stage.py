"""The stage: a broker, every service its own process, the analyst; all stopped at the end."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from strowger.broker import authorisation, provisioning
from strowger.broker.access import OPERATOR, ROOT, Bootstrap, meet
from strowger.broker.embedded import EmbeddedBroker
from strowger.cli.shared import topic_reader
from strowger.cli.shared.place import NotSaid
from strowger.client import BuyerClient, ProviderClient
from strowger.contract.participants import Role
from strowger.contract.topics import ALL
from strowger.demo.analyst import Analyst, analyst
from strowger.demo.carriers import CARRIERS
from strowger.demo.cast import ANALYST_GROUP, BUYER
from strowger.demo.narrator import saw, say
from strowger.enrolment import enrol, enrol_services
from strowger.keys import path_of
from strowger.profile import Profile
from strowger.service import is_healthy
from strowger.settings import Settings
from strowger.sheets import GoodRow
from strowger.supervisor import Supervisor

READY_SECONDS: Final = 120
ANSWER_SECONDS: Final = 60
"""How long a client waits: longer than it takes to take a market over after a kill."""


@dataclass
class Stage:
    """What a scene plays on; `since` is where each topic ended when this run began."""

    settings: Settings
    bootstrap: Bootstrap
    """Met as root, to declare and to count; who trades is met as itself."""
    since: topic_reader.Places
    supervisor: Supervisor
    analyst: Analyst
    buyer: BuyerClient
    run: str
    """An id of this run, so that what it makes stands apart from what earlier runs left."""
    rows: tuple[GoodRow, ...] = field(default=())

    def provider(self, name: str) -> ProviderClient:
        """Give a client of one of the carriers."""
        key = path_of(self.settings.keys_dir, name)
        return ProviderClient(name, bootstrap=self.as_user(name), timeout=ANSWER_SECONDS, key=key)

    def as_user(self, name: str) -> Bootstrap:
        """Give the broker as one of the cast meets it."""
        return meet(self.settings, self.bootstrap, name)


@contextmanager
def home_of(settings: Settings, *, fresh: bool) -> Iterator[Settings]:
    """Give the settings to play with: as they are, or in a home that is removed at the end."""
    if not fresh:
        yield settings
        return
    with tempfile.TemporaryDirectory(prefix="strowger-demo-") as name:
        home = Path(name)
        yield settings.model_copy(
            update={
                "home": home,
                "ledger_path": home / "ledger.sqlite3",
                "run_dir": home / "run",
                "broker_dir": home / "broker",
                "secrets_dir": home / "secrets",
                "keys_dir": home / "keys",
            }
        )


@asynccontextmanager
async def stage(settings: Settings) -> AsyncIterator[Stage]:
    """Set the stage, and clear it whatever happens.

    Raises:
        NotSaid: the services of this home run already.
        BrokerError: no broker can be had; the message says what to do.
        TimeoutError: the services don't get ready.
    """
    if is_healthy(settings.run_dir, "matching"):
        raise NotSaid("the exchange runs already in this home: stop it first, or play with --once")
    async with _broker(settings) as address:
        settings = settings.model_copy(update={"bootstrap": address})
        bootstrap = meet(settings, address, ROOT)
        copies = settings.replication_factor
        await provisioning.apply(bootstrap, ALL, replication_factor=copies)
        names = [BUYER, *(carrier.name for carrier in CARRIERS)]
        await provisioning.ensure_inboxes(bootstrap, names, replication_factor=copies)
        await _authorise(settings, bootstrap)
        saw(f"{len(ALL)} topics and {len(names)} inboxes stand, each for whom it is for")
        await _enrol(meet(settings, address, OPERATOR), settings.keys_dir)
        saw("each of the cast has a key, and signs with it whatever it sends")
        since = await topic_reader.ends(bootstrap, [topic.name for topic in ALL])
        log = settings.run_dir / "services.log"
        settings.run_dir.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8", buffering=1) as file:
            supervisor = Supervisor(
                settings, sink=lambda name, line: print(f"{name} | {line}", file=file)
            )
            async with supervisor:
                # First, since a new broker only makes room for consumer groups when asked.
                await supervisor.ready(READY_SECONDS)
                saw(f"every service serves, each its own process; their log: {log}")
                async with (
                    analyst(settings) as hearing,
                    BuyerClient(
                        BUYER,
                        bootstrap=meet(settings, address, BUYER),
                        timeout=ANSWER_SECONDS,
                        key=path_of(settings.keys_dir, BUYER),
                    ) as buyer,
                ):
                    yield Stage(
                        settings, bootstrap, since, supervisor, hearing, buyer, run=_run_id(since)
                    )


async def _authorise(settings: Settings, bootstrap: str) -> None:
    """Let the services do what is theirs, and the cast what its roles are."""
    secrets_dir = settings.secrets_dir
    await authorisation.apply(bootstrap, secrets_dir)
    roles = {BUYER: ("buyer",), ANALYST_GROUP: ("analyst",)}
    for name in (*roles, *(carrier.name for carrier in CARRIERS)):
        role = roles.get(name, ("provider",))
        await authorisation.grant(bootstrap, name, role, secrets_dir=secrets_dir)


async def _enrol(bootstrap: str, keys_dir: Path) -> None:
    roles = {BUYER: (Role.BUYER,), **{each.name: (Role.PROVIDER,) for each in CARRIERS}}
    await enrol_services(bootstrap, keys_dir)
    await enrol(bootstrap, keys_dir, roles)


def _run_id(since: topic_reader.Places) -> str:
    """Name this run after how far the topics had come when it began."""
    return f"run-{sum(since.values())}"


@asynccontextmanager
async def _broker(settings: Settings) -> AsyncIterator[str]:
    """Give the broker that the settings name, or this home's own, started if it does not run."""
    if settings.bootstrap is not None:
        say(f"using the Kafka at {settings.bootstrap}")
        yield settings.bootstrap
        return
    own = EmbeddedBroker.from_settings(settings)
    ran_before = own.status().running
    say("starting this machine's own Kafka (the first time, its jars are downloaded)")
    try:
        bootstrap = await asyncio.to_thread(own.start)
        saw(f"Kafka serves at {bootstrap}")
        yield bootstrap
    finally:
        if not ran_before:
            await asyncio.to_thread(own.stop)


def remember(stage: Stage, market: str) -> None:
    """Save a profile, so that a second terminal works without flags."""
    own = EmbeddedBroker.from_settings(stage.settings).status().running
    Profile(
        # The own broker is found through its home, also when it comes back on another port.
        bootstrap=None if own else str(stage.bootstrap),
        market=market,
        buyer=BUYER,
        provider=CARRIERS[0].name,
    ).save(stage.settings.home)
