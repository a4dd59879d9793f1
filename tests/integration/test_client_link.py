"""The client's link against an exchange played by hand, on a broker of its own.

Of its own, so that the broker can be stopped, and so that no real exchange answers as well.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator

import pytest

from strowger.broker import provisioning
from strowger.broker.access import Access, Bootstrap
from strowger.broker.embedded import EmbeddedBroker
from strowger.broker.errors import BrokerUnavailable
from strowger.client import (
    BuyerClient,
    DeliveryReport,
    InboxMissing,
    OutcomeUnknown,
    ProviderClient,
    Refused,
    refused,
)
from strowger.contract.event import OutboundEvent
from strowger.contract.inbound import OfferPublished
from strowger.contract.outbound import EventRefused
from strowger.contract.reading import Received
from strowger.contract.refusals import Refusal
from strowger.contract.topics import INBOUND_TOPICS, inbox
from strowger.contract.voice import VoiceTermination
from strowger.settings import Settings
from tests.fake_exchange import ended, granted, played, said_no, stored
from tests.support import eventually, unique


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """Start a broker that these tests alone use."""
    home = tmp_path_factory.mktemp("link")
    broker = EmbeddedBroker.from_settings(Settings(home=home))
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@pytest.fixture
async def address(own_broker: EmbeddedBroker) -> str:
    """Give that broker's address, with the inbound topics made."""
    bootstrap = own_broker.as_root()
    await provisioning.apply(bootstrap, INBOUND_TOPICS)
    return bootstrap


@pytest.fixture
async def participant(address: str) -> str:
    """Give a participant that was added."""
    name = unique("globex")
    await provisioning.apply(address, [inbox(name)])
    return name


async def test_a_participant_without_an_inbox_is_told_who_can_add_it(address: str) -> None:
    """The error carries the operator's command; nothing is made by asking, not even a topic."""
    stranger = unique("stranger")

    for _ in range(2):
        with pytest.raises(InboxMissing, match=f"strowger participant add {stranger}"):
            async with BuyerClient(stranger, bootstrap=address):
                pass


async def test_a_broker_that_does_not_answer_is_named() -> None:
    """A wrong address fails within the client's timeout, and leaves nothing open."""
    with pytest.raises(BrokerUnavailable, match=r"127\.0\.0\.1:1"):
        async with BuyerClient("globex", bootstrap=Bootstrap("127.0.0.1:1", Access()), timeout=0.2):
            pass


async def test_a_notice_of_the_same_cause_is_no_answer(address: str, participant: str) -> None:
    """What an event led to, told before its answer, goes to the notices and not to the caller."""
    async with (
        played(address, lambda got: [ended(got.envelope.id), granted(got)]),
        BuyerClient(participant, bootstrap=address) as buyer,
    ):
        notices = buyer.notices()

        session = await buyer.open_session("voice", ttl=60, session_id="s-2")

        assert session.session_id == "s-2"
        assert (await anext(notices)) is not None


async def test_an_event_that_overtook_another_is_sent_again(address: str, participant: str) -> None:
    """A refusal that only waiting mends is mended by waiting: a new event, the same natural key."""
    sent: list[Received] = []

    def overtaken_twice(got: Received) -> Iterable[OutboundEvent]:
        sent.append(got)
        yield said_no(got, Refusal.SESSION_UNKNOWN) if len(sent) < 3 else granted(got)

    async with (
        played(address, overtaken_twice),
        BuyerClient(participant, bootstrap=address) as buyer,
    ):
        await buyer.open_session("voice", ttl=60)

    assert len({got.envelope.id for got in sent}) == 3
    assert len({got.event for got in sent}) == 1


async def test_a_refusal_is_raised_at_last(address: str, participant: str) -> None:
    """Four times is enough, and any other refusal is raised at the first."""
    async with (
        played(address, lambda got: [said_no(got, Refusal.SESSION_UNKNOWN)]) as exchange,
        BuyerClient(participant, bootstrap=address) as buyer,
    ):
        with pytest.raises(refused.SessionUnknown):
            await buyer.open_session("voice", ttl=60)
        assert len(exchange.received) == 4

    async with (
        played(address, lambda got: [said_no(got, Refusal.UNKNOWN_MARKET)]) as exchange,
        BuyerClient(participant, bootstrap=address) as buyer,
    ):
        with pytest.raises(refused.UnknownMarket):
            await buyer.open_session("voice", ttl=60)
        assert len(exchange.received) == 1


async def test_silence_is_an_outcome_that_is_not_known(address: str, participant: str) -> None:
    """Without an answer in time the caller gets the id to ask about."""
    async with (
        played(address, lambda _: ()),
        BuyerClient(participant, bootstrap=address, timeout=0.3) as buyer,
    ):
        with pytest.raises(OutcomeUnknown, match=r"within 0\.3 seconds") as unknown:
            await buyer.outcome("voice~a-1")

    assert (unknown.value.id, unknown.value.market) == ("voice~a-1", "voice")


async def test_closing_a_client_ends_what_waits_on_it(address: str, participant: str) -> None:
    """Nobody waits out a timeout on a client that was closed."""
    async with played(address, lambda _: ()) as exchange:
        async with BuyerClient(participant, bootstrap=address) as buyer:
            asking = asyncio.create_task(buyer.outcome("voice~a-1"))
            await eventually(lambda: exchange.received)

        with pytest.raises(OutcomeUnknown, match="closed"):
            await asking


