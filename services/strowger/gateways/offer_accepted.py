"""The gateway of `offer-accepted`: acceptances, and questions after their outcome."""

from typing import Final

from strowger.contract.commands import AcceptOffer, AnyCommand, TellOutcome
from strowger.contract.inbound import OfferAccepted, OutcomeRequested
from strowger.contract.reading import Received
from strowger.contract.topics import OFFER_ACCEPTED
from strowger.gateways import gateway
from strowger.gateways.gateway import Gateway, common
from strowger.life import Life
from strowger.settings import Settings


def command(received: Received) -> AnyCommand:
    """Normalise one event of this topic."""
    match received.event:
        case OfferAccepted() as acceptance:
            return AcceptOffer(
                **common(received),
                acceptance_id=acceptance.acceptance_id,
                session_id=acceptance.session_id,
                request_id=acceptance.request_id,
                provider=acceptance.provider,
                offer_id=acceptance.offer_id,
                revision=acceptance.revision,
            )
        case OutcomeRequested() as question:
            return TellOutcome(**common(received), acceptance_id=question.acceptance_id)
        case other:
            raise TypeError(f"{OFFER_ACCEPTED.name} does not carry {type(other).__name__}")


GATEWAY: Final = Gateway(OFFER_ACCEPTED, command)


async def run(settings: Settings, life: Life) -> None:
    """Serve until told to stop."""
    await gateway.run(GATEWAY, settings, life)
