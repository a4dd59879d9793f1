"""What the demo counts at its end, and that planted faults are found."""

from datetime import UTC, datetime
from types import SimpleNamespace

from strowger.contract.decision import Decision
from strowger.contract.outbound import Event, EventRefused, SessionEnded
from strowger.contract.refusals import Refusal
from strowger.contract.sales import AcceptanceConfirmed
from strowger.demo.tally import Tally, oversold
from tests.answers import sold

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
POOL = ("voice", "carrier-x", "standard:44")


def sale(contract: int, minutes: int, revision: int = 1) -> AcceptanceConfirmed:
    """Make a sale."""
    return sold(
        minutes,
        causation_id=f"c-{contract}",
        contract_id=f"voice-{contract}",
        acceptance_id=f"a-{contract}",
        session_id=None,
        revision=revision,
    )


def decision(event: Event, **changes: object) -> Decision:
    """Make a decision that answers globex."""
    fields: dict[str, object] = {
        "market": "voice",
        "sequence": 1,
        "log_offset": 1,
        "at": AT,
        "rules_version": 1,
        "command": "accept-offer",
        "participant": "globex",
        "role": "answer",
        "recipient": "globex",
        "event_id": "d-1",
        "event": event,
    }
    return Decision.model_validate({**fields, **changes})


def test_sales_within_capacity_are_sound() -> None:
    """Selling a pool to its last minute is no fault; unlimited pools can't be oversold."""
    assert oversold([sale(1, 600), sale(2, 400)], {(POOL, 1): 1000}) == 0
    assert oversold([sale(1, 10**9)], {}) == 0


def test_minutes_beyond_capacity_are_found() -> None:
    """Each minute over the pool counts once."""
    assert oversold([sale(1, 600), sale(2, 600), sale(3, 5)], {(POOL, 1): 1000}) == 205


def test_what_an_older_revision_sold_counts() -> None:
    """A new revision does not give back what was sold."""
    assert oversold([sale(1, 900), sale(2, 200, revision=2)], {(POOL, 2): 1000}) == 100


def test_a_sale_read_twice_is_one_sale() -> None:
    """The same contract again is a repeat, not minutes."""
    assert oversold([sale(1, 600), sale(1, 600)], {(POOL, 1): 1000}) == 0


def test_an_acceptance_confirmed_twice_is_found() -> None:
    """Two confirmations of one natural key are one too many; a repeated answer isn't."""
    tally = Tally()
    tally.decision(decision(sale(1, 5)))
    tally.decision(decision(sale(1, 5), repeat=True))
    assert (tally.confirmed_twice, tally.counts["confirmed"]) == (0, 1)
    tally.decision(decision(sale(1, 5)))
    assert tally.confirmed_twice == 1


def test_refusals_of_our_own_services_are_not_counted() -> None:
    """The timeout processor's late closings are refused every time: no participant was."""
    event = EventRefused(
        market="voice",
        causation_id="c-1",
        at=AT,
        refusal=Refusal.SESSION_ENDED,
        retry=False,
        message="…",
        subject="session s-1",
    )
    tally = Tally()
    tally.decision(decision(event, participant="service:session-timeout", recipient=None))
    assert tally.counts["refused"] == 0
    assert ("service:session-timeout", "c-1") in tally.decided
    tally.decision(decision(event))
    assert tally.counts["refused"] == 1


def test_sessions_that_time_ended_are_counted_from_their_notices() -> None:
    """A timed-out session is a notice; one that its buyer ended is not counted."""
    ended = SessionEnded(
        market="voice", causation_id="c-1", at=AT, session_id="s-1", reason="timed_out"
    )
    tally = Tally()
    tally.decision(decision(ended, role="notice"))
    tally.decision(decision(ended.model_copy(update={"reason": "terminated"})))
    assert tally.counts["timed_out"] == 1


def test_a_dead_letter_written_again_counts_once() -> None:
    """Dead letters are written at least once; their place tells repeats."""
    record = SimpleNamespace(
        headers=[("dl_topic", b"offer-published"), ("dl_partition", b"0"), ("dl_offset", b"7")]
    )
    tally = Tally()
    tally.dead_letter(record)
    tally.dead_letter(record)
    assert tally.counts["dead_lettered"] == 1
