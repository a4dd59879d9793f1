"""The gateway of `book-requested`: providers who ask to read the stored set."""

from typing import Final

from strowger.contract.commands import AnyCommand, ReadBook
from strowger.contract.inbound import BookRequested
from strowger.contract.reading import Received
from strowger.contract.topics import BOOK_REQUESTED
from strowger.gateways import gateway
from strowger.gateways.gateway import Gateway, common
from strowger.life import Life
from strowger.settings import Settings


def command(received: Received) -> AnyCommand:
    """Normalise one event of this topic."""
    match received.event:
        case BookRequested() as question:
            return ReadBook(
                **common(received),
                read_id=question.read_id,
                most=question.most,
                after=question.after,
            )
        case other:
            raise TypeError(f"{BOOK_REQUESTED.name} does not carry {type(other).__name__}")


GATEWAY: Final = Gateway(BOOK_REQUESTED, command)


async def run(settings: Settings, life: Life) -> None:
    """Serve until told to stop."""
    await gateway.run(GATEWAY, settings, life)
