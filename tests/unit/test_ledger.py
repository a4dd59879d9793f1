"""The ledger's file: its schema, what decisions become in it, and what can be asked of it."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypedDict

import pytest

from strowger.contract.outbound import (
    AcceptanceConfirmed,
    Decision,
    Event,
    EventRefused,
    MarketDeclared,
    MarketTerms,
    OfferRemoved,
    OffersMatched,
    OfferSold,
    OfferStored,
    SessionEnded,
    SessionGranted,
)
from strowger.contract.refusals import Refusal
from strowger.ledger.projection import Batch, Place
from strowger.ledger.queries import reading
from strowger.ledger.store import opened

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
BUYER, PROVIDER = "globex", "acme"
DEAREST = Decimal("1000000000000.000000001")


class Stamp(TypedDict):
    """What every event has."""

    market: str
    causation_id: str
    at: datetime


class Made:
    """Decisions of one market, in the order made, a second apart."""

    def __init__(self) -> None:
        self.values: list[bytes] = []

    @property
    def at(self) -> datetime:
        """Market time of the next decision."""
        return START + timedelta(seconds=len(self.values))

    def add(
        self,
        event: Event,
        command: str,
        participant: str = BUYER,
        *,
        role: str = "answer",
        repeat: bool = False,
    ) -> None:
        """Decide something."""
        number = len(self.values)
        decision = Decision.model_validate(
            {
                "market": event.market,
                "sequence": number,
                "log_offset": number,
                "at": event.at,
                "rules_version": 1,
                "command": command,
                "participant": participant,
                "role": role,
                "repeat": repeat,
                "recipient": None if participant.startswith("service:") else participant,
                "event_id": f"d-{number}",
                "event": event,
            }
        )
        self.values.append(decision.model_dump_json().encode())

    def stamp(self, causation_id: str = "e-1") -> Stamp:
        """Give what every event has."""
        return {"market": "voice", "causation_id": causation_id, "at": self.at}

    def batch(self) -> Batch:
        """Give all of them as one batch of the first partition."""
        batch = Batch()
        for offset, value in enumerate(self.values):
            batch.add(Place(0, offset), value)
        return batch


def sale(made: Made) -> AcceptanceConfirmed:
    """Give a sale at the dearest amount that is exact on the wire."""
    return AcceptanceConfirmed.model_validate(
        {
            **made.stamp("e-accept"),
            "contract_id": "c-1",
            "acceptance_id": "voice~a-1",
            "session_id": "s-1",
            "request_id": "r-1",
            "buyer": BUYER,
            "provider": PROVIDER,
            "offer_id": "o-1",
            "revision": 7,
            "service": {
                "prefix": "44",
                "deck": "standard",
                "rate_per_minute": "0.0125",
                "minimum_seconds": 60,
                "increment_seconds": 60,
                "connect_fee": "0",
                "minutes": 10**9,
            },
            "currency": "USD",
            "cost": DEAREST,
        }
    )


def trade() -> Made:
    """Give a whole trade: declared, offered, a session, a request, a sale, refusals, the end."""
    made = Made()
    made.add(
        MarketDeclared(**made.stamp(), terms=MarketTerms(market="voice", currency="USD")),
        "declare-market",
        "service:operator",
    )
    made.add(OfferStored(**made.stamp(), offer_id="o-1", revision=7), "publish-offer", PROVIDER)
    made.add(OfferStored(**made.stamp(), offer_id="o-2", revision=1), "publish-offer", PROVIDER)
    made.add(OfferRemoved(**made.stamp(), offer_id="o-2", revision=2), "withdraw-offer", PROVIDER)
    deadline = made.at + timedelta(minutes=5)
    made.add(
        SessionGranted(**made.stamp("e-open"), session_id="s-1", deadline=deadline), "open-session"
    )
    made.add(
        OffersMatched(
            **made.stamp(), request_id="r-1", session_id="s-1", currency="USD", able=3, matches=()
        ),
        "submit-request",
    )
    sold = sale(made)
    made.add(sold, "accept-offer")
    made.add(sold, "accept-offer", repeat=True)
    fields = sold.model_dump(exclude={"type", "acceptance_id", "session_id", "request_id"})
    made.add(
        OfferSold.model_validate(fields | {"remaining": None}),
        "accept-offer",
        PROVIDER,
        role="notice",
    )
    made.add(
        refusal(made, Refusal.CAPACITY_EXHAUSTED, "acceptance voice~a-2", "e-late"), "accept-offer"
    )
    made.add(
        SessionEnded(**made.stamp("e-open"), session_id="s-1", reason="timed_out"),
        "session-deadline",
        role="notice",
    )
    made.add(
        refusal(made, Refusal.SESSION_ENDED, "session s-1", "e-timeout"),
        "close-session",
        "service:session-timeout",
    )
    return made


def refusal(made: Made, why: Refusal, subject: str, causation_id: str) -> EventRefused:
    """Give a refusal."""
    return EventRefused.model_validate(
        {
            **made.stamp(causation_id),
            "refusal": why,
            "retry": why.retry,
            "message": why.advice,
            "subject": subject,
        }
    )


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """Give a ledger that holds one trade."""
    path = tmp_path / "deep" / "ledger.sqlite3"
    async with opened(path) as store:
        await store.write(trade().batch(), {0: len(trade().values)})
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


async def test_a_sale_is_kept_exactly(path: Path) -> None:
    """Money comes back as it was, also where an integer of 1e-9 units would overflow SQLite's."""
    async with reading(path) as ledger:
        (acceptance,) = await ledger.acceptances("voice", buyer=BUYER, provider=PROVIDER)
    assert acceptance.cost == DEAREST
    assert acceptance.rate_per_minute == Decimal("0.0125")
    assert acceptance.at == START + timedelta(seconds=6)
    assert (acceptance.contract_id, acceptance.prefix) == ("c-1", "44")