async def answered_by_hand(address: str, participant: str, change: Callable[[str], str]) -> None:
    """Ask for an outcome, and get a refusal whose JSON was changed."""
    async with (
        played(address, lambda _: ()) as exchange,
        BuyerClient(participant, bootstrap=address) as buyer,
    ):
        asking = asyncio.create_task(buyer.outcome("voice~a-1"))
        got = (await eventually(lambda: exchange.received))[0]
        answer = change(said_no(got, Refusal.MALFORMED).model_dump_json())
        await exchange.write(participant, EventRefused.TYPE, answer.encode(), "n-1")
        await asking


async def test_an_answer_that_cannot_be_read_is_not_waited_out(
    address: str, participant: str
) -> None:
    """An answer that breaks its schema says so at once, as an outcome not known."""
    with pytest.raises(OutcomeUnknown, match="Field required"):
        await answered_by_hand(
            address, participant, lambda answer: answer.replace('"subject":', '"object":')
        )


async def test_a_refusal_of_a_newer_exchange_is_still_a_refusal(
    address: str, participant: str
) -> None:
    """The contract leaves refusals open: one that this SDK does not know is raised as `Refused`."""
    with pytest.raises(Refused, match="not_yet_thought_of") as newer:
        await answered_by_hand(
            address, participant, lambda answer: answer.replace("malformed", "not_yet_thought_of")
        )

    assert type(newer.value) is Refused
    assert newer.value.refusal == "not_yet_thought_of"


def offers(count: int) -> list[OfferPublished]:
    """Make offers `o-0`, `o-1` and so on."""
    service = VoiceTermination.model_validate_json('{"prefix": "44", "rate_per_minute": "0.01"}')
    return [
        OfferPublished(
            market="voice", offer_id=f"o-{number}", revision=1, currency="EUR", service=service
        )
        for number in range(count)
    ]


async def test_many_offers_are_reported_one_by_one_in_their_order(
    address: str, participant: str
) -> None:
    """More offers than may be unanswered: each gets its own report, refusals with their reason."""

    def every_tenth_refused(got: Received) -> Iterable[OutboundEvent]:
        assert isinstance(got.event, OfferPublished)
        no = got.event.offer_id.endswith("0")
        yield said_no(got, Refusal.STALE_REVISION) if no else stored(got)

    seen: list[DeliveryReport] = []
    many = offers(4500)
    async with (
        played(address, every_tenth_refused),
        ProviderClient(participant, bootstrap=address) as provider,
    ):
        reports = await provider.publish_many(many, on_report=seen.append)

    assert [report.event for report in reports] == many
    assert [report.outcome for report in reports[9:12]] == ["stored", "refused", "stored"]
    assert sum(report.outcome == "refused" for report in reports) == 450
    refusal = reports[10].answer
    assert isinstance(refusal, EventRefused)
    assert refusal.refusal is Refusal.STALE_REVISION
    assert sorted(map(id, seen)) == sorted(map(id, reports))


async def test_an_exchange_that_falls_silent_leaves_unknown_and_unsent(
    address: str, participant: str
) -> None:
    """What was sent without an answer is not known; the rest was never sent; each says which."""
    answers = iter(range(100))

    def silent_after_a_hundred(got: Received) -> Iterable[OutboundEvent]:
        if next(answers, None) is not None:
            yield stored(got)

    async with (
        played(address, silent_after_a_hundred),
        ProviderClient(participant, bootstrap=address, timeout=4) as provider,
    ):
        reports = await provider.publish_many(offers(3000))

    outcomes = [report.outcome for report in reports]
    assert (outcomes.count("stored"), outcomes.count("unknown")) == (100, 1900)
    assert outcomes.count("unsent") == 1000


async def test_a_broker_that_restarts_loses_no_answer(
    own_broker: EmbeddedBroker, address: str, participant: str
) -> None:
    """Calls that began before, or while the broker is away, get their answers when it is back."""
    back = asyncio.Event()
    async with (
        played(address, lambda got: [granted(got)] if back.is_set() else ()) as exchange,
        BuyerClient(participant, bootstrap=address, timeout=60) as buyer,
    ):
        before = asyncio.create_task(buyer.open_session("voice", ttl=60, session_id="s-before"))
        got = (await eventually(lambda: exchange.received))[0]
        await asyncio.to_thread(own_broker.stop)
        during = asyncio.create_task(buyer.open_session("voice", ttl=60, session_id="s-during"))
        back.set()
        await asyncio.to_thread(own_broker.start)
        await exchange.tell(participant, granted(got), "n-1")

        sessions = await asyncio.gather(before, during)

    assert [session.session_id for session in sessions] == ["s-before", "s-during"]


async def test_a_client_can_be_left_while_the_broker_is_gone(
    own_broker: EmbeddedBroker, address: str, participant: str
) -> None:
    """What can't be delivered is given up, told as an outcome not known; nothing hangs."""
    try:
        async with asyncio.timeout(60):
            async with BuyerClient(participant, bootstrap=address, timeout=1) as buyer:
                await asyncio.to_thread(own_broker.stop)
                with pytest.raises(OutcomeUnknown):
                    await buyer.open_session("voice", ttl=60)
    finally:
        await asyncio.to_thread(own_broker.start)
