"""Events a second: counted in the partition's own log, so that a redelivery is judged the same."""

from dataclasses import replace

from strowger.broker.consuming import Record
from strowger.broker.dead_letters import DeadLetter
from strowger.contract.commands import AnyCommand, OpenSession, RefuseEvent
from strowger.contract.participants import Registration, decode, encode
from strowger.contract.refusals import DeadLetterReason, Refusal
from strowger.contract.signatures import SigningKey
from strowger.contract.topics import SESSION_OPENED
from strowger.enrolment import registration_of
from strowger.gateways.meter import Meter
from tests.gateway_records import GATEWAY_OF, NOON_MS, record
from tests.signing import Cast

LIMIT = 3
OPENED = GATEWAY_OF["strowger.session-opened.v1"]


class Sending:
    """One partition that a limited buyer and another send to, and the meter that reads it."""

    def __init__(self) -> None:
        self.cast = Cast(globex=["buyer"], hooli=["buyer"])
        key = self.cast.keys["globex"] = SigningKey.new()
        limited = registration_of("globex", key.public, ["buyer"], events_per_second=LIMIT)
        self.cast.register(limited)
        self.meter = Meter()

    def event(self, at_ms: int = 0, by: str = "globex", name: str = "globex") -> Record:
        """Make an event that says it is somebody's, signed by one of the cast."""
        bare = record(
            "session-opened", {"session_id": "s-1", "ttl_seconds": 60}, f"/participants/{name}"
        )
        signed = self.cast.sign(bare, SESSION_OPENED.name, by)
        return replace(signed, timestamp=NOON_MS + at_ms)

    def verdict(self, of: Record, meter: Meter | None = None) -> AnyCommand | DeadLetter:
        """Give the gateway's verdict on what comes next."""
        return OPENED.verdict(of, self.cast.known, meter or self.meter)

    def became(self, of: Record, meter: Meter | None = None) -> str:
        """Give the verdict in a word."""
        match self.verdict(of, meter):
            case DeadLetter(reason=reason):
                return f"dead letter: {reason}"
            case RefuseEvent(refusal=refusal):
                return refusal
            case OpenSession():
                return "taken"
        raise TypeError("no verdict on a session that is opened")


def test_above_the_limit_events_are_refused_and_far_above_put_away() -> None:
    """So many a second are taken, as many again refused by name; the next second starts anew."""
    sending = Sending()
    became = [sending.became(sending.event(at_ms=each)) for each in range(3 * LIMIT)]
    assert became == (
        ["taken"] * LIMIT
        + [Refusal.TOO_MANY_EVENTS.value] * LIMIT
        + [f"dead letter: {DeadLetterReason.TOO_MANY_EVENTS}"] * LIMIT
    )
    assert sending.became(sending.event(by="hooli", name="hooli")) == "taken"
    assert sending.became(sending.event(at_ms=1000)) == "taken"


def test_what_was_not_signed_by_its_sender_counts_for_nobody() -> None:
    """Nobody can use up another's events a second."""
    sending = Sending()
    for _ in range(5 * LIMIT):
        forged = sending.event(by="hooli")
        assert sending.became(forged) == f"dead letter: {DeadLetterReason.UNKNOWN_KEY}"
    assert sending.became(sending.event()) == "taken"


def test_a_clock_that_steps_back_gives_nobody_a_second_more() -> None:
    """The second is that of the latest append time, also for what is appended at an earlier one."""
    sending = Sending()
    sending.became(sending.event(at_ms=1000))
    became = [sending.became(sending.event(at_ms=-5000)) for _ in range(LIMIT)]
    assert became == ["taken"] * (LIMIT - 1) + [Refusal.TOO_MANY_EVENTS.value]


def test_whoever_counts_from_the_start_of_the_second_counts_the_same() -> None:
    """From the first record of a second on, each verdict is that of who read from the start."""
    sending = Sending()
    events = [sending.event(at_ms=200 * number) for number in range(40)]
    events += [sending.event(at_ms=each) for each in (100, 7999, 8000, 7000, 8001, 8002, 8003)]
    expected = [sending.verdict(each) for each in events]
    for place, first in enumerate(events):
        second_ms = first.timestamp // 1000 * 1000
        start = next(at for at, each in enumerate(events) if each.timestamp >= second_ms)
        meter = Meter()
        for before in events[start:place]:
            sending.verdict(before, meter)
        assert [sending.verdict(each, meter) for each in events[place:]] == expected[place:]


def test_what_is_taken_back_is_counted_once() -> None:
    """A record that matching has to be spared for now is read again, and counts as if never."""
    sending = Sending()
    for _ in range(5 * LIMIT):
        assert sending.became(sending.event()) == "taken"
        sending.meter.take_back("globex")


def test_a_limit_is_part_of_a_registration() -> None:
    """It is written with the key; a row from before there were limits has none, and reads alike."""
    key = SigningKey.new().public
    limited = registration_of("globex", key, ["buyer"], events_per_second=7)
    assert decode(encode(limited)).events_per_second == 7
    bare = Registration("globex", key.id, ("buyer",), key.x)
    assert b"events_per_second" not in encode(bare)
    assert decode(encode(bare)).events_per_second is None
