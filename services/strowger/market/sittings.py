"""Who is in session, and what each session was shown: what the policies of a market turn on."""

import heapq
from typing import ClassVar

from strowger.market.entities import (
    DeferredRevision,
    Entity,
    Key,
    Offer,
    Pool,
    PoolTerms,
    Request,
    Session,
    Withheld,
)
from strowger.market.store import Watcher


class Sittings(Watcher):
    """Open sessions, and the offers that requests in sessions were shown."""

    kinds: ClassVar = (Session, Withheld, Request)

    def __init__(self) -> None:
        self._open: dict[Key, int] = {}
        self._shown_to: dict[Key, dict[Key, int]] = {}
        self._providers: dict[str, dict[Key, int]] = {}
        self._withheld: dict[Key, dict[Key, None]] = {}
        self._requests: dict[Key, dict[Key, None]] = {}

    def watch(self, key: Key, old: Entity | None, new: Entity | None) -> None:
        """Follow one change of a row."""
        if isinstance(new, Session) or isinstance(old, Session):
            self._session(key, new if isinstance(new, Session) else None)
        elif isinstance(new, Withheld) or isinstance(old, Withheld):
            self._sale(key, old, new)
        elif isinstance(new, Request) or isinstance(old, Request):
            if isinstance(old, Request):
                self._count(key, old, -1)
            if isinstance(new, Request):
                self._count(key, new, 1)

    @property
    def any_open(self) -> bool:
        """Say whether any session is open."""
        return bool(self._open)

    def count_open(self) -> int:
        """Say how many sessions are open."""
        return len(self._open)

    def open_keys(self) -> tuple[Key, ...]:
        """Give the open sessions, in no promised order."""
        return tuple(self._open)

    def any_opened_within(self, from_ms: int, until_ms: int) -> bool:
        """Say whether an open session was opened in a span of time, its end left out."""
        return any(from_ms <= opened_ms < until_ms for opened_ms in self._open.values())

    def is_shown(self, offer: Key) -> bool:
        """Say whether an open session was shown the offer."""
        return any(session in self._open for session in self._shown_to.get(offer, ()))

    def shows_any_of(self, provider: str) -> bool:
        """Say whether an open session was shown any offer of a provider."""
        return any(session in self._open for session in self._providers.get(provider, ()))

    def concerning(self, provider: str | None) -> list[Key]:
        """Give the open sessions that were shown offers of a provider; of none: all that are open.

        In no promised order.
        """
        shown = self._open if provider is None else self._providers.get(provider, ())
        return [session for session in shown if session in self._open]

    def withheld_in(self, session: Key) -> list[Key]:
        """Give the rows of what was sold in a session and is not told yet, in order of sale."""
        return sorted(self._withheld.get(session, ()))

    def requests_in(self, session: Key) -> list[Key]:
        """Give the rows of the requests that were made in a session, in order of their ids."""
        return sorted(self._requests.get(session, ()))

    def count_requests(self, session: Key) -> int:
        """Count the requests that were made in a session."""
        return len(self._requests.get(session, ()))

    def _sale(self, key: Key, old: Entity | None, new: Entity | None) -> None:
        if isinstance(new, Withheld):
            session = ("session", key[1], new.buyer, new.session_id)
            self._withheld.setdefault(session, {})[key] = None
        elif isinstance(old, Withheld):
            session = ("session", key[1], old.buyer, old.session_id)
            sales = self._withheld[session]
            del sales[key]
            if not sales:
                del self._withheld[session]

    def _session(self, key: Key, session: Session | None) -> None:
        if session is None or session.ended_at_ms is not None:
            self._open.pop(key, None)
            return
        self._open[key] = session.opened_at_ms

    def _count(self, key: Key, request: Request, by: int) -> None:
        if request.session_id is None:
            return
        market = key[1]
        session = ("session", market, request.buyer, request.session_id)
        requests = self._requests.setdefault(session, {})
        if by > 0:
            requests[key] = None
        else:
            del requests[key]
            if not requests:
                del self._requests[session]
        for shown in request.shown:
            offer = ("offer", market, shown.provider, shown.offer_id)
            sessions = self._shown_to.setdefault(offer, {})
            sessions[session] = sessions.get(session, 0) + by
            if not sessions[session]:
                del sessions[session]
            if not sessions:
                del self._shown_to[offer]
            providers = self._providers.setdefault(shown.provider, {})
            providers[session] = providers.get(session, 0) + by
            if not providers[session]:
                del providers[session]
            if not providers:
                del self._providers[shown.provider]


class Waiting(Watcher):
    """Changes that wait for sessions to end, the oldest first."""

    kinds: ClassVar = (Offer, Pool)

    def __init__(self) -> None:
        self._since: dict[Key, int] = {}
        self._taken: list[tuple[int, int, Key]] = []

    def watch(self, key: Key, old: Entity | None, new: Entity | None) -> None:
        """Follow one change of a row."""
        del old
        first = _first(new)
        if first is None:
            self._since.pop(key, None)
            return
        taken_ms, since = first
        if self._since.get(key) != since:
            self._since[key] = since
            heapq.heappush(self._taken, (taken_ms, since, key))

    def oldest_ms(self) -> int | None:
        """Give when the oldest waiting change was taken; none if none waits."""
        while self._taken:
            taken_ms, since, key = self._taken[0]
            if self._since.get(key) == since:
                return taken_ms
            heapq.heappop(self._taken)
        return None

    def rows(self) -> list[Key]:
        """Give the rows that have changes waiting, the longest waiting first."""
        return sorted(self._since, key=lambda key: (self._since[key], key))


def _first(entity: Entity | None) -> tuple[int, int] | None:
    """Give when the first change that waits in a row was taken, and its sequence."""
    if not isinstance(entity, Offer | Pool) or not entity.deferred:
        return None
    match entity.deferred[0]:
        case DeferredRevision() as first:
            return first.taken_ms, first.revised.since
        case PoolTerms() as first:
            return first.taken_ms, first.since
