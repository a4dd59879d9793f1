"""Publish many offers with a progress bar, and sum up what became of them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from strowger.cli.shared.output import err
from strowger.client import DeliveryReport, ProviderClient
from strowger.contract.inbound import OfferPublished
from strowger.contract.outbound import EventRefused

_ADVICE = {
    "unknown": "sent, but no answer came; import the sheet again",
    "unsent": "not sent, since the exchange fell silent; import the sheet again",
}


@dataclass(frozen=True)
class Delivery:
    """What became of a sheet: how many offers stand, and each that does not, with the reason."""

    stored: int
    failed: tuple[tuple[str, str], ...]
    seconds: float


def progress() -> Progress:
    """Make a progress bar on stderr."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
    )


async def deliver(provider: str, offers: Sequence[OfferPublished], *, bootstrap: str) -> Delivery:
    """Publish the offers as `provider`, waiting for every answer."""
    began = time.monotonic()
    with progress() as bar:
        task = bar.add_task(provider, total=len(offers))
        async with ProviderClient(provider, bootstrap=bootstrap) as client:
            reports = await client.publish_many(offers, on_report=lambda _: bar.advance(task))
    failed = [report for report in reports if report.outcome != "stored"]
    return Delivery(
        stored=len(reports) - len(failed),
        failed=tuple((report.event.offer_id, _why(report)) for report in failed),
        seconds=time.monotonic() - began,
    )


def _why(report: DeliveryReport) -> str:
    if isinstance(report.answer, EventRefused):
        return f"{report.answer.refusal}: {report.answer.message}"
    return _ADVICE[report.outcome]
