"""Publish `session-closed` when a session's deadline has passed, until the book shows it closed.

A Faust app follows `session-book`. Its table of open sessions, kept in a changelog, lets it go on
at once after a restart; the reread of the whole book, at every start and rebalance, then corrects
the table, so that nothing lost leaves a session open, and nothing left over is closed for ever.

Only committed rows are read (`reread.ConsumerThread`): no session is closed that was never granted.
The clock is this machine's and decides nothing: the market refuses what comes too early, and ends
an overdue session by itself at the next command. Where it is ahead, the close that counts comes at
most `schedule.MAX_RETRY_MS` after the deadline; where it is behind, by so much later.
"""

import asyncio

from strowger import keys
from strowger.contract.commands import SESSION_TIMEOUT
from strowger.contract.signatures import SigningKey
from strowger.contract.topics import SESSION_TIMEOUT_APP
from strowger.life import Life
from strowger.service import bootstrap_of
from strowger.session_timeout.processor import MAX_RESTORE_SECONDS, Names, Processor
from strowger.settings import Settings
from strowger.telemetry.metrics import LAG


async def run(settings: Settings, life: Life) -> None:
    """Close sessions in time until told to stop.

    Raises:
        KeyUnusable: the processor's own key is not in the home's directory of keys.
        RestoreStalled: the table was not restored in time.
        Exception: whatever else failed in Faust or in a row; the process is to exit and start anew.
    """
    bootstrap = bootstrap_of(settings, SESSION_TIMEOUT_APP)
    await serve(bootstrap, life, Names(), _key(settings))


def _key(settings: Settings) -> SigningKey | None:
    if settings.authentication == "off":
        return None
    return keys.read(keys.path_of(settings.keys_dir, SESSION_TIMEOUT))


async def serve(bootstrap: str, life: Life, names: Names, key: SigningKey | None = None) -> None:
    """Run under these names, and sign with the key; see `run`."""
    processor = Processor(bootstrap, names, key)
    app = processor.app
    starting = asyncio.ensure_future(app.start())
    stopped = asyncio.ensure_future(life.stop.wait())
    crashed = asyncio.ensure_future(app.wait_until_stopped())
    ended = (stopped, crashed, processor.error)
    try:
        done, _ = await asyncio.wait(
            (starting, *ended), timeout=MAX_RESTORE_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if not done:
            raise processor.stalled()
        if starting.done():
            starting.result()
            life.ready()
            with LAG.following(processor.lags):
                await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
        if processor.error.done():
            processor.error.result()
        if app.crash_reason is not None:
            raise app.crash_reason
    finally:
        await app.stop()
        for task in (starting, stopped, crashed):
            task.cancel()
        await asyncio.gather(starting, stopped, crashed, return_exceptions=True)
