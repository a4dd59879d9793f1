"""Rules of offers: a provider publishes, replaces and withdraws its own (claims 1 and 7)."""

import msgspec

from strowger.contract.commands import PublishOffer, WithdrawOffer
from strowger.contract.fields import from_millis
from strowger.contract.outbound import ChangeTaken, Event, OfferRemoved, OfferStored
from strowger.contract.refusals import Refusal
from strowger.market.book import Book
from strowger.market.deferral import deferring, denial, projected, tells_nothing
from strowger.market.digests import content_digest
from strowger.market.entities import Offer, Revised
from strowger.market.notice import notice_needed
from strowger.market.revising import with_revision
from strowger.market.rules import FARTHEST_AHEAD_MS, PAST_REVISIONS, REVISIONS_TO_COME
from strowger.market.tallies import is_stored, reached
from strowger.market.verdict import Denied, Granted, Verdict


def publish(book: Book, command: PublishOffer) -> Verdict:
    """Store an offer, or replace it by a greater revision; what was sold stays sold."""
    revised = Revised(
        revision=command.revision,
        digest=content_digest(command),
        from_ms=command.effective_at_ms or 0,
        since=book.state.sequence,
        currency=command.currency,
        terms=command.service,
        firmness=command.firmness,
        pool=command.pool,
        audience=command.audience,
        log_offset=book.log_offset,
    )
    return _revise(book, command, revised)


def withdraw(book: Book, command: WithdrawOffer) -> Verdict:
    """Take an offer out of the book; its row stays for the horizon against stale returns."""
    if book.offer(command.participant, command.offer_id) is None:
        return Denied(Refusal.OFFER_UNKNOWN)
    closure = Revised(
        revision=command.revision,
        digest=content_digest(command),
        from_ms=command.effective_at_ms or 0,
        since=book.state.sequence,
        log_offset=book.log_offset,
    )
    return _revise(book, command, closure)


def _revise(book: Book, command: PublishOffer | WithdrawOffer, revised: Revised) -> Verdict:
    """Take a revision; `from_ms` is what was asked for until it takes effect."""
    key = ("offer", book.market, command.participant, command.offer_id)
    standing = book.offer(command.participant, command.offer_id)
    standing = standing or Offer(command.participant, command.offer_id, ())
    offer = projected(book, standing)
    settled = _settled(book, offer, command, revised)
    if settled is not None:
        return settled
    in_time = msgspec.structs.replace(
        revised, from_ms=max(book.earliest_effect_ms, revised.from_ms)
    )
    changed = with_revision(book, offer, in_time)
    denied = _denied(book, offer, changed, in_time)
    if denied is not None:
        return denied
    match denial(book, key):
        case "refuse":
            return Denied(Refusal.BOOK_SEALED, "nothing changes while a session is open")
        case "defer":
            book.put_offer(deferring(book, standing, revised))
        case None:
            book.put_offer(changed)
    book.note_change()
    return Granted(_answer(book, command, in_time.from_ms))


def _denied(book: Book, offer: Offer, changed: Offer, revised: Revised) -> Denied | None:
    clock_ms = book.clock_ms
    if revised.terms is not None and book.state.rate_nano(revised.currency) is None:
        trades = ", ".join(sorted({book.state.currency, *book.state.rates_nano}))
        return Denied(Refusal.CURRENCY_MISMATCH, f"this market trades in {trades}")
    if revised.from_ms - clock_ms > FARTHEST_AHEAD_MS:
        return Denied(Refusal.TOO_FAR_AHEAD)
    if revised.pool is not None and book.pool(offer.provider, revised.pool) is None:
        return Denied(Refusal.POOL_UNKNOWN, f"no pool of yours is named {revised.pool}")
    to_come = sum(each.from_ms > clock_ms for each in changed.revisions)
    if to_come > REVISIONS_TO_COME:
        return Denied(Refusal.SCHEDULE_FULL, f"{REVISIONS_TO_COME} revisions are to come")
    needed = notice_needed(book.state, offer.in_force(revised.from_ms), revised)
    if needed is not None and revised.from_ms < clock_ms + needed.seconds * 1000:
        earliest = from_millis(clock_ms + needed.seconds * 1000).isoformat(timespec="seconds")
        return Denied(
            Refusal.NOTICE_TOO_SHORT,
            f"it is {needed.what}, which takes effect from {earliest} at the soonest",
        )
    return _too_many(book, offer, revised)


def _too_many(book: Book, offer: Offer, revised: Revised) -> Denied | None:
    """Hold one more offer against the limit: also one that is to be withdrawn anew, but later."""
    counts = revised.terms is not None or revised.from_ms > book.earliest_effect_ms
    if not counts or is_stored(offer, book.clock_ms):
        return None
    most = book.state.max_stored_offers
    if reached(most, book.tallies.stored_offers(offer.provider, book.clock_ms)):
        return Denied(Refusal.TOO_MANY_OFFERS, f"{most} of yours are stored")
    return None


def _settled(
    book: Book, offer: Offer, command: PublishOffer | WithdrawOffer, revised: Revised
) -> Verdict | None:
    """Decide a revision that is not new; none if it is.

    Whatever is said of a withdrawn offer keeps its row for another horizon, so that the same event
    again can never find the row forgotten and be decided otherwise.
    """
    numbers = [each.revision for each in offer.revisions]
    greatest = max(numbers + [past.revision for past in offer.past], default=0)
    known = _known(offer, revised)
    if known is None and command.revision > greatest:
        return None
    _keep_withdrawn(book, command)
    if known is None:
        return Denied(Refusal.STALE_REVISION, f"revision {greatest} was sent")
    was, same = known
    if not same:
        detail = f"revision {command.revision} was sent with other content"
        return Denied(Refusal.ID_REUSED, detail)
    return Granted(_answer(book, command, was), repeat=True)


def _known(offer: Offer, revised: Revised) -> tuple[int, bool] | None:
    """Give when a revision seen before is or was in force from, and whether it said the same.

    Only of the last few numbers, whether they stand, wait or are past: how many are kept turns on
    what waits, which no answer may tell.
    """
    numbers = [each.revision for each in offer.revisions]
    numbers += [past.revision for past in offer.past]
    if revised.revision < min(sorted(numbers)[-1 - PAST_REVISIONS :], default=0):
        return None
    withdrawn = revised.terms is None
    for each in offer.revisions:
        if each.revision == revised.revision:
            said = (each.digest, each.terms is None)
            return each.from_ms, said == (revised.digest, withdrawn)
    for past in offer.past:
        if past.revision == revised.revision:
            return past.from_ms, (past.digest, past.withdrawn) == (revised.digest, withdrawn)
    return None


def _keep_withdrawn(book: Book, command: PublishOffer | WithdrawOffer) -> None:
    offer = book.offer(command.participant, command.offer_id)
    if offer is not None and offer.forget_at_ms is not None:
        kept_until_ms = max(offer.forget_at_ms, book.remember_until_ms)
        book.put_offer(msgspec.structs.replace(offer, forget_at_ms=kept_until_ms))


def _answer(book: Book, command: PublishOffer | WithdrawOffer, from_ms: int) -> Event:
    if tells_nothing(book):
        subject = f"offer {command.offer_id}"
        return ChangeTaken(**book.stamp(command), subject=subject, revision=command.revision)
    kind = OfferStored if isinstance(command, PublishOffer) else OfferRemoved
    return kind(
        **book.stamp(command),
        offer_id=command.offer_id,
        revision=command.revision,
        effective_at=from_millis(from_ms),
    )
