"""What a request can say beside the service that it asks for."""

from decimal import Decimal
from typing import Literal, TypedDict

from strowger.contract.families import RequestedService
from strowger.contract.inbound import RankBy
from strowger.contract.voice import VoiceDemand


class Wishes(TypedDict, total=False):
    """The keywords of `request` that any service takes; `RequestSubmitted` says what each means."""

    max_matches: int | None
    comparison_months: int
    max_term_months: int | None
    max_cost: Decimal | None
    undetermined: Literal["fail", "pass"]
    firm_only: bool
    exclude_providers: tuple[str, ...]
    ranking: RankBy
    near_misses: int


def demanded(
    service: RequestedService | None,
    to: str | None,
    minutes: int | None,
    call_seconds: int | None,
) -> RequestedService:
    """Give the service that is asked for: as a model, or as minutes of calls to a number.

    Raises:
        TypeError: it is said in both ways, or in neither.
        pydantic.ValidationError: the number or a quantity can't be sent.
    """
    if service is None:
        if to is None or minutes is None:
            raise TypeError("a request takes a service, or `to` and `minutes` for calls")
        return VoiceDemand(destination=to, minutes=minutes, call_seconds=call_seconds)
    if (to, minutes, call_seconds) != (None, None, None):
        raise TypeError("`to`, `minutes` and `call_seconds` stand for a service: give one of both")
    return service
