"""The exchange under faults: killed, frozen and replaced processes while participants trade."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import pytest
from aiokafka import AIOKafkaProducer

from strowger import keys
from strowger.broker import connections
from strowger.broker.consuming import Record
from strowger.client import BuyerClient, ProviderClient, Refused, Session
from strowger.contract.envelope import Envelope, participant_source
from strowger.contract.inbound import OfferWithdrawn
from strowger.contract.topics import INBOUND_TOPICS, OFFER_PUBLISHED
from strowger.contract.voice import VoiceTermination
from strowger.matching.service import SESSION_TIMEOUT_SECONDS
from strowger.service import SERVICES, is_healthy, pid_if_alive
from strowger.supervisor import environment_of
from tests.e2e.conftest import Exchange
from tests.e2e.soundness import Evidence, flaws, gather
from tests.support import eventually, unique

SEED: Final = 1889
"""The year of Strowger's patent application."""

CAPACITY_MINUTES: Final = 120
NUMBER: Final = "+442079460000"
ANSWER_SECONDS: Final = 60


class Play:
    """Participants who trade in a market of their own until they are told to stop."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.market = unique("faults")
        self.providers = [exchange.newcomer("provider") for _ in range(2)]
        self.buyers = [exchange.newcomer("buyer") for _ in range(4)]
        self.over = asyncio.Event()
        self.seen: Counter[str] = Counter()

    async def provide(self, name: str) -> None:
        """Publish offers, replace them, and withdraw one now and then."""
        chance = random.Random(f"{SEED} {self.providers.index(name)}")  # noqa: S311 - a script
        async with ProviderClient(
            name,
            bootstrap=self.exchange.met_by(name),
            timeout=ANSWER_SECONDS,
            key=self.exchange.key(name),
        ) as provider:
            while not self.over.is_set():
                offer_id = f"of-{chance.randrange(3)}"
                service = VoiceTermination(
                    prefix="4420",
                    deck=offer_id,
                    rate_per_minute=Decimal(chance.randrange(1, 99)) / 1000,
                    capacity_minutes=CAPACITY_MINUTES,
                )
                try:
                    if chance.random() < 0.1:
                        await provider.withdraw(self.market, offer_id)
                    else:
                        await provider.publish(
                            self.market, offer_id, currency="EUR", service=service
                        )
                except Refused as refused:
                    self.seen[str(refused.refusal)] += 1
                await self._pause(chance.random() / 2)

    async def buy(self, name: str) -> None:
        """Hold session after session; leave some of them to time."""
        chance = random.Random(f"{SEED} {self.buyers.index(name)}")  # noqa: S311 - a script
        async with BuyerClient(
            name,
            bootstrap=self.exchange.met_by(name),
            timeout=ANSWER_SECONDS,
            key=self.exchange.key(name),
        ) as buyer:
            while not self.over.is_set():
                try:
                    session = await buyer.open_session(self.market, ttl=chance.choice([1, 5, 60]))
                    await self._trade(session, chance)
                    if chance.random() < 0.7:
                        await session.close()
                except Refused as refused:
                    self.seen[str(refused.refusal)] += 1

    async def _trade(self, session: Session, chance: random.Random) -> None:
        """Accept what is shown, each acceptance sent twice at once."""
        for _ in range(chance.randrange(1, 4)):
            matches = await session.request(to=NUMBER, minutes=chance.choice([1, 5, 20]))
            if not matches:
                continue
            shown = chance.choice(matches)
            acceptance_id = f"{self.market}~{chance.getrandbits(64):x}"
            twice = (session.accept(shown, acceptance_id=acceptance_id) for _ in range(2))
            for told in await asyncio.gather(*twice, return_exceptions=True):
                if isinstance(told, BaseException) and not isinstance(told, Refused):
                    raise told
                self.seen["refused" if isinstance(told, Refused) else "confirmed"] += 1

    async def disturb(self) -> None:
        """Send what is no event, what breaks its schema, and copies of one event."""
        async with connections.producer(self.exchange.bootstrap, client_id="disturb") as producer:
            while not self.over.is_set():
                for topic in INBOUND_TOPICS:
                    await producer.send_and_wait(topic.name, f"{self.market} garbage".encode())
                await self._copies(producer)
                self.seen["disturbed"] += 1
                await self._pause(0.2)

    async def _pause(self, seconds: float) -> None:
        """Pace what is sent, or learn that the play is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.over.wait()

    async def _copies(self, producer: AIOKafkaProducer) -> None:
        source = participant_source(self.providers[0])
        key = keys.read(self.exchange.key(self.providers[0]))
        withdrawal = OfferWithdrawn(market=self.market, offer_id="of-0", revision=1)
        for value in (withdrawal.model_dump_json(), f'{{"market":"{self.market}"}}'):
            envelope = Envelope(unique("copied"), source, OfferWithdrawn.TYPE, datetime.now(UTC))
            headers = envelope.to_headers()
            headers.append(key.sign(OFFER_PUBLISHED.name, headers, value.encode()))
            for _ in range(2):
                await producer.send_and_wait(OFFER_PUBLISHED.name, value.encode(), headers=headers)


