"""Dump, shuffle, restore, go on: as if never stopped; and the same log, the same bytes."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strowger.contract.commands import AnyCommand, decode, encode
from strowger.contract.decision import Decision
from strowger.contract.topics import BOOKS
from strowger.market import feeding, ruling, scopes
from strowger.market.book import Book
from strowger.market.digests import TableDigest
from strowger.market.entities import (
    TOPIC_OF_KIND,
    Entity,
    Revised,
    decode_key,
    encode_key,
)
from strowger.market.entities import decode as decode_entity
from strowger.market.entities import encode as encode_entity
from strowger.market.markets import Markets
from strowger.market.store import Change, Row, Store
from strowger.market.timers import Deadlines, forget_at
from tests.property.replay import replay
from tests.property.script_director import Director
from tests.property.script_steps import Step
from tests.property.scripts import long_script, scripts

Rows = dict[bytes, bytes]
ROOT: Final = Path(__file__).parents[2]


class Exchange:
    """The markets of a partition as matching runs them, their changes drained to a table."""

    def __init__(self) -> None:
        self.markets = Markets()
        self.table: Rows = {}
        self.digest = TableDigest()
        self.next_offset = 0

    def decide(self, command: AnyCommand, at_ms: int) -> list[Decision]:
        """Decide one command as it reads on the log."""
        decisions = self.markets.apply(decode(encode(command)), at_ms, self.next_offset)
        self.next_offset += 1
        assert self.markets.faults() == []
        return decisions

    def written(self, decisions: list[Decision]) -> list[bytes]:
        """Give every byte that goes out: decisions, the public record of sales, the feed."""
        sales = [self.markets.public_sale(decision) for decision in decisions]
        said = [each.model_dump_json().encode() for each in (*decisions, *sales) if each]
        for key, event in self.markets.drain_feed():
            said += (encode_key(key), event.model_dump_json().encode() if event else b"")
        return said

    def drain(self) -> list[Change]:
        """Write the changes of a batch to the table, as its records would; give them."""
        changes = self.markets.drain()
        self.digest.follow(changes)
        for key, _, new in changes:
            if new is None:
                del self.table[encode_key(key)]
            else:
                self.table[encode_key(key)] = encode_entity(new)
        return changes

    def follow(self, changes: list[Change], random: Random) -> None:
        """Follow another's batch; rows of different books come in any order among each other."""
        books = [topic.name for topic in BOOKS]
        random.shuffle(books)
        for book in books:
            for key, _, new in (each for each in changes if TOPIC_OF_KIND[each.key[0]] == book):
                value = None if new is None else encode_entity(new)
                old = self.markets.follow(key, None if value is None else decode_entity(value))
                if old is not None:
                    self.digest.remove(encode_key(key), encode_entity(old))
                if value is not None:
                    self.digest.add(encode_key(key), value)
                    self.table[encode_key(key)] = value
                elif old is not None:
                    del self.table[encode_key(key)]

    def start_again(self, random: Random) -> None:
        """Lose all but the table's bytes, which come back in any order."""
        rows = list(self.table.items())
        random.shuffle(rows)
        self.markets = Markets.restore(
            (decode_key(key), decode_entity(value)) for key, value in rows
        )

    def dump(self) -> Rows:
        """Give every row that the markets have."""
        return {encode_key(key): encode_entity(entity) for key, entity in self.markets.dump()}


def _play(script: list[Step], stops: set[int], random: Random) -> None:
    """Play a script, in two markets at once, to an exchange that stops and one that does not."""
    steady, stopping = Exchange(), Exchange()
    directors = Director("voice-eu"), Director("voice-us")
    for number, step in enumerate(script):
        for director in directors[: 1 + number % 2]:
            command, at_ms = director.direct(step)
            decisions = steady.decide(command, at_ms)
            assert stopping.written(stopping.decide(command, at_ms)) == steady.written(decisions)
            director.heard(decisions)
        if number in stops:
            for exchange in (steady, stopping):
                exchange.drain()
                _check_table(exchange)
            stopping.start_again(random)
            assert stopping.dump() == stopping.table == steady.table
            assert stopping.digest.hex() == steady.digest.hex()


def _check_table(exchange: Exchange) -> None:
    """Hold the table and the digest that followed the changes to what the markets have."""
    assert exchange.table == exchange.dump()
    anew = TableDigest()
    for key, value in sorted(exchange.table.items()):
        anew.add(key, value)
    assert (anew.hex(), anew.rows) == (exchange.digest.hex(), exchange.digest.rows)


