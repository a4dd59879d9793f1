"""Bugs to plant on the way out: the notifier, the ledger and the session-timeout processor."""

import asyncio
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, Final

import msgspec
import pytest

from strowger.broker import connections
from strowger.broker.appending import Append, Appender
from strowger.ledger import service as ledger
from strowger.ledger.projection import Batch, Place
from strowger.ledger.store import Store
from strowger.notifier import service as notifier
from strowger.session_timeout.schedule import Schedule
from tests.simulation.mutants.mutant import Mutant, committing_first


def commit_before_telling(patch: pytest.MonkeyPatch) -> None:
    """Let the notifier commit decisions before they are in the inboxes."""
    patch.setattr(notifier, "consume", committing_first)


def _uncommitted() -> SimpleNamespace:
    def consumer(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - handed on
        return connections.consumer(*given, **named, read_committed=False)

    def producer(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - handed on
        return connections.producer(*given, **named)

    return SimpleNamespace(consumer=consumer, producer=producer)


def write_inboxes_backwards(patch: pytest.MonkeyPatch) -> None:
    """Write what a batch tells with the last first."""

    class Backwards(Appender):
        async def append(self, records: Iterable[Append]) -> None:
            await super().append(list(records)[::-1])

    patch.setattr(notifier, "Appender", Backwards)


def tell_the_wrong_inbox(patch: pytest.MonkeyPatch) -> None:
    """Write a provider's notices into another provider's inbox."""
    real = notifier.inbox_of

    def inbox(decision: Any) -> str:  # noqa: ANN401 - handed on
        return real(decision).replace("initech", "acme")

    patch.setattr(notifier, "inbox_of", inbox)


def tell_nobody_what_has_no_inbox(patch: pytest.MonkeyPatch) -> None:
    """Drop what is for a participant without an inbox."""
    real = notifier.read_decision

    def read_decision(record: Any) -> Any:  # noqa: ANN401 - handed on
        decision = real(record)
        if decision.recipient == "vandelay":
            return msgspec.structs.replace(decision, recipient=None)
        return decision

    patch.setattr(notifier, "read_decision", read_decision)


def number_notices_anew(patch: pytest.MonkeyPatch) -> None:
    """Give a notice another id each time that it is written."""
    real = notifier.notice
    told = [0]

    def notice(record: Any, decision: Any) -> Append:  # noqa: ANN401 - handed on
        told[0] += 1
        named = msgspec.structs.replace(decision, event_id=f"{decision.event_id}-{told[0]}")
        return real(record, named)

    patch.setattr(notifier, "notice", notice)


def close_once_and_never_again(patch: pytest.MonkeyPatch) -> None:
    """Send a session's close once, whatever comes of it."""
    real = Schedule.due

    def due(self: Schedule, now_ms: int) -> list[bytes]:
        sessions = real(self, now_ms)
        for session in sessions:
            self.show(session, None)
        return sessions

    patch.setattr(Schedule, "due", due)


def forget_sessions_at_a_start(patch: pytest.MonkeyPatch) -> None:
    """Take no session for open that was opened before the processor started."""
    real = Schedule.end_reread

    def end_reread(self: Schedule) -> None:
        if self._reread is not None:
            self._reread.clear()
        real(self)

    patch.setattr(Schedule, "end_reread", end_reread)


def enter_what_was_never_decided(patch: pytest.MonkeyPatch) -> None:
    """Let the ledger read decisions that were aborted."""
    patch.setattr(ledger, "connections", _uncommitted())


def move_the_ledger_before_it_is_written(patch: pytest.MonkeyPatch) -> None:
    """Write how far the ledger has come, then what it read: two transactions."""
    real = Store.write

    async def write(self: Store, batch: Batch, next_offsets: Any) -> None:  # noqa: ANN401 - handed on
        moved = Batch()
        moved.last = batch.last
        await real(self, moved, next_offsets)
        await real(self, batch, next_offsets)

    patch.setattr(Store, "write", write)


def leave_repeats_out_of_the_ledger(patch: pytest.MonkeyPatch) -> None:
    """Write no decision that was an answer given again."""
    real = Batch.add

    def add(self: Batch, place: Place, value: bytes) -> None:
        real(self, place, value)
        if b'"repeat":true' in value:
            for rows in self.rows.values():
                rows[:] = rows[:-1]

    patch.setattr(Batch, "add", add)


def start_the_ledger_at_the_end(patch: pytest.MonkeyPatch) -> None:
    """Go on, after a start, with what comes from then on."""
    real = ledger.seek

    async def seek(consumer: Any, positions: Any) -> Any:  # noqa: ANN401 - handed on
        expected = await real(consumer, positions)
        if positions:
            for place, end in (await consumer.end_offsets(consumer.assignment())).items():
                consumer.seek(place, end)
            expected.clear()
        await asyncio.sleep(0)
        return expected

    patch.setattr(ledger, "seek", seek)


PLANTED: Final = (
    Mutant(commit_before_telling, (10,)),
    Mutant(write_inboxes_backwards, (10,)),
    Mutant(tell_the_wrong_inbox, (12,)),
    Mutant(tell_nobody_what_has_no_inbox, (10,)),
    Mutant(number_notices_anew, (10, 12)),
    Mutant(close_once_and_never_again, (11,)),
    Mutant(forget_sessions_at_a_start, (11,)),
    Mutant(move_the_ledger_before_it_is_written, (10,)),
    Mutant(leave_repeats_out_of_the_ledger, (10,)),
    Mutant(enter_what_was_never_decided, (10,)),
    Mutant(start_the_ledger_at_the_end, (10,)),
)
