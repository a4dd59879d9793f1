"""Nobody is impersonated: what a gateway makes of records, by who signed them and how."""

from dataclasses import replace
from typing import Final

import msgspec
import pytest

from strowger.broker.consuming import Record
from strowger.broker.dead_letters import DeadLetter
from strowger.contract.commands import AnyCommand, CloseSession, OpenSession, RefuseEvent
from strowger.contract.participants import COUNTS_AFTER_MS, MAX_AGE_MS, MAX_AHEAD_MS
from strowger.contract.refusals import DeadLetterReason
from strowger.contract.signatures import SigningKey
from strowger.contract.topics import OFFER_ACCEPTED, SESSION_CLOSED, SESSION_OPENED
from strowger.enrolment import registration_of
from strowger.gateways.gateway import Gateway
from tests.gateway_records import GATEWAY_OF, GATEWAYS, NOON_MS, record
from tests.signing import Cast

OPEN: Final = {"session_id": "s-1", "ttl_seconds": 60}
TOPIC: Final = SESSION_OPENED.name


@pytest.fixture
def cast() -> Cast:
    """Give a buyer, another, a provider, and the timeout processor."""
    return Cast(
        globex=["buyer"],
        hooli=["buyer"],
        acme=["provider"],
        **{"service:session-timeout": ["session-timeout"]},
    )


def gateway(event: str) -> Gateway:
    """Give the gateway that takes such events."""
    return GATEWAY_OF[f"strowger.{event}.v1"]


def opened(sender: str = "globex") -> Record:
    """Give an unsigned record of a session that is opened."""
    return record("session-opened", OPEN, source=f"/participants/{sender}")


def verdict(of: Record, cast: Cast, event: str = "session-opened") -> AnyCommand | DeadLetter:
    """Give the verdict of the gateway that takes such events, knowing the cast's keys."""
    return gateway(event).verdict(of, cast.known)


def dead(of: Record, cast: Cast) -> DeadLetterReason:
    """Give why a record is a dead letter, which it has to be: nobody is told."""
    letter = verdict(of, cast)
    assert isinstance(letter, DeadLetter), letter
    return letter.reason


def refused(of: Record, cast: Cast, event: str = "session-opened") -> tuple[str, str, str]:
    """Give whom a record was refused to, why, and about what."""
    command = verdict(of, cast, event)
    assert isinstance(command, RefuseEvent), command
    assert command.key_id == cast.keys[command.participant].id
    return command.participant, command.refusal, command.subject


def test_a_signed_event_becomes_its_senders_command(cast: Cast) -> None:
    """It carries the key that it was verified with, so that the engine knows if it was revoked."""
    command = verdict(cast.sign(opened(), TOPIC, "globex"), cast)
    assert isinstance(command, OpenSession)
    assert (command.participant, command.key_id) == ("globex", cast.keys["globex"].id)


def test_what_nobody_signed_is_nobodys(cast: Cast) -> None:
    """An unsigned event is a dead letter: whoever it names did not send it, and hears nothing."""
    assert dead(opened(), cast) is DeadLetterReason.UNSIGNED


def test_nobody_signs_for_somebody_else(cast: Cast) -> None:
    """A registered key is good for its own participant alone."""
    assert dead(cast.sign(opened("hooli"), TOPIC, "globex"), cast) is DeadLetterReason.UNKNOWN_KEY


def test_a_stolen_signature_is_good_for_nothing_else(cast: Cast) -> None:
    """Moved to another topic, under another id, sender or time, or over other bytes: it fails."""
    good = cast.sign(opened(), TOPIC, "globex")
    for name, value in (("ce_id", b"e-2"), ("ce_time", b"2026-01-31T12:00:00.001Z")):
        headers = [(each, value if each == name else said) for each, said in good.headers]
        assert dead(replace(good, headers=headers), cast) is DeadLetterReason.BAD_SIGNATURE
    altered = replace(good, value=(good.value or b"").replace(b"60", b"61"))
    assert dead(altered, cast) is DeadLetterReason.BAD_SIGNATURE
    elsewhere = cast.sign(opened(), OFFER_ACCEPTED.name, "globex")
    assert dead(elsewhere, cast) is DeadLetterReason.BAD_SIGNATURE


@pytest.mark.parametrize(
    "signature",
    [b"", b"..", b"garbage", b"\xff\xfe", b"e30..e30", b"x" * 5000, None],
    ids=["empty", "dots", "garbage", "bytes", "json", "long", "null"],
)
def test_what_is_no_signature_is_dead(cast: Cast, signature: bytes | None) -> None:
    """Whatever stands in its place, nobody is verified by it."""
    of = opened()
    forged = replace(of, headers=[*of.headers, ("signature", signature)])
    assert dead(forged, cast) is DeadLetterReason.BAD_SIGNATURE


def test_two_signatures_are_none(cast: Cast) -> None:
    """Also where each is good."""
    signed = cast.sign(opened(), TOPIC, "globex")
    twice = replace(signed, headers=[*signed.headers, signed.headers[-1]])
    assert dead(twice, cast) is DeadLetterReason.BAD_SIGNATURE


