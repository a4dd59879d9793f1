"""The gateway of `request-submitted`: requests for service, with the number's country looked up."""

from typing import Final

from strowger.contract.commands import AnyCommand, SubmitRequest, VoiceNeed
from strowger.contract.inbound import RequestSubmitted
from strowger.contract.reading import Received
from strowger.contract.refusals import Refusal
from strowger.contract.topics import REQUEST_SUBMITTED
from strowger.gateways import gateway
from strowger.gateways.gateway import Gateway, common, refuse
from strowger.gateways.numbers import NotE164, country_of
from strowger.service import Life
from strowger.settings import Settings


def command(received: Received) -> AnyCommand:
    """Normalise one event of this topic; a number that is none is refused here."""
    match received.event:
        case RequestSubmitted() as request:
            demand = request.service
            try:
                country = country_of(demand.destination)
            except NotE164 as problem:
                return refuse(received, Refusal.NOT_E164, str(problem))
            return SubmitRequest(
                **common(received),
                request_id=request.request_id,
                session_id=request.session_id,
                service=VoiceNeed(
                    destination=demand.destination.removeprefix("+"),
                    country=country,
                    minutes=demand.minutes,
                    call_seconds=demand.call_seconds,
                ),
                max_matches=request.max_matches,
            )
        case other:
            raise TypeError(f"{REQUEST_SUBMITTED.name} does not carry {type(other).__name__}")


GATEWAY: Final = Gateway(REQUEST_SUBMITTED, command)


async def run(settings: Settings, life: Life) -> None:
    """Serve until told to stop."""
    await gateway.run(GATEWAY, settings, life)
