"""The core against a naive market that scans everything: the same decisions, always."""

import pytest
from hypothesis import event, given

from tests.property.comparing import compare
from tests.property.crowds import compare_crowd
from tests.property.plans import PLANS, take
from tests.property.script_operator import POLICIES
from tests.property.script_services import FAMILIES
from tests.property.script_steps import Step
from tests.property.scripts import DECLARE, NOTICE, OPENINGS, declaring, long_script, scripts

_ENDS = ("close-session", "control-market", "session-deadline")
WORTH_REACHING = {
    *("market-declared", "market-declared again", "market_declared_otherwise", "not_allowed"),
    "unknown_rules",
    *("unknown_market", "malformed", "not_e164", "stale_event", "clock_ahead", "id_reused"),
    *("offer-stored", "offer-stored again", "offer-removed", "offer-removed again"),
    *("offer_unknown", "stale_revision", "currency_mismatch", "pool_unknown"),
    *("too_far_ahead", "schedule_full", "notice_too_short"),
    *("capacity-stored", "capacity-stored again"),
    *("too_many_offers", "too_many_sessions", "too_many_requests"),
    *("rates-declared", "rates-declared again", "rates_not_newer"),
    *("session-granted", "session-granted again", "ttl_out_of_bounds"),
    *("session ended by buyer", "session ended by buyer again", "session ended by time"),
    *("session_unknown", "session_ended", "session_ended again", "session_not_due"),
    *("not_your_session", "session_required"),
    *("matched 0", "matched 1", "matched 2", "matched 3", "matched 1 again"),
    *("a page", "continuation_invalid", "unknown_attribute", "undetermined"),
    *("acceptance-confirmed", "acceptance-confirmed again", "offer-sold"),
    *("change-taken", "change-taken again", "book_sealed", "changes_waiting"),
    *("a page of the book", "withheld from the book", "book_changed"),
    *("market-controlled", "market-controlled again", "market_paused", "suspended"),
    *("market_closed", "session ended by operator", "policy_changing"),
    *("feed offer-listed", "feed offer-delisted", "feed book-marked"),
    *(f"sale told at the end by {end}" for end in _ENDS),
    *("request_unknown", "other_session", "not_shown", "match_expired", "not_firm"),
    *("offer_changed", "offer_gone", "capacity_exhausted", "acceptance_unknown"),
    *("excludes", "bound", "for good", "renewal assumed"),
    *(f"{family} {done}" for family in FAMILIES for done in ("matched", "sold")),
    *("one-off", "recurring", "connect fee", "usage", "overage", "minimum"),
    *("usage above 0", "usage above 1", "overage above 0"),
    *("term missed", "currency missed", "max_cost missed", "firmness missed", "codes missed"),
    *("capacity missed", "channels missed", "ceiling_mbps missed"),
    *("delivery_rate_percent missed", "cir_mbps missed", "routes missed", "asr_percent missed"),
}


@given(scripts())
def test_every_decision_is_that_of_the_naive_market(script: list[Step]) -> None:
    """Answers, refusals, matches and their order, costs, notices and recipients are the same."""
    for outcome in compare(script):
        event(outcome)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_long_life_under_a_policy_is_that_of_the_naive_market(policy: str) -> None:
    """So they are over many sessions, whatever providers may do while they are open."""
    for seed in (1901, 1902):
        even = seed % 2 == 0
        opening = declaring(policy, notice=even, holding=even)
        compare(long_script(seed, steps=1500, opening=opening))


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("opening", [DECLARE, NOTICE], ids=["without notice", "with notice"])
def test_a_long_life_is_that_of_the_naive_market(
    opening: Step, plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So they are over thousands of commands, many months and many lives of the same ids."""
    take(plan, monkeypatch)

    compare(long_script(seed=1892, steps=3000, opening=opening))


@pytest.mark.parametrize("plan", PLANS)
def test_a_crowd_is_ranked_as_the_naive_market_ranks_it(
    plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many offers at once, the same are able, in the same order, at the same costs."""
    take(plan, monkeypatch)

    for seed in range(40):
        compare_crowd(seed)


def test_the_scripts_reach_what_is_worth_comparing() -> None:
    """Every outcome of the core that a small market can have comes up in a fixed sample.

    None of it is drawn by Hypothesis, whose draws depend on which modules happen to be imported.
    """
    reached = compare([*long_script(seed=1888, steps=100), *long_script(seed=1887, steps=200)[1:]])
    reached += compare(long_script(seed=1888, steps=20)[1:])
    for steps in OPENINGS:
        reached += compare([*steps, *long_script(seed=1888, steps=100)])
    for seed in (*range(1889, 1919), 1926):
        opening = declaring(
            POLICIES[seed % len(POLICIES)], notice=seed % 3 == 0, required=seed % 7 == 0
        )
        reached += compare(long_script(seed, steps=600, opening=opening))
    assert reached.keys() >= WORTH_REACHING, WORTH_REACHING - reached.keys()
