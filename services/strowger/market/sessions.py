"""Rules of sessions: opened by a buyer, ended by that buyer or by time (claims 2, 3 and 8)."""

from dataclasses import dataclass
from typing import Final, Literal

import msgspec
from pydantic import TypeAdapter

from strowger.contract.commands import SESSION_TIMEOUT, CloseSession, OpenSession
from strowger.contract.decision import Ground
from strowger.contract.fields import from_millis
from strowger.contract.outbound import SessionEnded, SessionGranted
from strowger.contract.refusals import Refusal
from strowger.contract.sales import AcceptanceConfirmed, OfferSold
from strowger.market import grounds
from strowger.market.book import Book
from strowger.market.deferral import release
from strowger.market.entities import Session, Withheld
from strowger.market.feed import FEEDING
from strowger.market.feeding import clear
from strowger.market.holding import give_back_all
from strowger.market.tallies import reached
from strowger.market.verdict import Denied, Granted, Notice, Verdict

_CONFIRMED: Final[TypeAdapter[AcceptanceConfirmed]] = TypeAdapter(AcceptanceConfirmed)
_SOLD: Final[TypeAdapter[OfferSold]] = TypeAdapter(OfferSold)
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
    if reached(state.max_open_sessions, book.tallies.open_sessions(command.participant)):
        return Denied(Refusal.TOO_MANY_SESSIONS, f"{state.max_open_sessions} of yours are open")
    if state.next_policy is not None:
        return Denied(Refusal.POLICY_CHANGING)
    deadline_ms = state.clock_ms + command.ttl_seconds * 1000
    oldest_ms = None
    if state.policy == "sealed" and state.denied_changes == "defer":
        # A change taken in this very millisecond must not wait too long either.
        oldest_ms = book.waiting.oldest_ms()
        oldest_ms = state.clock_ms if oldest_ms is None else oldest_ms
    if oldest_ms is not None and oldest_ms + state.max_deferral_seconds * 1000 < deadline_ms:
        left = (oldest_ms + state.max_deferral_seconds * 1000 - state.clock_ms) // 1000
        return Denied(Refusal.CHANGES_WAITING, f"{max(0, left)} seconds could be granted now")
    book.put_session(
        Session(
            buyer=command.participant,
            session_id=command.session_id,
            causation_id=command.causation_id,
            opened_at_ms=state.clock_ms,
            deadline_ms=deadline_ms,
            ended_at_ms=None,
            reason=None,
            forget_at_ms=book.remember_until_ms + command.ttl_seconds * 1000,
            log_offset=book.log_offset,
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
    notices = _end(book, session, "terminated")
    _after_ends(book)
    return Granted(_closed(book, command, book.clock_ms), notices)


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that was ended for its buyer, and who else is told of what was sold in it."""

    buyer: str
    event: SessionEnded
    notices: tuple[Notice, ...]
    grounds: tuple[Ground, ...]


def end_overdue(book: Book) -> list[Ended]:
    """End every session whose deadline has come, earliest first; then let waiting changes in."""
    ended: list[Ended] = []
    while (key := book.deadlines.due(book.clock_ms)) is not None:
        session = book.store.get(key)
        if isinstance(session, Session) and _overdue(book, session):
            ended.append(_end_for_buyer(book, session, "timed_out"))
        book.deadlines.done()
    if ended:
        _after_ends(book)
    return ended


def end_all(book: Book) -> list[Ended]:
    """End every open session, because the market is closed; in the order of their deadlines."""
    found = [book.store.get(key) for key in book.sittings.open_keys()]
    sessions = [each for each in found if isinstance(each, Session)]
    sessions.sort(key=lambda each: (each.deadline_ms, each.buyer, each.session_id))
    ended = [_end_for_buyer(book, session, "market_closed") for session in sessions]
    _after_ends(book)
    return ended


def settle_policy(book: Book) -> None:
    """Let a new policy come into force, if one waits and no session is open.

    One under which there is no feed waits for it to be cleared, too: what is left of a feed would
    be cleared at the pace of commands, and so tell of sessions that nobody may know of.
    """
    policy = book.state.next_policy
    if policy is None or book.sittings.any_open:
        return
    if policy in FEEDING or clear(book, "policy"):
        book.state = msgspec.structs.replace(book.state, policy=policy, next_policy=None)


def _after_ends(book: Book) -> None:
    """Let in what waited for sessions to end: changes under the old policy, then the new one."""
    release(book)
    settle_policy(book)


def _end_for_buyer(
    book: Book, session: Session, reason: Literal["timed_out", "market_closed"]
) -> Ended:
    notices = _end(book, session, reason)
    event = SessionEnded(
        market=book.market,
        causation_id=session.causation_id,
        at=from_millis(book.clock_ms),
        session_id=session.session_id,
        reason="timed_out" if reason == "timed_out" else "terminated",
        ended_by="time" if reason == "timed_out" else "operator",
    )
    return Ended(session.buyer, event, notices, (grounds.session(session),))


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
    match session.reason:
        case "timed_out":
            return "timed out"
        case "market_closed":
            return "been ended with its market"
    return "been closed by its buyer"


def _closed(book: Book, command: CloseSession, at_ms: int) -> SessionEnded:
    return SessionEnded(
        market=book.market,
        causation_id=command.causation_id,
        at=from_millis(at_ms),
        session_id=command.session_id,
        reason="terminated",
    )


def _end(book: Book, session: Session, reason: str) -> tuple[Notice, ...]:
    """End a session; give what was sold in it and is told only now: to the public, to providers."""
    ended = {"ended_at_ms": book.clock_ms, "reason": reason, "ended_log_offset": book.log_offset}
    book.put_session(msgspec.structs.replace(session, **ended))
    notices: list[Notice] = []
    key = ("session", book.market, session.buyer, session.session_id)
    give_back_all(book, key)
    for sale in book.sittings.withheld_in(key):
        row = book.store.get(sale)
        if not isinstance(row, Withheld):
            raise TypeError(f"{sale} is no sale")
        confirmed = _CONFIRMED.validate_json(bytes(row.confirmed))
        sold = _SOLD.validate_json(bytes(row.notice))
        rests_on = (
            grounds.session(session),
            grounds.acceptance(confirmed.acceptance_id, row),
        )
        # One of no session is told apart from the session's own: its buyer has ids of its own.
        alone = f"acceptance {confirmed.acceptance_id} of {confirmed.buyer}"
        subject = alone if confirmed.session_id is None else None
        notices.append(Notice(None, confirmed, subject, rests_on))
        notices.append(Notice(confirmed.provider, sold, subject, rests_on))
        book.store.delete(sale)
    return tuple(notices)
