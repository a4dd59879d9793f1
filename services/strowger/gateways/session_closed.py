"""The gateway of `session-closed`: sessions closed by their buyer, or by the timeout processor."""

from typing import Final

from strowger.contract.commands import SESSION_TIMEOUT, AnyCommand, CloseSession
from strowger.contract.inbound import SessionClosed
from strowger.contract.reading import Received
from strowger.contract.refusals import Refusal
from strowger.contract.topics import SESSION_CLOSED
from strowger.gateways import gateway
from strowger.gateways.gateway import Gateway, common, refuse
from strowger.life import Life
from strowger.settings import Settings


def command(received: Received) -> AnyCommand:
    """Normalise one event of this topic; who says `timed_out` is settled here.

    Whether the session is the sender's to close is the market's to say: it knows whose it is.
    """
    match received.event:
        case SessionClosed() as closing:
            by_time = closing.reason == "timed_out"
            if by_time != (received.sender == SESSION_TIMEOUT):
                detail = "a session times out by the exchange's word, is terminated by its buyer's"
                return refuse(received, Refusal.NOT_ALLOWED, detail)
            return CloseSession(
                **common(received),
                session_id=closing.session_id,
                buyer=closing.buyer or received.sender,
                reason=closing.reason,
            )
        case other:
            raise TypeError(f"{SESSION_CLOSED.name} does not carry {type(other).__name__}")


GATEWAY: Final = Gateway(SESSION_CLOSED, command, services=frozenset({SESSION_TIMEOUT}))


async def run(settings: Settings, life: Life) -> None:
    """Serve until told to stop."""
    await gateway.run(GATEWAY, settings, life)
