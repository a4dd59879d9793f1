"""The gateway of `session-opened`: sessions that buyers open."""

from typing import Final

from strowger.contract.commands import AnyCommand, OpenSession
from strowger.contract.inbound import SessionOpened
from strowger.contract.reading import Received
from strowger.contract.topics import SESSION_OPENED
from strowger.gateways import gateway
from strowger.gateways.gateway import Gateway, common
from strowger.life import Life
from strowger.settings import Settings


def command(received: Received) -> AnyCommand:
    """Normalise one event of this topic."""
    match received.event:
        case SessionOpened() as opening:
            return OpenSession(
                **common(received), session_id=opening.session_id, ttl_seconds=opening.ttl_seconds
            )
        case other:
            raise TypeError(f"{SESSION_OPENED.name} does not carry {type(other).__name__}")


GATEWAY: Final = Gateway(SESSION_OPENED, command)


async def run(settings: Settings, life: Life) -> None:
    """Serve until told to stop."""
    await gateway.run(GATEWAY, settings, life)
