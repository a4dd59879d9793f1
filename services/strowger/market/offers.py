"""Rules of offers: a provider publishes, replaces and withdraws its own (claims 1 and 7)."""

import msgspec

from strowger.contract.commands import PublishOffer, WithdrawOffer
from strowger.contract.outbound import OfferRemoved, OfferStored
from strowger.contract.refusals import Refusal
from strowger.market.book import Book
from strowger.market.digests import content_digest
from strowger.market.entities import Offer, PastRevision
from strowger.market.rules import PAST_REVISIONS
from strowger.market.verdict import Denied, Granted, Verdict


def publish(book: Book, command: PublishOffer) -> Verdict:
    """Store an offer, or replace it by a greater revision; what was sold stays sold."""
    state = book.state
    if command.currency != state.currency:
        return Denied(Refusal.CURRENCY_MISMATCH, f"this market trades in {state.currency}")
    offer = book.offer(command.participant, command.offer_id)
    digest = content_digest(command)
    stored = OfferStored(
        **book.stamp(command), offer_id=command.offer_id, revision=command.revision
    )
    if offer is not None:
        settled = _settled(book, offer, command, digest, stored)
        if settled is not None:
            return settled
    book.put_offer(
        Offer(
            provider=command.participant,
            offer_id=command.offer_id,
            revision=command.revision,
            digest=digest,
            since=state.sequence,
            service=command.service,
            sold=0 if offer is None else offer.sold,
            withdrawn=False,
            past=() if offer is None else _past(book, offer),
            forget_at_ms=None,
        )
    )
    return Granted(stored)


def withdraw(book: Book, command: WithdrawOffer) -> Verdict:
    """Take an offer out of the book; its row stays for the horizon against stale returns."""
    offer = book.offer(command.participant, command.offer_id)
    if offer is None:
        return Denied(Refusal.OFFER_UNKNOWN)
    digest = content_digest(command)
    removed = OfferRemoved(
        **book.stamp(command), offer_id=command.offer_id, revision=command.revision
    )
    settled = _settled(book, offer, command, digest, removed)
    if settled is not None:
        return settled
    book.put_offer(
        msgspec.structs.replace(
            offer,
            revision=command.revision,
            digest=digest,
            since=book.state.sequence,
            withdrawn=True,
            past=_past(book, offer),
            forget_at_ms=book.remember_until_ms,
        )
    )
    return Granted(removed)


def _settled(
    book: Book,
    offer: Offer,
    command: PublishOffer | WithdrawOffer,
    digest: str,
    answer: OfferStored | OfferRemoved,
) -> Verdict | None:
    """Decide a revision that is not new; none if it is.

    Whatever is said of a withdrawn offer keeps its row for another horizon, so that the same event
    again can never find the row forgotten and be decided otherwise.
    """
    known = _known(offer, command.revision, digest, withdrawn=isinstance(command, WithdrawOffer))
    if known is None and command.revision > offer.revision:
        return None
    if offer.withdrawn:
        kept = msgspec.structs.replace(offer, forget_at_ms=book.remember_until_ms)
        book.put_offer(kept)
    if known is None:
        return Denied(Refusal.STALE_REVISION, f"revision {offer.revision} stands")
    if not known:
        detail = f"revision {command.revision} was sent with other content"
        return Denied(Refusal.ID_REUSED, detail)
    return Granted(answer, repeat=True)


def _known(offer: Offer, revision: int, digest: str, *, withdrawn: bool) -> bool | None:
    """Say whether a revision was seen before with this content; none if it was not seen."""
    if revision == offer.revision:
        return (digest, withdrawn) == (offer.digest, offer.withdrawn)
    for past in offer.past:
        if revision == past.revision:
            return (digest, withdrawn) == (past.digest, past.withdrawn)
    return None


def _past(book: Book, offer: Offer) -> tuple[PastRevision, ...]:
    """Give the replaced revisions to remember once the offer's present one is replaced too."""
    replaced = PastRevision(offer.revision, offer.digest, offer.withdrawn, book.remember_until_ms)
    remembered = (past for past in offer.past if past.forget_at_ms > book.clock_ms)
    return (replaced, *remembered)[:PAST_REVISIONS]
