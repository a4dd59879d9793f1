"""The rules have versions, in force by the operator's word in the log (invariant 9)."""

import pytest

from strowger.contract.outbound import EventRefused
from strowger.contract.refusals import Refusal
from strowger.market.entities import Pool
from strowger.market.rules import FIRST_RULES, NEWEST_RULES, RULES
from tests.playing import Play


def version(play: Play) -> int:
    """Give what a decision that is made now is stamped with."""
    (decision,) = play.decide(play.commands.publish("of-9"))
    return decision.rules_version


def test_a_market_decides_by_the_rules_of_its_declaration() -> None:
    """Not by those of the release: an older log names none, and is decided as it was."""
    play = Play(declared=False)
    assert version(play) == FIRST_RULES
    declaration = play.commands.declare(rules_version=FIRST_RULES)
    play.done(declaration)
    assert version(play) == FIRST_RULES
    play.done(play.commands.declare(rules_version=NEWEST_RULES))  # the same terms again
    assert version(play) == FIRST_RULES


def test_rules_change_by_a_command_in_the_log() -> None:
    """From its own answer on each decision is stamped so; the same again changes nothing."""
    play = Play(rules_version=FIRST_RULES)
    assert version(play) == FIRST_RULES
    (changed,) = play.decide(play.commands.control("rules", str(NEWEST_RULES)))
    assert (changed.rules_version, changed.repeat) == (NEWEST_RULES, False)
    assert version(play) == NEWEST_RULES
    (again,) = play.decide(play.commands.control("rules", str(NEWEST_RULES)))
    assert again.repeat


@pytest.mark.parametrize("unknown", ["1", str(max(RULES) + 1), "latest", None])
def test_rules_that_nobody_knows_are_refused(unknown: str | None) -> None:
    """By name, in a declaration and afterwards; those in force stay."""
    play = Play()
    assert play.refusal(play.commands.control("rules", unknown)) is Refusal.UNKNOWN_RULES
    assert version(play) == NEWEST_RULES
    if unknown is not None and unknown.isdigit():
        refused = Play(declared=False).answer(play.commands.declare(rules_version=int(unknown)))
        assert isinstance(refused, EventRefused)
        assert refused.refusal is Refusal.UNKNOWN_RULES


def test_only_the_operator_changes_rules() -> None:
    """A participant is refused."""
    play = Play()
    rules = play.commands.control("rules", str(FIRST_RULES), participant="acme")
    assert play.refusal(rules) is Refusal.NOT_ALLOWED


@pytest.mark.parametrize(("rules_version", "waiting"), [(2, 20), (3, 1)])
def test_however_often_a_pool_changes_little_waits(rules_version: int, waiting: int) -> None:
    """Only the last change waits, without a word of it; those that it overtook are known still."""
    play = Play(policy="guarded", rules_version=rules_version)
    play.done(play.commands.capacity(units=100), play.commands.publish(pool="pool-1"))
    play.done(play.commands.open(), play.commands.request())
    for revision in range(2, 22):
        play.done(play.commands.capacity(revision=revision, units=revision))
    (pool,) = (row for _, row in play.markets.dump() if isinstance(row, Pool))
    assert len(pool.deferred) == waiting
    play.done(play.commands.capacity(revision=20, units=20))
    stale = play.refusal(play.commands.capacity(revision=20, units=21))
    assert stale is Refusal.ID_REUSED
    play.done(play.commands.close())
    (pool,) = (row for _, row in play.markets.dump() if isinstance(row, Pool))
    assert (pool.units, pool.revision, pool.deferred) == (21, 21, ())
