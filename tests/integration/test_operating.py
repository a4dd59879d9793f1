"""Services under a supervisor as their operator meets them: told over HTTP, stopped under load."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from strowger.broker.provisioning import apply
from strowger.contract import commands
from strowger.contract.envelope import Envelope, participant_source
from strowger.contract.inbound import SessionOpened
from strowger.contract.topics import ALL, DECISIONS, MARKET_LOG, SESSION_OPENED, inbox
from strowger.settings import Settings
from strowger.supervisor import Supervisor, told
from tests.integration.topics import producing, records_of
from tests.integration.trading import Place, market_at
from tests.scraping import samples, value
from tests.support import eventually

GATEWAY = "gateway-session-opened"
NAMES = ("matching", "notifier", GATEWAY)
ENOUGH_TO_STOP = 500


@pytest.fixture
def own(settings: Settings, bootstrap: str, tmp_path: Path) -> Settings:
    """Give settings with a run directory of this test's own, on the run's broker, and HTTP."""
    asyncio.run(apply(bootstrap, ALL))
    given = {"home": tmp_path, "run_dir": tmp_path / "run", "http_port": 0}
    return settings.model_copy(update=given)


@asynccontextmanager
async def asking(supervisor: Supervisor, own: Settings) -> AsyncIterator[aiohttp.ClientSession]:
    """Give a session with the one port of a supervisor."""
    async with (
        told(supervisor, own) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        yield session


async def test_one_port_tells_of_every_service(own: Settings) -> None:
    """Who waits for whom, who serves since when, who was restarted; and the metrics of all."""
    supervisor = Supervisor(own, NAMES, sink=lambda *_: None)
    async with asking(supervisor, own) as http, supervisor:

        async def ready() -> tuple[int, list[str]]:
            async with http.get("/health/ready") as answer:
                return answer.status, (await answer.json())["waiting"]

        async def state(name: str) -> dict[str, object]:
            async with http.get("/health") as answer:
                said: dict[str, dict[str, object]] = (await answer.json())["services"]
                return said[name]

        async def metrics() -> str:
            async with http.get("/metrics") as answer:
                return await answer.text()

        assert await ready() == (503, list(NAMES))
        assert (await state(GATEWAY))["state"] == "waiting for the others"
        await eventually(lambda: supervisor.since(GATEWAY), timeout_seconds=60)
        assert supervisor.is_ready("matching")
        assert supervisor.is_ready("notifier")
        await supervisor.ready(60)
        assert await ready() == (200, [])
        matching = await state("matching")
        assert (matching["pid"], matching["restarts"]) == (supervisor.pid("matching"), 0)

        supervisor.kill("notifier")
        await eventually(lambda: supervisor.restarts("notifier") == 1)
        await supervisor.ready(60)
        assert (await state("notifier"))["restarts"] == 1
        page = await metrics()
        for name in NAMES:
            assert value(page, "strowger_service_ready", service=name) == 1
            assert value(page, "process_cpu_seconds_total", service=name) > 0
        assert value(page, "strowger_service_restarts_total", service="notifier") == 1
        behind = samples(page, "strowger_lag_records", service=GATEWAY, topic=SESSION_OPENED.name)
        assert behind == [0] * SESSION_OPENED.partitions
        owned = samples(page, "strowger_offers_stored", service="matching")
        assert len(owned) == MARKET_LOG.partitions


async def test_a_stop_under_load_leaves_nothing_half(own: Settings, bootstrap: str) -> None:
    """Each service finishes what it has in hand: nothing is lost, nor even taken or told twice."""
    place = await market_at(bootstrap)
    logs: list[tuple[str, str]] = []
    stopped = asyncio.Event()
    async with producing(bootstrap) as producer:
        async with Supervisor(own, NAMES, sink=lambda *line: logs.append(line)) as supervisor:
            await supervisor.ready(60)
            sending = asyncio.create_task(send_sessions(producer, place, stopped))
            await eventually(lambda: answered(bootstrap, place, ENOUGH_TO_STOP), timeout_seconds=60)
        stopped.set()
        sent = await sending
    assert [name for name, line in logs if "service stopped" in line] == [
        GATEWAY,
        "matching",
        "notifier",
    ]
    assert not any("service failed" in line for _, line in logs)

    async with Supervisor(own, NAMES, sink=lambda *_: None):
        notices = await eventually(
            lambda: answered(bootstrap, place, len(sent)), timeout_seconds=60
        )
    log = [
        commands.decode(each.value or b"").causation_id
        for each in await records_of(bootstrap, MARKET_LOG.name)
        if each.key == place.market.encode()
    ]
    decided = [
        decision["event"]["causation_id"]
        for each in await records_of(bootstrap, DECISIONS.name)
        if (decision := msgspec.json.decode(each.value or b""))["market"] == place.market
        and decision["command"] == "open-session"
    ]
    once = Counter(sent)
    assert Counter(each for each in log if each in once) == once
    assert Counter(decided) == once
    assert Counter(notices) == once


async def send_sessions(
    producer: AIOKafkaProducer, place: Place, until: asyncio.Event
) -> list[str]:
    """Send openings of sessions, as fast as the broker takes them; give their ids."""
    sent: list[str] = []
    while not until.is_set():
        number = len(sent)
        body = {"market": place.market, "session_id": f"s-{number}", "ttl_seconds": 60}
        identity = f"{place.globex}-{number}"
        source = participant_source(place.globex)
        envelope = Envelope(identity, source, SessionOpened.TYPE, datetime.now(UTC))
        given = {"headers": envelope.to_headers(), "partition": number % SESSION_OPENED.partitions}
        acknowledged = await producer.send(
            SESSION_OPENED.name, json.dumps(body).encode(), key=b"k", **given
        )
        if number % 4 == 0:
            await acknowledged
        sent.append(identity)
    await producer.flush()
    return sent


async def answered(bootstrap: str, place: Place, least: int) -> list[str]:
    """Give the events that the buyer's inbox answers, once they are so many."""
    records = await records_of(bootstrap, inbox(place.globex).name)
    found = [msgspec.json.decode(each.value or b"")["causation_id"] for each in records]
    return found if len(found) >= least else []
