"""Rules of acceptances: one shown offer, as it was shown, while it may be (claims 1, 2, 3, 9)."""

import msgspec
from pydantic import TypeAdapter

from strowger.contract.commands import AcceptOffer, TellOutcome
from strowger.contract.fields import from_nano
from strowger.contract.outbound import AcceptanceConfirmed, Event, OfferSold
from strowger.contract.refusals import Refusal
from strowger.market.book import Book
from strowger.market.entities import Offer, Request, Shown
from strowger.market.sessions import usable
from strowger.market.verdict import Denied, Granted, Notice, Verdict

_EVENTS: TypeAdapter[Event] = TypeAdapter(Event)


def accept(book: Book, command: AcceptOffer) -> Verdict:  # noqa: PLR0911 - one return a refusal
    """Sell the whole request from one shown offer, or nothing."""
    denied = usable(book, command.participant, command.session_id)
    if denied is not None:
        return denied
    request = book.request(command.participant, command.request_id)
    if request is None:
        return Denied(Refusal.REQUEST_UNKNOWN, "no request of yours has this id in this market")
    if request.session_id != command.session_id:
        return Denied(Refusal.OTHER_SESSION)
    shown = _shown(request, command)
    if shown is None:
        return Denied(Refusal.NOT_SHOWN)
    if request.valid_until_ms is not None and book.clock_ms >= request.valid_until_ms:
        return Denied(Refusal.MATCH_EXPIRED)
    offer = book.offer(command.provider, command.offer_id)
    if offer is None or offer.withdrawn:
        return Denied(Refusal.OFFER_GONE)
    if offer.revision != command.revision:
        return Denied(Refusal.OFFER_CHANGED, f"revision {offer.revision} stands now")
    if not book.voice.has_room(offer, request.need):
        return Denied(Refusal.CAPACITY_EXHAUSTED, _left(book, offer))
    return _sell(book, command, request, offer, shown)


def tell_outcome(book: Book, command: TellOutcome) -> Verdict:
    """Give the answer that an acceptance got; nothing is decided by asking."""
    remembered = book.remembered(command.participant, f"acceptance {command.acceptance_id}")
    if remembered is None:
        return Denied(Refusal.ACCEPTANCE_UNKNOWN)
    event = _EVENTS.validate_json(bytes(remembered.answer))
    event = event.model_copy(update={"causation_id": command.causation_id})
    return Granted(event, repeat=True)


def _shown(request: Request, command: AcceptOffer) -> Shown | None:
    wanted = (command.provider, command.offer_id, command.revision)
    for shown in request.shown:
        if (shown.provider, shown.offer_id, shown.revision) == wanted:
            return shown
    return None


def _sell(
    book: Book, command: AcceptOffer, request: Request, offer: Offer, shown: Shown
) -> Granted:
    quantity = book.voice.quantity(request.need)
    sold = msgspec.structs.replace(offer, sold=offer.sold + quantity)
    book.put_offer(sold)
    contract_id = f"{book.market}-{book.state.sequence + 1}"  # as the decision that makes it
    service = book.voice.sell(offer.service, request.need)
    confirmed = AcceptanceConfirmed(
        **book.stamp(command),
        contract_id=contract_id,
        acceptance_id=command.acceptance_id,
        session_id=command.session_id,
        request_id=command.request_id,
        buyer=command.participant,
        provider=offer.provider,
        offer_id=offer.offer_id,
        revision=offer.revision,
        service=service,
        currency=book.state.currency,
        cost=from_nano(shown.cost_nano),
    )
    notice = OfferSold(
        **book.stamp(command),
        contract_id=contract_id,
        buyer=command.participant,
        offer_id=offer.offer_id,
        revision=offer.revision,
        service=service,
        currency=book.state.currency,
        cost=from_nano(shown.cost_nano),
        remaining=book.voice.remaining(sold),
    )
    return Granted(confirmed, (Notice(offer.provider, notice),))


def _left(book: Book, offer: Offer) -> str:
    return f"{book.voice.remaining(offer)} minutes are left"
