"""Publish many offers with a progress bar, and sum up what became of them."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from strowger.cli.shared.kept import is_absent
from strowger.cli.shared.output import err
from strowger.client import DeliveryReport, ProviderClient
from strowger.client.bulk import OfferEvent
from strowger.contract.inbound import OfferPublished
from strowger.contract.outbound import EventRefused

_ADVICE = {
    "unknown": "sent, but no answer came; import the sheet again",
    "unsent": "not sent, since the exchange fell silent; import the sheet again",
}


@dataclass(frozen=True)
class Delivery:
    """What became of a sheet: how many offers stand, how many are withdrawn, and what failed.

    A withdrawal that found no offer did what it was sent for: `absent` counts those apart.
    """

    stored: int
    removed: int
    absent: int
    failed: tuple[tuple[str, str], ...]
    seconds: float
    reports: tuple[DeliveryReport, ...]


def progress() -> Progress:
    """Make a progress bar on stderr."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
    )


async def deliver(provider: str, events: Sequence[OfferEvent], *, bootstrap: str) -> Delivery:
    """Publish and withdraw the offers as `provider`, waiting for every answer."""
    began = time.monotonic()
    with progress() as bar:
        task = bar.add_task(provider, total=len(events))
        async with ProviderClient(provider, bootstrap=bootstrap) as client:
            reports = await client.publish_many(events, on_report=lambda _: bar.advance(task))
    counts = Counter(_done(report) for report in reports)
    absent = sum(is_absent(report) for report in reports)
    failed = [
        report
        for report in reports
        if report.outcome not in {"stored", "removed", "taken"} and not is_absent(report)
    ]
    return Delivery(
        stored=counts["stored"],
        removed=counts["removed"],
        absent=absent,
        failed=tuple((report.event.offer_id, _why(report)) for report in failed),
        seconds=time.monotonic() - began,
        reports=tuple(reports),
    )


def _done(report: DeliveryReport) -> str:
    """Give what was done; a change that is taken takes effect when the market's policy lets it."""
    if report.outcome != "taken":
        return report.outcome
    return "stored" if isinstance(report.event, OfferPublished) else "removed"


def _why(report: DeliveryReport) -> str:
    if isinstance(report.answer, EventRefused):
        return f"{report.answer.refusal}: {report.answer.message}"
    return _ADVICE[report.outcome]
