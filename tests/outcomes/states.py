"""The states of the table: each is what was done before, by the real core, to get there."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from tests.playing import Play

Prepare = Callable[[], Play]


def _shown(policy: str = "open", **terms: int | str | bool) -> Play:
    """Give a market where the offer was shown to the open session."""
    play = Play(policy=policy, **terms)  # type: ignore[arg-type]  # its own keywords
    play.done(play.commands.publish(capacity_minutes=100))
    play.later(1)  # a snapshot of the same millisecond would not have it
    play.done(play.commands.open(), play.commands.request())
    return play


def _then(*does: Callable[[Play], object], policy: str = "open", **terms: int | str) -> Prepare:
    def prepare() -> Play:
        play = _shown(policy, **terms)
        for do in does:
            do(play)
        return play

    return prepare


def _stored(*, firmness: str = "firm", shown_without: bool = False, **terms: int | str) -> Prepare:
    def prepare() -> Play:
        play = Play(**terms)  # type: ignore[arg-type]  # its own keywords
        play.done(play.commands.publish(firmness=firmness, capacity_minutes=100))
        if shown_without:
            play.done(play.commands.request(session_id=None))
        return play

    return prepare


def _expired() -> Play:
    play = _stored(shown_without=True)()
    play.later(60_000)
    return play


def _budgetary() -> Play:
    play = _stored(firmness="budgetary")()
    play.done(play.commands.open(), play.commands.request())
    return play


def _rated() -> Play:
    play = _stored()()
    play.done(play.commands.rates(5))
    return play


def _of_another() -> Play:
    play = Play()
    play.done(play.commands.publish(), play.commands.open(buyer="hooli"))
    play.done(play.commands.request(buyer="hooli"))
    return play


def _scheduled() -> Play:
    play = _stored()()
    for number in range(2, 18):
        later = play.now_ms + number * 1000
        play.done(play.commands.publish(revision=number, effective_at_ms=later))
    return play


def _control(action: str, subject: str | None = None) -> Callable[[Play], object]:
    return lambda play: play.done(play.commands.control(action, subject))


STATES: Final[Mapping[str, tuple[str, Prepare]]] = MappingProxyType(
    {
        "undeclared": ("no market is declared", lambda: Play(declared=False)),
        "empty": ("the market is declared; nothing is in it", Play),
        "stored": ("the offer is stored", _stored()),
        "required": ("stored, where sessions are required", _stored(sessions="required")),
        "notice": (
            "stored, where increases and closures need notice",
            _stored(increase_notice_seconds=60, closure_notice_seconds=60),
        ),
        "scheduled": ("stored, with as many revisions to come as there may be", _scheduled),
        "rated": ("stored; rates stand at version 5", _rated),
        "shown": ("the open session was shown the offer; policy open", _shown),
        "shown, guarded": ("the same; policy guarded", lambda: _shown("guarded")),
        "shown, sealed": ("the same; policy sealed, changes deferred", lambda: _shown("sealed")),
        "shown, sealed, refusing": (
            "the same; policy sealed, changes refused",
            lambda: _shown("sealed", denied_changes="refuse"),
        ),
        "shown, snapshot": ("the same; policy snapshot", lambda: _shown("snapshot")),
        "shown, hiding": (
            "the same; policy open, providers hidden",
            lambda: _shown(providers_hidden=True),
        ),
        "waiting long": (
            "sealed; a change waits, as long as it may",
            _then(
                lambda play: play.done(play.commands.publish(revision=7)),
                lambda play: play.later(1000),
                policy="sealed",
                max_deferral_seconds=60,
            ),
        ),
        "shown to another": ("the session and the request are another buyer's", _of_another),
        "shown without a session": (
            "the request had no session; its answer is valid",
            _stored(shown_without=True),
        ),
        "validity over": ("the request had no session; its answer's time is over", _expired),
        "not firm": ("shown in the session; the offer is budgetary", _budgetary),
        "changed": (
            "shown in the session, then replaced",
            _then(lambda play: play.done(play.commands.publish(revision=7, capacity_minutes=100))),
        ),
        "withdrawn": (
            "shown in the session, then withdrawn",
            _then(lambda play: play.done(play.commands.withdraw(revision=7))),
        ),
        "accepted": (
            "accepted in the session; nothing is left of it",
            _then(lambda play: play.done(play.commands.accept())),
        ),
        "before the deadline": (
            "shown; a millisecond before the session's deadline",
            _then(lambda play: play.later(59_999)),
        ),
        "at the deadline": (
            "shown; the session's deadline is now",
            _then(lambda play: play.later(60_000)),
        ),
        "ended by its buyer": (
            "shown; the session was closed",
            _then(lambda play: play.done(play.commands.close())),
        ),
        "paused": ("shown; the market is paused", _then(_control("pause"))),
        "closed": ("shown; the market is closed", _then(_control("close"))),
        "policy changing": (
            "shown; another policy waits for the session",
            _then(_control("policy", "sealed")),
        ),
        "provider suspended": (
            "shown; its provider is suspended",
            _then(_control("suspend", "acme")),
        ),
        "full": (
            "shown; the market takes one offer, session and request, and has them",
            lambda: _shown(max_open_sessions=1, max_stored_offers=1, max_session_requests=1),
        ),
        "buyer suspended": ("shown; the buyer is suspended", _then(_control("suspend", "globex"))),
    }
)
"""By name: what it is, and how it comes about."""
