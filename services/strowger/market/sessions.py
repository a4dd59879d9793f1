"""Rules of sessions: opened by a buyer, ended by that buyer or by time (claims 2, 3 and 8)."""

import msgspec

from strowger.contract.commands import SESSION_TIMEOUT, CloseSession, OpenSession
from strowger.contract.fields import from_millis
from strowger.contract.outbound import SessionEnded, SessionGranted
from strowger.contract.refusals import Refusal
from strowger.market.book import Book
from strowger.market.entities import Session
from strowger.market.verdict import Denied, Granted, Verdict

_NO_SESSION = "no session of yours has this id in this market"


def open_session(book: Book, command: OpenSession) -> Verdict:
    """Open a session; its deadline is market time plus its ttl."""
    state = book.state
    low, high = state.min_ttl_seconds, state.max_ttl_seconds
    if not low <= command.ttl_seconds <= high:
        return Denied(Refusal.TTL_OUT_OF_BOUNDS, f"this market grants {low} to {high} seconds")
    if book.session(command.participant, command.session_id) is not None:
        # Its answer is forgotten, but what was shown in it is not: that must stay unsellable.
        return Denied(Refusal.ID_REUSED, "a session of yours had this id")
    deadline_ms = state.clock_ms + command.ttl_seconds * 1000
    book.put_session(
        Session(
            buyer=command.participant,
            session_id=command.session_id,
            causation_id=command.causation_id,
            deadline_ms=deadline_ms,
            ended_at_ms=None,
            reason=None,
            forget_at_ms=book.remember_until_ms + command.ttl_seconds * 1000,
        )
    )
    return Granted(
        SessionGranted(
            **book.stamp(command),
            session_id=command.session_id,
            deadline=from_millis(deadline_ms),
        )
    )


def close_session(book: Book, command: CloseSession) -> Verdict:
    """End a session for its buyer; for the timeout processor, only say how it stands.

    The deadline itself is kept by the clock before every command, so a `timed_out` that finds the
    session open is early.
    """
    by_time = command.participant == SESSION_TIMEOUT
    if command.buyer != command.participant and not by_time:
        return Denied(Refusal.NOT_YOUR_SESSION)
    session = book.session(command.buyer, command.session_id)
    if session is None:
        return Denied(Refusal.SESSION_UNKNOWN, _NO_SESSION)
    if session.ended_at_ms is not None:
        if session.reason == "terminated" and not by_time:
            return Granted(_closed(book, command, session.ended_at_ms), repeat=True)
        return Denied(Refusal.SESSION_ENDED, f"it has {_how(session)}")
    if by_time:
        return Denied(Refusal.SESSION_NOT_DUE)
    _end(book, session, "terminated")
    return Granted(_closed(book, command, book.clock_ms))


def end_overdue(book: Book) -> list[tuple[str, SessionEnded]]:
    """End every session whose deadline has come; give each with its buyer, earliest first."""
    ended = []
    while (key := book.deadlines.due(book.clock_ms)) is not None:
        session = book.store.get(key)
        if isinstance(session, Session) and _overdue(book, session):
            _end(book, session, "timed_out")
            event = SessionEnded(
                market=book.market,
                causation_id=session.causation_id,
                at=from_millis(book.clock_ms),
                session_id=session.session_id,
                reason="timed_out",
            )
            ended.append((session.buyer, event))
        book.deadlines.done()
    return ended


def usable(book: Book, buyer: str, session_id: str | None) -> Denied | None:
    """Say why nothing can be done in this session now; none if it can."""
    if session_id is None:
        required = book.state.sessions == "required"
        return Denied(Refusal.SESSION_REQUIRED) if required else None
    session = book.session(buyer, session_id)
    if session is None:
        return Denied(Refusal.SESSION_UNKNOWN, _NO_SESSION)
    if session.ended_at_ms is not None:
        return Denied(Refusal.SESSION_ENDED, f"it has {_how(session)}")
    if _overdue(book, session):
        # A fault may have kept it from being ended; its deadline stands all the same.
        return Denied(Refusal.SESSION_ENDED, "its deadline has come")
    return None


def _overdue(book: Book, session: Session) -> bool:
    return session.ended_at_ms is None and session.deadline_ms <= book.clock_ms


def _how(session: Session) -> str:
    return "timed out" if session.reason == "timed_out" else "been closed by its buyer"


def _closed(book: Book, command: CloseSession, at_ms: int) -> SessionEnded:
    return SessionEnded(
        market=book.market,
        causation_id=command.causation_id,
        at=from_millis(at_ms),
        session_id=command.session_id,
        reason="terminated",
    )


def _end(book: Book, session: Session, reason: str) -> None:
    book.put_session(msgspec.structs.replace(session, ended_at_ms=book.clock_ms, reason=reason))
