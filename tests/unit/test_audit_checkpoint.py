"""Checkpoints: what is saved comes back, and a file that is not whole is not gone on from."""

import gzip
from pathlib import Path

import pytest

from strowger.audit.checkpoint import Checkpoint, Reached, Writer, sha256
from strowger.audit.errors import CheckpointUnusable
from strowger.audit.replaying import Replay
from strowger.broker.consuming import Record
from strowger.contract.commands import AnyCommand, encode
from strowger.contract.topics import DECISIONS, MARKET_LOG
from strowger.matching.deciding import Restored
from tests.commands import NOON_MS, Commands


def _replayed(partition: int) -> Replay:
    make = Commands()
    replay = Replay(partition, Restored.of_nothing())
    written: tuple[AnyCommand, ...] = (
        make.declare(),
        make.publish(),
        make.open(),
        make.request(),
        make.accept(),
    )
    for offset, each in enumerate(written):
        record = Record(MARKET_LOG.name, partition, offset, NOON_MS, b"", encode(each), ())
        list(replay.decide(record))
    return replay


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a checkpoint of two partitions."""
    path = tmp_path / "audit.gz"
    writer = Writer(path, (1, 3))
    for partition in (1, 3):
        replay = _replayed(partition)
        reached = Reached(partition, 0, replay.settle(), {DECISIONS.name: 7 + partition})
        writer.add(reached, replay.rows())
    assert not path.exists()
    assert writer.keep() == sha256(path)
    return path


def test_a_checkpoint_gives_each_partition_as_it_stood(path: Path) -> None:
    """Position, rows and where to read on; a partition that it has not is none."""
    checkpoint = Checkpoint.at(path)
    assert checkpoint.sha256 == sha256(path)
    known = checkpoint.partition(3)
    assert known is not None
    reached, restored = known
    replay = _replayed(3)
    assert (reached.position, reached.since) == (replay.settle(), {DECISIONS.name: 10})
    assert dict(Replay(3, restored).rows()) == dict(replay.rows())
    assert checkpoint.partition(0) is None


def test_a_checkpoint_that_is_dropped_leaves_the_one_before(path: Path) -> None:
    """A file is only ever replaced by a whole one."""
    before = path.read_bytes()
    Writer(path, (1,)).drop()
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def _lines(path: Path) -> list[bytes]:
    return gzip.decompress(path.read_bytes()).splitlines(keepends=True)


@pytest.mark.parametrize("line", [1, 2, -1])
def test_a_checkpoint_that_lacks_a_line_is_refused(path: Path, line: int) -> None:
    """Whichever it is, also a partition's heading."""
    lines = _lines(path)
    del lines[line]
    path.write_bytes(gzip.compress(b"".join(lines)))
    checkpoint = Checkpoint.at(path)
    with pytest.raises(CheckpointUnusable, match="damaged"):
        [checkpoint.partition(number) for number in (1, 3)]


def test_a_checkpoint_that_was_changed_is_refused(path: Path) -> None:
    """A row that says something else than it did does not add up."""
    changed = b"".join(_lines(path)).replace(b'"offer_id":"of-1"', b'"offer_id":"of-2"')
    path.write_bytes(gzip.compress(changed))
    with pytest.raises(CheckpointUnusable, match="do not add up"):
        Checkpoint.at(path).partition(1)


def test_a_file_that_was_cut_is_refused(path: Path) -> None:
    """So is one that is no checkpoint, or of a form to come."""
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CheckpointUnusable, match="to its end"):
        Checkpoint.at(path).partition(3)
    path.write_text("hello")
    with pytest.raises(CheckpointUnusable, match="to its end"):
        Checkpoint.at(path)
    path.write_bytes(gzip.compress(b"{}\n"))
    with pytest.raises(CheckpointUnusable, match="no checkpoint"):
        Checkpoint.at(path)
    heading = b'{"strowger_checkpoint":2,"saved_at":"2026-11-25T00:00:00Z","partitions":[]}\n'
    path.write_bytes(gzip.compress(heading))
    with pytest.raises(CheckpointUnusable, match="form 2"):
        Checkpoint.at(path)
