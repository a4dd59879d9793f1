"""Every refusal is reached: one scenario a member, in the order of the contract."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import pytest

from strowger.contract.book import BookRead
from strowger.contract.commands import SESSION_TIMEOUT
from strowger.contract.normal import Ranking
from strowger.contract.outbound import Event, EventRefused
from strowger.contract.refusals import Refusal
from tests.playing import DAY_MS, FIVE_MINUTES_MS, Play


def _answer_too_large(play: Play) -> Event:
    for number in range(1500):
        deck = f"{number}".ljust(80, "x")
        play.done(play.commands.publish(f"of-{number}".ljust(80, "x"), deck=deck))
    return play.answer(play.commands.request("r-all"))


def _match_expired(play: Play) -> Event:
    play.done(play.commands.request("r-2", None))
    play.later(60_000)
    return play.answer(play.commands.accept("a-1", None, "r-2"))


def _key_revoked(play: Play) -> Event:
    play.done(play.commands.access("revoke", "k-1"))
    return play.answer(msgspec.structs.replace(play.commands.request("r-2"), key_id="k-1"))


def _offer_changed(play: Play) -> Event:
    play.done(play.commands.publish(revision=2))
    return play.answer(play.commands.accept())


def _offer_gone(play: Play) -> Event:
    play.done(play.commands.withdraw())
    return play.answer(play.commands.accept())


def _other_session(play: Play) -> Event:
    play.done(play.commands.open("s-2"))
    return play.answer(play.commands.accept(session_id="s-2"))


def _session_ended(play: Play) -> Event:
    play.done(play.commands.close())
    return play.answer(play.commands.accept())


def _capacity_exhausted(play: Play) -> Event:
    play.done(play.commands.accept("a-1"))
    return play.answer(play.commands.accept("a-2"))


def _providers_hidden(_: Play) -> Event:
    play = Play(providers_hidden=True)
    return play.answer(play.commands.request("r-2", None, exclude_providers=("acme",)))


def _rates_not_newer(play: Play) -> Event:
    play.done(play.commands.rates(version=2))
    return play.answer(play.commands.rates(version=1))


def _notice_too_short(play: Play) -> Event:
    dearer = play.commands.publish(revision=2, rate_nano=10_000_001)
    strict = Play(increase_notice_seconds=60)
    strict.done(strict.commands.publish())
    return strict.answer(dearer)


def _schedule_full(play: Play) -> Event:
    for number in range(2, 18):
        later = play.now_ms + number
        play.done(play.commands.publish(revision=number, effective_at_ms=later))
    return play.answer(play.commands.publish(revision=18, effective_at_ms=play.now_ms + 18))


def _not_firm(play: Play) -> Event:
    play.done(play.commands.publish("of-2", firmness="budgetary", rate_nano=1))
    play.done(play.commands.request("r-2"))
    return play.answer(play.commands.accept(request_id="r-2", offer_id="of-2"))


def _controlled(action: str, subject: str | None = None) -> Callable[[Play], Event]:
    def reach(play: Play) -> Event:
        play.done(play.commands.control(action, subject))
        return play.answer(play.commands.request("r-2"))

    return reach


def _policy_changing(play: Play) -> Event:
    play.done(play.commands.control("policy", "sealed"))
    return play.answer(play.commands.open("s-2"))


def _book_sealed(play: Play) -> Event:
    return _sealed(play).answer(play.commands.read())


def _book_changed(play: Play) -> Event:
    play.done(play.commands.publish("of-2"))
    page = play.answer(play.commands.read(most=1))
    assert isinstance(page, BookRead)
    play.done(play.commands.publish("of-3"))
    return play.answer(play.commands.read(most=1, after=page.next))


def _changes_waiting(play: Play) -> Event:
    sealed = _sealed(play, max_deferral_seconds=100)
    sealed.done(play.commands.publish("of-2"))
    return sealed.answer(play.commands.open("s-2", 101))


def _sealed(play: Play, max_deferral_seconds: int = 86_400) -> Play:
    sealed = Play(policy="sealed", max_deferral_seconds=max_deferral_seconds)
    sealed.done(play.commands.publish(), play.commands.open("s-9", 60))
    return sealed


def _too_many_offers(play: Play) -> Event:
    limited = Play(max_stored_offers=1)
    limited.done(play.commands.publish())
    return limited.answer(play.commands.publish("of-2"))


def _too_many_sessions(play: Play) -> Event:
    limited = Play(max_open_sessions=1)
    limited.done(play.commands.open())
    return limited.answer(play.commands.open("s-2"))


def _too_many_requests(play: Play) -> Event:
    limited = Play(max_session_requests=1)
    limited.done(play.commands.open(), play.commands.request())
    return limited.answer(play.commands.request("r-2"))


REACHED: Final[Mapping[Refusal, Callable[[Play], Event]]] = {
    # Found by gateways alone, which tests/integration/test_gateways.py sees; passed on by markets.
    Refusal.MALFORMED: lambda play: play.answer(play.commands.refuse("malformed")),
    Refusal.NOT_E164: lambda play: play.answer(play.commands.refuse("not_e164")),
    # Found by the market.
    Refusal.STALE_EVENT: lambda play: play.answer(
        play.commands.publish("of-2"), sent_at_ms=play.now_ms - DAY_MS
    ),
    Refusal.CLOCK_AHEAD: lambda play: play.answer(
        play.commands.publish("of-2"), sent_at_ms=play.now_ms + FIVE_MINUTES_MS + 1
    ),
    Refusal.ID_REUSED: lambda play: play.answer(play.commands.open(ttl_seconds=61)),
    Refusal.NOT_ALLOWED: lambda play: play.answer(play.commands.declare(participant="globex")),
    Refusal.TOO_MANY_EVENTS: lambda play: play.answer(play.commands.refuse("too_many_events")),
    Refusal.UNKNOWN_MARKET: lambda play: Play(declared=False).answer(play.commands.publish()),
    Refusal.MARKET_DECLARED_OTHERWISE: lambda play: play.answer(
        play.commands.declare(currency="USD")
    ),
    Refusal.UNKNOWN_RULES: lambda play: play.answer(play.commands.control("rules", "1")),
    Refusal.RATES_NOT_NEWER: _rates_not_newer,
    Refusal.MARKET_PAUSED: _controlled("pause"),
    Refusal.MARKET_CLOSED: _controlled("close"),
    Refusal.SUSPENDED: _controlled("suspend", "globex"),
    Refusal.KEY_REVOKED: _key_revoked,
    Refusal.BOOK_SEALED: _book_sealed,
    Refusal.BOOK_CHANGED: _book_changed,
    Refusal.CURRENCY_MISMATCH: lambda play: play.answer(
        play.commands.publish(revision=2, currency="USD")
    ),
    Refusal.STALE_REVISION: lambda play: play.answer(play.commands.publish(revision=0)),
    Refusal.OFFER_UNKNOWN: lambda play: play.answer(play.commands.withdraw("of-9")),
    Refusal.POOL_UNKNOWN: lambda play: play.answer(play.commands.publish("of-2", pool="p-1")),
    Refusal.NOTICE_TOO_SHORT: _notice_too_short,
    Refusal.TOO_FAR_AHEAD: lambda play: play.answer(
        play.commands.publish("of-2", effective_at_ms=play.now_ms + 366 * DAY_MS + 1)
    ),
    Refusal.SCHEDULE_FULL: _schedule_full,
    Refusal.UNKNOWN_PLACE: lambda play: play.answer(play.commands.refuse("unknown_place")),
    Refusal.TOO_MANY_OFFERS: _too_many_offers,
    Refusal.TTL_OUT_OF_BOUNDS: lambda play: play.answer(play.commands.open("s-2", 3601)),
    Refusal.SESSION_REQUIRED: lambda play: Play(sessions="required").answer(
        play.commands.request("r-2", None)
    ),
    Refusal.SESSION_UNKNOWN: lambda play: play.answer(play.commands.request("r-2", "s-9")),
    Refusal.SESSION_ENDED: _session_ended,
    Refusal.SESSION_NOT_DUE: lambda play: play.answer(play.commands.close(sender=SESSION_TIMEOUT)),
    Refusal.NOT_YOUR_SESSION: lambda play: play.answer(play.commands.close(sender="hooli")),
    Refusal.POLICY_CHANGING: _policy_changing,
    Refusal.CHANGES_WAITING: _changes_waiting,
    Refusal.TOO_MANY_SESSIONS: _too_many_sessions,
    Refusal.TOO_MANY_REQUESTS: _too_many_requests,
    Refusal.REQUEST_UNKNOWN: lambda play: play.answer(play.commands.accept(request_id="r-9")),
    Refusal.OTHER_SESSION: _other_session,
    Refusal.UNKNOWN_NETWORK: lambda play: play.answer(play.commands.refuse("unknown_network")),
    Refusal.UNKNOWN_ATTRIBUTE: lambda play: play.answer(
        play.commands.request("r-2", ranking=Ranking("quality", ("codecs",)))
    ),
    Refusal.CONTINUATION_INVALID: lambda play: play.answer(
        play.commands.request("r-2", after="bm90IG91cnM")
    ),
    Refusal.ANSWER_TOO_LARGE: _answer_too_large,
    Refusal.PROVIDERS_HIDDEN: _providers_hidden,
    Refusal.NOT_SHOWN: lambda play: play.answer(play.commands.accept(offer_id="of-9")),
    Refusal.MATCH_EXPIRED: _match_expired,
    Refusal.OFFER_CHANGED: _offer_changed,
    Refusal.NOT_FIRM: _not_firm,
    Refusal.OFFER_GONE: _offer_gone,
    Refusal.CAPACITY_EXHAUSTED: _capacity_exhausted,
    Refusal.ACCEPTANCE_UNKNOWN: lambda play: play.answer(play.commands.outcome("a-9")),
    Refusal.INTERNAL_FAULT: lambda play: play.answer(play.commands.refuse("no_such_refusal")),
}


def test_no_refusal_is_left_out() -> None:
    """The table holds every member of the contract, so that a new one needs a scenario."""
    assert list(REACHED) == list(Refusal)


@pytest.mark.parametrize("refusal", Refusal)
def test_a_refusal_says_why_whether_to_retry_and_what_to_do(refusal: Refusal) -> None:
    """Each member is reached, under its own name, with its `retry` and its advice in words."""
    play = Play()
    play.done(play.commands.publish(capacity_minutes=100))
    play.done(play.commands.open(), play.commands.request())
    refused = REACHED[refusal](play)
    assert isinstance(refused, EventRefused)
    assert refused.refusal is refusal
    assert refused.retry is refusal.retry
    assert refused.message.endswith(refusal.advice)
    kind, _, identity = refused.subject.partition(" ")
    assert kind in {"offer", "session", "request", "acceptance", "market", "rates", "book"}
    assert identity
