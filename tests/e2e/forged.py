"""Every forgery that we know of.

Mallory has an id, a role and a key of her own, has seen signed events of others, and may write to
any inbound topic.
"""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from tests.e2e.bare_participants import Body, Signer
from tests.e2e.conftest import Exchange
from tests.support import unique

VERDICT_SECONDS: Final = 30
CLOCK_AHEAD: Final = timedelta(minutes=10)
TOO_OLD: Final = timedelta(hours=2)


@dataclass(frozen=True)
class Record:
    """A record as it is sent."""

    topic: str
    headers: dict[str, str]
    value: bytes
    more: tuple[tuple[str, bytes], ...] = ()
    """Headers beside those, which a name may stand in twice."""


@dataclass(frozen=True)
class Forgery:
    """What is tried, and what has to become of it: a dead letter's reason, or a refusal."""

    name: str
    record: Record
    reason: str | None = None
    refusal: str | None = None


class Party:
    """A participant: an id, a key that the operator registered, an inbox."""

    def __init__(self, exchange: Exchange, name: str, role: str, *given: str) -> None:
        self.id, self.signer = unique(name), Signer()
        own_key = f"--public-key={self.signer.public_key}"
        exchange.command("participant", "add", self.id, "--role", role, own_key, *given)

    def event(
        self,
        topic: str,
        kind: str,
        body: Body,
        *,
        at: datetime | None = None,
        source: str | None = None,
    ) -> Record:
        """Make a record of this participant's, signed as it should be."""
        headers = {
            "ce_specversion": "1.0",
            "ce_id": str(uuid.uuid4()),
            "ce_source": source or f"/participants/{self.id}",
            "ce_type": f"strowger.{kind}.v1",
            "ce_time": (at or datetime.now(UTC)).isoformat(),
            "content-type": "application/json",
        }
        return signed(Record(topic, headers, json.dumps(body).encode()), self.signer)


def signed(record: Record, by: Signer) -> Record:
    """Sign a record, whatever it says and whoever it names."""
    signature = by.sign(record.topic, record.headers, record.value)
    return replace(record, headers={**record.headers, "signature": signature})


def unsigned(record: Record) -> Record:
    """Take a record's signature away."""
    kept = {name: value for name, value in record.headers.items() if name != "signature"}
    return replace(record, headers=kept)


def with_headers(record: Record, **changed: str) -> Record:
    """Change headers of a record that is signed already."""
    return replace(record, headers={**record.headers, **changed})


class Cast:
    """Who plays: an honest provider and buyer, and Mallory as each, with keys of every kind."""

    def __init__(self, exchange: Exchange) -> None:
        self.market = exchange.market
        self.courier = Party(exchange, "courier", "provider", "--role", "buyer")
        """Whom Kafka lets write to every inbound topic: all forgeries go through its hands."""
        self.acme = Party(exchange, "acme", "provider")
        self.globex = Party(exchange, "globex", "buyer")
        self.mallory = Party(exchange, "mallory", "buyer")
        self.mallet = Party(exchange, "mallet", "provider")
        self.expired = Party(exchange, "expired", "buyer", "--valid", "1s")
        self.revoked = Party(exchange, "revoked", "buyer")
        exchange.command("participant", "revoke", "--", self.revoked.signer.key_id)
        self.suspended = Party(exchange, "suspended", "buyer")
        exchange.command("participant", "suspend", self.suspended.id)
        self.session_id, self.offer_id = unique("s"), unique("of")

    def opening(self, party: Party, *, at: datetime | None = None, **given: str) -> Record:
        """Open a session as one of the cast."""
        body = {"market": self.market, "session_id": unique("s"), "ttl_seconds": 600}
        return party.event("session-opened", "session-opened", {**body, **given}, at=at)

    @property
    def parties(self) -> list[Party]:
        """Give everybody."""
        named = (self.acme, self.globex, self.mallory, self.mallet)
        return [*named, self.expired, self.revoked, self.suspended]


def forgeries(cast: Cast) -> Iterator[Forgery]:
    """Give every forgery, by what it pretends."""
    yield from _without_a_key(cast)
    yield from _with_another_key(cast)
    yield from _with_a_signature_that_was_seen(cast)
    yield from _as_oneself_beyond_ones_rights(cast)


