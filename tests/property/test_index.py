"""The index against looking at every offer in scope: the same answers by every plan."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strowger.contract.commands import SubmitRequest
from strowger.market.book import Book
from strowger.market.pages import Start
from strowger.market.searching import Sizes
from strowger.market.selecting import find, scan
from tests.property.plans import as_if_wide
from tests.property.random_offers import FAMILY_NAMES, MARKET, NOW_MS, Chance

PLANS = (Sizes(), Sizes(few=10**6), Sizes(few=0), Sizes(few=0, batch=4))
"""The usual plan, one by one whatever the number, and by columns with and without batches."""

seeds = st.integers(0, 2**32 - 1)
families = st.sampled_from(FAMILY_NAMES)


def agrees(book: Book, command: SubmitRequest, start: Start) -> None:
    """Hold every plan's answer against that of looking at every offer."""
    expected = scan(book, command, start)
    for plan in PLANS:
        assert find(book, command, start, plan) == expected, plan


def played(seed: int, family: str, offers: int) -> tuple[Chance, Book]:
    """Fill a market at random."""
    chance = Chance(seed)
    book = Book(MARKET)
    book.state = chance.state()
    chance.fill(book, family, offers)
    return chance, book


@given(seed=seeds, family=families, offers=st.integers(0, 120))
def test_every_plan_gives_what_a_scan_gives(seed: int, family: str, offers: int) -> None:
    """The same offers, order, costs and near misses, whatever the plan."""
    chance, book = played(seed, family, offers)
    for _ in range(4):
        agrees(book, chance.command(family), Start())


@given(seed=seeds, family=families, offers=st.integers(0, 60))
def test_scopes_searched_as_wide_ones_give_what_a_scan_gives(
    seed: int, family: str, offers: int
) -> None:
    """Bytes rule out none that a scan finds, before and after changes, page by page."""
    with pytest.MonkeyPatch.context() as patch:
        as_if_wide(patch)
        chance, book = played(seed, family, offers)
        for _ in range(2):
            command, start = chance.command(family), Start()
            for _ in range(2):
                agrees(book, command, start)
                page = scan(book, command, start).page
                if not page:
                    break
                start = Start(start.shown + len(page), page[-1].order)
            for _ in range(5):
                book.put_offer(chance.offer(family, chance.draw.randrange(70)))
            if offers:
                row = chance.draw.choice([key for key, _ in book.store.rows() if key[0] == "offer"])
                book.store.delete(row)


@given(seed=seeds, family=families)
def test_every_page_is_what_a_scan_gives(seed: int, family: str) -> None:
    """Pages follow one another as a scan cuts them, to the last one."""
    chance, book = played(seed, family, 60)
    command = msgspec.structs.replace(chance.command(family), max_matches=3)
    start = Start()
    for _ in range(30):
        agrees(book, command, start)
        found = scan(book, command, start)
        if not found.more:
            break
        start = Start(start.shown + len(found.page), found.page[-1].order)


@given(seed=seeds, family=families)
def test_the_index_follows_changes_time_and_rollback(seed: int, family: str) -> None:
    """Answers stay those of a scan under changes, sales, schedules coming into force, rollback."""
    chance, book = played(seed, family, 40)
    for step in range(12):
        savepoint = book.store.savepoint()
        book.put_offer(chance.offer(family, chance.draw.randrange(50)))
        if step % 3 == 0:
            book.put_pool(chance.pool("acme"))
        if step % 4 == 1:
            book.store.rollback(savepoint)
        if step % 4 == 2:
            clock_ms = NOW_MS + chance.draw.randrange(8)
            book.state = msgspec.structs.replace(book.state, clock_ms=clock_ms)
        for key, row in list(book.store.rows())[:: 1 + chance.draw.randrange(20)]:
            if key[0] == "offer" and chance.draw.random() < 0.1:
                del row
                book.store.delete(key)
        agrees(book, chance.command(family), Start())


@pytest.mark.parametrize("family", FAMILY_NAMES)
def test_a_wide_scope_is_searched_alike(family: str) -> None:
    """Thousands of offers for one scope, where samples are taken, give the same as a scan."""
    chance, book = played(7, family, 12_000)
    for _ in range(8):
        agrees(book, chance.command(family), Start())
