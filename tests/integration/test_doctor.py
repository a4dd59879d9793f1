"""The doctor on a real broker whose exchange stands still: each thing that has failed is named."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from strowger.broker import connections
from strowger.broker.access import OPERATOR, meet
from strowger.broker.provisioning import apply
from strowger.contract.commands import OpenSession, encode
from strowger.contract.topics import ALL, MARKET_LOG
from strowger.dead_letters.letters import Wanted, read_letters
from strowger.doctor import cluster, progress
from strowger.doctor.findings import Exchange, Finding, Level
from strowger.settings import Settings
from tests.integration.topics import send
from tests.integration.trading import market_at
from tests.running import running
from tests.support import eventually, unique


@pytest.fixture
def exchange(settings: Settings, bootstrap: str, tmp_path: Path) -> Exchange:
    """Give an exchange that is met with the operator's own rights, and has no ledger."""
    asyncio.run(apply(bootstrap, ALL))
    bare = settings.model_copy(update={"ledger_path": tmp_path / "ledger.sqlite3"})

    def met(user: str) -> str:
        assert user == OPERATOR
        return meet(settings, bootstrap, user)

    return Exchange(bare, met)


def worst(found: Sequence[Finding]) -> list[Finding]:
    """Give what has failed."""
    return [each for each in found if each.level is Level.FAILED]


async def test_what_stands_still_is_named_until_it_moves(
    exchange: Exchange, settings: Settings, bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands that nobody decides are lag; a session decided, that nobody ends, is overdue."""
    monkeypatch.setattr(progress, "_SAMPLE_SECONDS", 0.2)
    monkeypatch.setattr(progress, "_GRACE_MS", 0)
    place = await market_at(bootstrap)
    command = OpenSession(
        market=place.market,
        participant=place.globex,
        causation_id=unique("e"),
        sent_at_ms=time.time_ns() // 1_000_000,
        session_id="s-1",
        ttl_seconds=1,
    )
    async with connections.producer(bootstrap, client_id="test") as producer:
        await producer.send_and_wait(
            MARKET_LOG.name, key=place.market.encode(), value=encode(command)
        )
    lagging = worst(await progress.lag(exchange))
    assert any("for matching" in each.said for each in lagging)
    assert all("strowger health" in str(each.advice) for each in lagging)

    async def nothing_waits() -> bool:
        return not any("for matching" in each.said for each in worst(await progress.lag(exchange)))

    async def is_overdue() -> Sequence[Finding]:
        return worst(await progress.sessions(exchange))

    async with running(settings, "matching"):
        await eventually(nothing_waits, timeout_seconds=30)
        (overdue,) = await eventually(is_overdue)
    assert "session-timeout" in str(overdue.advice)


async def test_the_broker_its_state_and_clock_are_seen_with_the_operators_rights(
    exchange: Exchange,
) -> None:
    """It is one machine, so the clocks agree; the positions are of this release."""
    for check in (cluster.broker, cluster.state, cluster.clock):
        (found,) = await check(exchange)
        assert found.level is Level.OK, found


async def test_a_dead_letter_that_nothing_was_done_with_is_counted(
    exchange: Exchange, bootstrap: str
) -> None:
    """By reason; it is a warning, since nobody waits for it."""
    headers = [
        *((f"dl_{name}", b"7") for name in ("partition", "offset", "timestamp_ms")),
        ("dl_topic", unique("t").encode()),
        ("dl_reason", b"not_json"),
        ("dl_detail", b"in words"),
        ("ce_source", b"/services/test"),
    ]
    await send(bootstrap, "dead-letters", (headers, b"{"))
    found = [each async for each in read_letters(bootstrap, Wanted(reason="not_json"))]
    assert found
    (warning,) = [
        each for each in await progress.dead_letters(exchange) if "unhandled" in each.said
    ]
    assert warning.level is Level.WARNING
    assert f"{len(found)} not_json" in warning.said
