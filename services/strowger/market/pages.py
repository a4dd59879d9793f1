"""Continuations: where the page before ended, for the same request alone to go on from.

A place names the offer that stands there. Where providers are hidden a continuation names the page
instead, by its request and time, and that request's row knows the place.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import Annotated, Final, NamedTuple

import msgspec

from strowger.contract.commands import SubmitRequest
from strowger.market.book import Book
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


def start_of(book: Book, command: SubmitRequest) -> Start | None:
    """Give where a request's page starts; none where its continuation is not of this request."""
    after = command.wish.after
    if after is None:
        return Start()
    try:
        data = urlsafe_b64decode(after + "=" * (-len(after) % 4))
        read = msgspec.json.decode(data, type=Continuation)
    except (ValueError, RecursionError):  # of base64 and of msgspec alike
        return None
    last = _page_end(book, command, read.last) if book.state.providers_hidden else read.last
    if read.request != _digest(command) or last is None or not _is_place(command, last):
        return None
    return Start(read.shown, last)


def continuation(command: SubmitRequest, shown: int, last: Order) -> str:
    """Give the `next` of an answer whose last offer has this place."""
    encoded = msgspec.json.encode(Continuation(shown, last, _digest(command)))
    return urlsafe_b64encode(encoded).decode().rstrip("=")


def hidden_place(command: SubmitRequest, at_ms: int) -> Order:
    """Give what stands for the place of a page's last offer where no buyer may hold that."""
    return at_ms, command.request_id


def follows(place: Order, start: Start) -> bool:
    """Say whether a place is behind a page's start."""
    return start.last is None or place > start.last


def _page_end(book: Book, command: SubmitRequest, named: Order) -> Order | None:
    match named:
        case int(at_ms), str(request_id):
            page = book.request(command.participant, request_id)
            if page is not None and page.shown_at_ms == at_ms:
                return None if page.page_end is msgspec.UNSET else page.page_end
    return None


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
