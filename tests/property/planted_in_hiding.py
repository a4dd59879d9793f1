"""Bugs to plant in what hides providers from buyers, and sessions from providers."""

from itertools import pairwise
from typing import Final

import msgspec
import pytest

from strowger.contract.commands import AcceptOffer
from strowger.contract.matches import NearMiss
from strowger.market import acceptances, hiding, requests
from strowger.market.book import Book
from strowger.market.entities import Request
from strowger.market.sittings import Sittings
from strowger.market.verdict import Denied, Verdict
from tests.property.planted_in_rules import Plant, replace_rule

# Providers


def name_near_misses(patch: pytest.MonkeyPatch) -> None:
    """Tell whose the offers are that miss by a clause."""

    def told(miss: NearMiss, _: int) -> NearMiss:
        return miss

    patch.setattr(requests, "masked_miss", told)


def unmask_in_a_refusal(patch: pytest.MonkeyPatch) -> None:
    """Say in the words of a refusal whose offer it was."""

    def accept(book: Book, command: AcceptOffer) -> Verdict:
        verdict = acceptances.accept(book, command)
        if not isinstance(verdict, Denied):
            return verdict
        return Denied(verdict.refusal, f"of {hiding.meant(book, command).provider}")

    replace_rule(patch, AcceptOffer, accept)


def take_names_that_nobody_can_know(patch: pytest.MonkeyPatch) -> None:
    """Let requests exclude providers by name, and acceptances guess."""
    patch.setattr(requests, "unmasking", lambda *_: None)
    patch.setattr(acceptances, "unmasking", lambda *_: None)


def take_a_match_for_the_next(patch: pytest.MonkeyPatch) -> None:
    """Sell what stands one place below what was accepted, where something does."""
    real = hiding.meant

    def meant(book: Book, command: AcceptOffer) -> AcceptOffer:
        found = real(book, command)
        request = book.request(command.participant, command.request_id)
        shown = () if request is None else request.shown
        for one, other in pairwise(shown):
            if found != command and one.offer_id == found.offer_id:
                names = {"provider": other.provider, "offer_id": other.offer_id}
                return msgspec.structs.replace(found, **names, revision=other.revision)
        return found

    patch.setattr(acceptances, "meant", meant)


# Sessions


def tell_of_a_sale_that_others_keep(patch: pytest.MonkeyPatch) -> None:
    """Tell of a sale without a session at once, though sessions keep its revision standing."""
    patch.setattr(Sittings, "concerning", lambda *_: [])


def let_a_schedule_change_what_was_shown(patch: pytest.MonkeyPatch) -> None:
    """Look, when it is accepted, at what stands now of what a guarded session was shown."""

    def sale_view_ms(self: Book, request: Request) -> int:
        return self.view_ms(request.buyer, request.session_id)

    patch.setattr(Book, "sale_view_ms", sale_view_ms)


def let_a_schedule_change_a_sealed_book(patch: pytest.MonkeyPatch) -> None:
    """Show a sealed session what has come into force since it was opened."""
    real = Book.view_ms

    def view_ms(self: Book, buyer: str, session_id: str | None) -> int:
        return self.clock_ms if self.state.policy == "sealed" else real(self, buyer, session_id)

    patch.setattr(Book, "view_ms", view_ms)


PLANTED: Final[tuple[Plant, ...]] = (
    name_near_misses,
    take_names_that_nobody_can_know,
    take_a_match_for_the_next,
    tell_of_a_sale_that_others_keep,
    let_a_schedule_change_what_was_shown,
    let_a_schedule_change_a_sealed_book,
)
