"""What a market that hides its providers tells a buyer, and how it is understood (claim 8).

An answer names offers by where they stand in it. The name holds in that request alone, whose row
says what it stands for: so no name of an offer goes from one answer into another, or to anybody.
"""

import re
from typing import Final, TypeVar

import msgspec

from strowger.contract.commands import AcceptOffer, SubmitRequest
from strowger.contract.matches import HIDDEN, Match, NearMiss
from strowger.contract.refusals import Refusal
from strowger.market.book import Book
from strowger.market.verdict import Denied

_SHOWN: Final = re.compile(r"match-([1-9][0-9]{0,8})")
_REVISION: Final = 1
"""Of everything that is told under such a name: how often an offer changed would tell it apart."""

_Told = TypeVar("_Told", Match, NearMiss)


def masked_match(told: Match, number: int) -> Match:
    """Give the match that is shown at this place of an answer, counted from 1, without whose."""
    return _masked(told, f"match-{number}")


def masked_miss(told: NearMiss, number: int) -> NearMiss:
    """Give the near miss that is told at this place of an answer, counted from 1."""
    return _masked(told, f"near-miss-{number}")


def unmasking(book: Book, command: SubmitRequest | AcceptOffer) -> Denied | None:
    """Refuse what names a provider that its sender cannot know here; none for anything else.

    Who leaves out a provider and sees an offer gone knows whose it was; so does who accepts an
    offer under a guessed name and is refused otherwise than for another guess.
    """
    if not book.state.providers_hidden:
        return None
    if isinstance(command, SubmitRequest):
        names = bool(command.wish.exclude_providers)
    else:
        names = command.provider != HIDDEN
    return Denied(Refusal.PROVIDERS_HIDDEN) if names else None


def meant(book: Book, command: AcceptOffer) -> AcceptOffer:
    """Give an acceptance as it would be if its request had named its offers.

    One of what that request did not show stays as it is, and names no offer that there can be.
    """
    if not book.state.providers_hidden or command.provider != HIDDEN:
        return command
    number = _SHOWN.fullmatch(command.offer_id)
    request = book.request(command.participant, command.request_id)
    if number is None or request is None or command.revision != _REVISION:
        return command
    shown = request.shown[int(number[1]) - 1 : int(number[1])]
    for each in shown:
        named = (each.provider, each.offer_id, each.revision)
        names = dict(zip(("provider", "offer_id", "revision"), named, strict=True))
        return msgspec.structs.replace(command, **names)
    return command


def _masked(told: _Told, name: str) -> _Told:
    service = told.service.model_copy(update={"deck": HIDDEN})
    names = {"provider": HIDDEN, "offer_id": name, "revision": _REVISION, "service": service}
    return told.model_copy(update=names)
