"""What a request was shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import overload

from strowger.contract.charges import CostLine
from strowger.contract.families import CostBasis, ShownService
from strowger.contract.inbound import RequestSubmitted
from strowger.contract.matches import Match, NearMiss, OffersMatched


@dataclass(frozen=True, slots=True)
class ShownOffer:
    """One offer that a request was shown: all that is needed to accept it.

    `rank` 1 is the best. `cost` is for the whole request, in the offer's own `currency`, which
    binds; `lines` add it up and `breakdown` says how usage was counted. `ranking_cost` is the same
    in the market's currency. `term_months` is how long it binds; with `renewal_assumed` the
    comparison is longer than that. Only one whose `firmness` is `firm` can be accepted. Where a
    market hides its providers `provider` is `hidden`, and `offer_id` a name that only this answer
    knows: it is accepted all the same, and the confirmation tells who sold.
    """

    market: str
    request_id: str
    session_id: str | None
    rank: int
    provider: str
    offer_id: str
    revision: int
    service: ShownService
    currency: str
    cost: Decimal
    breakdown: CostBasis
    ranking_cost: Decimal
    firmness: str
    lines: tuple[CostLine, ...]
    term_months: int | None
    renewal_assumed: bool
    undetermined: tuple[str, ...]


class Matches(Sequence[ShownOffer]):
    """The offers able to satisfy a request, the best first; empty if there are none.

    `event` is the exchange's answer as it came and `asked` the request that it answers, from which
    `Matches(event, asked)` is made again.
    """

    def __init__(self, event: OffersMatched, asked: RequestSubmitted) -> None:
        self.event = event
        self.asked = asked
        self._shown = tuple(_shown(event, match) for match in event.matches)

    @property
    def request_id(self) -> str:
        """Give the request's id."""
        return self.event.request_id

    @property
    def currency(self) -> str:
        """Give the market's currency, which ranks; each offer is bound to its own."""
        return self.event.currency

    @property
    def able(self) -> int:
        """Count the offers able to satisfy the request, shown or not."""
        return self.event.able

    @property
    def near_misses(self) -> tuple[NearMiss, ...]:
        """Give the offers that fail one clause only, the nearest first, where few are able."""
        return self.event.near_misses

    @property
    def next(self) -> str | None:
        """Say where the next page begins; none where nothing ranks behind."""
        return self.event.next

    @property
    def rates_version(self) -> int | None:
        """Give the version of the market's rates that costs were compared at, if it has any."""
        return self.event.rates_version

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


def _shown(event: OffersMatched, match: Match) -> ShownOffer:
    return ShownOffer(
        market=event.market,
        request_id=event.request_id,
        session_id=event.session_id,
        rank=match.rank,
        provider=match.provider,
        offer_id=match.offer_id,
        revision=match.revision,
        service=match.service,
        currency=match.currency,
        cost=match.cost,
        breakdown=match.breakdown,
        ranking_cost=match.ranking_cost,
        firmness=match.firmness,
        lines=match.lines,
        term_months=match.term_months,
        renewal_assumed=match.renewal_assumed,
        undetermined=match.undetermined,
    )
