"""A short, fixed part of `make faults`: one history, and what is seen of it when doctored."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import pytest

from strowger.broker import provisioning
from strowger.contract.topics import ALL, MARKET_LOG
from strowger.service import SERVICES
from tests.faults.account import account
from tests.faults.exchange import exchange
from tests.faults.faults import Fault
from tests.faults.play import Told
from tests.faults.round import Result, play_round, story
from tests.simulation.checker.reading import Evidence, moment
from tests.simulation.doctored import DOCTORED
from tests.simulation.doctoring import altered, doubled, put, removed
from tests.simulation.history import Event, History

SEED: Final = 1889
"""The year of Strowger's patent application."""

WINDOW_SECONDS: Final = 8.0
FAULTS: Final = (
    # Half of the services die together, and then the other half; a broker dies as they come back,
    # and matching stands still past its session's timeout while its standby decides.
    *(Fault(1.0, "kill", name) for name in list(SERVICES)[::2]),
    Fault(1.5, "poison"),
    Fault(2.0, "cut", "2"),
    *(Fault(4.0, "kill", name) for name in list(SERVICES)[1::2]),
    Fault(5.0, "kill-leader"),
    Fault(6.0, "freeze", "matching"),
    Fault(7.0, "damage", "ledger"),
)
_LOSSES: Final = frozenset(
    {
        "never answered",
        "a provider never told",
        "the public never told",
        "answered twice",
        "a command that says something else",
        "other bytes put away",
        "one acceptance sold twice",
        "a row lost by the ledger",
        "a session without an end",
    }
)
"""What is seen only if it was all read from the topics."""


@pytest.mark.timeout(300)
async def test_nothing_is_lost_or_done_twice_whatever_is_killed_cut_or_frozen() -> None:
    """Each service dies, a leader dies, matching outlives itself: every promise is kept."""
    async with exchange(side_by_side=1, standby=True) as running:
        (result,) = await play_round(
            running, [SEED], faults={SEED: FAULTS}, window_seconds=WINDOW_SECONDS
        )
        log = await asyncio.to_thread(running.log_path.read_text)
        assert not result.wrong, f"{story(result, 'pytest')}\n{log[-5000:]}"
        assert len(result.faults) == len(FAULTS)
        assert result.seen["confirmed"], result.seen
        audited = await running.audit()
        assert audited["sound"], audited
        assert await provisioning.difference(running.root, ALL) == {}
        assert await running.cluster.setting(MARKET_LOG.name, "min.insync.replicas") == "2"
        # What a doctor changes is looked at here, while the ledger is still there.
        await asyncio.to_thread(_every_loss_is_seen, result)


def _every_loss_is_seen(result: Result) -> None:
    """Doctor the history in each way that it can be; the checker, or the account, sees it."""
    for name, promise, doctor in DOCTORED:
        doctored = doctor(result.history) if name in _LOSSES else None
        if doctored is not None:
            assert list(promise(Evidence(doctored))), f"not seen: {name}"
    for kind, doctored in _doctored_for_users(result.history):
        found = {each.kind for each in account(doctored, Told(), [])}
        assert kind in found, f"not seen as {kind}"


def _doctored_for_users(history: History) -> Iterator[tuple[str, History]]:
    """Give histories in which a user did not get what was promised, and which promise it was."""
    assert account(history, Told(), []) == []
    sale = next(iter(history.committed("acceptance-confirmed")))
    contract = Evidence(history).public[0]["contract_id"]
    for kind, doctored in (
        ("lost", _without(history, b'"type":"offers-matched"')),
        ("lost", removed("acceptance-confirmed", lambda _: True)(history)),
        ("sold_twice", doubled("acceptance-confirmed", lambda _: True)(history)),
        (
            "sold_twice",
            altered(sale.topic, lambda _: True, lambda it: {**it, "quantity": 999})(history),
        ),
        ("late", _sent_at_the_deadline(history, contract)),
        ("stalled", _without(history, b'"type":"session-ended"')),
    ):
        assert doctored is not None
        yield kind, doctored


def _without(history: History, words: bytes) -> History:
    for topic in [f"inbox.{name}" for name in history.inboxes()]:
        events = [event for event in history.records[topic] if words not in (event.value or b"")]
        history = put(history, topic, events)
    return history


def _sent_at_the_deadline(history: History, contract: str) -> History | None:
    """Say that what led to a contract was sent when its session was over."""
    evidence = Evidence(history)
    sale = next(each.told for each in evidence.sales if each.told["contract_id"] == contract)
    granted = next(
        (
            each.told
            for each in evidence.decided
            if each.kind == "session-granted" and each.told["session_id"] == sale["session_id"]
        ),
        None,
    )
    if granted is None:
        return None
    over_ms = int(moment(granted["deadline"]).timestamp() * 1000)
    return _mapped(
        history,
        "offer-accepted",
        lambda event: (
            replace(event, timestamp_ms=over_ms)
            if sale["acceptance_id"].encode() in (event.value or b"")
            else event
        ),
    )


def _mapped(history: History, topic: str, change: Callable[[Event], Event]) -> History:
    return put(history, topic, map(change, history.records[topic]))
