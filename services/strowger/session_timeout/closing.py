"""What is read of a session's row, and the event that closes it. Pure: time is an argument."""

import hashlib
from typing import Final, NamedTuple

from strowger.contract.envelope import Envelope, service_source
from strowger.contract.fields import from_millis
from strowger.contract.inbound import SessionClosed
from strowger.contract.topics import SESSION_TIMEOUT_APP
from strowger.market.entities import Session, decode, decode_key, encode_key

SESSION_KEYS: Final = encode_key(("session", "")).removesuffix(b'""]')
"""How the keys of sessions begin in `session-book`, which holds more than sessions."""

_SOURCE: Final = service_source(SESSION_TIMEOUT_APP)


class Closing(NamedTuple):
    """A record of `session-closed`."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def closing(session: bytes, now_ms: int) -> Closing:
    """Close a session by time; an id of its own for each attempt, since each is decided anew."""
    _, market, buyer, session_id = decode_key(session)
    event = SessionClosed(market=market, session_id=session_id, reason="timed_out", buyer=buyer)
    digest = hashlib.sha256(session).hexdigest()[:24]
    envelope = Envelope(f"{digest}-{now_ms}", _SOURCE, event.TYPE, from_millis(now_ms))
    return Closing(session_id.encode(), event.model_dump_json().encode(), envelope.to_headers())


def open_until_ms(row: bytes | None) -> int | None:
    """Give an open session's deadline; none if the row shows it ended or gone."""
    if row is None:
        return None
    session = decode(row)
    if not isinstance(session, Session):
        raise TypeError(f"a row under a session's key is a {type(session).__name__}")
    return session.deadline_ms if session.ended_at_ms is None else None
