"""What a user got, whoever runs the exchange: by what was sent and told, and the record of sales.

It knows nothing of how an exchange is built: what was acknowledged by the broker and never answered
is lost, as is a sale that was confirmed and is in no record; what two contracts were made for, or
what was sold beyond what there is, is sold twice; a sale is late if the acceptance came at the
deadline or after; a session that does not end, and a topic that is not read on, are stalled.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tests.faults.play import CAPACITY_MINUTES, Told
from tests.simulation.checker.reading import Evidence, Sent, moment
from tests.simulation.history import Event, History

KINDS: Final = ("lost", "sold_twice", "late", "stalled")
Facts = dict[str, Any]


@dataclass(frozen=True)
class Wrong:
    """One thing that a user did not get as promised."""

    kind: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.sentence}"


def account(history: History, told: Told, stalled: Sequence[str]) -> list[Wrong]:
    """Give everything that went wrong for the users of one market."""
    evidence = Evidence(history)
    inboxes = {name: _heard(events) for name, events in history.inboxes().items()}
    return [
        *(Wrong("stalled", each) for each in stalled),
        *_never_answered(evidence, inboxes),
        *_never_recorded(evidence, inboxes, told),
        *_sold_twice(evidence, inboxes, told),
        *_sold_late(evidence, inboxes),
        *_never_ended(inboxes),
    ]


def _heard(events: Sequence[Event]) -> list[Facts]:
    """Give what an inbox holds, without what came again."""
    seen: dict[str, Facts] = {}
    for event in events:
        seen.setdefault(event.header("ce_id"), json.loads(event.value or b"{}"))
    return list(seen.values())


def _of(heard: Sequence[Facts], kind: str) -> Iterator[Facts]:
    return (each for each in heard if each["type"] == kind)


def _never_answered(evidence: Evidence, inboxes: Mapping[str, Sequence[Facts]]) -> Iterator[Wrong]:
    answered = {(name, each["causation_id"]) for name, heard in inboxes.items() for each in heard}
    for sent in evidence.sent:
        is_theirs = sent.sender in inboxes and sent.place not in evidence.dead
        if is_theirs and (sent.sender, sent.id) not in answered:
            yield Wrong("lost", f"{sent.id} of {sent.sender} on {sent.event.topic} got no answer")


def _never_recorded(
    evidence: Evidence, inboxes: Mapping[str, Sequence[Facts]], told: Told
) -> Iterator[Wrong]:
    public = {each["contract_id"] for each in evidence.public}
    heard = {
        each["contract_id"]
        for some in inboxes.values()
        for each in _of(some, "acceptance-confirmed")
    }
    for contract in sorted(heard - public):
        yield Wrong("lost", f"{contract} was confirmed, and is not in the record of sales")
    for contract in sorted(public - heard):
        yield Wrong("lost", f"{contract} is in the record of sales, and its buyer was never told")
    for key, contract in told.confirmed.items():
        if contract not in public:
            yield Wrong("lost", f"{contract} was told to {key}, and is not in the record of sales")


def _sold_twice(
    evidence: Evidence, inboxes: Mapping[str, Sequence[Facts]], told: Told
) -> Iterator[Wrong]:
    yield from (Wrong("sold_twice", each) for each in told.otherwise)
    contracts: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    sold: Counter[tuple[str, str]] = Counter()
    times = Counter(str(each["contract_id"]) for each in evidence.public)
    for name, heard in inboxes.items():
        for sale in _of(heard, "acceptance-confirmed"):
            contracts[name, str(sale["acceptance_id"])].add(str(sale["contract_id"]))
    for sale in {str(each["contract_id"]): each for each in evidence.public}.values():
        sold[str(sale["provider"]), str(sale["offer_id"])] += int(sale["quantity"])
    for (buyer, acceptance), made in contracts.items():
        if len(made) > 1:
            yield Wrong("sold_twice", f"{acceptance} of {buyer} made {len(made)} contracts")
    for contract, count in times.items():
        if count > 1:
            yield Wrong("sold_twice", f"{contract} is in the record of sales {count} times")
    for offer, minutes in sold.items():
        if minutes > CAPACITY_MINUTES:
            yield Wrong(
                "sold_twice", f"{minutes} of {CAPACITY_MINUTES} minutes of {offer} were sold"
            )


def _sold_late(evidence: Evidence, inboxes: Mapping[str, Sequence[Facts]]) -> Iterator[Wrong]:
    for name, heard in inboxes.items():
        deadlines = {
            each["session_id"]: moment(each["deadline"]) for each in _of(heard, "session-granted")
        }
        for sale in _of(heard, "acceptance-confirmed"):
            deadline = deadlines.get(sale["session_id"])
            first = _first_sent(evidence, name, str(sale["acceptance_id"]))
            if deadline is not None and first is not None and _appended(first) >= deadline:
                yield Wrong("late", f"{sale['contract_id']} was accepted after {deadline}")


def _first_sent(evidence: Evidence, buyer: str, acceptance_id: str) -> Sent | None:
    sendings = [
        sent
        for sent in evidence.sent
        if sent.sender == buyer
        and sent.event.topic == "offer-accepted"
        and sent.body.get("acceptance_id") == acceptance_id
        and "offer_id" in sent.body
    ]
    return min(sendings, key=lambda sent: sent.event.timestamp_ms, default=None)


def _appended(sent: Sent) -> datetime:
    return datetime.fromtimestamp(sent.event.timestamp_ms / 1000, UTC)


def _never_ended(inboxes: Mapping[str, Sequence[Facts]]) -> Iterator[Wrong]:
    for name, heard in inboxes.items():
        ended = {each["session_id"] for each in _of(heard, "session-ended")}
        for granted in _of(heard, "session-granted"):
            if granted["session_id"] not in ended:
                yield Wrong("stalled", f"session {granted['session_id']} of {name} never ended")
