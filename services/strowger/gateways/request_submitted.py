"""The gateway of `request-submitted`: requests for service, with what can be looked up of them."""

from typing import Final

from strowger.contract.commands import AnyCommand, SubmitRequest
from strowger.contract.inbound import RequestSubmitted
from strowger.contract.reading import Received
from strowger.contract.topics import REQUEST_SUBMITTED
from strowger.gateways import gateway
from strowger.gateways.gateway import Gateway, common, refuse
from strowger.gateways.lookups import look_up
from strowger.gateways.unknown import Unknown
from strowger.gateways.wishes import wish_of
from strowger.life import Life
from strowger.settings import Settings


def command(received: Received) -> AnyCommand:
    """Normalise one event of this topic; a number, place or network that is none is refused."""
    match received.event:
        case RequestSubmitted() as request:
            try:
                looked_up = look_up(request.service)
                wish = wish_of(request)
            except Unknown as problem:
                return refuse(received, problem.refusal, str(problem))
            return SubmitRequest(
                **common(received),
                request_id=request.request_id,
                session_id=request.session_id,
                service=request.service.need(looked_up),
                max_matches=request.max_matches,
                wish=wish,
            )
        case other:
            raise TypeError(f"{REQUEST_SUBMITTED.name} does not carry {type(other).__name__}")


GATEWAY: Final = Gateway(REQUEST_SUBMITTED, command)


async def run(settings: Settings, life: Life) -> None:
    """Serve until told to stop."""
    await gateway.run(GATEWAY, settings, life)
