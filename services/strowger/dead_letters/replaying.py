"""Replay dead letters: in the order they came, each once, whoever replays it and however often.

A command's replay is written down first, whole, on `dead-letters-handled`; the first such record of
a letter counts. Then every one written down that matching has not applied is put on `market-log`,
in the order of their offsets there, with that offset as origin. Matching skips an origin that it
has passed: so a second operator, or one who finishes what another left half done, repeats without
effect. Notices go to their inboxes in one transaction with the word that they did.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from strowger.broker import connections
from strowger.broker.appending import Append, Appender
from strowger.broker.registering import registered
from strowger.cli.shared import topic_reader
from strowger.contract.commands import Origin
from strowger.contract.commands import encode as encode_command
from strowger.contract.decision import Decision
from strowger.contract.handled import Handled, encode
from strowger.contract.outbound import Event
from strowger.contract.topics import DECISIONS, MARKET_BOOK, MARKET_LOG
from strowger.dead_letters.becoming import (
    Becomes,
    ForAnInbox,
    ForTheLog,
    Hindered,
    becomes,
    keys_of,
)
from strowger.dead_letters.errors import NotDecided, OriginsPassed
from strowger.dead_letters.letters import HANDLED, Letter, Noted, read_standing
from strowger.dead_letters.notices import existing_inboxes, send
from strowger.matching.position import decode, position_key
from strowger.matching.positions import last_positions

_CLIENT: Final = "strowger-dead-letters"
_DECIDED_SECONDS: Final = 30

Became = Literal["replayed", "replayed before", "not replayed", "can be replayed"]


@dataclass(frozen=True)
class Outcome:
    """What became of a letter: the market's answer where one was awaited, or what hinders it."""

    letter: Letter
    became: Became
    hindered: Hindered | None = None
    answer: Event | None = None


@dataclass(frozen=True)
class Verdicts:
    """What letters become today: the keys and inboxes that there are now."""

    of: Sequence[tuple[Letter, Becomes]]

    @property
    def commands(self) -> list[tuple[Letter, ForTheLog]]:
        """Give those that become commands, in the order they came."""
        return [(letter, each) for letter, each in self.of if isinstance(each, ForTheLog)]

    @property
    def notices(self) -> list[tuple[Letter, ForAnInbox]]:
        """Give those that become notices, in the order they came."""
        return [(letter, each) for letter, each in self.of if isinstance(each, ForAnInbox)]


@dataclass(frozen=True)
class Met:
    """The broker, met as the operator, and where notices are to be sent, as the notifier.

    The notifier alone writes inboxes. Its password is asked for only once there is a notice.
    """

    bootstrap: str
    as_notifier: Callable[[], str]


async def judge(met: Met, letters: Iterable[Letter], *, authenticated: bool) -> Verdicts:
    """Say what each letter would become today; change nothing.

    Raises:
        NoCredentials: there are notices among them, and the notifier's password isn't kept here.
    """
    in_order = sorted(letters, key=lambda letter: letter.came)
    keys = keys_of(await registered(met.bootstrap)) if authenticated else None
    now_ms = time.time_ns() // 1_000_000
    inboxes: frozenset[str] = frozenset()
    if any(letter.record.topic == DECISIONS.name for letter in in_order):
        inboxes = await existing_inboxes(met.as_notifier())
    return Verdicts([(each, becomes(each, keys, inboxes, now_ms)) for each in in_order])


async def replay(met: Met, verdicts: Verdicts) -> list[Outcome]:
    """Replay what can be; give what became of each letter, in the order they came.

    Whatever an earlier replay left half done is finished, too.

    Raises:
        NotDecided: matching does not run, or is behind; a later call finishes it.
        OriginsPassed: `dead-letters-handled` was made anew beside an older `market-log`.
    """
    bootstrap = met.bootstrap
    await _check_origins(bootstrap)
    before = (await read_standing(bootstrap)).replayed
    since = await topic_reader.ends(bootstrap, [DECISIONS.name, MARKET_BOOK.name])
    new = [(letter, it) for letter, it in verdicts.commands if letter.id not in before]
    await approve(bootstrap, new)
    await finish(bootstrap, since)
    notices = [(letter, it) for letter, it in verdicts.notices if letter.id not in before]
    if notices:
        await send(met.as_notifier(), notices)
    answers = await _answers(bootstrap, since, new)
    return [_outcome(letter, it, before, answers) for letter, it in verdicts.of]


def _outcome(
    letter: Letter, it: Becomes, before: frozenset[str], answers: dict[str, Event]
) -> Outcome:
    if letter.id in before:
        return Outcome(letter, "replayed before")
    if isinstance(it, Hindered):
        return Outcome(letter, "not replayed", it)
    return Outcome(letter, "replayed", answer=answers.get(letter.id))


