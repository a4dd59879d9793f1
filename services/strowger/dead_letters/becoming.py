"""What a dead letter would become today: a command, a notice, or still nothing.

The verdict is the gateway's own, on the record as it was received, at the time it was received. One
thing alone is taken otherwise: a key that the operator has registered since counts for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

import msgspec

from strowger.broker.appending import Append, partition_of
from strowger.broker.consuming import Record
from strowger.broker.dead_letters import DeadLetter
from strowger.broker.registering import Registered
from strowger.contract.commands import AnyCommand, CommandTooNew
from strowger.contract.commands import decode as decode_command
from strowger.contract.signatures import NotAKey, PublicKey
from strowger.contract.topics import DECISIONS, MARKET_LOG
from strowger.dead_letters.letters import Letter
from strowger.gateways import (
    book_requested,
    offer_accepted,
    offer_published,
    request_submitted,
    session_closed,
    session_opened,
)
from strowger.gateways.authentication import Key, Keys
from strowger.gateways.gateway import Gateway
from strowger.market.rules import HORIZON_MS
from strowger.notifier.service import inbox_of, notice, read_decision

_GATEWAYS: Final[Mapping[str, Gateway]] = {
    module.GATEWAY.topic.name: module.GATEWAY
    for module in (
        offer_published,
        session_opened,
        request_submitted,
        offer_accepted,
        session_closed,
        book_requested,
    )
}


class Hindrance(StrEnum):
    """Why a dead letter can't be replayed, and what to do instead."""

    advice: str

    def __new__(cls, value: str, advice: str) -> Self:
        """Make a member of its name and its advice."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.advice = advice
        return member

    CUT = "cut", "Too large to be kept whole: its sender has to send it again."
    STILL_DEAD = "still_dead", "It would be set aside again: mend what is said, or drop it."
    STALE = "stale", "Made more than a day ago, markets refuse it: its sender has to send it again."
    STILL_NO_INBOX = "still_no_inbox", "Add the participant first: `strowger participant add`."
    NO_GATEWAY = "no_gateway", "This release has no gateway for its topic: drop it."


@dataclass(frozen=True, slots=True)
class Hindered:
    """A letter that can't be replayed; `detail` says what stands in the way."""

    hindrance: Hindrance
    detail: str


@dataclass(frozen=True, slots=True)
class ForTheLog:
    """A letter that is a command today, and the partition of `market-log` that it belongs to."""

    command: AnyCommand
    partition: int


@dataclass(frozen=True, slots=True)
class ForAnInbox:
    """A letter that is a notice, and its record."""

    notice: Append


Becomes = ForTheLog | ForAnInbox | Hindered


class _OfMarket(msgspec.Struct):
    market: str


def keys_of(registered: Iterable[Registered]) -> Keys:
    """Give the keys that letters are verified with: each counts as if registered in time."""
    keys: dict[tuple[str, str], Key] = {}
    for found in registered:
        registration = found.registration
        try:
            public = PublicKey(registration.x)
        except NotAKey:
            continue
        if public.id == registration.key_id:
            counting = replace(found, counts_from_ms=registration.not_before_ms)
            keys.setdefault((registration.participant, registration.key_id), Key(counting, public))
    return keys


def becomes(letter: Letter, keys: Keys | None, inboxes: frozenset[str], now_ms: int) -> Becomes:
    """Say what a letter would become today; without `keys` nobody is authenticated."""
    if letter.cut is not None:
        return Hindered(Hindrance.CUT, letter.cut)
    if letter.record.topic == DECISIONS.name:
        return _notice(letter.record, inboxes)
    verdict = _verdict(letter.record, keys)
    if isinstance(verdict, Hindered):
        return verdict
    age_ms = now_ms - verdict.sent_at_ms
    if age_ms > HORIZON_MS:
        return Hindered(Hindrance.STALE, f"{age_ms // 3_600_000:,} hours old")
    if letter.record.topic == MARKET_LOG.name:
        return ForTheLog(verdict, letter.record.partition)
    return ForTheLog(verdict, partition_of(verdict.market.encode(), MARKET_LOG.partitions))


def _verdict(record: Record, keys: Keys | None) -> AnyCommand | Hindered:
    if record.topic == MARKET_LOG.name:
        return _logged(record)
    if record.topic in _GATEWAYS:
        return _received(_GATEWAYS[record.topic], record, keys)
    return Hindered(Hindrance.NO_GATEWAY, record.topic)


def _received(gateway: Gateway, record: Record, keys: Keys | None) -> AnyCommand | Hindered:
    verdict = gateway.verdict(record, keys)
    if isinstance(verdict, DeadLetter):
        return Hindered(Hindrance.STILL_DEAD, f"{verdict.reason}: {verdict.detail}")
    return verdict


def _logged(record: Record) -> AnyCommand | Hindered:
    try:
        return decode_command(record.value or b"")
    except (msgspec.MsgspecError, CommandTooNew) as problem:
        return Hindered(Hindrance.STILL_DEAD, f"not_a_command: {problem}")


def _notice(record: Record, inboxes: frozenset[str]) -> Becomes:
    decision = read_decision(record)
    inbox = inbox_of(decision)
    if inbox not in inboxes:
        return Hindered(Hindrance.STILL_NO_INBOX, f"there is no topic {inbox}")
    # Dead letters don't keep the key of their record; a decision's is its market.
    market = msgspec.json.decode(decision.event, type=_OfMarket).market
    return ForAnInbox(notice(replace(record, key=market.encode()), decision))
