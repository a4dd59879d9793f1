"""`strowger offers publish`, `withdraw` and `capacity`: keep offers and pools of any family."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.markup import escape

from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.demanding import parsed
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Bootstrap, Json, Market, Provider, TimeoutSeconds
from strowger.cli.shared.output import emit, out
from strowger.cli.shared.place import NotSaid, checked, place
from strowger.cli.shared.told import told
from strowger.client import DeliveryReport, ProviderClient
from strowger.client.provider import Period
from strowger.client.refused import refused
from strowger.contract.inbound import CapacityPublished, OfferPublished
from strowger.contract.outbound import ChangeTaken, EventRefused, OfferStored
from strowger.sheets.cells import from_text
from strowger.sheets.dates import NoDate, moment_of


def publish(
    file: Annotated[
        Path, typer.Argument(help="JSON: an OfferPublished document, or a list of them.")
    ],
    *,
    market: Market = None,
    provider: Provider = None,
    bootstrap: Bootstrap = None,
    timeout: TimeoutSeconds = 30,
    as_json: Json = False,
) -> None:
    """Publish offers of any family from a file, or replace them.

    Each is a document as `schemas/inbound/offer-published.v1.json` has it; without a market it is
    for the one named here, without a revision it gets the time. Nothing is sent if one can't be.
    Exit 1 when the only one is refused, 5 when some of several are.

    For example:

        strowger offers publish transit.json --market wholesale --provider carrier-x
    """

    async def work() -> ExitCode:
        here = place(market=market, provider=provider, bootstrap=bootstrap)
        selling = ProviderClient(here.provider, bootstrap=here.bootstrap, timeout=timeout)
        documents = _documents(file)
        offers = [
            _event(document, number if len(documents) > 1 else None, here.settings.market, selling)
            for number, document in enumerate(documents, start=1)
        ]
        await here.broker(here.provider)
        async with selling as client:
            reports = await client.publish_many(offers)
        return _report(reports, as_json=as_json)

    act(work, as_json=as_json)


def withdraw(
    offer_id: Annotated[str, typer.Argument(metavar="ID", help="The offer's id.")],
    *,
    effective: Annotated[
        str | None,
        typer.Option(help="From when, by market time, such as 2026-12-01; else at once."),
    ] = None,
    market: Market = None,
    provider: Provider = None,
    bootstrap: Bootstrap = None,
    timeout: TimeoutSeconds = 30,
    as_json: Json = False,
) -> None:
    """Withdraw an offer, at once or from a date on; what was sold of it stays sold.

    For example:

        strowger offers withdraw transit-lon

        strowger offers withdraw standard:44 --effective 2026-12-01
    """

    async def work() -> None:
        here = place(market=market, provider=provider, bootstrap=bootstrap)
        at = None if effective is None else _instant(effective)
        selling = ProviderClient(here.provider, bootstrap=here.bootstrap, timeout=timeout)
        offer = checked("offer", offer_id)
        await here.broker(here.provider)
        async with selling as client:
            removed = await client.withdraw(here.market, offer, effective_at=at)
        if as_json:
            emit(removed)
        else:
            out.print(told(removed))

    act(work, as_json=as_json)


def capacity(
    pool: Annotated[str, typer.Argument(help="The pool's name, as offers have it in `pool`.")],
    *,
    units: Annotated[
        int | None, typer.Option(help="Minutes, messages or Mbit/s that it holds; else unlimited.")
    ] = None,
    period: Annotated[
        Period, typer.Option(help="Whether units are for good, or anew each calendar month (UTC).")
    ] = "total",
    channels: Annotated[
        int | None, typer.Option(help="Concurrent channels that it holds; else not counted.")
    ] = None,
    market: Market = None,
    provider: Provider = None,
    bootstrap: Bootstrap = None,
    timeout: TimeoutSeconds = 30,
    as_json: Json = False,
) -> None:
    """Say how much a pool holds, for every offer that names it; again to change it.

    For example:

        strowger offers capacity uk-trunks --units 5000000 --period month --channels 480
    """

    async def work() -> None:
        here = place(market=market, provider=provider, bootstrap=bootstrap)
        selling = ProviderClient(here.provider, bootstrap=here.bootstrap, timeout=timeout)
        event = parsed(
            CapacityPublished,
            {
                "market": here.market,
                "pool": checked("pool", pool),
                "revision": selling.next_revision(),
                "units": units,
                "period": period,
                "channels": channels,
            },
        )
        await here.broker(here.provider)
        async with selling as client:
            stored = await client.capacity(
                event.market,
                event.pool,
                units=event.units,
                period=event.period,
                channels=event.channels,
                revision=event.revision,
            )
        if as_json:
            emit(stored)
        else:
            out.print(told(stored))

    act(work, as_json=as_json)


def _instant(said: str) -> datetime | None:
    try:
        return moment_of(from_text(said))
    except NoDate as problem:
        raise NotSaid(f"--effective {said}: {problem}") from None


def _documents(file: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(file.read_bytes())
    except ValueError as problem:
        raise NotSaid(f"{file} is no JSON: {problem}") from None
    documents = found if isinstance(found, list) else [found]
    if not documents or not all(isinstance(each, dict) for each in documents):
        raise NotSaid(f"{file} holds no offer: give an OfferPublished document, or a list of them")
    return documents


def _event(
    document: dict[str, Any], number: int | None, market: str | None, selling: ProviderClient
) -> OfferPublished:
    whole = {"market": market, "revision": selling.next_revision(), **document}
    if whole["market"] is None:
        raise NotSaid("no market was named: give --market, or `market` in the document")
    try:
        return OfferPublished.model_validate_json(json.dumps(whole))
    except ValidationError as invalid:
        problem = invalid.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, problem["loc"])) or "document"
        which = "" if number is None else f"offer {number}: "
        raise NotSaid(f"{which}{field}: {problem['msg']}") from None


def _report(reports: list[DeliveryReport], *, as_json: bool) -> ExitCode:
    if len(reports) == 1 and isinstance(reports[0].answer, EventRefused):
        raise refused(reports[0].answer)
    if as_json:
        emit([_told(report) for report in reports])
    else:
        for report in reports:
            out.print(_told(report)["said"])
    if all(report.outcome in {"stored", "taken"} for report in reports):
        return ExitCode.OK
    return ExitCode.PARTLY if len(reports) > 1 else ExitCode.UNKNOWN


def _told(report: DeliveryReport) -> dict[str, str]:
    offer_id = report.event.offer_id
    match report.answer:
        case EventRefused() as answer:
            said = f"refused {offer_id}: {answer.refusal}: {escape(answer.message)}"
        case OfferStored() | ChangeTaken() as answer:
            said = told(answer)
        case _:
            said = f"no answer came about {offer_id}: publish it again"
    return {"offer_id": offer_id, "outcome": report.outcome, "said": said}
