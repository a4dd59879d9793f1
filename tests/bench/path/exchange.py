"""The exchange that is measured: a broker and the services, each a process; events are signed."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from strowger import keys
from strowger.broker import authorisation, provisioning
from strowger.broker.access import OPERATOR, Bootstrap, meet
from strowger.broker.embedded import EmbeddedBroker
from strowger.broker.registering import register
from strowger.cli.shared.declaring import declare
from strowger.client import BuyerClient, ProviderClient
from strowger.contract.market_terms import MarketTerms
from strowger.contract.participants import Role
from strowger.contract.topics import ALL
from strowger.enrolment import enrol_services, registration_of
from strowger.keys import path_of
from strowger.service import SERVICES
from strowger.settings import Settings
from strowger.supervisor import Supervisor

MARKET: Final = "voice"
PROVIDER: Final = "acme"
BUYER: Final = "globex"
ANSWER_SECONDS: Final = 60.0
READY_SECONDS: Final = 120.0
EVENTS_PER_SECOND: Final = 1_000_000


@dataclass(frozen=True)
class Exchange:
    """A broker with every topic, user, right and key, and a supervisor of the services."""

    settings: Settings
    root: Bootstrap
    supervisor: Supervisor

    def buyer(self) -> BuyerClient:
        """Make the buyer's client."""
        return BuyerClient(
            BUYER, bootstrap=self._as(BUYER), timeout=ANSWER_SECONDS, key=self._key(BUYER)
        )

    def provider(self) -> ProviderClient:
        """Make the provider's client."""
        key = self._key(PROVIDER)
        return ProviderClient(
            PROVIDER, bootstrap=self._as(PROVIDER), timeout=ANSWER_SECONDS, key=key
        )

    async def declare(self, market: str = MARKET) -> None:
        """Declare a market in EUR that is open, with or without sessions."""
        await declare(meet(self.settings, self.root, OPERATOR), terms(market))

    def _as(self, name: str) -> Bootstrap:
        return meet(self.settings, self.root, name)

    def _key(self, name: str) -> Path:
        return path_of(self.settings.keys_dir, name)


def terms(market: str) -> MarketTerms:
    """Say what a market of the measurement is: open, in EUR, with or without sessions."""
    return MarketTerms(
        market=market,
        currency="EUR",
        sessions="optional",
        min_ttl_seconds=1,
        max_ttl_seconds=3600,
        match_validity_seconds=3600,
        default_call_seconds=180,
        public_buyer=False,
    )


@asynccontextmanager
async def exchange(names: Iterable[str] = tuple(SERVICES)) -> AsyncIterator[Exchange]:
    """Start a broker and the named services in a home that is removed at the end."""
    async with AsyncExitStack() as while_measuring:
        home = Path(while_measuring.enter_context(tempfile.TemporaryDirectory(prefix="strowger-")))
        broker = EmbeddedBroker.from_settings(Settings(home=home))
        while_measuring.callback(broker.stop)
        root = await asyncio.to_thread(broker.start)
        settings = Settings(home=home, bootstrap=str(root), authentication="required")
        await provision(settings, root)
        written = while_measuring.enter_context((home / "services.log").open("w", buffering=1))
        supervisor = Supervisor(
            settings, names, sink=lambda name, line: print(f"{name} | {line}", file=written)
        )
        await while_measuring.enter_async_context(supervisor)
        await supervisor.ready(READY_SECONDS)
        yield Exchange(settings, root, supervisor)


async def provision(settings: Settings, root: Bootstrap) -> None:
    """Make topics and inboxes, users and their rights, keys and their registrations."""
    await provisioning.apply(root, ALL)
    await provisioning.ensure_inboxes(root, [PROVIDER, BUYER])
    await authorisation.apply(root, settings.secrets_dir)
    roles = {PROVIDER: (Role.PROVIDER,), BUYER: (Role.BUYER,)}
    for name, said in roles.items():
        await authorisation.grant(root, name, said, secrets_dir=settings.secrets_dir)
    operator = meet(settings, root, OPERATOR)
    await enrol_services(operator, settings.keys_dir)
    # With no limit that a measurement meets: how fast it is shall depend on nothing but the way.
    wanted = [
        registration_of(
            name,
            keys.kept_or_new(settings.keys_dir, name).public,
            said,
            events_per_second=EVENTS_PER_SECOND,
        )
        for name, said in roles.items()
    ]
    await register(operator, wanted)
