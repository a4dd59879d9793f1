"""Audit the log, a partition after the other: prove what is recorded, or name what is otherwise."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from strowger.audit.checkpoint import Checkpoint, Writer
from strowger.audit.partition import Audit
from strowger.audit.reading import reader
from strowger.audit.report import Audited, Report, Trusted

Progress = Callable[[int, int, int], None]
"""Told now and then: the partition, the command that it has come to, and where it ends."""


async def audit(
    bootstrap: str,
    partitions: Sequence[int],
    *,
    start: Path | None = None,
    save: Path | None = None,
    progress: Progress = lambda *_: None,
) -> Report:
    """Prove that what is recorded follows from the log, or name the first record that does not.

    From the log's beginning, or from a checkpoint: then what came before it is taken on trust. A
    checkpoint is saved only where all that was audited is sound.

    Raises:
        AuditError: what there is cannot be audited.
        OSError: a checkpoint cannot be read or written.
    """
    began = time.monotonic()
    checkpoint = None if start is None else Checkpoint.at(start)
    writer = None if save is None else Writer(save, partitions)
    audited: list[Audited] = []
    saved = None
    try:
        async with reader(bootstrap) as reading:
            for number in partitions:
                known = None if checkpoint is None else checkpoint.partition(number)
                one = Audit(reading, number, known)
                audited.append(await one.run(progress))
                if writer is not None and audited[-1].sound:
                    writer.add(one.reached(), one.replay.rows())
        if writer is not None and all(each.sound for each in audited):
            saved = writer.keep()
    finally:
        if writer is not None and saved is None:
            writer.drop()
    return Report(
        partitions=tuple(audited),
        seconds=time.monotonic() - began,
        trusted=None if checkpoint is None else Trusted(str(checkpoint.path), checkpoint.sha256),
        saved=None if save is None or saved is None else Trusted(str(save), saved),
    )
