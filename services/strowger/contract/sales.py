"""What a sale freezes, for its buyer, its provider and the public record."""

from typing import ClassVar, Literal

from strowger.contract.charges import CostLine, PriceTerms
from strowger.contract.event import OutboundEvent
from strowger.contract.families import SoldService
from strowger.contract.fields import Currency, Money, ParticipantId, Reference, Timestamp


class Contract(OutboundEvent):
    """What a sale froze, whatever is published later.

    `service` is its scope and qualities, without the more specific codes that `excludes` names: the
    provider priced them apart when this was shown, by revisions that stand at the sale. `cost` is
    the sum of `lines`, in the offer's own `currency`; `ranking_cost` was compared, in the market's
    currency at `rates_version`. The price terms are those in force since `effective_at`; the
    contract runs from `starts_at` and binds until `ends_at`, if there is a term. `quantity` counts
    the family's units a month.
    """

    contract_id: str
    offer_id: Reference
    revision: int
    service: SoldService
    currency: Currency
    cost: Money
    prices: PriceTerms
    lines: tuple[CostLine, ...]
    quantity: int
    channels: int
    comparison_months: int
    term_months: int | None
    renewal_assumed: bool
    excludes: tuple[str, ...]
    effective_at: Timestamp
    starts_at: Timestamp
    ends_at: Timestamp | None
    ranking_cost: Money
    rates_version: int | None


class AcceptanceConfirmed(Contract):
    """The sale is made; nothing that happens later undoes it.

    In the buyer's inbox every field is set; on the topic `acceptance-confirmed` the buyer, and the
    buyer's own ids, are left out unless the market declares them public.
    """

    TYPE: ClassVar[str] = "strowger.acceptance-confirmed.v1"
    type: Literal["acceptance-confirmed"] = "acceptance-confirmed"
    acceptance_id: Reference | None
    session_id: Reference | None
    request_id: Reference | None
    buyer: ParticipantId | None
    provider: ParticipantId


class OfferSold(Contract):
    """A provider's notice that some of its offer was sold."""

    TYPE: ClassVar[str] = "strowger.offer-sold.v1"
    type: Literal["offer-sold"] = "offer-sold"
    buyer: ParticipantId
    remaining: int | None
    """Units of capacity left, of the offer or its pool; none where it is unlimited.

    Nor is it told in guarded and sealed markets, where sessions may hold or have bought some: there
    a provider counts what it was told of."""

    remaining_channels: int | None = None
    """Channels left of the pool; none where they are not counted, or not told, as units."""
