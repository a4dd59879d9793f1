"""A TCP proxy before each broker, which cuts, refuses, stalls and slows what goes through it.

`python -m tests.faults.proxy LISTEN:TARGET…` takes orders as lines of JSON on its standard input,
and ends with it. It is a process of its own: what its owner computes slows nothing down.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

_CHUNK_BYTES: Final = 65_536


@dataclass
class Door:
    """One listening port, what stands behind it, and what is done to whoever comes through."""

    listen: int
    target: int
    refuses: bool = False
    slow_seconds: float = 0.0
    flows: asyncio.Event = field(default_factory=asyncio.Event)
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self) -> None:
        """Listen from now on."""
        self.flows.set()
        await asyncio.start_server(self._meet, "127.0.0.1", self.listen)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self.open |= both
        try:
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
        finally:
            self.open -= both

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK_BYTES):
                if self.slow_seconds:
                    await asyncio.sleep(self.slow_seconds)
                await self.flows.wait()
                writer.write(chunk)
                await writer.drain()
        writer.close()

    def obey(self, order: Mapping[str, object]) -> None:
        """Change what is done; `cut` ends what is open now, the rest lasts until changed back."""
        self.refuses = bool(order.get("refuse", False))
        self.slow_seconds = float(str(order.get("slow_seconds", 0.0)))
        if order.get("stall"):
            self.flows.clear()
        else:
            self.flows.set()
        if self.refuses or order.get("cut"):
            for writer in self.open:
                writer.transport.abort()


async def _run(doors: dict[int, Door]) -> None:
    for door in doors.values():
        await door.serve()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    while line := await orders.readline():
        order = json.loads(line)
        doors[order["door"]].obey(order)


class Proxy:
    """The proxy's process, as who gives it orders has it; `routes` is listening port to target."""

    def __init__(self, routes: Mapping[int, int]) -> None:
        self._routes = routes
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        """Start it; it serves when this returns."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.proxy"),
            *(f"{listen}:{target}" for listen, target in self._routes.items()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        if self._process.stdout is None or await self._process.stdout.readline() != b"ready\n":
            raise RuntimeError("the proxy does not serve")
        return self

    async def __aexit__(self, *_: object) -> None:
        """End it."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()

    def order(self, door: int, **what: bool | float) -> None:
        """Have something done to the connections through one door; nothing: let them be."""
        if self._process is None or self._process.stdin is None:
            raise RuntimeError("the proxy does not run")
        self._process.stdin.write(json.dumps({"door": door, **what}).encode() + b"\n")


def main(arguments: Sequence[str]) -> int:
    """Serve until the orders end."""
    pairs = [argument.split(":") for argument in arguments]
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run({int(listen): Door(int(listen), int(to)) for listen, to in pairs}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