@given(scripts(), st.sets(st.integers(0, 63), max_size=6), st.randoms(use_true_random=False))
def test_to_stop_and_go_on_is_never_to_have_stopped(
    script: list[Step], stops: set[int], random: Random
) -> None:
    """Decisions, sales, table and digest are the same, byte for byte, wherever it stopped."""
    _play(script, stops | {len(script) - 1}, random)


@given(scripts(), st.sets(st.integers(0, 63), max_size=6), st.randoms(use_true_random=False))
def test_forgetting_in_small_portions_is_not_disturbed_by_a_stop(
    script: list[Step], stops: set[int], random: Random
) -> None:
    """With much to forget and little forgotten at a time, a restored market forgets the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ruling, "FORGET_PER_COMMAND", 2)
        patch.setattr(feeding, "FEED_PER_COMMAND", 2)
        _play(script, stops | {len(script) - 1}, random)


def test_a_long_life_with_many_stops() -> None:
    """So it is over thousands of commands and a stop at every seventh."""
    _play(long_script(seed=1893, steps=1500), set(range(0, 1500, 7)), Random(1))  # noqa: S311 - reproducible, guarding nothing


def test_the_same_log_gives_the_same_bytes() -> None:
    """Deciding it twice in one process makes no difference."""
    assert replay(seed=1894, steps=500) == replay(seed=1894, steps=500)


def test_the_same_log_gives_the_same_bytes_in_any_process() -> None:
    """Nor does another process, where hashes of strings are others."""
    seen = {replay(seed=1895, steps=1500)}
    for hash_seed in ("1", "2"):
        finished = subprocess.run(
            [sys.executable, "-m", "tests.property.replay", "1895", "1500"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        )
        seen.add(finished.stdout)
    assert len(seen) == 1


def test_a_digest_tells_a_lost_or_damaged_row() -> None:
    """Any row missing, changed, or twice there gives another digest or another count."""
    exchange, director = Exchange(), Director()
    for step in long_script(seed=1896, steps=200):
        director.heard(exchange.decide(*director.direct(step)))
    exchange.drain()
    right = exchange.digest
    for lost, value in exchange.table.items():
        other = TableDigest(right.value, right.rows)
        other.remove(lost, value)
        assert (other.hex(), other.rows) != (right.hex(), right.rows)
        other.add(lost, value + b" ")
        assert (other.hex(), other.rows) != (right.hex(), right.rows)


def _count_what_is_spent(patch: pytest.MonkeyPatch) -> None:
    """Let entries of rows that changed count against what one command forgets."""

    def forget(book: Book) -> None:
        for _ in range(2):
            due = book.forgetting.due(book.clock_ms)
            if due is not None:
                if forget_at(book.store.get(due[1])) == due[0]:
                    book.store.delete(due[1])
                book.forgetting.done()

    patch.setattr(ruling, "_forget", forget)


def _restore_no_timers(patch: pytest.MonkeyPatch) -> None:
    """Put restored rows in place without telling who follows them when they end."""
    real = Store.load

    def load(self: Store, rows: Iterable[Row]) -> None:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Deadlines, "watch", lambda *_: None)
            real(self, rows)

    patch.setattr(Store, "load", load)


def _restore_no_ends(patch: pytest.MonkeyPatch) -> None:
    """Index restored revisions as if none came after them."""
    load, spans = Store.load, scopes._spans  # noqa: SLF001 - a planted bug

    def endless(offer: Entity | None) -> list[tuple[Revised, int | None]]:
        return [(revised, None) for revised, _ in spans(offer)]

    def load_endless(self: Store, rows: Iterable[Row]) -> None:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(scopes, "_spans", endless)
            load(self, rows)

    patch.setattr(Store, "load", load_endless)


def _lose_the_pools(patch: pytest.MonkeyPatch) -> None:
    """Drain no change of a pool."""
    real = Store.drain
    patch.setattr(
        Store, "drain", lambda self: [each for each in real(self) if each[0][0] != "pool"]
    )


def _lose_a_change(patch: pytest.MonkeyPatch) -> None:
    """Drain all changes but those of offers that were there before."""
    real = Store.drain

    def drain(self: Store) -> list[Change]:
        return [each for each in real(self) if each.key[0] != "offer" or each.old is None]

    patch.setattr(Store, "drain", drain)


@pytest.mark.parametrize(
    "plant",
    [
        _count_what_is_spent,
        _restore_no_timers,
        _restore_no_ends,
        _lose_the_pools,
        _lose_a_change,
    ],
)
def test_a_bug_that_a_stop_brings_out_is_caught(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bugs planted in forgetting, restoring and draining are seen by a long life with stops."""
    monkeypatch.setattr(ruling, "FORGET_PER_COMMAND", 2)
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        _play(long_script(seed=1893, steps=1500), set(range(0, 1500, 7)), Random(1))  # noqa: S311 - reproducible, guarding nothing