@asynccontextmanager
async def _second_matching(exchange: Exchange) -> AsyncIterator[None]:
    """Run another matching process, which shares the partitions until it is told to stop."""
    settings = exchange.settings.model_copy(
        update={"run_dir": exchange.settings.run_dir / unique("second")}
    )
    second = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "strowger.service", "matching"),
        env=environment_of(settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await eventually(lambda: is_healthy(settings.run_dir, "matching"), timeout_seconds=60)
        yield
        second.terminate()
        assert await second.wait() == 0
    finally:
        if second.returncode is None:
            second.kill()
            await second.wait()


async def _make_a_zombie(exchange: Exchange) -> None:
    """Freeze matching until the group has given its partitions to another; let it go on."""
    async with _second_matching(exchange):
        pid = pid_if_alive(exchange.settings.run_dir, "matching", float("inf"))
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        frozen_at = time.monotonic()
        try:
            await eventually(
                lambda: time.monotonic() - frozen_at > SESSION_TIMEOUT_SECONDS + 2,
                timeout_seconds=60,
            )
        finally:
            os.kill(pid, signal.SIGCONT)
        await asyncio.to_thread(exchange.wait_until_healthy)


async def _kill_each(exchange: Exchange) -> None:
    """End every service with SIGKILL, half of them at a time."""
    names = list(SERVICES)
    random.Random(SEED).shuffle(names)  # noqa: S311 - a script
    for wave in (names[::2], names[1::2]):
        await asyncio.gather(*(_kill(exchange, name) for name in wave))


async def _kill(exchange: Exchange, name: str) -> None:
    run_dir = exchange.settings.run_dir
    killed = pid_if_alive(run_dir, name, float("inf"))
    exchange.kill(name)
    await eventually(
        lambda: is_healthy(run_dir, name) and pid_if_alive(run_dir, name, float("inf")) != killed,
        timeout_seconds=60,
        because=f"{name} is back",
    )


def _event_id(record: Record) -> bytes | None:
    return dict(record.headers)["ce_id"]


def _planted(sound: Evidence) -> Iterator[tuple[str, Evidence]]:
    """Give evidence of every kind of fault, each made of evidence of none."""
    sale = next(
        record
        for record in sound.decided
        if b'"type":"acceptance-confirmed"' in (record.value or b"")
    )
    without = [record for record in sound.decided if record is not sale]
    (name, told), *_ = sound.inboxes.items()
    yield "a decision is lost", replace(sound, decided=without)
    yield "a decision is made twice", replace(sound, decided=[*sound.decided, sale])
    yield "a command is lost", replace(sound, log=sound.log[:-1])
    yield "a sale is not published", replace(sound, public=sound.public[:-1])
    yield "a sale is published twice", replace(sound, public=[*sound.public, sound.public[-1]])
    yield "a dead letter is lost", replace(sound, dead_letters=sound.dead_letters[:-1])
    # It may have come more than once: then it is lost when none of them came.
    lost = _event_id(told[0])
    kept = [record for record in told if _event_id(record) != lost]
    yield "a notice is lost", replace(sound, inboxes={**sound.inboxes, name: kept})
    yield "an event is not answered", replace(sound, sent=[*sound.sent, _unanswered(sound)])


def _unanswered(sound: Evidence) -> Record:
    envelope = Envelope("never", participant_source("nobody"), "any", datetime.now(UTC))
    return replace(_as_ours(sound.sent[0]), offset=-1, headers=envelope.to_headers())


def _as_ours(record: Record) -> Record:
    return Record(**{field.name: getattr(record, field.name) for field in fields(Record)})


@pytest.mark.timeout(300)
async def test_nothing_is_lost_or_done_twice_whatever_is_killed_or_frozen(
    exchange: Exchange,
) -> None:
    """Each service dies once and matching outlives itself as a zombie; the topics stay sound."""
    play = Play(exchange)
    exchange.command("market", "declare", play.market, "--currency", "EUR")
    async with asyncio.TaskGroup() as playing:
        for provider in play.providers:
            playing.create_task(play.provide(provider))
        for buyer in play.buyers:
            playing.create_task(play.buy(buyer))
        playing.create_task(play.disturb())
        try:
            await _kill_each(exchange)
            await _make_a_zombie(exchange)
        finally:
            play.over.set()

    async def sound() -> Evidence:
        evidence = await gather(
            exchange.bootstrap,
            play.market,
            [*play.providers, *play.buyers],
            exchange.settings.ledger_path,
        )
        found = flaws(evidence, CAPACITY_MINUTES)
        assert not found, f"{found}\n{exchange.log()}"
        return evidence

    evidence = await eventually(sound, timeout_seconds=120)
    assert evidence.public, play.seen
    assert evidence.dead_letters, play.seen
    for fault, planted in _planted(evidence):
        assert flaws(planted, CAPACITY_MINUTES), f"the checker did not see that {fault}"
    audited = json.loads(await asyncio.to_thread(exchange.command, "audit", "--json"))
    assert audited["sound"], audited
    assert audited["records"] >= len(evidence.decided)
