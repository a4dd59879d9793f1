"""Rules of requests: every stored offer able to satisfy one, cheapest first (claims 1 and 9)."""

from strowger.contract.commands import SubmitRequest
from strowger.contract.fields import from_millis, from_nano
from strowger.contract.outbound import Match, OffersMatched
from strowger.contract.refusals import Refusal
from strowger.contract.topics import MAX_ANSWER_BYTES
from strowger.market.book import Book
from strowger.market.entities import Offer, Request, Shown
from strowger.market.families import Quote
from strowger.market.sessions import usable
from strowger.market.verdict import Denied, Granted, Verdict


def submit(book: Book, command: SubmitRequest) -> Verdict:
    """Match a request, and keep what it was shown."""
    denied = usable(book, command.participant, command.session_id)
    if denied is not None:
        return denied
    ranked = _rank(book, command)
    shown = ranked[: command.max_matches]
    valid_until_ms = None
    if command.session_id is None:
        valid_until_ms = book.clock_ms + book.state.match_validity_seconds * 1000
    answer = OffersMatched(
        **book.stamp(command),
        request_id=command.request_id,
        session_id=command.session_id,
        currency=book.state.currency,
        able=len(ranked),
        matches=tuple(_match(book, rank, *pair) for rank, pair in enumerate(shown, start=1)),
        valid_until=None if valid_until_ms is None else from_millis(valid_until_ms),
    )
    size = len(answer.model_dump_json())
    if size > MAX_ANSWER_BYTES:
        detail = f"{len(shown)} offers make {size} bytes; an answer holds {MAX_ANSWER_BYTES}"
        return Denied(Refusal.ANSWER_TOO_LARGE, detail)
    book.put_request(
        Request(
            buyer=command.participant,
            request_id=command.request_id,
            session_id=command.session_id,
            need=command.service,
            shown=tuple(
                Shown(offer.provider, offer.offer_id, offer.revision, quote.cost_nano)
                for offer, quote in shown
            ),
            valid_until_ms=valid_until_ms,
            forget_at_ms=book.remember_until_ms,
        )
    )
    return Granted(answer)


def _rank(book: Book, command: SubmitRequest) -> list[tuple[Offer, Quote]]:
    """Quote every offer able to satisfy the request: cheapest first, then the longest standing."""
    need = command.service
    able = []
    for key in book.voice.in_scope(need):
        offer = book.store.get(key)
        if isinstance(offer, Offer) and book.voice.has_room(offer, need):
            able.append((offer, book.voice.quote(offer.service, need, book.state)))
    able.sort(
        key=lambda pair: (pair[1].cost_nano, pair[0].since, pair[0].provider, pair[0].offer_id)
    )
    return able


def _match(book: Book, rank: int, offer: Offer, quote: Quote) -> Match:
    return Match(
        rank=rank,
        provider=offer.provider,
        offer_id=offer.offer_id,
        revision=offer.revision,
        service=book.voice.show(offer.service),
        cost=from_nano(quote.cost_nano),
        breakdown=quote.breakdown,
    )
