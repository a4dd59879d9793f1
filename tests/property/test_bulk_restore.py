"""Rows put in place all at once, and row by row: the same market."""

from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strowger.market import scopes, shelf
from strowger.market.book import Book
from strowger.market.buckets import Bucket
from strowger.market.pages import Start
from strowger.market.scopes import Scopes
from strowger.market.shelf import Shelf
from strowger.market.store import Row
from tests.property.plans import as_if_wide
from tests.property.random_offers import FAMILY_NAMES, MARKET, Chance
from tests.property.script_director import Director
from tests.property.script_steps import Step
from tests.property.scripts import long_script, scripts
from tests.property.test_dump_restore import Exchange
from tests.property.test_index import agrees


def _at_once(rows: list[Row], parts: int) -> Book:
    book = Book(MARKET)
    for part in range(parts):
        book.store.load(rows[part::parts])
    for _ in book.store.settle():
        pass
    return book


def _row_by_row(rows: list[Row]) -> Book:
    book = Book(MARKET)
    for key, entity in rows:
        book.store.follow(key, entity)
    return book


def _stored(bucket: Bucket) -> list[tuple[object, list[int]]]:
    """Give the rows of a bucket in the order of their keys."""
    rows = bucket.block[:, : len(bucket.keys)].T.tolist()
    return sorted(zip(bucket.keys, rows, strict=True), key=repr)


def _hold_alike(one: Book, other: Book) -> None:
    """Hold all that two books keep of offers against each other; both numbered names alike."""
    assert list(one.shelf) == list(other.shelf)
    assert len(one.shelf) == len(other.shelf)
    assert one.scopes.shelves.keys() == other.scopes.shelves.keys()
    for family, mine in one.scopes.shelves.items():
        theirs = other.scopes.shelves[family]
        assert mine.decks == theirs.decks
        assert mine.buckets.keys() == theirs.buckets.keys()
        for scope, bucket in mine.buckets.items():
            same = theirs.buckets[scope]
            assert _stored(bucket) == _stored(same)
            assert (bucket.traits, bucket.latest_ms) == (same.traits, same.latest_ms)
            assert (bucket.coarse is None) == (same.coarse is None)


@given(
    seed=st.integers(0, 2**32 - 1),
    family=st.sampled_from(FAMILY_NAMES),
    offers=st.integers(0, 120),
    parts=st.integers(1, 4),
    narrow=st.integers(0, 4),
)
def test_an_index_built_at_once_is_that_built_row_by_row(
    seed: int, family: str, offers: int, parts: int, narrow: int
) -> None:
    """Rows, order, traits and answers are the same, and stay so while both are changed."""
    with pytest.MonkeyPatch.context() as patch:
        as_if_wide(patch)
        patch.setattr(shelf, "_AT_ONCE", 3)
        patch.setattr(scopes, "_AT_ONCE", 2)
        patch.setattr(scopes, "_NARROW", narrow)
        chance, filled = Chance(seed), Book(MARKET)
        filled.state = chance.state()
        chance.fill(filled, family, offers)
        rows = list(filled.store.rows())
        at_once = _at_once(rows, parts)
        one_by_one = _row_by_row([row for part in range(parts) for row in rows[part::parts]])
        _hold_alike(at_once, one_by_one)
        for _ in range(20):
            offer = chance.offer(family, chance.draw.randrange(140))
            for book in (at_once, one_by_one):
                book.put_offer(offer)
        _hold_alike(at_once, one_by_one)
        agrees(at_once, chance.command(family), Start())


def _play(script: list[Step], stop: int, random: Random) -> None:
    """Play a script to one that never stops and, from a stop on, to two that were restored."""
    steady, at_once, one_by_one = Exchange(), Exchange(), Exchange()
    director = Director()
    restored: list[Exchange] = []
    for number, step in enumerate(script):
        command, at_ms = director.direct(step)
        decisions = steady.decide(command, at_ms)
        written = steady.written(decisions)
        for exchange in restored:
            exchange.next_offset = steady.next_offset - 1
            assert exchange.written(exchange.decide(command, at_ms)) == written
        director.heard(decisions)
        changes = steady.drain()
        if number < stop:
            one_by_one.follow(changes, random)
        elif number == stop:
            one_by_one.follow(changes, random)
            at_once.table = dict(steady.table)
            at_once.start_again(random)
            restored = [at_once, one_by_one]
    assert steady.dump() == at_once.dump() == one_by_one.dump()


@settings(max_examples=60)  # each is decided three times over
@given(scripts(), st.integers(0, 40), st.randoms(use_true_random=False))
def test_a_market_restored_at_once_decides_as_one_that_followed(
    script: list[Step], stop: int, random: Random
) -> None:
    """Decisions, sales and feed are the same, byte for byte, from wherever both go on."""
    _play(script, min(stop, len(script) - 1), random)


def _settle_nothing(self: object) -> Iterator[None]:
    del self
    return iter(())


def _leave_rows_out(patch: pytest.MonkeyPatch) -> None:
    """Announce rows to buckets and never put them in."""
    patch.setattr(Scopes, "settle", _settle_nothing)


def _leave_keys_out(patch: pytest.MonkeyPatch) -> None:
    """Never sort in the keys that were loaded."""
    patch.setattr(Shelf, "settle", _settle_nothing)


def _follow_no_traits(patch: pytest.MonkeyPatch) -> None:
    """Note nothing of what rows of a bucket have in common."""
    patch.setattr(Bucket, "load", lambda self, key, _: self.keys.append(key))


@pytest.mark.parametrize("plant", [_leave_rows_out, _leave_keys_out, _follow_no_traits])
def test_a_bug_in_restoring_at_once_is_caught(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bugs planted in what only a restore does are seen."""
    plant(monkeypatch)
    with pytest.raises((AssertionError, IndexError, KeyError, ValueError)):
        test_an_index_built_at_once_is_that_built_row_by_row()


def test_a_key_that_comes_twice_is_told() -> None:
    """A restore of two rows with one key fails, as what it made would be neither."""
    chance, book = Chance(1), Book(MARKET)
    book.state = chance.state()
    rows = list(book.store.rows())
    with pytest.raises(ValueError, match="twice"):
        _at_once([*rows, rows[0]], 1)


def test_a_long_life_with_a_stop() -> None:
    """So it is after hundreds of commands."""
    _play(long_script(seed=1898, steps=800), 400, Random(1))  # noqa: S311 - reproducible, guarding nothing