async def test_a_market_counts_its_standing_offers_and_open_sessions(path: Path) -> None:
    """A withdrawn offer and an ended session are no longer counted."""
    async with reading(path) as ledger:
        (market,) = await ledger.markets()
    assert (market.market, market.currency, market.policy) == ("voice", "USD", "open")
    assert (market.standing_offers, market.open_sessions) == (1, 0)


async def test_an_offer_that_the_market_had_forgotten_stands_again(path: Path) -> None:
    """Withdrawn and forgotten, its id may be published anew, also at a smaller revision."""
    made = trade()
    made.add(OfferStored(**made.stamp(), offer_id="o-2", revision=1), "publish-offer", PROVIDER)
    async with opened(path) as store:
        await store.write(made.batch(), {0: len(made.values)})
    async with reading(path) as ledger:
        (market,) = await ledger.markets()
    assert market.standing_offers == 2


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


async def test_a_request_shows_how_many_offers_were_able(path: Path) -> None:
    """A request that nothing was shown to has no cheapest cost."""
    async with reading(path) as ledger:
        (request,) = await ledger.requests("voice", buyer=BUYER)
    assert (request.request_id, request.able, request.shown) == ("r-1", 3, 0)
    assert request.cheapest is None


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
    async with opened(path) as store:
        await store.write(trade().batch(), {0: len(trade().values)})
    assert rows(path) == before


async def test_a_repeated_answer_does_not_open_a_session_again(path: Path) -> None:
    """An answer given again after the session ended leaves it ended."""
    made = trade()
    granted = SessionGranted(
        **made.stamp(), session_id="s-1", deadline=START + timedelta(seconds=304)
    )
    made.add(granted, "open-session", repeat=True)
    async with opened(path) as store:
        await store.write(made.batch(), {0: len(made.values)})
    async with reading(path) as ledger:
        assert len(await ledger.sessions("voice", "ended")) == 1


async def test_an_id_used_for_a_new_session_shows_the_new_one(path: Path) -> None:
    """Once the market has forgotten a session, its id may stand for another."""
    made = trade()
    deadline = START + timedelta(days=9)
    made.add(SessionGranted(**made.stamp(), session_id="s-1", deadline=deadline), "open-session")
    async with opened(path) as store:
        await store.write(made.batch(), {0: len(made.values)})
    async with reading(path) as ledger:
        (session,) = await ledger.sessions("voice", "open")
    assert session.deadline == deadline
    assert session.end_reason is None


async def test_a_batch_is_written_whole_or_not_at_all(path: Path) -> None:
    """A failure half-way leaves rows and positions as they were."""
    before = rows(path)
    made = trade()
    made.add(OfferStored(**made.stamp(), offer_id="o-3", revision=1), "publish-offer", PROVIDER)
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
        made.add(OfferStored(**made.stamp(), offer_id="o-3", revision=1), "publish-offer", PROVIDER)
        assert (await ledger.markets())[0].standing_offers == 1
        await store.write(made.batch(), {0: len(made.values)})
        assert (await ledger.markets())[0].standing_offers == 2


async def test_a_reader_writes_nothing(path: Path) -> None:
    """The read side cannot change the ledger."""
    async with reading(path) as ledger:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await ledger._database.execute("DELETE FROM offsets")  # noqa: SLF001 - what a bug would do