async def approve(bootstrap: str, letters: Sequence[tuple[Letter, ForTheLog]]) -> None:
    """Write down that these are replayed, as what, in this order."""
    words = [Handled(each.id, "replay", it.partition, it.command) for each, it in letters]
    await _note(bootstrap, words)


async def drop(bootstrap: str, letters: Iterable[Letter]) -> None:
    """Write down that these need nothing more; they stay where they are."""
    await _note(bootstrap, [Handled(letter.id, "drop") for letter in letters])


async def _note(bootstrap: str, words: Sequence[Handled]) -> None:
    if words:
        async with connections.producer(bootstrap, client_id=_CLIENT) as producer:
            await Appender(producer).append(
                Append(HANDLED.topic, HANDLED.partition, word.letter.encode(), encode(word))
                for word in words
            )


async def finish(bootstrap: str, since: topic_reader.Places) -> None:
    """Put on `market-log` all that is written down and not applied, and wait until it is.

    `since` is where `market-book` ended before.

    Raises:
        NotDecided: it is on the log, but matching has not come to it in time.
        OriginsPassed: what is written down would be skipped.
    """
    due = await pending(bootstrap)
    if not due:
        return
    async with connections.producer(bootstrap, client_id=_CLIENT) as producer:
        await Appender(producer).append(_append(each) for each in due)
    wanted: dict[int, int] = {}
    for each in due:
        wanted[each.handled.partition or 0] = each.offset
    try:
        async with asyncio.timeout(_DECIDED_SECONDS):
            await _applied(bootstrap, since, wanted)
    except TimeoutError:
        raise NotDecided(
            f"the replays are on {MARKET_LOG.name}, but matching has not applied them within "
            f"{_DECIDED_SECONDS} s: does it run? see `strowger health`. Nothing is lost, and to "
            "say it again does no harm"
        ) from None


async def pending(bootstrap: str) -> list[Noted]:
    """Give the replays that are written down and not applied, in their order."""
    standing = await read_standing(bootstrap)
    passed = await _passed(bootstrap)
    return [
        each
        for each in standing.commands.values()
        if each.handled.command is not None
        and each.offset > passed.get(each.handled.partition or 0, -1)
    ]


async def _passed(bootstrap: str) -> dict[int, int]:
    """Give, by partition of the log, the last replay that matching has applied or skipped."""
    return {
        partition: mark.offset
        for partition, position in (await last_positions(bootstrap)).items()
        for mark in position.watermarks
        if (mark.topic, mark.partition) == HANDLED
    }


async def _check_origins(bootstrap: str) -> None:
    last = max((await _passed(bootstrap)).values(), default=-1)
    end = await _handled_end(bootstrap)
    if last >= end:
        raise OriginsPassed(
            f"{HANDLED.topic} ends at {end}, but matching has applied the replay at offset {last} "
            "of it: the topic was made anew, and what is written in it now would be skipped. Have "
            "what is among the dead letters sent again by its senders"
        )


async def _handled_end(bootstrap: str) -> int:
    return (await topic_reader.ends(bootstrap, [HANDLED.topic])).get(HANDLED, 0)


def _append(noted: Noted) -> Append:
    command, partition = noted.handled.command, noted.handled.partition
    if command is None or partition is None:
        raise TypeError("only a replay that became a command goes to the log")
    origin = Origin(HANDLED.topic, HANDLED.partition, noted.offset)
    value = encode_command(msgspec.structs.replace(command, origin=origin))
    return Append(MARKET_LOG.name, partition, command.market.encode(), value)


async def _applied(bootstrap: str, since: topic_reader.Places, wanted: dict[int, int]) -> None:
    """Follow the positions until each partition's has passed the offset wanted."""
    book = {place: offset for place, offset in since.items() if place.topic == MARKET_BOOK.name}
    waiting = dict(wanted)
    async for record in topic_reader.follow(bootstrap, book):
        if record.key != position_key(record.partition):
            continue
        for mark in decode(record.value).watermarks:
            if (mark.topic, mark.partition) == HANDLED and mark.offset >= waiting.get(
                record.partition, mark.offset + 1
            ):
                del waiting[record.partition]
        if not waiting:
            return


async def _answers(
    bootstrap: str, since: topic_reader.Places, letters: Sequence[tuple[Letter, ForTheLog]]
) -> dict[str, Event]:
    """Give, by letter, what the market decided on its command."""
    asked = {
        (it.command.market, it.command.participant, it.command.causation_id): letter.id
        for letter, it in letters
    }
    if not asked:
        return {}
    from_here = {place: at for place, at in since.items() if place.topic == DECISIONS.name}
    until = await topic_reader.ends(bootstrap, [DECISIONS.name])
    found: dict[str, Event] = {}
    async for record in topic_reader.read(bootstrap, from_here, until):
        decision = Decision.model_validate_json(record.value)
        cause = (decision.market, decision.participant, decision.event.causation_id)
        if decision.role == "answer" and cause in asked:
            found[asked[cause]] = decision.event
    return found
