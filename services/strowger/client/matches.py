"""What a request was shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import overload

from strowger.contract.outbound import OffersMatched
from strowger.contract.voice import VoiceCost, VoiceShown


@dataclass(frozen=True, slots=True)
class ShownOffer:
    """One offer that a request was shown: all that is needed to accept it.

    `rank` 1 is the cheapest; `cost` is for the whole request, in `currency`, and `breakdown` says
    how it came about.
    """

    market: str
    request_id: str
    session_id: str | None
    rank: int
    provider: str
    offer_id: str
    revision: int
    service: VoiceShown
    currency: str
    cost: Decimal
    breakdown: VoiceCost


class Matches(Sequence[ShownOffer]):
    """The offers able to satisfy a request, cheapest first; empty if there are none.

    `able` counts them all, also those beyond `max_matches`; `valid_until` is set where there is no
    session; `event` is the exchange's answer as it came, from which `Matches(event)` is made again.
    """

    def __init__(self, event: OffersMatched) -> None:
        self.event = event
        self._shown = tuple(
            ShownOffer(
                market=event.market,
                request_id=event.request_id,
                session_id=event.session_id,
                rank=match.rank,
                provider=match.provider,
                offer_id=match.offer_id,
                revision=match.revision,
                service=match.service,
                currency=event.currency,
                cost=match.cost,
                breakdown=match.breakdown,
            )
            for match in event.matches
        )

    @property
    def request_id(self) -> str:
        """Give the request's id."""
        return self.event.request_id

    @property
    def currency(self) -> str:
        """Give the currency of every cost."""
        return self.event.currency

    @property
    def able(self) -> int:
        """Count the offers able to satisfy the request, shown or not."""
        return self.event.able

    @property
    def valid_until(self) -> datetime | None:
        """Give the time from which nothing shown can be accepted; none within a session."""
        return self.event.valid_until

    @overload
    def __getitem__(self, index: int) -> ShownOffer: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[ShownOffer]: ...

    def __getitem__(self, index: int | slice) -> ShownOffer | Sequence[ShownOffer]:
        return self._shown[index]

    def __len__(self) -> int:
        return len(self._shown)

    def __repr__(self) -> str:
        return f"Matches({self.request_id!r}, {len(self)} shown of {self.able} able)"
