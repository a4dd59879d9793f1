"""Standing by on the real broker: following, taking over, and what is newer than we are."""

import msgspec
import pytest

from strowger.broker import provisioning
from strowger.broker.appending import Append
from strowger.broker.consuming import Record
from strowger.contract.commands import COMMANDS_VERSION, CommandTooNew, encode
from strowger.contract.decision import Decision
from strowger.contract.topics import ALL, DECISIONS, MARKET_BOOK, MARKET_LOG
from strowger.matching import service
from strowger.matching.following import Following
from strowger.matching.owner import Owner
from strowger.matching.position import STATE_VERSION, StateTooNew, position_key
from strowger.matching.position import encode as encode_position
from strowger.settings import Settings
from tests.commands import Commands
from tests.integration.owning import append, decide, market_of_now, partition_of_market
from tests.integration.topics import read_from
from tests.running import restored, running


@pytest.fixture(autouse=True)
async def _topics(bootstrap: str) -> None:
    await provisioning.apply(bootstrap, ALL)


@pytest.fixture
def market() -> Commands:
    """Give a market of the test's own, at the present time."""
    return market_of_now()


async def _decisions(bootstrap: str, market: Commands) -> list[Decision]:
    records = await read_from(bootstrap, DECISIONS.name, partition_of_market(market.market), 0)
    key = market.market.encode()
    return [Decision.model_validate_json(each.value or b"") for each in records if each.key == key]


async def test_who_follows_takes_over_and_is_followed_again(
    bootstrap: str, market: Commands
) -> None:
    """A partition goes to and fro between two who follow each other; all is read but once."""
    partition = partition_of_market(market.market)
    owner = await Owner.take_over(bootstrap, partition)
    standby = Following(bootstrap, partition)
    await standby.catch_up()
    await decide(bootstrap, owner, market.declare(), market.publish("of-1", deck="a"))
    for number in (2, 3, 4):
        owner_before, standby_before = owner, standby
        handed_on = await owner_before.hand_on()
        assert handed_on is not None
        owner = await Owner.take_over(bootstrap, partition, standby_before)
        await decide(bootstrap, owner, market.publish(f"of-{number}", deck=f"d{number}"))
        standby = handed_on
    await decide(bootstrap, owner, market.request(session_id=None))
    await owner.release()
    true = await restored(bootstrap, partition)
    followed = await standby.prove()
    await standby.stop()
    assert followed.digest.hex() == true.digest.hex()
    assert dict(followed.markets.dump()) == dict(true.markets.dump())
    event = (await _decisions(bootstrap, market))[-1].event
    assert (event.type, getattr(event, "able", None)) == ("offers-matched", 4)


async def test_what_a_standby_missed_is_found_and_read_anew(
    bootstrap: str, market: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that lost a row does not decide on what it has: its digest tells."""
    partition = partition_of_market(market.market)
    owner = await Owner.take_over(bootstrap, partition)
    standby = Following(bootstrap, partition)
    await standby.catch_up()
    await decide(bootstrap, owner, market.declare(), market.publish())
    with monkeypatch.context() as patch:
        take = Following._take  # noqa: SLF001 - a fault that no other way brings about

        def lose_offers(self: Following, key: bytes, value: bytes | None) -> None:
            if not key.startswith(b'["offer"'):
                take(self, key, value)

        patch.setattr(Following, "_take", lose_offers)
        await standby.catch_up()
    await owner.release()
    owner = await Owner.take_over(bootstrap, partition, standby)
    await decide(bootstrap, owner, market.request(session_id=None))
    await owner.release()
    event = (await _decisions(bootstrap, market))[-1].event
    assert (event.type, getattr(event, "able", None)) == ("offers-matched", 1)


async def test_an_owner_that_was_replaced_hands_nothing_on(
    bootstrap: str, market: Commands
) -> None:
    """A zombie's tables are not followed on: another may have written meanwhile."""
    partition = partition_of_market(market.market)
    zombie = await Owner.take_over(bootstrap, partition)
    owner = await Owner.take_over(bootstrap, partition)
    await decide(bootstrap, owner, market.declare())
    assert await zombie.hand_on() is None
    await owner.release()


async def test_a_command_of_a_newer_release_stops_matching_behind_what_it_knows(
    bootstrap: str, market: Commands
) -> None:
    """What came before it is committed; it is no dead letter, and left to the newer release."""
    owner = await Owner.take_over(bootstrap, partition_of_market(market.market))
    try:
        await decide(bootstrap, owner, market.declare())
        known = market.publish()
        key = market.market.encode()
        await append(
            bootstrap,
            Append(MARKET_LOG.name, partition_of_market(market.market), key, encode(known)),
        )
        read = await read_from(
            bootstrap, MARKET_LOG.name, partition_of_market(market.market), owner.next_offset
        )
        newer = msgspec.structs.replace(known, needs_version=COMMANDS_VERSION + 1)
        place = (
            MARKET_LOG.name,
            partition_of_market(market.market),
            read[-1].offset + 1,
            read[-1].timestamp,
        )
        with pytest.raises(CommandTooNew, match="upgrade matching"):
            await owner.decide([*read, Record(*place, key, encode(newer), ())])
    finally:
        await owner.release()
    told = [each.event.type for each in await _decisions(bootstrap, market)]
    assert told == ["market-declared", "offer-stored"]


async def test_tables_of_a_newer_release_keep_matching_from_starting(
    settings: Settings, bootstrap: str, market: Commands
) -> None:
    """It ends by a name that says which release to run, and has written nothing."""
    partition = partition_of_market(market.market)
    owner = await Owner.take_over(bootstrap, partition)
    await decide(bootstrap, owner, market.declare())
    await owner.release()
    true = (await restored(bootstrap, partition)).position
    newer = msgspec.structs.replace(true, version=STATE_VERSION + 1)
    key = position_key(partition)
    await append(bootstrap, Append(MARKET_BOOK.name, partition, key, encode_position(newer)))
    try:
        with pytest.raises(BaseExceptionGroup) as caught:
            async with running(settings, "matching"):
                pass
        assert caught.group_contains(StateTooNew, match="run the newer release of matching")
    finally:
        await append(bootstrap, Append(MARKET_BOOK.name, partition, key, encode_position(true)))
    assert (await restored(bootstrap, partition)).position == true


async def test_a_broker_that_allows_no_short_session_timeout_gets_a_longer_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Matching runs with Kafka's usual least instead: a killed process is only missed later."""
    monkeypatch.setattr(service, "SESSION_TIMEOUT_SECONDS", 0.5)
    async with running(settings, "matching"):
        pass
