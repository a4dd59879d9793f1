"""The checker: what participants sent and what came out, held against the design's invariants.

It reads a history alone, with code of its own. `rules` has the naive market of the property tests
decide the log again, which shares none with the core; only `replay` asks the core, for its bytes.
"""

from collections.abc import Callable, Iterator
from typing import Final

from tests.simulation.checker import ends, hiding, once, passage, replay, rules, sales
from tests.simulation.checker.reading import Evidence, Violation
from tests.simulation.history import History

CHECKS: Final[tuple[Callable[[Evidence], Iterator[Violation]], ...]] = (
    sales.sold_in_an_open_session,
    sales.sold_as_shown,
    sales.sold_at_the_revision_in_force,
    sales.sold_within_capacity,
    sales.pools_hold_what_they_sold,
    sales.told_when_the_session_has_ended,
    hiding.hidden_until_bought,
    once.every_record_one_outcome,
    passage.commands_say_what_was_sent,
    passage.only_what_cannot_be_read_is_put_away,
    passage.as_many_as_may_be_are_taken,
    passage.dead_letters_keep_what_was_sent,
    once.decisions_follow_the_log,
    once.one_decision_a_key,
    once.one_event_an_id,
    once.inboxes_hold_their_own,
    once.nobody_acts_as_another,
    once.the_ledger_agrees,
    ends.all_comes_to_its_end,
    ends.sessions_end,
    ends.services_bear_it,
    rules.decided_by_the_rules,
    replay.decided_as_the_log_says,
)


def check(history: History) -> list[Violation]:
    """Give every promise that the history breaks."""
    evidence = Evidence(history)
    return [violation for promise in CHECKS for violation in promise(evidence)]
