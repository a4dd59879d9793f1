"""Where a test of the SDK trades: a market of its own, with a provider and a buyer in it."""

from dataclasses import dataclass
from decimal import Decimal

from strowger.broker import connections, provisioning
from strowger.client import BuyerClient, ProviderClient
from strowger.contract import commands, topics
from strowger.contract.voice import VoiceTermination
from tests.support import unique


@dataclass(frozen=True)
class Place:
    """A market of a test's own, its broker, and a provider and a buyer who were added."""

    market: str
    bootstrap: str
    acme: str
    globex: str

    def provider(self) -> ProviderClient:
        """Make the provider's client."""
        return ProviderClient(self.acme, bootstrap=self.bootstrap)

    def buyer(self) -> BuyerClient:
        """Make the buyer's client; each call is as a process of its own."""
        return BuyerClient(self.globex, bootstrap=self.bootstrap)

    async def publish(self, provider: ProviderClient, offer_id: str, rate: str) -> None:
        """Publish an offer for the United Kingdom with a capacity of 1,000 minutes."""
        service = VoiceTermination(
            prefix="44", deck=offer_id, rate_per_minute=Decimal(rate), capacity_minutes=1000
        )
        await provider.publish(self.market, offer_id, currency="EUR", service=service)


async def market_at(
    bootstrap: str,
    *,
    increase_notice_seconds: int = 0,
    closure_notice_seconds: int = 0,
    policy: str = "open",
    denied_changes: str = "defer",
) -> Place:
    """Declare a market that trades with and without sessions, and add its two participants."""
    place = Place(unique("market"), bootstrap, unique("acme"), unique("globex"))
    await provisioning.apply(bootstrap, [topics.inbox(place.acme), topics.inbox(place.globex)])
    declaration = commands.DeclareMarket(
        market=place.market,
        participant=commands.OPERATOR,
        causation_id=unique("e"),
        sent_at_ms=0,
        policy=policy,
        denied_changes=denied_changes,
        currency="EUR",
        sessions="optional",
        min_ttl_seconds=1,
        max_ttl_seconds=3600,
        match_validity_seconds=60,
        default_call_seconds=180,
        public_buyer=False,
        increase_notice_seconds=increase_notice_seconds,
        closure_notice_seconds=closure_notice_seconds,
    )
    async with connections.producer(bootstrap, client_id="operator") as producer:
        await producer.send_and_wait(
            topics.MARKET_LOG.name, key=place.market.encode(), value=commands.encode(declaration)
        )
    return place
