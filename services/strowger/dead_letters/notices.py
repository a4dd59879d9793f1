"""Send notices that found no inbox, each once: a record and the word of it, together."""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiokafka.errors import ProducerFenced

from strowger.broker import connections
from strowger.broker.appending import Append, Appender
from strowger.broker.rights import NOTIFIER_REPLAYS
from strowger.contract.handled import Handled, encode
from strowger.contract.topics import INBOX_PREFIX
from strowger.dead_letters.becoming import ForAnInbox
from strowger.dead_letters.errors import Overtaken
from strowger.dead_letters.letters import NOTICES, Letter, read_notices
from strowger.notifier.service import Inboxes

_A_TRANSACTION: Final = 500
_ATTEMPTS: Final = 5
_OVERTAKEN_SECONDS: Final = 1.0


async def existing_inboxes(bootstrap: str) -> frozenset[str]:
    """Give the inboxes that exist; the broker is to be met as the notifier, who sees them all."""
    async with connections.producer(bootstrap, client_id=NOTIFIER_REPLAYS) as producer:
        topics = (await producer.client.fetch_all_metadata()).topics()
    return frozenset(topic for topic in topics if topic.startswith(INBOX_PREFIX))


async def send(bootstrap: str, letters: Sequence[tuple[Letter, ForAnInbox]]) -> None:
    """Send notices; where another operator takes over meanwhile, see what that one left to do.

    Raises:
        Overtaken: others take over again and again.
    """
    for _ in range(_ATTEMPTS):
        try:
            await _send_as_the_last(bootstrap, letters)
        except ProducerFenced:
            await asyncio.sleep(_OVERTAKEN_SECONDS)
        else:
            return
    raise Overtaken("others replay notices at the same time: say it again when they are done")


async def _send_as_the_last(bootstrap: str, letters: Sequence[tuple[Letter, ForAnInbox]]) -> None:
    """Put notices into their inboxes, and write down that they are, together.

    Starting the producer ends what another operator has begun: none is sent twice.
    """
    producer = connections.transactional_producer(bootstrap, transactional_id=NOTIFIER_REPLAYS)
    async with producer:
        await Inboxes(producer).look()
        sent = await read_notices(bootstrap)
        due = [each for each in letters if each[0].id not in sent]
        appender = Appender(producer)
        for begin in range(0, len(due), _A_TRANSACTION):
            some = due[begin : begin + _A_TRANSACTION]
            async with producer.transaction():
                await appender.append(record for each in some for record in _noticed(*each))


def _noticed(letter: Letter, it: ForAnInbox) -> tuple[Append, Append]:
    word = encode(Handled(letter.id, "replay"))
    return it.notice, Append(NOTICES.topic, NOTICES.partition, letter.id.encode(), word)
