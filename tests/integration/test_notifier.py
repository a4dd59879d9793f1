import asyncio
import json
from datetime import UTC, datetime
from itertools import count

import msgspec
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from strowger.broker import connections
from strowger.broker.consuming import Record
from strowger.broker.provisioning import apply, ensure_inboxes
from strowger.contract.decision import Decision
from strowger.contract.envelope import EXCHANGE_SOURCE, Envelope
from strowger.contract.outbound import OfferStored, SessionGranted
from strowger.contract.topics import ALL, DEAD_LETTERS, DECISIONS, inbox
from strowger.notifier.service import read_decision
from strowger.settings import Settings
from tests.integration.topics import producing, records_of
from tests.running import running
from tests.support import eventually, unique

AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
MARKET = unique("voice")
"""Of these tests alone: other readers of the run's broker meet its decisions, too."""

_SEQUENCE = count()


@pytest.fixture(scope="module", autouse=True)
def _topics(bootstrap: str) -> None:
    asyncio.run(apply(bootstrap, ALL))


async def new_inbox(bootstrap: str) -> str:
    """Make a participant with an inbox."""
    participant = unique("p")
    await ensure_inboxes(bootstrap, [participant])
    return participant


def decision(recipient: str | None, event_id: str) -> Decision:
    """Make the market's next decision, on an offer."""
    sequence = next(_SEQUENCE)
    stored = OfferStored(
        market=MARKET,
        causation_id="e-1",
        at=AT,
        offer_id=f"o-{event_id}",
        revision=1,
        effective_at=AT,
    )
    return Decision(
        market=MARKET,
        sequence=sequence,
        log_offset=sequence,
        at=AT,
        rules_version=1,
        command="publish-offer",
        participant="acme",
        role="answer",
        recipient=recipient,
        event_id=event_id,
        event=stored,
    )


async def decide(bootstrap: str, *decisions: Decision) -> int:
    """Write decisions of one market as matching does; give the offset of the last."""
    async with producing(bootstrap) as producer:
        return await written(producer, decisions)


async def written(producer: AIOKafkaProducer, decisions: tuple[Decision, ...]) -> int:
    """Write decisions."""
    offset = -1
    for each in decisions:
        envelope = Envelope(f"d-{each.event_id}", EXCHANGE_SOURCE, Decision.TYPE, each.at)
        acknowledged = await producer.send_and_wait(
            DECISIONS.name,
            each.model_dump_json().encode(),
            key=each.market.encode(),
            partition=0,
            headers=envelope.to_headers(),
        )
        offset = acknowledged.offset
    return offset


async def told(bootstrap: str, participant: str, count: int) -> list[Record]:
    """Read an inbox once it holds that many."""

    async def read() -> list[Record]:
        found = await records_of(bootstrap, inbox(participant).name)
        assert len(found) >= count
        return found

    return await eventually(read)


def id_of(record: Record) -> str:
    """Read a record's event id."""
    return (dict(record.headers).get("ce_id") or b"").decode()


async def test_an_answer_reaches_its_inbox_as_it_was_decided(
    bootstrap: str, settings: Settings
) -> None:
    """Value byte for byte, the decision's own event id, and nothing of the decision around it."""
    participant = await new_inbox(bootstrap)
    made = decision(participant, "answer-1")
    async with running(settings, "notifier"):
        await decide(bootstrap, made)
        (notice,) = await told(bootstrap, participant, 1)
    assert notice.key == MARKET.encode()
    assert notice.value == made.event.model_dump_json().encode()
    envelope = Envelope("answer-1", EXCHANGE_SOURCE, OfferStored.TYPE, AT)
    assert list(notice.headers) == envelope.to_headers()
    for secret in ("sequence", "log_offset", "participant", "rules_version"):
        assert secret not in json.loads(notice.value)


