"""A ledger made anew from the topic, held against the present one, on real Kafka."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from strowger.broker import provisioning
from strowger.ledger.backup import back_up
from strowger.ledger.errors import DecisionsGone, LogBeginsLater
from strowger.ledger.queries import reading
from strowger.ledger.rebuilding import Rebuilt, rebuild
from strowger.ledger.replacing import replace
from strowger.ledger.store import opened
from tests.integration.test_ledger import Bench, delete_before, stored
from tests.unit.test_ledger import rows
from tests.unit.test_ledger_backup import overwrite


@pytest.fixture
async def bench(bootstrap: str, tmp_path: Path) -> AsyncIterator[Bench]:
    """Give a topic of two partitions with decisions in both, and a ledger that has read them."""
    bench = Bench(bootstrap, tmp_path / "ledger.sqlite3")
    await provisioning.apply(bootstrap, [bench.topic])
    async with bench.writer:
        await bench.decide(stored("o-1"), stored("o-2"))
        await bench.decide(stored("o-3"), partition=1)
        async with bench.ledger():
            await bench.holds("o-1", "o-2", "o-3")
        yield bench


def in_any_order(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Give all rows of all tables; which partition was read first makes no difference."""
    return {table: sorted(found, key=repr) for table, found in rows(path).items()}


async def rebuilt(bench: Bench, start: Path | None = None) -> Rebuilt:
    """Rebuild the ledger of a bench; it has to tell how far it is, up to the end."""
    told: list[tuple[int, int]] = []
    made = await rebuild(
        bench.bootstrap,
        bench.path,
        start=start,
        topic=bench.topic,
        progress=lambda done, of: told.append((done, of)),
    )
    assert told == sorted(told)
    assert not told or told[-1][0] == told[-1][1]
    return made


async def test_a_rebuilt_ledger_is_equal_as_far_as_the_present_one_had_read(bench: Bench) -> None:
    """It is compared there, and then goes on to what the present one has not read."""
    await bench.decide(stored("o-4"))
    made = await rebuilt(bench)
    assert made.compared.equal
    assert made.compared.rows == sum(len(found) for found in rows(bench.path).values())
    assert await bench.offers() == ["o-1", "o-2", "o-3"]
    assert await replace(bench.path, made.path) is not None
    assert await bench.offers() == ["o-1", "o-2", "o-3", "o-4"]
    async with bench.ledger():
        await bench.decide(stored("o-5"), partition=1)
        await bench.holds("o-1", "o-2", "o-3", "o-4", "o-5")


async def test_a_row_that_somebody_changed_is_found(bench: Bench) -> None:
    """The log is what counts: the table and the key are named."""
    async with opened(bench.path) as store:
        await store._database.execute(  # noqa: SLF001 - what nobody may do
            "UPDATE decisions SET participant = 'x' WHERE causation_id = 'o-2'"
        )
    (difference,) = (await rebuilt(bench)).compared.differences
    assert (difference.table, difference.changed) == ("decisions", 1)
    assert difference.first_changed == {"partition": 0, "offset": 1}


async def test_a_ledger_that_is_missing_or_damaged_is_rebuilt_without_comparing(
    bench: Bench,
) -> None:
    """The result says why; the new one has all that the topic has."""
    wanted = in_any_order(bench.path)
    overwrite(bench.path)
    made = await rebuilt(bench)
    assert not made.compared.equal
    assert "damaged" in str(made.compared.not_compared)
    assert in_any_order(made.path) == wanted
    bench.path.unlink()
    assert "no ledger" in str((await rebuilt(bench)).compared.not_compared)


async def test_where_the_log_begins_later_a_backup_is_what_it_starts_from(bench: Bench) -> None:
    """Without one, or with one from before the gap, it says so; with one it is equal."""
    old = bench.path.with_name("old.sqlite3")
    new = bench.path.with_name("new.sqlite3")
    await back_up(bench.path, old)
    await bench.decide(stored("o-4"), stored("o-5"))
    async with bench.ledger():
        await bench.holds("o-1", "o-2", "o-3", "o-4", "o-5")
    await back_up(bench.path, new)
    await bench.decide(stored("o-6"))
    await delete_before(bench, 5)
    with pytest.raises(LogBeginsLater, match="--from"):
        await rebuilt(bench)
    with pytest.raises(DecisionsGone):
        await rebuilt(bench, old)
    made = await rebuilt(bench, new)
    assert made.compared.equal
    async with reading(made.path) as ledger:
        assert (await ledger.positions())[0] == made.next_offsets[0]
    await replace(bench.path, made.path)
    assert await bench.offers() == ["o-1", "o-2", "o-3", "o-4", "o-5", "o-6"]
