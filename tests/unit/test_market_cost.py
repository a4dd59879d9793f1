"""What a request costs, worked out by hand.

Increments are written as carriers write them, minimum/increment in seconds: 60/60, 30/6, 1/1.
"""

import pytest

from strowger.contract.fields import plain
from strowger.contract.matches import Match
from strowger.contract.voice import VoiceCost, VoiceSold
from tests.playing import Play

# rate and fee in 1e-9 of the currency; calls x (fee + rate x billed seconds / 60) = cost
EXAMPLES = [
    # 60 minutes in calls of 3 minutes are 20 calls; 20 x 0.012 x 180/60
    ("1/1", 12_000_000, 0, 60, 180, 20, 180, "0.72"),
    # 60/60: a call of 61 s is billed 120 s; 61 minutes are 60 such calls; 60 x 0.01 x 2
    ("60/60", 10_000_000, 0, 61, 61, 60, 120, "1.2"),
    # 60/60: a call of 60 s is billed 60 s; 10 x 0.01
    ("60/60", 10_000_000, 0, 10, 60, 10, 60, "0.1"),
    # 60/60: a call of 1 s is billed 60 s; 60 x 0.01
    ("60/60", 10_000_000, 0, 1, 1, 60, 60, "0.6"),
    # 30/6: a call of 20 s is billed the minimum, 30 s; 3 x 0.02 x 0.5
    ("30/6", 20_000_000, 0, 1, 20, 3, 30, "0.03"),
    # 30/6: a call of 31 s is billed 36 s; 31 minutes are 60 such calls; 60 x 0.02 x 0.6
    ("30/6", 20_000_000, 0, 31, 31, 60, 36, "0.72"),
    # 30/6: a call of 36 s is billed 36 s; 36 minutes are 60 such calls; 60 x 0.02 x 0.6
    ("30/6", 20_000_000, 0, 36, 36, 60, 36, "0.72"),
    # A minimum that is no multiple of the increment is billed as it is: 10 s, then 12 s
    ("10/6", 60_000_000, 0, 1, 5, 12, 10, "0.12"),
    ("10/6", 60_000_000, 0, 11, 11, 60, 12, "0.72"),
    # 0/1: no minimum; a call of 1 s is billed 1 s; 60 x 0.6/60
    ("0/1", 600_000_000, 0, 1, 1, 60, 1, "0.6"),
    # A connect fee is paid a call: 20 x (0.005 + 0.01 x 3)
    ("1/1", 10_000_000, 5_000_000, 60, 180, 20, 180, "0.7"),
    # A fee alone: 2 calls of 30 s in a minute; 2 x 0.05
    ("1/1", 0, 50_000_000, 1, 30, 2, 30, "0.1"),
    # Calls are whole: 10 minutes in calls of 7 minutes are 2 calls, paid in full; 2 x 0.01 x 7
    ("1/1", 10_000_000, 0, 10, 420, 2, 420, "0.14"),
    # One call longer than what is asked for is one call; 1 x 0.01 x 60
    ("1/1", 10_000_000, 0, 1, 3600, 1, 3600, "0.6"),
    # A day in one call, up to 2,980 increments of 29 s: 86,420 s; 86,420/60 = 1440.3 of 1e-9
    ("29/29", 1, 0, 1, 86_400, 1, 86_420, "0.00000144"),
    # 2 calls x 3e-9 x 30/60 = 3e-9: rounded alone each would be 2e-9
    ("1/1", 3, 0, 1, 30, 2, 30, "0.000000003"),
    # 3 calls of 20 s at 1e-9: 3 x 1/3e-9 = 1e-9, where each alone would round to nothing
    ("1/1", 1, 0, 1, 20, 3, 20, "0.000000001"),
    # The dearest there is: 1e9 minutes in calls of 1 s at 1000 a minute, an hour billed, and 1000
    # a call: 6e10 x (1000 + 1000 x 60)
    ("3600/1", 10**12, 10**12, 10**9, 1, 6 * 10**10, 3600, "3660000000000000"),
]


@pytest.mark.parametrize(
    ("terms", "rate", "fee", "minutes", "call_seconds", "calls", "billed", "cost"), EXAMPLES
)
def test_a_cost_is_what_a_person_works_out(  # noqa: PLR0917 - the columns of a table
    terms: str,
    rate: int,
    fee: int,
    minutes: int,
    call_seconds: int,
    calls: int,
    billed: int,
    cost: str,
) -> None:
    """Calls, billed seconds and cost come out as computed by hand beside each example."""
    minimum, increment = (int(part) for part in terms.split("/"))
    play = Play()
    play.done(
        play.commands.publish(
            rate_nano=rate,
            connect_fee_nano=fee,
            minimum_seconds=minimum,
            increment_seconds=increment,
        )
    )
    request = play.commands.request(session_id=None, minutes=minutes, call_seconds=call_seconds)
    (match,) = play.matched(request).matches
    assert _calls(match).answered_calls == calls
    assert _calls(match).billed_seconds == billed
    assert plain(match.cost) == cost


@pytest.mark.parametrize(
    ("call_seconds", "cost"),
    [(89, "0.000000001"), (90, "0.000000002"), (91, "0.000000002"), (149, "0.000000002")],
)
def test_a_cost_is_rounded_half_up(call_seconds: int, cost: str) -> None:
    """One call at 1e-9 a minute: 89/60 is less than one and a half, 90/60 just that, and so on."""
    play = Play()
    play.done(play.commands.publish(rate_nano=1))
    request = play.commands.request(session_id=None, minutes=1, call_seconds=call_seconds)
    (match,) = play.matched(request).matches
    assert (_calls(match).answered_calls, plain(match.cost)) == (1, cost)


def test_without_a_call_length_the_markets_default_counts() -> None:
    """60 minutes in calls of the declared 120 seconds are 30 calls, 30 x 0.1 of fees."""
    play = Play(default_call_seconds=120)
    play.done(play.commands.publish(rate_nano=0, connect_fee_nano=100_000_000))
    (match,) = play.matched(play.commands.request(session_id=None, minutes=60)).matches
    assert (_calls(match).call_seconds, _calls(match).answered_calls) == (120, 30)
    assert plain(match.cost) == "3"


def test_a_sale_costs_what_was_shown() -> None:
    """The contract's cost, rate and minutes are those of the match that was accepted."""
    play = Play()
    play.done(play.commands.publish(rate_nano=12_500_000))
    (match,) = play.matched(play.commands.request(session_id=None, minutes=60)).matches
    sold = play.sold(play.commands.accept(session_id=None))
    assert sold.cost == match.cost
    assert isinstance(sold.service, VoiceSold)
    assert (plain(sold.cost), plain(sold.service.rate_per_minute)) == ("0.75", "0.0125")
    assert (sold.quantity, sold.service.minutes) == (60, 60)


def _calls(match: Match) -> VoiceCost:
    assert isinstance(match.breakdown, VoiceCost)
    return match.breakdown