def test_a_key_counts_from_a_moment_after_its_registration(cast: Cast) -> None:
    """Before it, the verdict is in the very words of an unknown key: a redelivery changes nothing.

    A record that was judged before the registration is judged the same after it.
    """
    newcomer = SigningKey.new()
    cast.keys["globex"] = newcomer
    signed = cast.sign(opened(), TOPIC, "globex")
    before = verdict(signed, cast)
    cast.register(registration_of("globex", newcomer.public, ["buyer"]), appended_ms=NOON_MS)
    assert verdict(signed, cast) == before
    counting = replace(signed, timestamp=NOON_MS + COUNTS_AFTER_MS)
    assert isinstance(verdict(counting, cast), OpenSession)
    early = replace(signed, timestamp=NOON_MS + COUNTS_AFTER_MS - 1)
    assert dead(early, cast) is DeadLetterReason.UNKNOWN_KEY


def test_a_key_counts_until_it_expires_and_by_the_brokers_clock(cast: Cast) -> None:
    """Whatever time the event claims, its append time decides."""
    key = cast.keys["globex"]
    ending = registration_of("globex", key.public, ["buyer"], not_after_ms=NOON_MS)
    cast.register(ending)
    signed = cast.sign(opened(), TOPIC, "globex")
    assert dead(signed, cast) is DeadLetterReason.KEY_EXPIRED
    assert isinstance(verdict(replace(signed, timestamp=NOON_MS - 1), cast), OpenSession)


def test_a_key_that_is_to_come_does_not_count_yet(cast: Cast) -> None:
    """A key may be registered ahead of its time."""
    key = cast.keys["globex"]
    coming = registration_of("globex", key.public, ["buyer"])
    cast.register(msgspec.structs.replace(coming, not_before_ms=NOON_MS + 1))
    assert dead(cast.sign(opened(), TOPIC, "globex"), cast) is DeadLetterReason.UNKNOWN_KEY


def test_a_role_that_may_not_is_told_so(cast: Cast) -> None:
    """A provider opens no session: it is verified, so it hears it."""
    signed = cast.sign(opened("acme"), TOPIC, "acme")
    assert refused(signed, cast) == ("acme", "not_allowed", "session s-1")


@pytest.mark.parametrize(
    ("late_ms", "why"),
    [(MAX_AGE_MS + 1, "stale_event"), (-MAX_AHEAD_MS - 1, "clock_ahead")],
)
def test_an_event_out_of_time_is_refused_by_the_brokers_clock(
    cast: Cast, late_ms: int, why: str
) -> None:
    """A signature can't be kept for long, nor made for a time to come; at the bound it is taken."""
    signed = cast.sign(opened(), TOPIC, "globex")
    assert refused(replace(signed, timestamp=NOON_MS + late_ms), cast)[:2] == ("globex", why)
    at_the_bound = late_ms - (1 if late_ms > 0 else -1)
    assert isinstance(verdict(replace(signed, timestamp=NOON_MS + at_the_bound), cast), OpenSession)


def test_a_wrong_body_is_told_to_its_verified_sender_alone(cast: Cast) -> None:
    """Signed, it is refused by name; unsigned it is a dead letter, readable or not."""
    wrong = record("session-opened", {"session_id": "s-1"}, source="/participants/globex")
    assert dead(wrong, cast) is DeadLetterReason.UNSIGNED
    told = refused(cast.sign(wrong, TOPIC, "globex"), cast)
    assert told == ("globex", "malformed", "session s-1")


def test_only_the_processor_says_that_time_is_up(cast: Cast) -> None:
    """Its word is signed, too: a service's name in a header is worth nothing."""
    said = {"session_id": "s-1", "reason": "timed_out", "buyer": "globex"}
    bare = record("session-closed", said, source="/services/session-timeout")
    letter = verdict(bare, cast, "session-closed")
    assert isinstance(letter, DeadLetter)
    assert letter.reason is DeadLetterReason.UNSIGNED
    signed = cast.sign(bare, SESSION_CLOSED.name, "service:session-timeout")
    assert isinstance(verdict(signed, cast, "session-closed"), CloseSession)
    own = record("session-closed", said, source="/participants/globex")
    signed = cast.sign(own, SESSION_CLOSED.name, "globex")
    assert refused(signed, cast, "session-closed")[1] == "not_allowed"


@pytest.mark.parametrize("each", GATEWAYS, ids=lambda each: each.name)
def test_every_gateway_authenticates(each: Gateway, cast: Cast) -> None:
    """There is no way in beside."""
    event = each.topic.events[0].TYPE.split(".")[1]
    body = {"session_id": "s-1"} if "session" in event else {}
    letter = each.verdict(record(event, body, source="/participants/globex"), cast.known)
    assert isinstance(letter, DeadLetter)
    assert letter.reason is DeadLetterReason.UNSIGNED
