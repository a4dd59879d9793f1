"""The operator: it writes commands to `market-log` by itself, as `strowger market` does."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Final

from strowger.broker.appending import Append, partition_of
from strowger.contract import commands
from strowger.contract.commands import AnyCommand, ControlMarket, DeclareMarket, DeclareRates
from strowger.contract.topics import MARKET_LOG
from strowger.gateways.gateway import Common
from strowger.market.rules import NEWEST_RULES
from tests.simulation.cluster import Cluster
from tests.simulation.loop import now_ms

POLICIES: Final = ("open", "guarded", "sealed", "snapshot")


class Operator:
    """Declares a market, and now and then halts it, or somebody, or changes its policy."""

    def __init__(
        self, market: str, participants: Sequence[str], cluster: Cluster, random: Random
    ) -> None:
        self._market, self._participants = market, participants
        self._log, self._random = cluster.log, random
        self._count = 0
        self.policy = random.choice(POLICIES)

    def declare(self) -> None:
        """Declare the market."""
        chance = self._random
        self._write(
            DeclareMarket(
                **self._common(),
                policy=self.policy,
                currency="EUR",
                sessions=chance.choice(("optional", "optional", "required")),
                min_ttl_seconds=1,
                max_ttl_seconds=10,
                match_validity_seconds=5,
                default_call_seconds=60,
                public_buyer=chance.random() < 0.5,
                increase_notice_seconds=chance.choice((0, 0, 0, 2)),
                hold_capacity=chance.random() < 0.4,
                denied_changes="refuse"
                if self.policy == "sealed" and chance.random() < 0.3
                else "defer",
                max_deferral_seconds=chance.choice((10, 20)),
                max_open_sessions=chance.choice((None, 1, 2)),
                max_stored_offers=chance.choice((None, None, 2)),
                max_session_requests=chance.choice((None, 1, 3)),
                providers_hidden=chance.random() < 0.3,
                rules_version=NEWEST_RULES,
            )
        )

    async def live(self, until_seconds: float) -> None:
        """Mostly do nothing."""
        loop = asyncio.get_running_loop()
        while loop.time() < until_seconds:
            await asyncio.sleep(self._random.uniform(2, 10))
            match self._random.randrange(8):
                case 0:
                    await self._halt("pause", "resume", None)
                case 1:
                    who = self._random.choice(self._participants)
                    await self._halt("suspend", "readmit", who)
                case 2:
                    self._control("policy", self._random.choice(POLICIES))
                case 3 if self._random.random() < 0.2:
                    self._control("close", None)
                case 4:
                    rates = DeclareRates(
                        **self._common(), version=self._count, rates_nano={"USD": 900_000_000}
                    )
                    self._write(rates)
                case 5:
                    self.declare()

    async def _halt(self, action: str, undoing: str, subject: str | None) -> None:
        self._control(action, subject)
        await asyncio.sleep(self._random.uniform(0.2, 3))
        self._control(undoing, subject)

    def _control(self, action: str, subject: str | None) -> None:
        self._write(ControlMarket(**self._common(), action=action, subject=subject))

    def _common(self) -> Common:
        self._count += 1
        return {
            "market": self._market,
            "participant": commands.OPERATOR,
            "causation_id": f"operator-{self._market}-{self._count}",
            "sent_at_ms": now_ms(),
        }

    def _write(self, command: AnyCommand) -> None:
        key = command.market.encode()
        partition = partition_of(key, MARKET_LOG.partitions)
        append = Append(MARKET_LOG.name, partition, key, commands.encode(command))
        self._log.append(MARKET_LOG.name, partition, [append])
