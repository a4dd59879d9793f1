"""Follow another's rows and take over: as if the owner had never changed."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strowger.market.entities import Entity, Key
from strowger.market.store import Store
from tests.property.script_director import Director
from tests.property.script_steps import Step
from tests.property.scripts import long_script, scripts
from tests.property.test_dump_restore import Exchange


def _take_turns(script: list[Step], turns: set[int], random: Random) -> None:
    """Play a script to two that follow each other, the owner changing at each of the turns."""
    owner, standby, steady = Exchange(), Exchange(), Exchange()
    director = Director()
    for number, step in enumerate(script):
        command, at_ms = director.direct(step)
        # All three know how far the log is decided: it is their position.
        owner.next_offset = steady.next_offset
        decisions = steady.decide(command, at_ms)
        assert owner.written(owner.decide(command, at_ms)) == steady.written(decisions)
        director.heard(decisions)
        standby.follow(owner.drain(), random)
        assert (standby.digest.hex(), standby.digest.rows) == (
            owner.digest.hex(),
            owner.digest.rows,
        )
        if number in turns:
            owner, standby = standby, owner
    assert owner.dump() == standby.dump() == steady.dump()


@settings(max_examples=30)  # each is decided three times over
@given(scripts(), st.sets(st.integers(0, 63), max_size=6), st.randoms(use_true_random=False))
def test_to_follow_and_take_over_is_never_to_have_changed_hands(
    script: list[Step], turns: set[int], random: Random
) -> None:
    """A standby that follows rows decides on as the owner would have, wherever it takes over."""
    _take_turns(script, turns, random)


def test_a_long_life_in_two_hands() -> None:
    """So it is over thousands of commands, and a take-over at every seventh."""
    _take_turns(long_script(seed=1897, steps=1000), set(range(0, 1000, 7)), Random(1))  # noqa: S311 - reproducible, guarding nothing


def _follow_without_indexes(patch: pytest.MonkeyPatch) -> None:
    """Put followed rows in place of older ones without telling the indexes."""

    def follow(self: Store, key: Key, entity: Entity | None) -> Entity | None:
        old = self.get(key)
        watching = self._watching
        if old is not None:
            self._watching = dict.fromkeys(watching, ())
        if old is not None or entity is not None:
            self._set(key, old, entity)
        self._watching = watching
        return old

    patch.setattr(Store, "follow", follow)


def _follow_no_deletion(patch: pytest.MonkeyPatch) -> None:
    """Keep rows that the owner has deleted."""
    real = Store.follow

    def follow(self: Store, key: Key, entity: Entity | None) -> Entity | None:
        return self.get(key) if entity is None else real(self, key, entity)

    patch.setattr(Store, "follow", follow)


@pytest.mark.parametrize("plant", [_follow_without_indexes, _follow_no_deletion])
def test_a_bug_in_following_is_caught(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bugs planted in following are seen by a long life in two hands."""
    plant(monkeypatch)
    with pytest.raises((AssertionError, KeyError)):
        test_a_long_life_in_two_hands()
