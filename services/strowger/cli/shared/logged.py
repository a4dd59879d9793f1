"""Read single commands of the log, for who wants to see what was sent."""

from collections.abc import Iterable

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from strowger.broker.access import OPERATOR
from strowger.broker.errors import BrokerError
from strowger.cli.shared import topic_reader
from strowger.cli.shared.place import NotSaid, Place
from strowger.contract.commands import AnyCommand, CommandTooNew, decode
from strowger.contract.topics import MARKET_LOG


async def commands_at(
    here: Place, partition: int, offsets: Iterable[int]
) -> dict[int, AnyCommand] | None:
    """Give the commands at these offsets, as far as they are kept; none where no broker answers."""
    log = TopicPartition(MARKET_LOG.name, partition)
    found: dict[int, AnyCommand] = {}
    try:
        bootstrap = await here.broker(OPERATOR)
        begins = (await topic_reader.starts(bootstrap, [MARKET_LOG.name])).get(log, 0)
        ends = (await topic_reader.ends(bootstrap, [MARKET_LOG.name])).get(log, 0)
        for offset in sorted(set(offsets)):
            if begins <= offset < ends:
                async for record in topic_reader.read(bootstrap, {log: offset}, {log: offset + 1}):
                    found[offset] = decode(record.value or b"")
    except (NotSaid, BrokerError, KafkaError, msgspec.MsgspecError, CommandTooNew, OSError):
        return None
    return found
