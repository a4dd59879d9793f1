"""Invariants 4, 10 and 12: each record one outcome, each key one decision, each inbox its own."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

from tests.simulation.checker.reading import OPERATOR, Decided, Evidence, Facts, Place, Violation
from tests.simulation.history import Event

_OWN_KEYS = {
    "acceptance-confirmed": "acceptance_id",
    "session-granted": "session_id",
    "offers-matched": "request_id",
}
_OWN_WORDS = {"at", "message"}


def every_record_one_outcome(evidence: Evidence) -> Iterator[Violation]:
    """See every record sent end in one answer or one dead letter, and no answer without a record.

    Only a sender that can be read is answered; what comes twice is answered twice.
    """
    wanted = Counter(
        (sent.sender, sent.id) for sent in evidence.sent if sent.place not in evidence.dead
    )
    given = Counter(
        (each.participant, each.told["causation_id"])
        for each in evidence.decided
        if each.facts["role"] == "answer" and each.participant != OPERATOR
    )
    for cause in wanted.keys() | given.keys():
        if wanted[cause] != given[cause]:
            yield Violation(
                10, f"{cause} was sent {wanted[cause]} times and answered {given[cause]} times"
            )


def decisions_follow_the_log(evidence: Evidence) -> Iterator[Violation]:
    """See decisions numbered without a gap, in the log's order, at a time that never steps back."""
    for partition in {each.event.partition for each in evidence.decided}:
        decided = [each for each in evidence.decided if each.event.partition == partition]
        offsets = [each.facts["log_offset"] for each in decided]
        if offsets != sorted(offsets):
            yield Violation(9, "decisions do not follow the log")
        declared = [each for each in decided if each.facts["sequence"]]
        numbers = [each.facts["sequence"] for each in declared]
        if numbers != list(range(1, len(numbers) + 1)):
            yield Violation(4, f"decisions are numbered {numbers[:20]}")
        times = [each.at for each in declared]
        if times != sorted(times):
            yield Violation(1, "market time steps back")


def one_decision_a_key(evidence: Evidence) -> Iterator[Violation]:
    """See one sale an acceptance, one grant and one end a session; the same again the same."""
    first: dict[tuple[str, str, str], Decided] = {}
    for decided in evidence.decided:
        key_of = _OWN_KEYS.get(decided.kind)
        if key_of is None or decided.facts["role"] != "answer":
            continue
        key = (decided.kind, decided.participant, str(decided.told[key_of]))
        known = first.setdefault(key, decided)
        if known is decided:
            continue
        if decided.is_new:
            yield Violation(4, f"{key} was decided twice")
        elif _content(known.told) != _content(decided.told):
            yield Violation(4, f"{key} was answered otherwise when it came again")
    ended = Counter(
        (each.recipient, each.told["session_id"])
        for each in evidence.decided
        if each.kind == "session-ended" and each.is_new and each.recipient is not None
    )
    for session, times in ended.items():
        if times != 1:
            yield Violation(4, f"session {session} ended {times} times")


def one_event_an_id(evidence: Evidence) -> Iterator[Violation]:
    """See each event id stand for one event to one recipient: readers drop an id they have seen.

    Not what was read: a question that comes again is answered anew, and the first answer holds.
    """
    known: dict[str, tuple[str | None, Facts]] = {}
    for decided in evidence.decided:
        if decided.kind == "book-read":
            continue
        told = {name: value for name, value in decided.told.items() if name not in _OWN_WORDS}
        event = (decided.recipient, told)
        if known.setdefault(decided.facts["event_id"], event) != event:
            yield Violation(4, f"{decided.facts['event_id']} is the id of two events")


def inboxes_hold_their_own(evidence: Evidence) -> Iterator[Violation]:
    """See each inbox hold what was decided for it, all of it, and nothing else.

    What one market decided comes in its order.
    """
    ordered: dict[str, set[str]] = {}
    for each in evidence.decided:
        if each.facts["sequence"]:
            ordered.setdefault(each.told["market"], set()).add(each.facts["event_id"])
    inboxes = evidence.history.inboxes()
    due: dict[str, list[Decided]] = {name: [] for name in inboxes}
    for decided in evidence.decided:
        if decided.recipient is not None:
            due.setdefault(decided.recipient, []).append(decided)
    for name, decisions in due.items():
        if name in inboxes:
            yield from _holds_its_own(name, inboxes[name], decisions, ordered)
            if away := _places_of(decisions) & evidence.dead.keys():
                yield Violation(10, f"{name} has an inbox, and {len(away)} of its events went away")
        elif lost := _places_of(decisions) - evidence.dead.keys():
            yield Violation(10, f"{name} has no inbox, and {len(lost)} of its events are not kept")


