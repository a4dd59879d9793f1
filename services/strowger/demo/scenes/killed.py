"""Matching is killed in the middle of a burst of acceptances."""

import asyncio
from typing import Final

from strowger.client import OutcomeUnknown, Session, ShownOffer, refused
from strowger.demo.cast import LONDON, MARKET
from strowger.demo.narrator import expect, saw, say
from strowger.demo.pool import find, pool
from strowger.demo.stage import READY_SECONDS, Stage

TITLE = "Matching is killed amid a burst: nothing is lost, nothing sold twice"

_ACCEPTANCES: Final = 300
_MINUTES_EACH: Final = 5
_CAPACITY_MINUTES: Final = 1_000
_AT_ONCE: Final = 25
_KILL_AFTER: Final = 60
_SOLD: Final = _CAPACITY_MINUTES // _MINUTES_EACH


class _Burst:
    """Acceptances, so many at once, and how each ended as its buyer was told."""

    def __init__(self, stage: Stage, session: Session, shown: ShownOffer) -> None:
        self._stage = stage
        self._session = session
        self._shown = shown
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self.under_way = asyncio.Event()
        self.confirmed: set[str] = set()
        self.refused = 0
        self.asked_again = 0

    async def accept(self) -> None:
        async with self._turns:
            try:
                self.confirmed.add(await self._bought())
            except refused.CapacityExhausted:
                self.refused += 1
            if len(self.confirmed) >= _KILL_AFTER:
                self.under_way.set()

    async def _bought(self) -> str:
        try:
            sale = await self._session.accept(self._shown)
        except OutcomeUnknown as unknown:
            self.asked_again += 1
            sale = await self._stage.buyer.outcome(unknown.id)
        return sale.contract_id


async def play(stage: Stage) -> None:
    """Accept 300 times 5 minutes of an offer that holds 1,000; kill matching on the way."""
    async with (
        pool(stage, "burst", _CAPACITY_MINUTES) as offer_id,
        stage.buyer.session(MARKET, ttl=600) as session,
    ):
        matches = await session.request(to=LONDON.number, minutes=_MINUTES_EACH)
        burst = _Burst(stage, session, find(matches, offer_id))
        say(
            f"{_ACCEPTANCES} acceptances of {_MINUTES_EACH} minutes, {_AT_ONCE} at once, of an "
            f"offer that holds {_CAPACITY_MINUTES:,}"
        )
        restarts = stage.supervisor.restarts("matching")
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_ACCEPTANCES):
                tasks.create_task(burst.accept())
            await burst.under_way.wait()
            pid = stage.supervisor.pid("matching")
            stage.supervisor.kill("matching")
            say(f"[red]SIGKILL[/red] to matching (process {pid}) after {_KILL_AFTER} confirmations")
    _check(burst)
    expect(stage.supervisor.restarts("matching") > restarts, "matching was not started again")
    await stage.supervisor.ready(READY_SECONDS)


def _check(burst: _Burst) -> None:
    expect(
        (len(burst.confirmed), burst.refused) == (_SOLD, _ACCEPTANCES - _SOLD),
        f"{_SOLD} were to be confirmed and {_ACCEPTANCES - _SOLD} refused, not "
        f"{len(burst.confirmed)} and {burst.refused}",
    )
    again = f"; {burst.asked_again} were asked for again" if burst.asked_again else ""
    saw(
        f"matching was started again, restored its tables and went on: all {_ACCEPTANCES} were "
        f"answered{again}"
    )
    saw(f"{_SOLD} confirmed, {burst.refused} refused: exactly {_CAPACITY_MINUTES:,} minutes sold")