async def test_a_type_is_told_by_the_event(bootstrap: str, settings: Settings) -> None:
    """The header names the inner event's type, not the decision's."""
    participant = await new_inbox(bootstrap)
    granted = SessionGranted(
        market=MARKET, causation_id="e-1", at=AT, session_id="s-1", deadline=AT
    )
    made = decision(participant, "g-1").model_copy(update={"event": granted})
    async with running(settings, "notifier"):
        await decide(bootstrap, made)
        (notice,) = await told(bootstrap, participant, 1)
    assert dict(notice.headers)["ce_type"] == SessionGranted.TYPE.encode()


async def test_a_missing_inbox_is_a_dead_letter_and_holds_up_nobody(
    bootstrap: str, settings: Settings
) -> None:
    """Others get theirs at once; the operator finds the whole decision."""
    participant = await new_inbox(bootstrap)
    nobody = unique("nobody")
    lost = decision(nobody, "lost-1")
    async with running(settings, "notifier"):
        offset = await decide(
            bootstrap,
            decision(participant, "before"),
            lost,
            decision(None, "for-nobody"),
            decision(participant, "after"),
        )
        # Well below the 15 s that a write to a topic that is not there would wait.
        async with asyncio.timeout(10):
            notices = await told(bootstrap, participant, 2)
    assert [id_of(each) for each in notices] == ["before", "after"]
    letters = [
        each
        for each in await records_of(bootstrap, DEAD_LETTERS.name)
        if id_of(each) == f"{DECISIONS.name}/0/{offset - 2}"
    ]
    (letter,) = letters
    assert letter.value == lost.model_dump_json().encode()
    assert dict(letter.headers)["dl_reason"] == b"no_inbox"
    assert nobody.encode() in (dict(letter.headers)["dl_detail"] or b"")


async def test_an_inbox_made_a_moment_ago_is_found(bootstrap: str, settings: Settings) -> None:
    """A participant that joins while the notifier runs is not taken for one without an inbox."""
    async with running(settings, "notifier"):
        for number in range(3):
            participant = await new_inbox(bootstrap)
            await decide(bootstrap, decision(participant, f"first-{number}"))
            (notice,) = await told(bootstrap, participant, 1)
            assert id_of(notice) == f"first-{number}"


async def test_a_redelivery_carries_the_same_id_and_content(
    bootstrap: str, settings: Settings
) -> None:
    """What a crash before the commit repeats, a reader recognises by its id."""
    participant = await new_inbox(bootstrap)
    async with running(settings, "notifier"):
        offset = await decide(bootstrap, decision(participant, "twice"))
        await told(bootstrap, participant, 1)
    # As a process leaves it that died between the write and the commit.
    async with connections.consumer(bootstrap, client_id="test", group_id="notifier") as consumer:
        place = TopicPartition(DECISIONS.name, 0)
        consumer.assign([place])
        await consumer.commit({place: offset})
    async with running(settings, "notifier"):
        first, second = await told(bootstrap, participant, 2)
    assert (first.value, list(first.headers)) == (second.value, list(second.headers))


async def test_an_aborted_decision_is_told_to_nobody(bootstrap: str, settings: Settings) -> None:
    """Only what matching committed was decided."""
    participant = await new_inbox(bootstrap)
    transactions = connections.transactional_producer(bootstrap, transactional_id=unique("test"))
    async with running(settings, "notifier"), transactions as producer:
        await producer.begin_transaction()
        await written(producer, (decision(participant, "aborted"),))
        await producer.abort_transaction()
        async with producer.transaction():
            await written(producer, (decision(participant, "committed"),))
        (notice,) = await told(bootstrap, participant, 1)
    assert id_of(notice) == "committed"


async def test_a_decision_that_is_none_stops_the_notifier() -> None:
    """What matching cannot have written is our fault, not to be skipped in silence."""
    with pytest.raises(msgspec.ValidationError):
        read_decision(Record(DECISIONS.name, 0, 0, 0, b"voice", b"{}", ()))
