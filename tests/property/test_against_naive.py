"""The core against a naive market that scans everything: the same decisions, always."""

from collections import Counter

from hypothesis import Phase, event, given, settings

from tests.property.comparing import compare
from tests.property.scripts import Step, long_script, scripts

WORTH_REACHING = {
    *("market-declared", "market-declared again", "market_declared_otherwise", "not_allowed"),
    *("unknown_market", "malformed", "not_e164", "stale_event", "clock_ahead", "id_reused"),
    *("offer-stored", "offer-stored again", "offer-removed", "offer-removed again"),
    *("offer_unknown", "stale_revision", "currency_mismatch"),
    *("session-granted", "session-granted again", "ttl_out_of_bounds"),
    *("terminated", "terminated again", "timed_out"),
    *("session_unknown", "session_ended", "session_ended again", "session_not_due"),
    *("not_your_session", "session_required"),
    *("matched 0", "matched 1", "matched 2", "matched 3", "matched 1 again"),
    *("acceptance-confirmed", "acceptance-confirmed again", "offer-sold"),
    *("request_unknown", "other_session", "not_shown", "match_expired"),
    *("offer_changed", "offer_gone", "capacity_exhausted", "acceptance_unknown"),
}


@given(scripts())
def test_every_decision_is_that_of_the_naive_market(script: list[Step]) -> None:
    """Answers, refusals, matches and their order, costs, notices and recipients are the same."""
    for outcome in compare(script):
        event(outcome)


def test_a_long_life_is_that_of_the_naive_market() -> None:
    """So they are over thousands of commands, many days and many lives of the same ids."""
    compare(long_script(seed=1892, steps=3000))


def test_the_scripts_reach_what_is_worth_comparing() -> None:
    """Every outcome of the core that a small market can have comes up in a fixed sample."""
    reached: Counter[str] = Counter()

    @settings(max_examples=150, derandomize=True, database=None, phases=[Phase.generate])
    @given(scripts())
    def sample(script: list[Step]) -> None:
        reached.update(compare(script))

    sample()
    for seed in range(1889, 1892):
        reached += compare(long_script(seed, steps=2000))
    assert reached.keys() >= WORTH_REACHING, WORTH_REACHING - reached.keys()