def _holds_its_own(
    name: str, records: list[Event], decisions: list[Decided], ordered: dict[str, set[str]]
) -> Iterator[Violation]:
    told = list(dict.fromkeys(record.header("ce_id") for record in records))
    wanted = list(dict.fromkeys(each.facts["event_id"] for each in decisions))
    if strangers := set(told) - set(wanted):
        yield Violation(12, f"{name} was told what is not for it: {sorted(strangers)[:3]}")
    elif set(told) != set(wanted):
        yield Violation(10, f"{name} was told {len(told)} of {len(wanted)} events")
    elif any(_only(told, ids) != _only(wanted, ids) for ids in ordered.values()):
        yield Violation(10, f"{name} was told of a market in another order")
    yield from _in_other_words(name, records, decisions)


def _only(ids: list[str], wanted: set[str]) -> list[str]:
    return [each for each in ids if each in wanted]


def _in_other_words(
    name: str, records: list[Event], decisions: list[Decided]
) -> Iterator[Violation]:
    bodies: dict[str, list[Facts]] = {}
    for decided in decisions:
        bodies.setdefault(decided.facts["event_id"], []).append(decided.told)
    for record in records:
        if json.loads(record.value or b"{}") not in bodies.get(record.header("ce_id"), ()):
            yield Violation(10, f"{name} was told {record.header('ce_id')} in other words")


def _places_of(decisions: list[Decided]) -> set[Place]:
    return {(each.event.topic, each.event.partition, each.event.offset) for each in decisions}


def nobody_acts_as_another(evidence: Evidence) -> Iterator[Violation]:
    """See each answer rest on a record of that participant, each offer on its provider's."""
    published = {
        (sent.sender, sent.body.get("offer_id"), sent.body.get("revision"))
        for sent in evidence.sent
    }
    for sale in evidence.sales:
        told = sale.told
        if (told["provider"], told["offer_id"], told["revision"]) not in published:
            yield Violation(12, f"{told['contract_id']} is of an offer its provider never sent")
        if told["buyer"] != sale.participant:
            yield Violation(12, f"{told['contract_id']} was sold to another than asked for it")
    for decided in evidence.decided:
        if decided.participant == OPERATOR or decided.facts["role"] != "answer":
            continue
        if (decided.participant, decided.told["causation_id"]) not in evidence.sent_by_id:
            yield Violation(12, f"{decided.participant} was answered what it never sent")


def the_ledger_agrees(evidence: Evidence) -> Iterator[Violation]:
    """See every decision once in the ledger, and every sale."""
    market = evidence.history.market
    with closing(sqlite3.connect(f"file:{evidence.history.ledger_path}?mode=ro", uri=True)) as book:
        rows = book.execute(
            'SELECT partition, "offset", event_id FROM decisions '
            "WHERE ?1 IS NULL OR market = ?1 ORDER BY 1, 2",
            (market,),
        ).fetchall()
        if evidence.history.read_until is not None:
            read = evidence.history.read_until
            rows = [row for row in rows if row[1] < read.get(row[0], 0)]
        sales = book.execute(
            "SELECT count(*) FROM acceptances WHERE ?1 IS NULL OR market = ?1", (market,)
        ).fetchone()[0]
    wanted = [
        (each.event.partition, each.event.offset, each.facts["event_id"])
        for each in evidence.decided
    ]
    if rows != wanted:
        yield Violation(10, f"the ledger has {len(rows)} of {len(wanted)} decisions")
    if sales != len(evidence.sales):
        yield Violation(10, f"the ledger has {sales} of {len(evidence.sales)} sales")


def _content(told: Facts) -> Facts:
    return {name: value for name, value in told.items() if name not in {"causation_id", "at"}}
