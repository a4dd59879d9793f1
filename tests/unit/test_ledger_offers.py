"""The ledger's schedules of offers, its pools and its rates."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from strowger.contract.market_terms import MarketTerms
from strowger.contract.outbound import CapacityStored, ChangeTaken, MarketDeclared, RatesDeclared
from strowger.contract.refusals import Refusal
from strowger.ledger.projection import Batch, Place
from strowger.ledger.queries import reading
from strowger.ledger.store import opened
from tests.decided import PROVIDER, START, Made, refusal, trade, write


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """Give a ledger that holds one trade."""
    path = tmp_path / "deep" / "ledger.sqlite3"
    await write(path, trade())
    return path


async def schedule(path: Path, made: Made) -> list[tuple[int, str, datetime]]:
    """Write it all, in one batch and once more by single decisions; give the offer's schedule."""
    batches = [made.batch()]
    for offset, value in enumerate(made.values):
        batches.append(Batch())
        batches[-1].add(Place(0, offset), value)
    found = []
    for name, parts in (("whole", batches[:1]), ("single", batches[1:])):
        file = path.with_name(name)
        async with opened(file) as store:
            for part in parts:
                await store.write(part, {0: len(made.values)})
        async with reading(file) as ledger:
            revisions = await ledger.revisions("voice", provider=PROVIDER, offer_id="o-1")
            found.append([(each.revision, each.state, each.effective_at) for each in revisions])
    assert found[0] == found[1], "how decisions fall into batches makes a difference"
    return found[0]


async def test_what_is_scheduled_stands_beside_what_is_in_force(tmp_path: Path) -> None:
    """Next month's prices and the withdrawal after them are in the schedule, in time."""
    made = Made()
    month, later = START + timedelta(days=30), START + timedelta(days=60)
    made.publish("o-1", 1)
    made.publish("o-1", 2, month)
    made.withdraw("o-1", 3, later)
    assert await schedule(tmp_path / "ledger", made) == [
        (1, "standing", START),
        (2, "standing", month),
        (3, "withdrawn", later),
    ]


async def test_a_revision_drops_what_was_scheduled_for_its_time_or_later(tmp_path: Path) -> None:
    """What a newer revision replaces before its time came is in no schedule any more."""
    made = Made()
    soon, month = START + timedelta(days=7), START + timedelta(days=30)
    made.publish("o-1", 1)
    made.publish("o-1", 2, month)
    made.publish("o-1", 3, soon)
    assert await schedule(tmp_path / "ledger", made) == [
        (1, "standing", START),
        (3, "standing", soon),
    ]


async def test_what_is_past_is_in_no_schedule(tmp_path: Path) -> None:
    """An offer whose price changes every day does not grow for ever."""
    made = Made()
    for revision in range(1, 6):
        made.publish("o-1", revision)
    assert await schedule(tmp_path / "ledger", made) == [
        (5, "standing", START + timedelta(seconds=4))
    ]


async def test_an_offer_counts_as_standing_from_its_time_on(tmp_path: Path) -> None:
    """A scheduled offer does not stand yet, a scheduled withdrawal has not ended one yet."""
    made = Made()
    made.add(
        MarketDeclared(**made.stamp(), terms=MarketTerms(market="voice", currency="USD")),
        "declare-market",
        "service:operator",
    )
    made.publish("o-1", 1)
    made.withdraw("o-1", 2, START + timedelta(seconds=6))
    made.publish("o-2", 1, START + timedelta(seconds=5))
    standing = []
    path = tmp_path / "ledger"
    for second in range(3, 8):
        await write(path, made)
        async with reading(path) as ledger:
            (market,) = await ledger.markets()
        standing.append((second, market.standing_offers))
        made.add(refusal(made, Refusal.OFFER_UNKNOWN, "offer x", "e-x"), "withdraw-offer")
    assert standing == [(3, 1), (4, 1), (5, 2), (6, 1), (7, 1)]


async def test_the_last_revision_of_a_pool_and_every_version_of_rates_are_kept(
    tmp_path: Path,
) -> None:
    """Pools by their last revision, rates by version, the newest first, exact."""
    made = Made()
    for revision in (1, 2):
        made.add(
            CapacityStored(**made.stamp(), pool="trunks", revision=revision),
            "publish-capacity",
            PROVIDER,
        )
        made.add(
            RatesDeclared(
                **made.stamp(), version=revision, rates={"EUR": Decimal("1.000000001") * revision}
            ),
            "declare-rates",
            "service:operator",
        )
    await write(tmp_path / "ledger", made)
    async with reading(tmp_path / "ledger") as ledger:
        (pool,) = await ledger.pools("voice", provider=PROVIDER)
        rates = await ledger.rates("voice")
        story = await ledger.story("trunks")
    assert (pool.pool, pool.revision) == ("trunks", 2)
    assert [(each.version, each.rates["EUR"]) for each in rates] == [
        (2, Decimal("2.000000002")),
        (1, Decimal("1.000000001")),
    ]
    assert [each.sequence for each in story] == [0, 2]


async def test_an_offer_that_the_market_had_forgotten_stands_again(path: Path) -> None:
    """Withdrawn and forgotten, its id may be published anew, also at a smaller revision."""
    made = trade()
    made.publish("o-2", 1)
    await write(path, made)
    async with reading(path) as ledger:
        (market,) = await ledger.markets()
    assert market.standing_offers == 2


async def test_a_change_that_was_taken_is_in_the_ledger_as_of_then(path: Path) -> None:
    """A guarded market tells nobody from when it counts; what it is of is known all the same."""
    made = trade()
    for subject, command, revision in (
        ("offer o-8", "publish-offer", 1),
        ("offer o-9", "publish-offer", 1),
        ("offer o-9", "withdraw-offer", 2),
        ("capacity p-1", "publish-capacity", 5),
    ):
        taken = ChangeTaken(**made.stamp(), subject=subject, revision=revision)
        made.add(taken, command, PROVIDER)
    await write(path, made)
    async with reading(path) as ledger:
        offers = {each.offer_id: each.state for each in await ledger.offers("voice", PROVIDER)}
        (pool,) = await ledger.pools("voice")
        (market,) = await ledger.markets()
    assert offers == {"o-1": "standing", "o-2": "withdrawn", "o-8": "standing", "o-9": "withdrawn"}
    assert (pool.pool, pool.revision) == ("p-1", 5)
    assert market.standing_offers == 2
