"""Capacity held for what sessions were shown: taken when shown, given back once, when it ends.

A hold is part of the request's row, and what is held of an offer or a pool is part of that row's:
so a fault takes both back, and no hold can be given back that is not there.
"""

import msgspec

from strowger.contract.normal import Need, Terms
from strowger.market.book import Book
from strowger.market.capacity import channels_left, units_left
from strowger.market.entities import Held, Key, Offer, Request, Revised, Shown
from strowger.market.registry import FAMILIES


def hold(book: Book, key: Key, revised: Revised, terms: Terms, need: Need) -> Held | None:
    """Hold what a request would take of an offer that it was shown.

    None where there is no room any more: what else the request was shown may draw on the same pool.
    """
    units = FAMILIES[terms.family].takes(terms, need)
    held = Held(units, need.channels, revised.pool)
    offer = book.offer(key[2], key[3])
    if offer is None or not _has_room(book, offer, revised, held):
        return None
    _add(book, key[2], key[3], held, 1)
    return held


def give_back(book: Book, shown: Shown) -> None:
    """Give back what is held for a shown offer, if anything is."""
    if shown.held is not None:
        _add(book, shown.provider, shown.offer_id, shown.held, -1)


def consume(book: Book, request: Request, shown: Shown) -> None:
    """Give back what is held for a shown offer that is being bought: the sale takes it instead."""
    if shown.held is None:
        return
    give_back(book, shown)
    left = msgspec.structs.replace(shown, held=None)
    kept = tuple(left if each is shown else each for each in request.shown)
    book.put_request(msgspec.structs.replace(request, shown=kept))


def give_back_all(book: Book, session: Key) -> None:
    """Give back all that is held for a session's requests."""
    for key in book.sittings.requests_in(session):
        request = book.store.get(key)
        if not isinstance(request, Request) or not any(each.held for each in request.shown):
            continue
        for shown in request.shown:
            give_back(book, shown)
        none_held = tuple(msgspec.structs.replace(each, held=None) for each in request.shown)
        book.put_request(msgspec.structs.replace(request, shown=none_held))


def _has_room(book: Book, offer: Offer, revised: Revised, wanted: Held) -> bool:
    units = units_left(book, offer, revised)
    channels = channels_left(book, offer.provider, revised)
    return (units is None or units >= wanted.units) and (
        channels is None or channels >= wanted.channels
    )


def _add(book: Book, provider: str, offer_id: str, held: Held, sign: int) -> None:
    offer = book.offer(provider, offer_id)
    if offer is not None:
        book.put_offer(msgspec.structs.replace(offer, held=offer.held + sign * held.units))
    pool = None if held.pool is None else book.pool(provider, held.pool)
    if pool is not None:
        book.put_pool(
            msgspec.structs.replace(
                pool,
                held=pool.held + sign * held.units,
                channels_held=pool.channels_held + sign * held.channels,
            )
        )
