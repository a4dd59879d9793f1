"""Hold what is recorded in a topic against what follows from the log, record by record, in order.

No I/O: who reads the log and the topic feeds both sides.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from strowger.audit.findings import Finding, described, differences
from strowger.broker.consuming import Record
from strowger.contract.tracing import HEADER as TRACE

Headers = Sequence[tuple[str, bytes | None]]

AHEAD: Final = 64
"""How far both sides are looked through to tell a record that is missing from one too many."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A record that follows from a command of the log; `command` is that."""

    key: bytes
    value: bytes | None
    headers: Headers
    command: Record


class Comparison:
    """One partition of one topic: what follows and what is found, as far as both have come."""

    def __init__(self, topic: str, partition: int) -> None:
        self._topic = topic
        self._partition = partition
        self._expected: deque[Expected] = deque()
        self._found: deque[Record] = deque()
        self.agreed = 0
        """How many records are as they follow."""
        self.next_offset: int | None = None
        """Behind the last record that is as it follows; none before there is one."""

    @property
    def wants(self) -> int:
        """Say how many more records should be found, to compare all that is expected so far."""
        return len(self._expected) + AHEAD + 1 - len(self._found)

    def expect(self, expected: Expected) -> None:
        """Add what follows next."""
        self._expected.append(expected)

    def find(self, found: Iterable[Record]) -> None:
        """Add what was found next."""
        self._found.extend(found)

    def compare(
        self, *, all_expected: bool = False, all_found: bool = False, until: int | None = None
    ) -> Finding | None:
        """Compare as far as both sides reach; give the first record that is not as it follows.

        Until all is expected or found, some is kept back to be looked ahead into. Once it all is,
        records from the offset `until` on are left for a later audit, and no side may have more.
        """
        expected, found = self._expected, self._found
        while expected and found:
            if not (all_expected or len(expected) > AHEAD):
                return None
            if not same(expected[0], found[0]):
                ready = all_found or len(found) > AHEAD
                return self._finding() if ready else None
            self.agreed += 1
            self.next_offset = found[0].offset + 1
            expected.popleft()
            found.popleft()
        if expected and all_found:
            return self._missing()
        if found and all_expected and (until is None or found[0].offset < until):
            return self._extra("nothing in the log that was decided leads to it")
        return None

    def _finding(self) -> Finding:
        """Tell a changed record from one missing, one too many, and two out of order."""
        ours, theirs = self._expected[0], self._found[0]
        wanted, got = identity(ours.headers), identity(theirs.headers)
        if wanted == got:
            return self._changed()
        later_found = wanted in {identity(each.headers) for each in self._found}
        later_expected = got in {identity(each.headers) for each in self._expected}
        if later_found and later_expected:
            said = f"{_named(wanted)} follows here, {_named(got)} later"
            return self._make("out of order", theirs.offset, ours.command, (said,))
        if later_found:
            return self._extra(f"what follows, {_named(wanted)}, stands behind it")
        if later_expected:
            return self._missing()
        return self._changed()

    def _changed(self) -> Finding:
        ours, theirs = self._expected[0], self._found[0]
        lines: list[str] = []
        if ours.key != theirs.key:
            lines.append(f"the key: {ours.key!r} follows, {theirs.key!r} was found")
        lines += differences(ours.value, theirs.value)
        if tuple(ours.headers) != tuple(theirs.headers):
            lines += [f"header {line}" for line in _headers(ours.headers, theirs.headers)]
        if any(line.startswith("rules_version") for line in lines):
            lines.append("other rules decided it: audit with the release that has them")
        return self._make("changed", theirs.offset, ours.command, tuple(lines))

    def _missing(self) -> Finding:
        ours = self._expected[0]
        said = f"{_named(identity(ours.headers))} follows, and is not there"
        return self._make("missing", None, ours.command, (said,))

    def _extra(self, why: str) -> Finding:
        theirs = self._found[0]
        said = f"{_named(identity(theirs.headers))} was found; {why}"
        return self._make("follows from nothing", theirs.offset, None, (said,))

    def _make(
        self, what: str, offset: int | None, command: Record | None, difference: tuple[str, ...]
    ) -> Finding:
        return Finding(
            what=what,  # type: ignore[arg-type]  # each caller's is one of them
            topic=self._topic,
            partition=self._partition,
            offset=offset,
            log_offset=_claimed(self._found) if command is None else command.offset,
            command=described(command),
            difference=difference,
        )


def same(expected: Expected, found: Record) -> bool:
    """Say whether a record is as it follows: key, value and headers, in their order.

    The trace may be left out, as a release left it out that did not know of traces.
    """
    return (
        expected.value == found.value
        and expected.key == found.key
        and tuple(found.headers) in {tuple(expected.headers), tuple(_untraced(expected.headers))}
    )


def _untraced(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name != TRACE]


def _claimed(found: Sequence[Record]) -> int | None:
    """Give the command that a record claims to follow from, as decisions do."""
    try:
        claim = msgspec.json.decode(found[0].value or b"")
    except msgspec.DecodeError:
        return None
    offset = claim.get("log_offset") if isinstance(claim, dict) else None
    return offset if isinstance(offset, int) else None


def identity(headers: Headers) -> bytes | None:
    """Give the id of the event that a record carries."""
    return next((value for name, value in headers if name == "ce_id"), None)


def _named(identity: bytes | None) -> str:
    return (
        "a record without an id"
        if identity is None
        else f"record {identity.decode('utf-8', 'replace')}"
    )


def _headers(expected: Headers, found: Headers) -> list[str]:
    ours, theirs = dict(expected), dict(found)
    lines = [
        f"{name}: {ours.get(name)!r} follows, {theirs.get(name)!r} was found"
        for name in dict.fromkeys((*ours, *theirs))
        if ours.get(name) != theirs.get(name)
    ]
    return lines or ["order: it is another"]
