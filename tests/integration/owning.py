"""What a test does with a partition that it owns: commands appended, read back, and decided."""

import time

from strowger.broker import connections
from strowger.broker.appending import Append, Appender, partition_of
from strowger.broker.consuming import Record
from strowger.contract.commands import AnyCommand, encode
from strowger.contract.topics import MARKET_LOG
from strowger.matching.owner import Owner
from tests.commands import Commands
from tests.integration.topics import read_from
from tests.support import unique


def market_of_now() -> Commands:
    """Give a market that no other test has, at the present time."""
    return Commands(unique("market"), sent_at_ms=time.time_ns() // 1_000_000)


def partition_of_market(market: str) -> int:
    """Say in which partition of the log a market lies."""
    return partition_of(market.encode(), MARKET_LOG.partitions)


async def append(bootstrap: str, *records: Append) -> None:
    """Append records to where they say."""
    async with connections.producer(bootstrap, client_id="test") as producer:
        await Appender(producer).append(records)


async def written(bootstrap: str, owner: Owner, *commands: AnyCommand) -> list[Record]:
    """Append commands of one market to the log, and give the records as the owner reads them."""
    market = commands[0].market
    partition = partition_of_market(market)
    await append(
        bootstrap,
        *(Append(MARKET_LOG.name, partition, market.encode(), encode(each)) for each in commands),
    )
    return await read_from(bootstrap, MARKET_LOG.name, partition, owner.next_offset)


async def decide(bootstrap: str, owner: Owner, *commands: AnyCommand) -> None:
    """Append commands of one market to the log and have them decided."""
    await owner.decide(await written(bootstrap, owner, *commands))