def _without_a_key(cast: Cast) -> Iterator[Forgery]:
    good = cast.opening(cast.globex)
    protected, _, mark = good.headers["signature"].partition("..")
    for name, signature in {
        "a signature of random letters": "bm90LWEtc2lnbmF0dXJl",
        "a header that says alg none": "eyJhbGciOiJub25lIn0..",
        "an empty signature": f"{protected}..",
        "a signature cut short": f"{protected}..{mark[:-4]}",
        "the payload brought along": f"{protected}.e30.{mark}",
    }.items():
        yield Forgery(name, with_headers(good, signature=signature), "bad_signature")
    yield Forgery("no signature", unsigned(cast.opening(cast.globex)), "unsigned")
    session = {"market": cast.market, "session_id": cast.session_id}
    timed_out = {**session, "reason": "timed_out", "buyer": cast.globex.id}
    source = "/services/session-timeout"
    service = cast.mallory.event("session-closed", "session-closed", timed_out, source=source)
    yield Forgery("the exchange's own service, unsigned", unsigned(service), "unsigned")
    yield Forgery("the exchange's own service, by one's own key", service, "unknown_key")


def _with_another_key(cast: Cast) -> Iterator[Forgery]:
    bare, nobody = unsigned(cast.opening(cast.globex)), Signer()
    yield Forgery("a key that nobody registered", signed(bare, nobody), "unknown_key")
    hers = signed(bare, cast.mallory.signer)
    yield Forgery("one's own key in another's name", hers, "unknown_key")
    protected = cast.opening(cast.globex).headers["signature"].partition("..")[0]
    mark = hers.headers["signature"].partition("..")[2]
    posing = with_headers(hers, signature=f"{protected}..{mark}")
    yield Forgery("one's own key under another's key id", posing, "bad_signature")
    yield Forgery("a key that has expired", cast.opening(cast.expired), "key_expired")
    yield Forgery("a key that was revoked", cast.opening(cast.revoked), None, "key_revoked")


def _with_a_signature_that_was_seen(cast: Cast) -> Iterator[Forgery]:
    seen = cast.opening(cast.globex)
    other = datetime.now(UTC) + timedelta(seconds=1)
    for name, record in {
        "moved to another topic": replace(
            with_headers(seen, ce_type="strowger.session-closed.v1"), topic="session-closed"
        ),
        "under another id": with_headers(seen, ce_id=str(uuid.uuid4())),
        "at another time": with_headers(seen, ce_time=other.isoformat()),
        "with other terms": replace(seen, value=seen.value.replace(b": 600", b": 601")),
        "for another market": replace(
            seen, value=seen.value.replace(cast.market.encode(), b"another")
        ),
        "written otherwise": replace(seen, value=seen.value.replace(b", ", b",")),
        "beside another signature": replace(
            seen, more=(("signature", seen.headers["signature"].encode()),)
        ),
    }.items():
        yield Forgery(f"a seen signature {name}", record, "bad_signature")
    taken = with_headers(seen, ce_source=f"/participants/{cast.mallory.id}")
    yield Forgery("a seen signature for one's own event", taken, "unknown_key")


def _as_oneself_beyond_ones_rights(cast: Cast) -> Iterator[Forgery]:
    now, market = datetime.now(UTC), cast.market
    mallory, mallet = cast.mallory, cast.mallet
    yield Forgery("an event kept for long", cast.opening(mallory, at=now - TOO_OLD), None, _STALE)
    ahead = cast.opening(mallory, at=now + CLOCK_AHEAD)
    yield Forgery("an event for a time to come", ahead, None, "clock_ahead")
    yield Forgery("a provider opens a session", cast.opening(mallet), None, "not_allowed")
    offer = {"market": market, "offer_id": cast.offer_id, "revision": 2**52}
    withdrawn = mallory.event("offer-published", "offer-withdrawn", offer)
    yield Forgery("a buyer withdraws an offer", withdrawn, None, "not_allowed")
    withdrawn = mallet.event("offer-published", "offer-withdrawn", offer)
    yield Forgery("another provider's offer withdrawn", withdrawn, None, "offer_unknown")
    session = {"market": market, "session_id": cast.session_id}
    closed = mallory.event("session-closed", "session-closed", {**session, "buyer": cast.globex.id})
    yield Forgery("another buyer's session closed", closed, None, "not_your_session")
    closed = mallory.event("session-closed", "session-closed", session)
    yield Forgery("another buyer's session by its id alone", closed, None, "session_unknown")
    timed_out = {**session, "reason": "timed_out", "buyer": cast.globex.id}
    closed = mallory.event("session-closed", "session-closed", timed_out)
    yield Forgery("a session timed out by a buyer", closed, None, "not_allowed")
    service = {"destination": "+442079460000", "minutes": 1}
    request = {**session, "request_id": unique("r"), "service": service}
    asked = mallory.event("request-submitted", "request-submitted", request)
    yield Forgery("a request in another buyer's session", asked, None, "session_unknown")
    suspended = cast.opening(cast.suspended)
    yield Forgery("one who is suspended", suspended, None, "suspended")


_STALE: Final = "stale_event"
