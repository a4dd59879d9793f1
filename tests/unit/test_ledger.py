"""The ledger's file: what decisions become in it, and what can be asked of it."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from strowger.contract.outbound import SessionGranted
from strowger.ledger.queries import reading
from strowger.ledger.store import opened
from tests.decided import BUYER, START, trade, write


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """Give a ledger that holds one trade."""
    path = tmp_path / "deep" / "ledger.sqlite3"
    await write(path, trade())
    return path


def rows(path: Path) -> dict[str, Sequence[tuple[object, ...]]]:
    """Give all rows of all tables."""
    with closing(sqlite3.connect(path)) as database:
        names = [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            name: database.execute(f'SELECT * FROM "{name}"').fetchall()  # noqa: S608 - our tables
            for name in names
        }


async def test_a_market_counts_its_standing_offers_and_open_sessions(path: Path) -> None:
    """A withdrawn offer and an ended session are no longer counted."""
    async with reading(path) as ledger:
        (market,) = await ledger.markets()
    assert (market.market, market.currency, market.policy) == ("voice", "USD", "open")
    assert (market.standing_offers, market.open_sessions) == (1, 0)


async def test_a_session_shows_how_it_ended(path: Path) -> None:
    """A session has its deadline, its end and the reason, and is found by its state."""
    async with reading(path) as ledger:
        assert await ledger.sessions("voice", "open") == []
        (session,) = await ledger.sessions("voice", "ended")
        assert await ledger.sessions("other") == []
    assert (session.buyer, session.session_id, session.end_reason) == (BUYER, "s-1", "timed_out")
    assert session.opened_at == START + timedelta(seconds=4)
    assert session.deadline == session.opened_at + timedelta(minutes=5)
    assert session.ended_at == START + timedelta(seconds=10)


async def test_refusals_are_those_of_participants_unless_asked(path: Path) -> None:
    """What the market tells its own services is left out, but not lost."""
    async with reading(path) as ledger:
        (refused,) = await ledger.refused("voice")
        everything = await ledger.refused(of_services=True)
        (found,) = await ledger.refused(refusal="capacity_exhausted")
    assert refused.refusal == "capacity_exhausted"
    assert found == refused
    assert [each.refusal for each in everything] == ["session_ended", "capacity_exhausted"]


async def test_counts_leave_out_repeats_and_notices(path: Path) -> None:
    """An acceptance whose answer was given twice is one acceptance."""
    async with reading(path) as ledger:
        counts = await ledger.counts("voice")
    counted = {(each.command, each.event_type, each.refusal): each.decisions for each in counts}
    assert counted["accept-offer", "acceptance-confirmed", None] == 1
    assert counted["accept-offer", "event-refused", "capacity_exhausted"] == 1
    assert counted["publish-offer", "offer-stored", None] == 2
    assert not any(command == "session-deadline" for command, _, _ in counted)


@pytest.mark.parametrize(
    ("of", "sequences"),
    [
        ("s-1", [4, 5, 6, 7, 10, 11]),
        ("voice~a-1", [6, 7]),
        ("c-1", [6, 7, 8]),
        ("voice~a-2", [9]),
        ("e-open", [4, 10]),
        ("nothing", []),
    ],
)
async def test_a_story_has_every_decision_about_an_id(
    path: Path, of: str, sequences: list[int]
) -> None:
    """Whatever the id names, or caused, is told in the order decided."""
    async with reading(path) as ledger:
        told = await ledger.story(of)
    assert [each.sequence for each in told] == sequences


async def test_an_event_is_kept_as_it_was_told(path: Path) -> None:
    """The ledger keeps the event's bytes, not a reading of them."""
    async with reading(path) as ledger:
        (decided,) = await ledger.story("voice~a-2")
    assert decided.event in trade().values[9].decode()
    assert decided.event.startswith("{")


async def test_a_batch_written_again_changes_nothing(path: Path) -> None:
    """Every row stays as it is when the same records come again."""
    before = rows(path)
    await write(path, trade())
    assert rows(path) == before


async def test_a_repeated_answer_does_not_open_a_session_again(path: Path) -> None:
    """An answer given again after the session ended leaves it ended."""
    made = trade()
    granted = SessionGranted(
        **made.stamp(), session_id="s-1", deadline=START + timedelta(seconds=304)
    )
    made.add(granted, "open-session", repeat=True)
    await write(path, made)
    async with reading(path) as ledger:
        assert len(await ledger.sessions("voice", "ended")) == 1


async def test_an_id_used_for_a_new_session_shows_the_new_one(path: Path) -> None:
    """Once the market has forgotten a session, its id may stand for another."""
    made = trade()
    deadline = START + timedelta(days=9)
    made.add(SessionGranted(**made.stamp(), session_id="s-1", deadline=deadline), "open-session")
    await write(path, made)
    async with reading(path) as ledger:
        (session,) = await ledger.sessions("voice", "open")
    assert session.deadline == deadline
    assert session.end_reason is None


async def test_a_batch_is_written_whole_or_not_at_all(path: Path) -> None:
    """A failure half-way leaves rows and positions as they were."""
    before = rows(path)
    made = trade()
    made.publish("o-3", 1)
    batch = made.batch()
    batch.last[0] = (99, None)  # type: ignore[assignment]  # which the schema refuses
    async with opened(path) as store:
        with pytest.raises(sqlite3.IntegrityError):
            await store.write(batch, {0: 100})
        assert (await store.positions())[0].next_offset == len(trade().values)
    assert rows(path) == before


async def test_the_ledger_is_read_while_it_is_written(path: Path) -> None:
    """A reader in another connection sees the last whole batch, and is not kept waiting."""
    async with opened(path) as store, reading(path) as ledger:
        made = trade()
        made.publish("o-3", 1)
        assert (await ledger.markets())[0].standing_offers == 1
        await store.write(made.batch(), {0: len(made.values)})
        assert (await ledger.markets())[0].standing_offers == 2


async def test_a_reader_writes_nothing(path: Path) -> None:
    """The read side cannot change the ledger."""
    async with reading(path) as ledger:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await ledger._database.execute("DELETE FROM offsets")  # noqa: SLF001 - what a bug would do
