"""A compacted topic in the audit: what was replaced may be gone, and nothing else."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from strowger.audit.compacted import CompactedComparison
from strowger.audit.comparing import Expected
from strowger.audit.findings import Finding
from strowger.broker.consuming import Record
from strowger.contract.topics import MARKET_LOG

TOPIC = "feed"


def follows(*keys: str) -> list[Expected]:
    """Give a record under each key; with a dash before it, the key's tombstone."""
    return [
        Expected(
            key.removeprefix("-").encode(),
            None if key.startswith("-") else b"%d" % number,
            () if key.startswith("-") else (("ce_id", b"n-%d" % number),),
            Record(MARKET_LOG.name, 0, number, 0, b"voice", b"{}", ()),
        )
        for number, key in enumerate(keys)
    ]


def found(expected: Iterable[Expected]) -> list[Record]:
    """Give all of it as it was written: with an offset for each command."""
    return [
        Record(TOPIC, 0, each.command.offset, 0, each.key, each.value, tuple(each.headers))
        for each in expected
    ]


def compared(
    expected: list[Expected], records: list[Record], portion: int, until: int | None = None
) -> Finding | None:
    """Compare both sides in portions, as they are read."""
    comparison = CompactedComparison(TOPIC, 0)
    waiting = list(records)
    for start in range(0, len(expected), portion):
        for each in expected[start : start + portion]:
            comparison.expect(each)
        while comparison.wants > 0 and waiting:
            comparison.find([waiting.pop(0)])
        finding = comparison.compare(all_found=not waiting)
        if finding is not None:
            return finding
    comparison.find(waiting)
    return comparison.compare(all_expected=True, all_found=True, until=until)


KEYS = ("a", "b", "a", "c", "-b", "b", "a", "-c", "d")

portions = pytest.mark.parametrize("portion", [1, 2, 100])


@portions
@pytest.mark.parametrize(
    "gone",
    [(), (0,), (0, 2), (1,), (1, 4), (0, 1, 2, 3, 4), (3, 7), (0, 1, 2, 3, 4, 7)],
)
def test_what_was_replaced_may_be_gone(gone: tuple[int, ...], portion: int) -> None:
    """Any of it, in any compaction; a tombstone, too, once what it removed is."""
    expected = follows(*KEYS)
    left = [each for place, each in enumerate(found(expected)) if place not in gone]
    assert compared(expected, left, portion) is None


@portions
@pytest.mark.parametrize("lost", [5, 6, 8])
def test_what_stands_must_be_there(lost: int, portion: int) -> None:
    """The last record of a key is missed, by the command that it follows from."""
    expected = follows(*KEYS)
    records = found(expected)
    del records[lost]
    finding = compared(expected, records, portion)
    assert finding is not None
    assert (finding.what, finding.log_offset) == ("missing", lost)


@portions
def test_what_a_later_command_replaced_is_not_missed(portion: int) -> None:
    """The audit ends before the log does; a compaction does not."""
    expected = follows(*KEYS)
    later = Record(TOPIC, 0, 20, 0, b"d", b"20", (("ce_id", b"n-20"),))
    assert compared(expected, [*found(expected)[:-1], later], portion, until=20) is None
    extra = compared(expected, [*found(expected), later], portion, until=21)
    assert extra is not None
    assert (extra.what, extra.offset) == ("follows from nothing", 20)


@portions
@pytest.mark.parametrize("at", [0, 3, 8])
def test_what_was_changed_is_named(at: int, portion: int) -> None:
    """Whether or not others were compacted away before it."""
    expected = follows(*KEYS)
    records = found(expected)
    records[at] = replace(records[at], value=b"99")
    finding = compared(expected, records, portion)
    assert finding is not None
    assert (finding.what, finding.offset) == ("changed", at)
    assert finding.difference == (f"the value: {at} follows, 99 was found",)


@portions
def test_what_follows_from_nothing_is_named(portion: int) -> None:
    """A record that somebody wrote in between, and one that stands where it is too late."""
    expected = follows(*KEYS)
    records = found(expected)
    forged = replace(records[3], headers=(("ce_id", b"forged"),))
    finding = compared(expected, [*records[:4], forged, *records[4:]], portion)
    assert finding is not None
    assert finding.what == "follows from nothing"
    late = compared(expected, [*records[1:], records[0]], portion)
    assert late is not None
    assert late.what == "follows from nothing"
