"""What is done to a good history so that it breaks a promise, and one alone if that can be."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from tests.simulation.checker.reading import INBOUND, Facts
from tests.simulation.history import Event, History

Pick = Callable[[Facts], object]
Change = Callable[[Facts], Facts]
Doctor = Callable[[History], History | None]
"""Gives none where the history has nothing of the kind."""


def facts_of(event: Event) -> Facts:
    """Read a record that is known to be JSON."""
    facts: Facts = json.loads(event.value or b"{}")
    return facts


def decisions(history: History) -> Sequence[Facts]:
    """Give what was decided."""
    return [facts_of(event) for event in history.committed("decisions")]


def put(history: History, topic: str, events: Iterable[Event]) -> History:
    """Give the history with other records in a topic."""
    return replace(history, records={**history.records, topic: list(events)})


def altered(topic: str, pick: Pick, change: Change, *, all_of_them: bool = False) -> Doctor:
    """Change the first record that is picked, or all of them."""

    def doctor(history: History) -> History | None:
        events, done = list(history.records.get(topic, ())), 0
        for at, event in enumerate(events):
            if (
                event.committed
                and (all_of_them or not done)
                and (facts := _object(event))
                and pick(facts)
            ):
                value = json.dumps(change(facts), separators=(",", ":")).encode()
                events[at] = replace(event, value=value)
                done += 1
        return put(history, topic, events) if done else None

    return doctor


def _object(event: Event) -> Facts | None:
    try:
        found = json.loads(event.value or b"")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def removed(topic: str, pick: Pick) -> Doctor:
    """Take out the first record that is picked."""
    return _moved(topic, pick, lambda events, at: events.pop(at))


def doubled(topic: str, pick: Pick) -> Doctor:
    """Write a record twice, one after the other."""
    return _moved(topic, pick, lambda events, at: events.insert(at, events[at]))


def brought_forward(topic: str, pick: Pick) -> Doctor:
    """Move a record to the beginning."""
    return _moved(topic, pick, lambda events, at: events.insert(0, events.pop(at)))


def _moved(topic: str, pick: Pick, move: Callable[[list[Event], int], object]) -> Doctor:
    def doctor(history: History) -> History | None:
        events = list(history.records.get(topic, ()))
        for at in reversed(range(len(events))):
            facts = _object(events[at]) if events[at].committed else None
            if facts and pick(facts):
                move(events, at)
                return put(history, topic, events)
        return None

    return doctor


def knowing(make: Callable[[History], Doctor | None]) -> Doctor:
    """Let a doctor look at the whole history first."""

    def doctor(history: History) -> History | None:
        found = make(history)
        return None if found is None else found(history)

    return doctor


def told(facts: Facts, kind: str, **wanted: object) -> bool:
    """Say whether a decision told an event of a kind for the first time, with these words."""
    event = facts["event"]
    return (
        event["type"] == kind
        and not facts["repeat"]
        and all(event.get(name) == value for name, value in wanted.items())
    )


def saying(**words: object) -> Change:
    """Let a decision's event say something else."""
    return lambda facts: {**facts, "event": {**facts["event"], **words}}


def sales(history: History) -> Iterator[Facts]:
    """Give the decisions that sold something."""
    for facts in decisions(history):
        if told(facts, "acceptance-confirmed") and facts["role"] == "answer":
            yield facts


def without_ledger_row(history: History) -> History:
    """Lose the last decision that the ledger has."""
    path = history.ledger_path.with_suffix(".doctored")
    with (
        closing(sqlite3.connect(history.ledger_path)) as whole,
        closing(sqlite3.connect(path)) as copy,
    ):
        whole.backup(copy)
        copy.execute("DELETE FROM decisions WHERE rowid = (SELECT max(rowid) FROM decisions)")
        copy.commit()
    return replace(history, ledger_path=path)


def put_away_though_readable(history: History) -> History | None:
    """Say of the first dead letter that it is of an opening of a session."""
    good = next(iter(history.committed("session-opened")), None)
    return None if good is None else _of_another_record(history, good)


def _of_another_record(history: History, record: Event) -> History | None:
    dead = history.records["dead-letters"]
    if not dead:
        return None
    place = {
        "dl_topic": record.topic.encode(),
        "dl_partition": str(record.partition).encode(),
        "dl_offset": str(record.offset).encode(),
    }
    first, *others = dead
    headers = tuple((name, place.get(name, value)) for name, value in first.headers)
    return put(history, "dead-letters", [replace(first, headers=headers), *others])


def other_bytes_put_away(history: History) -> History | None:
    """Put other bytes into the first dead letter of what was sent to the exchange."""
    letters = list(history.records["dead-letters"])
    for at, letter in enumerate(letters):
        if letter.header("dl_topic") in INBOUND:
            letters[at] = replace(letter, value=b"other")
            return put(history, "dead-letters", letters)
    return None


def put_away_again(history: History) -> History:
    """Write all dead letters anew behind those that there are, as a gateway does that died."""
    return put(history, "dead-letters", [*history.records["dead-letters"]] * 2)


def put_away_though_it_has_an_inbox(history: History) -> History | None:
    """Say of the first dead letter that it is of a decision for somebody who has an inbox."""
    inboxes = history.inboxes()
    for decision in history.committed("decisions"):
        if facts_of(decision)["recipient"] in inboxes:
            return _of_another_record(history, decision)
    return None


def in_anothers_inbox(history: History) -> History | None:
    """Write what one provider was told into the other one's inbox, too."""
    mine = list(history.records["inbox.acme"])
    if not mine:
        return None
    strange = put(history, "inbox.initech", [*history.records["inbox.initech"], mine[-1]])
    return put(strange, "inbox.acme", mine)
