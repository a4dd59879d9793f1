"""Bugs to plant on the way in: what gateways commit, append, put away and believe."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest

from strowger.broker import dead_letters
from strowger.broker.appending import Append
from strowger.broker.consuming import Record
from strowger.broker.dead_letters import DeadLetter
from strowger.contract.commands import AnyCommand, OpenSession, WithdrawOffer
from strowger.contract.refusals import DeadLetterReason
from strowger.gateways import gateway, offer_accepted, session_closed
from strowger.gateways.gateway import Gateway
from strowger.gateways.meter import Meter
from tests.simulation.mutants.mutant import Mutant, committing_first


def commit_before_appending(patch: pytest.MonkeyPatch) -> None:
    """Let gateways commit what they read before it is anywhere else."""
    patch.setattr(gateway, "consume", committing_first)


def drop_what_cannot_be_read(patch: pytest.MonkeyPatch) -> None:
    """Let gateways pass over records that they cannot read."""
    real = gateway._Settling._decide  # noqa: SLF001 - a planted bug

    def decide(self: Any, records: Any, meter: Any, clogged: Any, appends: list[Append]) -> int:  # noqa: ANN401 - handed on
        position = real(self, records, meter, clogged, appends)
        appends[:] = [each for each in appends if each.topic == "market-log"]
        return position

    patch.setattr(gateway._Settling, "_decide", decide)  # noqa: SLF001 - a planted bug


def keep_half_a_dead_letter(patch: pytest.MonkeyPatch) -> None:
    """Keep the first two bytes of what could not be read."""
    patch.setattr(dead_letters, "MAX_VALUE_BYTES", 2)


def append_a_command_twice(patch: pytest.MonkeyPatch) -> None:
    """Append each command twice, the second as if it came from nowhere."""
    real = gateway._Settling._to_append  # noqa: SLF001 - a planted bug
    real_decide = gateway._Settling._decide  # noqa: SLF001 - a planted bug

    def decide(self: Any, records: Any, meter: Any, clogged: Any, appends: list[Append]) -> int:  # noqa: ANN401 - handed on
        position = real_decide(self, records, meter, clogged, appends)
        for record in records:
            verdict = self.gateway.verdict(record)
            if not isinstance(verdict, DeadLetter):
                appends.append(real(self, msgspec.structs.replace(verdict, origin=None)))
        return position

    patch.setattr(gateway._Settling, "_decide", decide)  # noqa: SLF001 - a planted bug


def count_anew_from_a_start(patch: pytest.MonkeyPatch) -> None:
    """Let a gateway that is started, or given a partition, count events a second from none."""

    async def counted_again(_: str, __: str, before: Record, ___: object) -> Meter:
        meter = Meter()
        meter.next_offset = before.offset
        return meter

    patch.setattr(gateway, "counted_again", counted_again)


def let_one_more_event_in(patch: pytest.MonkeyPatch) -> None:
    """Take one event a second more than the limit."""
    real = Meter.count
    patch.setattr(Meter, "count", lambda self, sender, limit: real(self, sender, limit + 1))


def believe_the_body(patch: pytest.MonkeyPatch) -> None:
    """Take for the sender of an acceptance whom it names as the provider."""
    real = gateway.common

    def common(received: Any) -> Any:  # noqa: ANN401 - handed on
        named = getattr(received.event, "provider", None)
        return {**real(received), **({"participant": named} if named else {})}

    patch.setattr(offer_accepted, "common", common)


def close_for_anybody(patch: pytest.MonkeyPatch) -> None:
    """Let whoever names a session's buyer close the session."""

    def common(received: Any) -> Any:  # noqa: ANN401 - handed on
        named = received.event.buyer
        return {**gateway.common(received), **({"participant": named} if named else {})}

    patch.setattr(session_closed, "common", common)


def _judge(
    patch: pytest.MonkeyPatch, otherwise: Callable[[AnyCommand, Record], AnyCommand | DeadLetter]
) -> None:
    real = Gateway.verdict

    def verdict(self: Gateway, record: Record, *keys: Any) -> AnyCommand | DeadLetter:
        found = real(self, record, *keys)
        return found if isinstance(found, DeadLetter) else otherwise(found, record)

    patch.setattr(Gateway, "verdict", verdict)


def put_away_what_can_be_read(patch: pytest.MonkeyPatch) -> None:
    """Make a dead letter of every withdrawal."""

    def otherwise(command: AnyCommand, record: Record) -> AnyCommand | DeadLetter:
        if isinstance(command, WithdrawOffer):
            return DeadLetter(record, DeadLetterReason.UNKNOWN_TYPE, "", "gateway-offer-published")
        return command

    _judge(patch, otherwise)


def leave_out_where_it_came_from(patch: pytest.MonkeyPatch) -> None:
    """Append commands that do not say which record they came from."""
    _judge(patch, lambda command, _: msgspec.structs.replace(command, origin=None))


def ask_for_a_second_more(patch: pytest.MonkeyPatch) -> None:
    """Ask for a session a second longer than its buyer did."""

    def otherwise(command: AnyCommand, _: Record) -> AnyCommand:
        if isinstance(command, OpenSession):
            return msgspec.structs.replace(command, ttl_seconds=command.ttl_seconds + 1)
        return command

    _judge(patch, otherwise)


PLANTED: Final = (
    Mutant(commit_before_appending, (10,)),
    Mutant(drop_what_cannot_be_read, (10,)),
    Mutant(keep_half_a_dead_letter, (10,)),
    Mutant(append_a_command_twice, (10,)),
    Mutant(count_anew_from_a_start, (10,)),
    Mutant(let_one_more_event_in, (10,)),
    Mutant(believe_the_body, (12,)),
    Mutant(close_for_anybody, (12,)),
    Mutant(put_away_what_can_be_read, (10,)),
    Mutant(leave_out_where_it_came_from, (10,)),
    Mutant(ask_for_a_second_more, (10,)),
)
