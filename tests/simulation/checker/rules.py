"""Invariants 1 to 8, as far as they need a whole market: the naive market decides the log again.

It scans everything and shares no code with the core; of the services, only what reads a command of
`market-log` is used. What was decided must be what it says, word for word but for a refusal's own.
"""

import contextlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

import msgspec

from strowger.contract import commands
from strowger.contract.commands import AnyCommand
from tests.property.contracts import Contracts
from tests.property.naive_market import NaiveMarket
from tests.property.naive_rows import Told
from tests.property.naive_rules import MORE
from tests.simulation.checker.reading import Decided, Evidence, Facts, Violation
from tests.simulation.history import Event

_INVARIANT_OF: Final = {
    "accept-offer": 1,
    "close-session": 2,
    "session-deadline": 2,
    "publish-capacity": 3,
    "tell-outcome": 4,
    "publish-offer": 5,
    "withdraw-offer": 5,
    "read-book": 5,
    "control-market": 5,
    "open-session": 6,
    "submit-request": 8,
    "refuse-event": 10,
}
"""Which promise a command's answer is about, where nothing in the answer says more."""


def decided_by_the_rules(evidence: Evidence) -> Iterator[Violation]:
    """See every command decided as a market would that looks at everything, each time anew."""
    for partition in sorted({each.event.partition for each in evidence.decided}):
        yield from _first_difference(evidence, partition)


def _first_difference(evidence: Evidence, partition: int) -> Iterator[Violation]:
    decided: dict[int, list[Decided]] = {}
    for each in evidence.decided:
        if each.event.partition == partition:
            decided.setdefault(each.facts["log_offset"], []).append(each)
    public = {
        event.header("ce_id"): json.loads(event.value or b"{}")
        for event in evidence.history.committed("acceptance-confirmed")
    }
    markets: dict[str, NaiveMarket] = defaultdict(NaiveMarket)
    contracts = Contracts()
    for command, event in commands_of(evidence, partition):
        naive = markets[command.market]
        naive.place = event.offset - 1
        wanted = naive.decide(command, event.timestamp_ms)
        found = decided.pop(event.offset, [])
        given = [contracts.renamed(_told(each, public)) for each in found]
        if given != wanted:
            # What follows rests on this, so that only the first difference says anything.
            yield _difference(event, given, wanted)
            return
        for said in found:
            if said.told.get("next") is not None and said.is_new:
                naive.learn_next(said.told["next"])
    for offset in decided:
        yield Violation(10, f"something was decided at {offset} of the log, where nothing is new")
        return


def _told(decided: Decided, public: dict[str, Facts]) -> Told:
    facts, event = decided.facts, dict(decided.told)
    event.pop("message", None)
    if event.get("next") is not None:
        event["next"] = MORE
    rests_on = [(each["subject"], each["log_offset"]) for each in facts["rests_on"]]
    sale = None
    if event["type"] == "acceptance-confirmed" and decided.is_new:
        sale = public.get(f"{facts['event_id']}-public")
    return Told(
        event,
        *(facts["recipient"], facts["participant"], facts["command"], facts["role"]),
        *(facts["repeat"], facts["at"], facts["sequence"]),
        rests_on,
        facts["rules_version"],
        sale,
    )


def _difference(event: Event, given: list[Told], wanted: list[Told]) -> Violation:
    at = next(
        (at for at, pair in enumerate(zip(given, wanted, strict=False)) if pair[0] != pair[1]),
        min(len(given), len(wanted)),
    )
    said = given[at] if at < len(given) else None
    due = wanted[at] if at < len(wanted) else None
    where = f"at {event.offset} of the log"
    if said is None:
        return Violation(10, f"{where} nothing was told where the rules say {_words(due)}")
    if due is None:
        return Violation(_invariant(said, due), f"{where} {_words(said)}; the rules say nothing")
    if said.event["type"] == due.event["type"]:
        return Violation(_invariant(said, due), f"{where} {_words(said)}, but {_unlike(said, due)}")
    return Violation(_invariant(said, due), f"{where} {_words(said)}; the rules say {_words(due)}")


def _words(told: Told | None) -> str:
    if told is None:
        return "nothing"
    what = told.event.get("refusal") or told.event["type"]
    return f"{told.command} of {told.participant} gave {what} to {told.recipient}"


def _unlike(said: Told, due: Told) -> str:
    """Name what differs, and how: of the event what the rules say otherwise, or else around it."""
    for one, other in ((said.event, due.event), (asdict(said), asdict(due))):
        for name in sorted(one.keys() | other.keys()):
            if one.get(name) != other.get(name) and not isinstance(one.get(name), dict):
                return f"{name} is {one.get(name)!r} and by the rules {other.get(name)!r}"
    return "what it says is not what the rules say"


def _invariant(said: Told, due: Told | None) -> int:
    """Name the promise that a difference breaks, by what the two answers are about."""
    refusals = {each.event.get("refusal") for each in (said, due) if each is not None}
    if due is None or said.event["type"] != due.event["type"] != "event-refused":
        if said.role == "notice":
            return 7
    elif said.public != due.public:
        return 7
    elif said.at != due.at:
        return 1
    if "id_reused" in refusals or said.repeat != (due is not None and due.repeat):
        return 4
    if "capacity_exhausted" in refusals or said.event["type"] == "offer-sold":
        return 3
    return _INVARIANT_OF.get(said.command, 4)


def commands_of(evidence: Evidence, partition: int) -> Iterator[tuple[AnyCommand, Event]]:
    """Give the commands of a partition; what was redelivered to the log counts once."""
    applied: dict[tuple[str, int], int] = {}
    for event in evidence.history.committed("market-log"):
        if event.partition != partition:
            continue
        with contextlib.suppress(msgspec.MsgspecError):
            command = commands.decode(event.value or b"")
            if command.origin is not None:
                place = (command.origin.topic, command.origin.partition)
                if command.origin.offset <= applied.get(place, -1):
                    continue
                applied[place] = command.origin.offset
            yield command, event
