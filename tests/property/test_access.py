"""Keys revoked and participants suspended everywhere, amid all else: as the naive market says."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec
import pytest

from strowger.contract.commands import OPERATOR, AnyCommand
from strowger.market import access, ruling
from strowger.market.access import Access
from strowger.market.book import Book
from strowger.market.entities import RevokedKey
from tests.commands import Commands
from tests.property.comparing import Comparison, Disagreement
from tests.property.script_director import Director
from tests.property.scripts import long_script

KEYS: Final = ("k-0", "k-1", "k-2", "")
WORTH_REACHING: Final = {"access-controlled", "access-controlled again", "key_revoked", "suspended"}


def _lives() -> Counter[str]:
    return sum((_life(seed, steps=400) for seed in range(12)), Counter[str]())


def _life(seed: int, steps: int) -> Counter[str]:
    """Play a long script, each command signed with some key, the operator interfering at times."""
    comparison, director, chance = Comparison(), Director(), random.Random(seed)  # noqa: S311 - no secret
    commands = Commands()
    for step in long_script(seed, steps=steps):
        command, at_ms = director.direct(step)
        for said in (*_interference(chance, commands, at_ms), _signed(chance, command)):
            director.heard(comparison.decide(said, at_ms))
    return comparison.outcomes


def _signed(chance: random.Random, command: AnyCommand) -> AnyCommand:
    if command.participant == OPERATOR:
        return command
    return msgspec.structs.replace(command, key_id=chance.choice(KEYS))


def _interference(chance: random.Random, commands: Commands, at_ms: int) -> Iterator[AnyCommand]:
    if chance.random() > 0.06:
        return
    who = chance.choice(["acme", "initech", "globex", "hooli"])
    if chance.random() < 0.4:
        yield commands.access("suspend", who)
        return
    if chance.random() < 0.7:
        yield commands.access("readmit", who)
        return
    key = f"k-{chance.randrange(3)}" if chance.random() < 0.5 else f"other-{chance.randrange(9)}"
    from_ms = chance.choice([0, at_ms, at_ms + 5_000, at_ms + 600_000])
    sender = chance.choice([OPERATOR, OPERATOR, "acme"])
    yield commands.access("revoke", key, from_ms=from_ms, participant=sender)


def test_access_is_that_of_the_naive_market() -> None:
    """Whatever else happens, both refuse and show the same, and rest it on the same."""
    reached = _lives()
    assert reached.keys() >= WORTH_REACHING


def _overlook_revocations(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ruling.Ruling, "_revoked", lambda _: None)


def _revoke_at_once(patch: pytest.MonkeyPatch) -> None:
    real = Access.revoked
    patch.setattr(Access, "revoked", lambda self, key, _: real(self, key, 10**15))


def _put_revocations_off(patch: pytest.MonkeyPatch) -> None:
    def revoke(self: Access, revoked: RevokedKey) -> bool:
        self.store.put(access._revoked(revoked.key_id), revoked)  # noqa: SLF001 - a planted bug
        return True

    patch.setattr(Access, "_revoke", revoke)


def _suspend_in_one_market_alone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Book, "suspended", property(lambda self: frozenset(self.state.suspended)))


def _readmit_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Access, "_readmit", lambda *_: False)


@pytest.mark.parametrize(
    "plant",
    [
        _overlook_revocations,
        _revoke_at_once,
        _put_revocations_off,
        _suspend_in_one_market_alone,
        _readmit_nobody,
    ],
)
def test_a_planted_bug_in_access_is_found(plant: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison is worth something: each of these is seen by it."""
    assert callable(plant)
    plant(monkeypatch)
    with pytest.raises(Disagreement):
        _lives()
