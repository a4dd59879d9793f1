"""Matching under strain: it keeps its place in the group, and stops rather than stand still."""

import asyncio
import itertools
from collections.abc import Iterable, Iterator

import msgspec
import pytest

from strowger.broker import provisioning
from strowger.broker.appending import Append
from strowger.contract.topics import ALL, MARKET_BOOK
from strowger.market.digests import TableDigest
from strowger.market.markets import ROWS_A_STEP, Markets
from strowger.market.store import Row
from strowger.matching import restore as restoring
from strowger.matching.deciding import LogGap
from strowger.matching.owner import Owner
from strowger.matching.position import decode as decode_position
from strowger.matching.position import encode as encode_position
from strowger.matching.position import position_key
from strowger.settings import Settings
from tests.commands import Commands
from tests.integration.owning import append, market_of_now, partition_of_market, written
from tests.integration.topics import read_from
from tests.running import restored, running


@pytest.fixture(autouse=True)
async def _topics(bootstrap: str) -> None:
    await provisioning.apply(bootstrap, ALL)


@pytest.fixture
def market() -> Commands:
    """Give a market of the test's own, at the present time."""
    return market_of_now()


async def _positions(bootstrap: str, partition: int) -> list[bytes]:
    """Give every position that was ever committed."""
    rows = await read_from(bootstrap, MARKET_BOOK.name, partition)
    return [row.value or b"" for row in rows if row.key == position_key(partition)]


async def test_costly_commands_are_committed_a_few_at_a_time(
    bootstrap: str, market: Commands
) -> None:
    """However many are at hand, deciding them never keeps the heartbeat waiting for long."""
    seconds = itertools.count(step=0.2)
    partition = partition_of_market(market.market)
    owner = await Owner.take_over(bootstrap, partition, clock=lambda: next(seconds))
    try:
        publishing = [market.publish(f"of-{number}") for number in range(9)]
        records = await written(bootstrap, owner, market.declare(), *publishing)
        before = len(await _positions(bootstrap, partition))
        await owner.decide(records)
    finally:
        await owner.release()
    transactions = len(await _positions(bootstrap, partition)) - before
    assert transactions == -(-len(records) // 3)


async def test_heartbeats_go_on_while_a_large_book_is_restored(
    bootstrap: str, market: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event loop turns while rows are digested, and while they are put in place."""
    partition = partition_of_market(market.market)
    owner = await Owner.take_over(bootstrap, partition)
    try:
        publishing = [market.publish(f"of-{number}") for number in range(ROWS_A_STEP + 1)]
        await owner.decide(await written(bootstrap, owner, market.declare(), *publishing))
    finally:
        await owner.release()

    turns = 0
    seen: dict[str, set[int]] = {"digested": set(), "loaded": set()}

    class WatchedDigest(TableDigest):
        def add(self, key: bytes, value: bytes) -> None:
            seen["digested"].add(turns)
            super().add(key, value)

    class WatchedMarkets(Markets):
        def load(self, rows: Iterable[Row]) -> Iterator[None]:
            for _ in super().load(rows):
                seen["loaded"].add(turns)
                yield

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(restoring, "TableDigest", WatchedDigest)
    monkeypatch.setattr(restoring, "Markets", WatchedMarkets)
    turning = asyncio.create_task(turn())
    try:
        await restored(bootstrap, partition)
    finally:
        turning.cancel()
    assert {name: len(during) > 1 for name, during in seen.items()} == {
        "digested": True,
        "loaded": True,
    }


async def test_a_hand_over_that_fails_ends_the_process(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Aiokafka only logs what its callback raises; a partition would stand still unseen."""

    async def hand_on_badly(owner: Owner) -> None:
        await owner.release()
        raise RuntimeError("cannot let go")

    monkeypatch.setattr(Owner, "hand_on", hand_on_badly)
    with pytest.raises(BaseExceptionGroup) as caught:
        async with (
            asyncio.timeout(60),
            running(settings, "matching"),
            running(settings, "matching"),
        ):
            await asyncio.Event().wait()
    assert caught.group_contains(RuntimeError, match="cannot let go")


async def test_a_log_that_was_made_anew_is_not_decided(
    settings: Settings, bootstrap: str, market: Commands
) -> None:
    """Where it ends before the position that the books tell of, its commands are not skipped."""
    partition = partition_of_market(market.market)
    owner = await Owner.take_over(bootstrap, partition)
    try:
        await owner.decide(await written(bootstrap, owner, market.declare()))
    finally:
        await owner.release()
    true = (await _positions(bootstrap, partition))[-1]
    position = decode_position(true)
    ahead = msgspec.structs.replace(position, next_offset=position.next_offset + 1)
    key = position_key(partition)
    await append(bootstrap, Append(MARKET_BOOK.name, partition, key, encode_position(ahead)))
    try:
        with pytest.raises(BaseExceptionGroup) as caught:
            async with running(settings, "matching"):
                pass
        assert caught.group_contains(LogGap, match="made anew")
    finally:
        await append(bootstrap, Append(MARKET_BOOK.name, partition, key, true))
