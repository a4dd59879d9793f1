"""Bring a process's memory back in before its times are taken."""

from pathlib import Path

_AT_ONCE = 1 << 22


def touch_memory() -> int:
    """Read all memory of this process once, and give how many bytes that was.

    A host may put a guest's pages away while they are not used, as during another engine's turn;
    whoever touches one first then waits for it, in processor time of its own. Where the system has
    no `/proc` nothing is read, and times have those waits in them.
    """
    maps = Path("/proc/self/maps")
    if not maps.exists():
        return 0
    regions = [line.split() for line in maps.read_text(encoding="utf-8").splitlines()]
    read = 0
    with Path("/proc/self/mem").open("rb", buffering=0) as memory:
        for span, rights, *_ in regions:
            if not rights.startswith("rw"):
                continue
            begin, end = (int(bound, 16) for bound in span.split("-"))
            for at in range(begin, end, _AT_ONCE):
                try:
                    memory.seek(at)
                    read += len(memory.read(min(_AT_ONCE, end - at)))
                except OSError:
                    break  # a region that is reserved, or went while the others were read
    return read
