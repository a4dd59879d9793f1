"""How the client reads its inbox, whoever writes it."""

import pytest

from strowger.broker import connections, provisioning
from strowger.client import BuyerClient, InboxFailed, InboxGap
from strowger.contract.topics import inbox
from tests.fake_exchange import PlayedExchange, ended
from tests.support import unique


@pytest.fixture
async def address(bootstrap: str) -> str:
    """Give the broker's address; no exchange is needed where nothing is asked."""
    return bootstrap


@pytest.fixture
async def participant(address: str) -> str:
    """Give a participant that was added."""
    name = unique("globex")
    await provisioning.apply(address, [inbox(name)])
    return name


async def test_what_was_told_before_connecting_is_not_read(address: str, participant: str) -> None:
    """An inbox is read from its end, or from where an earlier client stopped."""
    async with connections.producer(address, client_id="notifier") as producer:
        exchange = PlayedExchange(producer)
        first = await exchange.tell(participant, ended("e-1", "s-1"), "n-1")
        async with BuyerClient(participant, bootstrap=address) as buyer:
            notices = buyer.notices()
            await exchange.tell(participant, ended("e-2", "s-2"), "n-2")
            assert await anext(notices) == ended("e-2", "s-2")
            assert buyer.inbox_position == first + 2

        async with BuyerClient(participant, bootstrap=address, inbox_position=first) as buyer:
            assert await anext(buyer.notices()) == ended("e-1", "s-1")

    with pytest.raises(InboxGap, match="not 99"):
        async with BuyerClient(participant, bootstrap=address, inbox_position=99):
            pass


async def test_a_notice_that_is_told_twice_is_read_once(address: str, participant: str) -> None:
    """The notifier writes at least once; repeats carry their id and are dropped."""
    async with (
        connections.producer(address, client_id="notifier") as producer,
        BuyerClient(participant, bootstrap=address) as buyer,
    ):
        exchange = PlayedExchange(producer)
        notices = buyer.notices()
        for event_id in ("n-1", "n-1", "n-2"):
            await exchange.tell(participant, ended("e-1", event_id), event_id)

        assert [(await anext(notices)).session_id for _ in range(2)] == ["n-1", "n-2"]  # type: ignore[union-attr]


async def test_an_inbox_that_cannot_be_read_fails_its_client(
    address: str, participant: str
) -> None:
    """What no exchange writes ends the reading: notices and calls say so, and nobody waits."""
    async with (
        connections.producer(address, client_id="notifier") as producer,
        BuyerClient(participant, bootstrap=address) as buyer,
    ):
        notices = buyer.notices()
        await producer.send_and_wait(inbox(participant).name, value=b"no envelope")

        with pytest.raises(InboxFailed, match="ce_specversion"):
            await anext(notices)
        with pytest.raises(InboxFailed, match="ce_specversion"):
            await buyer.outcome("voice~a-1")
