"""The gateway of `offer-published`: offers published, replaced, withdrawn; shared capacity."""

from typing import Final

from strowger.contract.commands import AnyCommand, PublishCapacity, PublishOffer, WithdrawOffer
from strowger.contract.fields import Timestamp, to_millis
from strowger.contract.inbound import CapacityPublished, OfferPublished, OfferWithdrawn
from strowger.contract.reading import Received
from strowger.contract.topics import OFFER_PUBLISHED
from strowger.gateways import gateway
from strowger.gateways.brake import LagBrake, asking_the_group, asking_the_log
from strowger.gateways.gateway import Gateway, common, refuse
from strowger.gateways.lookups import look_up
from strowger.gateways.unknown import Unknown
from strowger.life import Life
from strowger.service import bootstrap_of
from strowger.settings import Settings


def command(received: Received) -> AnyCommand:
    """Normalise one event of this topic; a place or network that is none is refused here."""
    match received.event:
        case OfferPublished() as offer:
            return _published(received, offer)
        case OfferWithdrawn() as withdrawal:
            return WithdrawOffer(
                **common(received),
                offer_id=withdrawal.offer_id,
                revision=withdrawal.revision,
                effective_at_ms=_millis(withdrawal.effective_at),
            )
        case CapacityPublished() as capacity:
            return PublishCapacity(
                **common(received),
                pool=capacity.pool,
                revision=capacity.revision,
                units=capacity.units,
                period=capacity.period,
                channels=capacity.channels,
            )
        case other:
            raise TypeError(f"{OFFER_PUBLISHED.name} does not carry {type(other).__name__}")


def _published(received: Received, offer: OfferPublished) -> AnyCommand:
    try:
        look_up(offer.service)
    except Unknown as problem:
        return refuse(received, problem.refusal, str(problem))
    return PublishOffer(
        **common(received),
        offer_id=offer.offer_id,
        revision=offer.revision,
        currency=offer.currency,
        service=offer.service.terms(),
        effective_at_ms=_millis(offer.effective_at),
        firmness=offer.firmness,
        pool=offer.pool,
        audience=None if offer.audience is None else tuple(sorted(set(offer.audience))),
    )


def _millis(moment: Timestamp | None) -> int | None:
    return None if moment is None else to_millis(moment)


GATEWAY: Final = Gateway(OFFER_PUBLISHED, command)


async def run(settings: Settings, life: Life) -> None:
    """Serve until told to stop, with the brake: offers come in bulk, the other topics do not."""
    bootstrap = bootstrap_of(settings, GATEWAY.name)
    async with (
        asking_the_group(bootstrap, GATEWAY.name) as admin,
        asking_the_log(bootstrap, GATEWAY.name) as asker,
    ):
        await gateway.run(GATEWAY, settings, life, LagBrake(asker, admin))
