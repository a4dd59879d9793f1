"""Play the demo: the stage, every scene, the count, the audit, and what to try next."""

import asyncio
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Final

from rich.markup import escape

from strowger.audit.auditing import audit
from strowger.audit.report import Report
from strowger.cli.audit import show
from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.output import emit, out
from strowger.client import ClientError
from strowger.contract.topics import MARKET_LOG
from strowger.demo import narrator
from strowger.demo.cast import LONDON
from strowger.demo.counting import Counted, count
from strowger.demo.narrator import Unexpected, saw, say
from strowger.demo.scenes import SCENES
from strowger.demo.stage import Stage, home_of, stage
from strowger.settings import PREFIX, Settings

_LOG_LINES: Final = 30


async def demo(settings: Settings, *, once: bool) -> ExitCode:
    """Play every scene, count and audit; end with one JSON object, or serve until Ctrl-C."""
    _end_on_signals()
    began = time.monotonic()
    code = ExitCode.OK
    counted: Counted | None = None
    report: Report | None = None
    with home_of(settings, fresh=once) as home:
        async with stage(home) as ready:
            failed = await _play(ready)
            counted = await _count(ready)
            report = await _audit(ready)
            seconds = time.monotonic() - began
            if failed or not (counted.sound and report.sound):
                code = ExitCode.UNHEALTHY
                _show_log(ready)
            elif not once:
                await _serve(home)
    if once:
        audited = {
            "audited": report.commands,
            "unsound": sum(not p.sound for p in report.partitions),
        }
        emit({**counted.document(), **audited, "seconds": round(seconds, 1)})
    return code


async def _play(ready: Stage) -> bool:
    """Play the scenes in order; say whether one came out otherwise, which ends the play."""
    for number, each in enumerate(SCENES, start=1):
        narrator.scene(number, each.TITLE)
        problem = await _problem(each, ready)
        if problem is not None:
            out.print(f"[red]✗ not as said:[/red] {escape(problem)}")
            return True
    return False


async def _problem(scene: ModuleType, ready: Stage) -> str | None:
    try:
        await scene.play(ready)
    except (Unexpected, ClientError) as problem:
        return str(problem)
    except TimeoutError:
        return "what was waited for did not come in time"
    except ExceptionGroup as problems:
        return "; ".join(str(each) for each in problems.exceptions[:3])
    return None


async def _count(ready: Stage) -> Counted:
    narrator.scene(len(SCENES) + 1, "The count: what the topics and the ledger say")
    counted = await count(ready)
    counts = counted.counts
    say(
        f"{counts['offers']:,} offers stored, changes taken under a policy: {counts['taken']:,}, "
        f"{counts['requests']:,} requests answered, "
        f"{counts['confirmed']:,} acceptances confirmed, {counts['refused']:,} refused, "
        f"sessions timed out: {counts['timed_out']:,}, dead letters: {counts['dead_lettered']:,}"
    )
    if counted.sound:
        saw("every record that was sent has its answer or its dead letter: [bold]0 lost[/bold]")
        saw("no acceptance confirmed twice, no minute sold beyond capacity: [bold]0[/bold]")
        saw("the ledger has the same figures as the topics")
    else:
        out.print(f"[red]✗ lost: {counted.lost}, sold twice: {counted.sold_twice}[/red]")
        for each in counted.disagreements:
            out.print(f"[red]✗ {escape(each)}[/red]")
    return counted


async def _audit(ready: Stage) -> Report:
    narrator.scene(len(SCENES) + 2, "The audit: every decision, made again from the log")
    say("What `strowger audit` does: decide all of market-log once more, and compare byte by byte.")
    report = await audit(ready.bootstrap, range(MARKET_LOG.partitions))
    show(report)
    return report


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    command = _command()
    out.print()
    say("[bold]The exchange goes on serving.[/bold] In a second terminal:")
    if f"{PREFIX}HOME" in os.environ:
        say(f"  export {PREFIX}HOME={settings.home}")
    say(f"  {command} request --to {LONDON.number} --minutes 1000")
    say(f"  {command} accept 1")
    say(f"  {command} watch --sales --from-start")
    say("Ctrl-C ends it; what it stored is kept for the next time.")
    await stop.wait()
    say("stopping")


def _command() -> str:
    """Say how `strowger` is called from where this was."""
    own = Path(sys.executable).with_name("strowger")
    found = shutil.which("strowger")
    if (found is not None and Path(found).samefile(own)) or not own.exists():
        return "strowger"
    try:
        return str(own.relative_to(Path.cwd()))
    except ValueError:
        return str(own)


def _show_log(ready: Stage) -> None:
    log = ready.settings.run_dir / "services.log"
    out.print(f"[dim]the end of {log}:[/dim]")
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]:
        out.print(line, markup=False)


def _end_on_signals() -> None:
    """Unwind on SIGTERM and Ctrl-C, so that whatever was started is stopped."""
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
