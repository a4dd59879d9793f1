"""Rules of reading: providers read the stored set as far as the policy lets them (claims 4-6)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from strowger.contract.book import BookEntry, BookRead
from strowger.contract.commands import ReadBook
from strowger.contract.fields import from_millis
from strowger.contract.refusals import Refusal
from strowger.contract.topics import MAX_ANSWER_BYTES
from strowger.market.book import Book
from strowger.market.deferral import projected
from strowger.market.entities import Key, Offer, Revised
from strowger.market.entries import entry
from strowger.market.grounds import offer
from strowger.market.verdict import Denied, Granted, Verdict

if TYPE_CHECKING:
    from strowger.contract.decision import Ground

_ENTRY_BYTES: Final = 4096
"""More than an entry of the contract's bounds takes: so many always fit an answer."""


class _Place(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where a page ended: the state that it was of, its time, and its last offer."""

    book_sequence: int
    as_of_ms: int
    provider: str
    offer_id: str


def read_book(book: Book, command: ReadBook) -> Verdict:
    """Give a page of the offers in force, by provider and offer id; changes nothing.

    All pages are of one state: a change in between, also one that waited, refuses the next page.
    Where providers are hidden from buyers they read their own offers alone: many are both.
    """
    state = book.state
    if state.policy == "sealed" and book.sittings.any_open:
        return Denied(Refusal.BOOK_SEALED)
    place = None if command.after is None else _place(command.after)
    if command.after is not None and (
        place is None or not state.declared_at_ms <= place.as_of_ms <= book.clock_ms
    ):
        # A place made by hand could ask for what is scheduled, which is not to be read before.
        return Denied(Refusal.CONTINUATION_INVALID)
    if place is not None and place.book_sequence != state.book_sequence:
        return Denied(Refusal.BOOK_CHANGED)
    as_of_ms = book.clock_ms if place is None else place.as_of_ms
    most = min(command.most, MAX_ANSWER_BYTES // _ENTRY_BYTES)
    entries: list[BookEntry] = []
    grounds: list[Ground] = []
    withheld = False
    following: str | None = None
    for key, revised in _in_force(book, command.participant, place, as_of_ms):
        if state.policy == "guarded" and book.sittings.is_shown(key):
            withheld = True
            continue
        if len(entries) == most:
            last = entries[-1]
            end = _Place(state.book_sequence, as_of_ms, last.provider, last.offer_id)
            following = urlsafe_b64encode(msgspec.json.encode(end)).decode().rstrip("=")
            break
        entries.append(entry(key[2], key[3], revised))
        grounds.append(offer(key[2], key[3], revised))
    return Granted(
        BookRead(
            **book.stamp(command),
            read_id=command.read_id,
            as_of=from_millis(as_of_ms),
            entries=tuple(entries),
            withheld=withheld,
            next=following,
        ),
        grounds=tuple(grounds),
    )


def _in_force(
    book: Book, reader: str, place: _Place | None, as_of_ms: int
) -> Iterator[tuple[Key, Revised]]:
    """Give the offers in force behind a place that the reader may know of, in order."""
    own_alone = book.state.providers_hidden
    behind: Iterable[Key] = book.shelf
    if place is not None:
        last = ("offer", book.market, place.provider, place.offer_id)
        behind = book.shelf.after(last)
    for key in behind:
        offer = book.store.get(key)
        if not isinstance(offer, Offer) or (own_alone and key[2] != reader):
            continue
        revised = offer.in_force(as_of_ms)
        if not _is_for(reader, key, revised) and offer.deferred and book.rules.tells_no_session:
            # What waits is withheld with what it waits for, and could be read if nothing were.
            revised = projected(book, offer).in_force(book.clock_ms)
        if revised is not None and _is_for(reader, key, revised):
            yield key, revised


def _is_for(reader: str, key: Key, revised: Revised | None) -> bool:
    if revised is None or revised.terms is None:
        return False
    return revised.audience is None or key[2] == reader


def _place(after: str) -> _Place | None:
    try:
        data = urlsafe_b64decode(after + "=" * (-len(after) % 4))
        return msgspec.json.decode(data, type=_Place)
    except (ValueError, RecursionError):  # of base64 and of msgspec alike
        return None
