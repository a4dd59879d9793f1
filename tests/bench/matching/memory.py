"""Measure what a stored offer weighs and how fast a book is rebuilt, in a fresh process.

The rows of a mix are written to a file by one process and restored by another, as a service
restores them: keys and values decoded, digests summed, rows stored, every index built. Weight is
what the process's resident memory (RSS) grew by, over the number of offers; nothing is traced.
"""

import gc
import json
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from strowger.market.digests import TableDigest
from strowger.market.entities import decode, decode_key, encode, encode_key
from strowger.market.markets import Markets
from strowger.market.store import Row
from tests.bench.matching.mixes import make
from tests.bench.matching.ours import entity
from tests.bench.matching.shape import MARKET

_SIZE_BYTES = 4


def write(name: str, offers: int, seed: int, path: Path) -> None:
    """Write a mix's rows as they stand on the stream table."""
    with path.open("wb") as file:
        for offer in make(name, offers=offers, operations=0, seed=seed).offers:
            key = ("offer", MARKET, offer.provider_id, offer.offer_id)
            for data in (encode_key(key), encode(entity(offer))):
                file.write(len(data).to_bytes(_SIZE_BYTES, "big") + data)


def restore(path: Path) -> dict[str, float]:
    """Restore rows from a file; give their weight each and how many a second."""
    markets, digest = Markets(), TableDigest()
    gc.collect()
    before = _resident_bytes()
    begun = time.thread_time()
    with path.open("rb") as file:
        for _ in markets.load(_decoded(_rows(file), digest)):
            pass
    count = digest.rows
    seconds = time.thread_time() - begun
    gc.collect()
    return {
        "bytes_per_offer": (_resident_bytes() - before) / count,
        "offers_per_second": count / seconds,
    }


def _decoded(rows: Iterable[tuple[bytes, bytes]], digest: TableDigest) -> Iterator[Row]:
    for key, value in rows:
        digest.add(key, value)
        yield decode_key(key), decode(value)


def _rows(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while size := file.read(_SIZE_BYTES):
        key = file.read(int.from_bytes(size, "big"))
        yield key, file.read(int.from_bytes(file.read(_SIZE_BYTES), "big"))


def _resident_bytes() -> int:
    """Give the resident memory; where there is no /proc, the most that it ever was."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text("ascii").split()[1]) * resource.getpagesize()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


if __name__ == "__main__":
    what, *given = sys.argv[1:]
    if what == "write":
        write(given[0], int(given[1]), int(given[2]), Path(given[3]))
    else:
        sys.stdout.write(json.dumps(restore(Path(given[0]))) + "\n")
