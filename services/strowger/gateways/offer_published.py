"""The gateway of `offer-published`: offers published, replaced and withdrawn."""

from typing import Final

from strowger.contract.commands import AnyCommand, PublishOffer, VoiceTerms, WithdrawOffer
from strowger.contract.fields import to_nano
from strowger.contract.inbound import OfferPublished, OfferWithdrawn
from strowger.contract.reading import Received
from strowger.contract.topics import OFFER_PUBLISHED
from strowger.contract.voice import VoiceTermination
from strowger.gateways import gateway
from strowger.gateways.brake import LagBrake, asking_the_group
from strowger.gateways.gateway import Gateway, common
from strowger.service import Life, bootstrap_of
from strowger.settings import Settings


def command(received: Received) -> AnyCommand:
    """Normalise one event of this topic."""
    match received.event:
        case OfferPublished() as offer:
            return PublishOffer(
                **common(received),
                offer_id=offer.offer_id,
                revision=offer.revision,
                currency=offer.currency,
                service=_terms(offer.service),
            )
        case OfferWithdrawn() as withdrawal:
            return WithdrawOffer(
                **common(received), offer_id=withdrawal.offer_id, revision=withdrawal.revision
            )
        case other:
            raise TypeError(f"{OFFER_PUBLISHED.name} does not carry {type(other).__name__}")


def _terms(service: VoiceTermination) -> VoiceTerms:
    return VoiceTerms(
        prefix=service.prefix,
        deck=service.deck,
        rate_nano=to_nano(service.rate_per_minute),
        minimum_seconds=service.minimum_seconds,
        increment_seconds=service.increment_seconds,
        connect_fee_nano=to_nano(service.connect_fee),
        capacity_minutes=service.capacity_minutes,
    )


GATEWAY: Final = Gateway(OFFER_PUBLISHED, command)


async def run(settings: Settings, life: Life) -> None:
    """Serve until told to stop, with the brake: offers come in bulk, the other topics do not."""
    async with asking_the_group(bootstrap_of(settings), GATEWAY.name) as admin:
        await gateway.run(GATEWAY, settings, life, lambda consumer: LagBrake(consumer, admin))
