"""A separate analytics consumer: its own process, reading nothing but the record of sales."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Final

from strowger import logs
from strowger.client import acceptances
from strowger.contract.sales import AcceptanceConfirmed
from strowger.demo.cast import ANALYST_GROUP
from strowger.settings import Settings
from strowger.supervisor import environment_of

_SEEN_SECONDS: Final = 30
_LINE_BYTES: Final = 1_048_576


class Analyst:
    """The analytics process, as the demo hears it."""

    def __init__(self) -> None:
        self._seen: dict[str, AcceptanceConfirmed] = {}
        self._more = asyncio.Condition()

    async def saw(self, contract_id: str) -> AcceptanceConfirmed:
        """Wait until the analyst has seen a sale, and give it as it was public.

        Raises:
            TimeoutError: it has not within 30 seconds.
        """
        async with asyncio.timeout(_SEEN_SECONDS), self._more:
            await self._more.wait_for(lambda: contract_id in self._seen)
        return self._seen[contract_id]

    async def listen(self, lines: asyncio.StreamReader) -> None:
        """Take in what the process writes: one sale a line."""
        async for line in lines:
            sale = AcceptanceConfirmed.model_validate_json(line)
            async with self._more:
                self._seen[sale.contract_id] = sale
                self._more.notify_all()


@asynccontextmanager
async def analyst(settings: Settings) -> AsyncIterator[Analyst]:
    """Run the analytics process while entered; it ends when its standard input does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "strowger.demo.analyst",
        settings.bootstrap or "",
        env=environment_of(settings),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_BYTES,
        start_new_session=True,
    )
    if process.stdin is None or process.stdout is None:
        raise TypeError("the process was started without pipes")
    heard = Analyst()
    listening = asyncio.create_task(heard.listen(process.stdout))
    try:
        yield heard
    finally:
        process.stdin.close()
        await process.wait()
        await listening


async def _main(bootstrap: str) -> None:
    logs.configure(Settings(log_level="error"))
    ended = asyncio.ensure_future(asyncio.to_thread(sys.stdin.read))
    reading = asyncio.ensure_future(_read(bootstrap))
    await asyncio.wait((ended, reading), return_when=asyncio.FIRST_COMPLETED)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=not reading.done())


async def _read(bootstrap: str) -> None:
    async with aclosing(acceptances(bootstrap=bootstrap, group=ANALYST_GROUP)) as sales:
        async for sale in sales:
            line = json.dumps(sale.model_dump(mode="json"))
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
