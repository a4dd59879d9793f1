"""Rules of requests: every stored offer able to satisfy one, the best first (claims 1 and 9)."""

from typing import Final

import msgspec

from strowger.contract.commands import SubmitRequest
from strowger.contract.fields import from_millis
from strowger.contract.matches import OffersMatched
from strowger.contract.refusals import Refusal
from strowger.contract.topics import MAX_ANSWER_BYTES
from strowger.market.answers import match, near_miss
from strowger.market.book import Book
from strowger.market.entities import Request, Shown
from strowger.market.grounds import offer
from strowger.market.hiding import masked_match, masked_miss, unmasking
from strowger.market.holding import hold
from strowger.market.pages import Start, continuation, hidden_place, start_of
from strowger.market.ranking import rankable
from strowger.market.registry import FAMILIES
from strowger.market.selecting import Candidate, Found, find
from strowger.market.sessions import usable
from strowger.market.tallies import reached
from strowger.market.verdict import Denied, Granted, Verdict

LEAST_MATCH_BYTES: Final = 256
"""No offer is told in less, whatever its family; so many can be refused before all are told."""


def submit(book: Book, command: SubmitRequest) -> Verdict:
    """Match a request, and keep what it was shown."""
    denied = usable(book, command.participant, command.session_id) or _too_many(book, command)
    denied = denied or unmasking(book, command)
    if denied is not None:
        return denied
    if not rankable(command.wish.ranking, FAMILIES[command.service.family].attributes):
        return Denied(Refusal.UNKNOWN_ATTRIBUTE)
    start = start_of(book, command)
    if start is None:
        return Denied(Refusal.CONTINUATION_INVALID)
    found = find(book, command, start)
    if len(found.page) * LEAST_MATCH_BYTES > MAX_ANSWER_BYTES:
        least = len(found.page) * LEAST_MATCH_BYTES
        return _too_large(found, f"more than {least}")  # before each of them is told
    valid_until_ms = None
    if command.session_id is None:
        valid_until_ms = book.clock_ms + book.state.match_validity_seconds * 1000
    answer = _answer(book, command, found, start, valid_until_ms)
    size = len(answer.encoded)
    if size > MAX_ANSWER_BYTES:
        return _too_large(found, str(size))
    _keep(book, command, found, valid_until_ms)
    items = (*(each.item for each in found.page), *(each.item for each in found.misses))
    return Granted(
        answer, grounds=tuple(offer(each.provider, each.offer_id, each.revised) for each in items)
    )


def _too_many(book: Book, command: SubmitRequest) -> Denied | None:
    if command.session_id is None:
        return None
    most = book.state.max_session_requests
    session = ("session", book.market, command.participant, command.session_id)
    if reached(most, book.sittings.count_requests(session)):
        return Denied(Refusal.TOO_MANY_REQUESTS, f"{most} were made in this session")
    return None


def _too_large(found: Found, size: str) -> Denied:
    detail = f"{len(found.page)} offers make {size} bytes; an answer holds {MAX_ANSWER_BYTES}"
    return Denied(Refusal.ANSWER_TOO_LARGE, detail)


def _answer(
    book: Book, command: SubmitRequest, found: Found, start: Start, valid_until_ms: int | None
) -> OffersMatched:
    state = book.state
    hides = state.providers_hidden
    following = None
    if found.more:
        last = hidden_place(command, state.clock_ms) if hides else found.page[-1].order
        following = continuation(command, start.shown + len(found.page), last)
    matches = [
        match(state, command.service, start.shown + place, candidate)
        for place, candidate in enumerate(found.page, start=1)
    ]
    near_misses = [near_miss(miss) for miss in found.misses]
    if hides:
        matches = [masked_match(each, number) for number, each in enumerate(matches, start=1)]
        near_misses = [masked_miss(each, number) for number, each in enumerate(near_misses, 1)]
    return OffersMatched(
        **book.stamp(command),
        request_id=command.request_id,
        session_id=command.session_id,
        currency=state.currency,
        able=found.able,
        matches=tuple(matches),
        valid_until=None if valid_until_ms is None else from_millis(valid_until_ms),
        near_misses=tuple(near_misses),
        next=following,
        rates_version=state.rates_version,
    )


def _keep(book: Book, command: SubmitRequest, found: Found, valid_until_ms: int | None) -> None:
    hides = book.state.providers_hidden
    book.put_request(
        Request(
            buyer=command.participant,
            request_id=command.request_id,
            session_id=command.session_id,
            need=command.service,
            months=command.wish.comparison_months,
            shown=tuple(_shown(book, command, candidate) for candidate in found.page),
            shown_at_ms=book.clock_ms,
            rates_version=book.state.rates_version,
            valid_until_ms=valid_until_ms,
            forget_at_ms=book.remember_until_ms,
            log_offset=book.log_offset,
            page_end=found.page[-1].order if hides and found.more else msgspec.UNSET,
        )
    )


def _shown(book: Book, command: SubmitRequest, candidate: Candidate) -> Shown:
    item, held = candidate.item, None
    if command.session_id is not None and book.state.hold_capacity:
        held = hold(book, item.key, item.revised, candidate.terms, command.service)
    return Shown(item.provider, item.offer_id, item.revised.revision, candidate.quote, held)
