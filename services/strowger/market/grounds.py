"""What a decision rests on: the earlier commands that made what it was decided by."""

from collections.abc import Iterator

from strowger.contract.commands import (
    AcceptOffer,
    AnyCommand,
    CloseSession,
    OpenSession,
    PublishCapacity,
    PublishOffer,
    SubmitRequest,
    TellOutcome,
    WithdrawOffer,
)
from strowger.contract.decision import Ground
from strowger.market.book import Book
from strowger.market.entities import Remembered, Revised, RevokedKey, Session, Withheld


def grounds(book: Book, command: AnyCommand) -> Iterator[Ground]:
    """Give what a command is decided by, as it stands before that: what it names, as far as known.

    Of the offers that a request or a read finds, their rules tell.
    """
    yield market(book)
    yield from book.access.grounds(command)
    match command:
        case OpenSession() | SubmitRequest(session_id=str()):
            yield from _session(book, command.participant, command.session_id)
        case CloseSession():
            yield from _session(book, command.buyer, command.session_id)
        case AcceptOffer():
            yield from _session(book, command.participant, command.session_id)
            yield from _accepted(book, command)
        case TellOutcome():
            subject = f"acceptance {command.acceptance_id}"
            remembered = book.remembered(command.participant, subject)
            if remembered is not None:
                yield answer(remembered)
        case PublishOffer() | WithdrawOffer():
            yield from _changed(book, command)
        case PublishCapacity():
            yield from _pool(book, command.participant, command.pool)


def market(book: Book) -> Ground:
    """Give what the operator said last of the market: its terms, rates, standing."""
    return Ground(subject=f"market {book.market}", log_offset=book.state.log_offset)


def revocation(revoked: RevokedKey) -> Ground:
    """Give what the operator said of a key."""
    return Ground(subject=f"key {revoked.key_id}", log_offset=revoked.log_offset)


def session(opened: Session) -> Ground:
    """Give the opening of a session."""
    return Ground(subject=f"session {opened.session_id}", log_offset=opened.log_offset)


def offer(provider: str, offer_id: str, revised: Revised) -> Ground:
    """Give the publication, or the closure, that a revision is."""
    return Ground(subject=f"offer {offer_id} of {provider}", log_offset=revised.log_offset)


def answer(remembered: Remembered) -> Ground:
    """Give what was answered the first time."""
    return Ground(subject=remembered.subject, log_offset=remembered.log_offset)


def acceptance(acceptance_id: str | None, sale: Withheld) -> Ground:
    """Give the acceptance that made a sale which is told only now."""
    return Ground(subject=f"acceptance {acceptance_id}", log_offset=sale.log_offset)


def _session(book: Book, buyer: str, session_id: str | None) -> Iterator[Ground]:
    known = None if session_id is None else book.session(buyer, session_id)
    if known is None:
        return
    yield session(known)
    if known.ended_log_offset is not None:
        yield Ground(subject=f"end of session {session_id}", log_offset=known.ended_log_offset)


def _accepted(book: Book, command: AcceptOffer) -> Iterator[Ground]:
    """Give the request, and what stands of the offer: what was shown, or what replaced it.

    Where the session is not open they are not looked at.
    """
    if command.session_id is not None:
        sitting = book.session(command.participant, command.session_id)
        if sitting is None or sitting.ended_at_ms is not None:
            return
    seen_at_ms = book.view_ms(command.participant, command.session_id)
    request = book.request(command.participant, command.request_id)
    if request is not None:
        yield Ground(subject=f"request {request.request_id}", log_offset=request.log_offset)
        if request.session_id == command.session_id:
            seen_at_ms = book.sale_view_ms(request)
    offered = book.offer(command.provider, command.offer_id)
    revised = None if offered is None else offered.in_force(seen_at_ms)
    if revised is not None:
        yield offer(command.provider, command.offer_id, revised)
        yield from _pool(book, command.provider, revised.pool)


def _changed(book: Book, command: PublishOffer | WithdrawOffer) -> Iterator[Ground]:
    """Give the last revision that was taken of an offer, and the pool that a new one names."""
    standing = book.offer(command.participant, command.offer_id)
    if standing is not None:
        waiting = tuple(each.revised for each in standing.deferred)
        for last in (*standing.revisions, *waiting)[-1:]:
            yield offer(command.participant, command.offer_id, last)
    if isinstance(command, PublishOffer):
        yield from _pool(book, command.participant, command.pool)


def _pool(book: Book, provider: str, name: str | None) -> Iterator[Ground]:
    pool = None if name is None else book.pool(provider, name)
    if pool is not None:
        offset = pool.deferred[-1].log_offset if pool.deferred else pool.log_offset
        yield Ground(subject=f"capacity {name} of {provider}", log_offset=offset)
