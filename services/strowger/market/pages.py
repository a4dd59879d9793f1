"""Continuations: where the page before ended, for the same request alone to go on from."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import Annotated, Final, NamedTuple

import msgspec

from strowger.contract.commands import SubmitRequest
from strowger.market.ranking import Order

_MOST_SHOWN: Final = 10**9
"""More than any market holds."""


class Continuation(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """How many offers were shown so far, the place of the last, and for what they were."""

    shown: Annotated[int, msgspec.Meta(ge=0, le=_MOST_SHOWN)]
    last: Order
    request: str


class Start(NamedTuple):
    """Where a page starts: behind how many offers, and behind which place; none: at the top."""

    shown: int = 0
    last: Order | None = None


def start_of(command: SubmitRequest) -> Start | None:
    """Give where a request's page starts; none where its continuation is not of this request."""
    after = command.wish.after
    if after is None:
        return Start()
    try:
        data = urlsafe_b64decode(after + "=" * (-len(after) % 4))
        read = msgspec.json.decode(data, type=Continuation)
    except (ValueError, RecursionError):  # of base64 and of msgspec alike
        return None
    if read.request != _digest(command) or not _is_place(command, read.last):
        return None
    return Start(read.shown, read.last)


def continuation(command: SubmitRequest, shown: int, last: Order) -> str:
    """Give the `next` of an answer whose last offer has this place."""
    encoded = msgspec.json.encode(Continuation(shown, last, _digest(command)))
    return urlsafe_b64encode(encoded).decode().rstrip("=")


def follows(place: Order, start: Start) -> bool:
    """Say whether a place is behind a page's start."""
    return start.last is None or place > start.last


def _is_place(command: SubmitRequest, last: Order) -> bool:
    """Say whether this can be the place of an offer as the request ranks them: see `ranking`.

    Buyers can make continuations by hand, and places of other parts could not be compared.
    """
    measures = {"quality": 2 * len(command.wish.ranking.attributes) + 1, "weighted": 2}
    numbers = measures.get(command.wish.ranking.by, 1) + 2  # and how long it stands
    kinds = [type(part) for part in last]
    return kinds == [*[int] * numbers, str, str]


def _digest(command: SubmitRequest) -> str:
    wish = msgspec.structs.replace(command.wish, after=None, near_misses=0)
    need = msgspec.structs.replace(command.service, looked_up=None)
    said = msgspec.json.encode([command.participant, need, wish], order="deterministic")
    return blake2b(said, digest_size=8).hexdigest()
