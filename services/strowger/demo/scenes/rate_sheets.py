"""Five carriers publish their rate sheets."""

import asyncio
import time
from collections.abc import Iterable

from rich.progress import Progress, TaskID

from strowger.cli.shared.declaring import declare
from strowger.cli.shared.delivery import progress
from strowger.client import DeliveryReport
from strowger.demo.carriers import CARRIERS, SEED, Carrier, offers_of, real_rates
from strowger.demo.cast import CURRENCY, MARKET, TERMS
from strowger.demo.narrator import expect, saw, say
from strowger.demo.stage import Stage, remember
from strowger.sheets import BadRow

TITLE = "A market is declared, and five carriers publish their rate sheets"

_DAMAGED_ROWS = 2


async def play(stage: Stage) -> None:
    """Declare the market; publish every good row of the real sheet as five simulated carriers."""
    await declare(stage.bootstrap, TERMS)
    remember(stage, MARKET)
    saw(f"market [bold]{MARKET}[/bold] stands: policy open, in {CURRENCY}")

    sheet = real_rates()
    stage.rows = sheet.good
    say(
        f"pstn-rates.csv: real destinations and retail prices (Azure/Communication, 2020). It "
        f"names no currency: {CURRENCY} is assumed."
    )
    _show_bad(sheet.bad)
    expect(
        len(sheet.bad) == _DAMAGED_ROWS,
        f"{_DAMAGED_ROWS} rows were to be rejected, not {len(sheet.bad)}",
    )
    say(
        f"[yellow]Simulated:[/yellow] the five carriers' prices are the real ones times a spread "
        f"(seed {SEED}); increments, fees and capacities are made up."
    )

    began = time.monotonic()
    with progress() as bar:
        reports = await asyncio.gather(*(_publish(stage, each, bar) for each in CARRIERS))
    seconds = time.monotonic() - began
    stored = sum(report.outcome == "stored" for each in reports for report in each)
    wanted = len(CARRIERS) * len(sheet.good)
    expect(stored == wanted, f"{wanted:,} offers were to be stored, {stored:,} were")
    saw(
        f"{len(CARRIERS)} carriers x {len(sheet.good):,} rows = {stored:,} offers stored, each "
        f"acknowledged, in {seconds:.0f} s"
    )


async def _publish(stage: Stage, carrier: Carrier, bar: Progress) -> list[DeliveryReport]:
    task: TaskID = bar.add_task(f"{carrier.name} (simulated)", total=len(stage.rows))
    async with stage.provider(carrier.name) as client:
        offers = offers_of(
            carrier,
            stage.rows,
            market=MARKET,
            currency=CURRENCY,
            revision=client.next_revision(),
        )
        return await client.publish_many(offers, on_report=lambda _: bar.advance(task))


def _show_bad(bad: Iterable[BadRow]) -> None:
    for row in bad:
        saw(f"line {row.line} rejected, never guessed: {row.value} — {row.reason}")
