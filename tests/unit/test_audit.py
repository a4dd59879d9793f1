"""What the audit tells apart: changed, missing, too many, out of order; and where it may stop."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from strowger.audit import comparing
from strowger.audit.comparing import Comparison, Expected
from strowger.audit.findings import Finding, differences
from strowger.audit.replaying import Replay, row_digest
from strowger.broker.consuming import Record
from strowger.contract.commands import AnyCommand, encode
from strowger.contract.topics import (
    ACCEPTANCE_CONFIRMED,
    DEAD_LETTERS,
    DECISIONS,
    MARKET_LOG,
    OFFER_BOOK,
)
from strowger.contract.tracing import HEADER as TRACE
from strowger.matching.deciding import LogGap, Restored
from tests.commands import NOON_MS, Commands

COUNT = 200


def follows(count: int = COUNT) -> list[Expected]:
    """Give what follows from so many commands."""
    return [
        Expected(
            b"voice",
            b'{"log_offset":%d,"event":{"cost":"%d"}}' % (number, number),
            (("ce_id", b"d-%d" % number),),
            Record(MARKET_LOG.name, 0, number, 0, b"voice", b"{}", ()),
        )
        for number in range(count)
    ]


def recorded(expected: Iterable[Expected]) -> list[Record]:
    """Give it as it is recorded; every tenth offset is the mark of a transaction."""
    records = []
    offset = 0
    for each in expected:
        offset += 1 + (offset % 10 == 9)
        records.append(
            Record(DECISIONS.name, 0, offset, 0, each.key, each.value, tuple(each.headers))
        )
    return records


def compared(
    expected: list[Expected], found: list[Record], until: int | None = None
) -> Finding | None:
    """Compare both sides in portions, as they are read."""
    comparison = Comparison(DECISIONS.name, 0)
    waiting = list(found)
    for start in range(0, len(expected), 50):
        for each in expected[start : start + 50]:
            comparison.expect(each)
        _read(comparison, waiting)
        finding = comparison.compare(all_found=not waiting)
        if finding is not None:
            return finding
    _read(comparison, waiting)
    end = found[-1].offset + 1 if found else 0
    finding = comparison.compare(
        all_expected=True, all_found=not waiting, until=end if until is None else until
    )
    if finding is None:
        assert comparison.agreed == len(expected)
    return finding


def _read(comparison: Comparison, waiting: list[Record]) -> None:
    while comparison.wants > 0 and waiting:
        comparison.find(waiting[:7])
        del waiting[:7]


def test_what_follows_is_sound() -> None:
    """Nothing is found where all is as it follows, also where nothing does."""
    assert compared(follows(), recorded(follows())) is None
    assert compared([], []) is None


Doctor = Callable[[list[Record], int], None]


def change(found: list[Record], at: int) -> None:
    """Change one byte of a value."""
    value = (found[at].value or b"").replace(b'"cost":"', b'"cost":"9')
    found[at] = replace(found[at], value=value)


def change_the_key(found: list[Record], at: int) -> None:
    """Write it under another key."""
    found[at] = replace(found[at], key=b"other")


def change_a_header(found: list[Record], at: int) -> None:
    """Add a header."""
    found[at] = replace(found[at], headers=(*found[at].headers, ("ce_source", b"me")))


def rename(found: list[Record], at: int) -> None:
    """Give it an id that nothing has."""
    found[at] = replace(found[at], headers=(("ce_id", b"forged"),))


def lose(found: list[Record], at: int) -> None:
    """Leave it out."""
    del found[at]


def add(found: list[Record], at: int) -> None:
    """Write another before it."""
    found.insert(at, replace(found[at], headers=(("ce_id", b"forged"),)))


def repeat(found: list[Record], at: int) -> None:
    """Write it twice."""
    found.insert(at, found[at])


def swap(found: list[Record], at: int) -> None:
    """Write it before the one that comes before it."""
    found[at - 1], found[at] = found[at], found[at - 1]


@pytest.mark.parametrize("at", [1, 77, COUNT - 1], ids=["first", "middle", "last"])
@pytest.mark.parametrize(
    ("doctor", "what"),
    [
        (change, "changed"),
        (change_the_key, "changed"),
        (change_a_header, "changed"),
        (rename, "changed"),
        (lose, "missing"),
        (add, "follows from nothing"),
        (repeat, "follows from nothing"),
        (swap, "out of order"),
    ],
)
def test_what_does_not_follow_is_named(doctor: Doctor, what: str, at: int) -> None:
    """Each kind of forgery is told for what it is, at the command that it is of."""
    found = recorded(follows())
    doctor(found, at)

    finding = compared(follows(), found)

    assert finding is not None
    assert finding.what == what
    first = {"swap": at - 1, "repeat": at}.get(doctor.__name__, at)
    assert finding.log_offset == first
    assert (finding.offset is None) == (what == "missing")


@pytest.mark.parametrize(("recorded_trace", "sound"), [("follows", True), ("", True), ("o", False)])
def test_a_trace_may_be_left_out_and_not_be_another(recorded_trace: str, *, sound: bool) -> None:
    """A release that knew of no traces left them out; a trace that does not follow is found."""
    expected = [replace(each, headers=(*each.headers, (TRACE, b"follows"))) for each in follows(9)]
    found = [
        replace(each, headers=(*each.headers, (TRACE, recorded_trace.encode())))
        if recorded_trace
        else each
        for each in recorded(follows(9))
    ]
    finding = compared(expected, found)
    assert (finding is None) == sound
    assert sound or "ce_traceparent" in str(finding)


def test_a_forgery_at_the_end_is_found() -> None:
    """A record behind all that follows is one too many, unless it may be of a later command."""
    found = recorded(follows())
    found.append(replace(found[-1], offset=found[-1].offset + 2))
    extra = compared(follows(), found)
    assert extra is not None
    assert (extra.what, extra.offset) == ("follows from nothing", found[-1].offset)
    assert compared(follows(), found, until=found[-1].offset) is None


def test_much_that_is_missing_is_told_by_its_first() -> None:
    """So is a hole that is larger than what is looked ahead."""
    found = recorded(follows())
    del found[50 : 50 + 2 * comparing.AHEAD]
    finding = compared(follows(), found)
    assert finding is not None
    assert finding.log_offset == 50
    assert finding.difference


def test_nothing_recorded_is_missing_from_the_first() -> None:
    """A topic that was made anew lacks everything."""
    finding = compared(follows(), [])
    assert finding is not None
    assert (finding.what, finding.log_offset) == ("missing", 0)


@pytest.mark.parametrize(
    ("expected", "found", "told"),
    [
        (b'{"a":{"b":[1,2]}}', b'{"a":{"b":[1,3]}}', ["a.b[1]: 2 follows, 3 was found"]),
        (b'{"a":1}', b'{"b":1}', ["a: 1 follows, nothing was", "b: nothing follows, 1 was found"]),
        (b'{"a":1}', b"{", ["byte 1 of 7: b'\"a\":1}' follows, b'' was found"]),
        (b'{"a":1}', b'{"a": 1}', ["byte 5 of 7"]),
        (b'{"a":true}', b'{"a":1}', ["a: true follows, 1 was found"]),
        (b"[1]", None, ["the value: [1] follows, null was found"]),
        (b"[1]", b"[1]", []),
    ],
)
def test_a_difference_is_told_where_it_is(
    expected: bytes, found: bytes | None, told: list[str]
) -> None:
    """By field where both can be read, else by byte; spaces count."""
    lines = differences(expected, found)
    assert len(lines) == len(told)
    assert all(line.startswith(start) for line, start in zip(lines, told, strict=True))


def test_a_long_difference_is_cut_short() -> None:
    """Some fields are told, and how many more there are."""
    ours = b"{%s}" % b",".join(b'"f%d":%d' % (each, each) for each in range(20))
    *lines, last = differences(ours, b"{}")
    assert (len(lines), last) == (8, "and 12 more")


def test_a_hint_is_given_where_other_rules_decided() -> None:
    """A decision by another version of the rules says where to have it audited."""
    (ours,) = follows(1)
    ours = replace(ours, value=b'{"rules_version":2}')
    found = replace(recorded([ours])[0], value=b'{"rules_version":1}')
    finding = compared([ours], [found])
    assert finding is not None
    assert "release" in finding.difference[-1]


def _logged(*written: AnyCommand | bytes) -> list[Record]:
    values = [each if isinstance(each, bytes) else encode(each) for each in written]
    return [
        Record(MARKET_LOG.name, 0, offset, NOON_MS + offset, b"voice-eu", value, ())
        for offset, value in enumerate(values)
    ]


def test_a_replay_gives_what_matching_would_write() -> None:
    """The same log gives the same records and the same position, in whatever portions."""
    make = Commands()
    log = _logged(make.declare(), make.publish(), make.open(), make.request(), make.accept(), b"!")
    once, other = (Replay(0, Restored.of_nothing()) for _ in range(2))
    written = [each for record in log for each in once.decide(record)]
    for record in log:
        assert [each for each in written if each[1].command == record] == list(other.decide(record))
        other.settle()
    assert once.settle() == other.settle()
    topics = [topic for topic, _ in written][-4:]
    assert topics == [DECISIONS.name, ACCEPTANCE_CONFIRMED.name, DECISIONS.name, DEAD_LETTERS.name]


def test_a_replay_does_not_leap() -> None:
    """A command that is not the next one is no log to decide by."""
    replay = Replay(0, Restored.of_nothing())
    with pytest.raises(LogGap):
        list(replay.decide(_logged(b"", b"")[1]))


def test_a_row_that_is_not_as_it_follows_is_named() -> None:
    """One changed, one lost, and one that nothing leads to are each told by their key."""
    make = Commands()
    replay = Replay(0, Restored.of_nothing())
    for record in _logged(make.declare(), make.publish()):
        list(replay.decide(record))
    rows = {key: row_digest(key, value) for key, value in replay.rows()}
    offer = b'["offer","voice-eu","acme","of-1"]'
    assert replay.table_difference(rows) is None
    assert replay.table_difference({**rows, offer: 1}) == (
        OFFER_BOOK.name,
        f"row {offer.decode()} is not as it follows",
    )
    lost = {key: value for key, value in rows.items() if key != offer}
    assert replay.table_difference(lost) == (
        OFFER_BOOK.name,
        f"row {offer.decode()} is not there",
    )
    extra = replay.table_difference({**rows, b'["offer","voice-eu","acme","of-2"]': 1})
    assert extra is not None
    assert extra[1].endswith("follows from nothing")
