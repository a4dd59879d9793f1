"""The provider's side of the exchange."""

import time
from collections.abc import Callable, Iterable

from strowger.client.bulk import Bulk, DeliveryReport
from strowger.client.participant import Participant
from strowger.contract.inbound import OfferPublished, OfferWithdrawn
from strowger.contract.outbound import OfferRemoved, OfferStored
from strowger.contract.topics import OFFER_PUBLISHED
from strowger.contract.voice import VoiceTermination


class ProviderClient(Participant):
    """A provider: publishes, replaces and withdraws its offers.

    >>> async with ProviderClient("acme", bootstrap="localhost:9092") as provider:  # doctest: +SKIP
    ...     service = VoiceTermination(prefix="44", rate_per_minute=Decimal("0.0125"))
    ...     await provider.publish("voice", "uk", currency="EUR", service=service)
    """

    _last_revision = 0

    def next_revision(self) -> int:
        """Give a revision greater than any given before: the milliseconds since 1970, or more."""
        self._last_revision = max(self._last_revision + 1, time.time_ns() // 1_000_000)
        return self._last_revision

    async def publish(
        self,
        market: str,
        offer_id: str,
        *,
        currency: str,
        service: VoiceTermination,
        revision: int | None = None,
    ) -> OfferStored:
        """Store an offer, or replace the one of this id; without a revision, `next_revision()`.

        Again with the same revision and content gives the same answer.

        Raises:
            Refused: for example `refused.CurrencyMismatch`, `refused.StaleRevision`.
            OutcomeUnknown: no answer came in time; publish it again.
            pydantic.ValidationError: a field can't be sent.
        """
        event = OfferPublished(
            market=market,
            offer_id=offer_id,
            revision=self.next_revision() if revision is None else revision,
            currency=currency,
            service=service,
        )
        return await self._link.ask(
            OFFER_PUBLISHED, event, OfferStored, key=offer_id, about=offer_id
        )

    async def withdraw(
        self, market: str, offer_id: str, *, revision: int | None = None
    ) -> OfferRemoved:
        """Take an offer out of the book; what was sold of it stays sold.

        Raises:
            Refused: for example `refused.OfferUnknown`.
            OutcomeUnknown: no answer came in time; withdraw it again.
        """
        event = OfferWithdrawn(
            market=market,
            offer_id=offer_id,
            revision=self.next_revision() if revision is None else revision,
        )
        return await self._link.ask(
            OFFER_PUBLISHED, event, OfferRemoved, key=offer_id, about=offer_id
        )

    async def publish_many(
        self,
        offers: Iterable[OfferPublished | OfferWithdrawn],
        *,
        on_report: Callable[[DeliveryReport], None] | None = None,
    ) -> list[DeliveryReport]:
        """Publish and withdraw many offers at once; give one report each, in the order given.

        No more than 2,000 are unanswered at a time, and `offers` is read no faster than that.
        `on_report` is called as each report comes, in the order of the answers. Nothing is sent
        twice: a report other than `stored` and `removed` says what to do.

        Raises:
            InboxFailed: the inbox can't be read any more.
        """
        return await Bulk(self._link, on_report).run(offers)
