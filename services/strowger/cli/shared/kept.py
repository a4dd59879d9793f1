"""The offers that this home's imports left standing, kept so that the next sheet has a before.

The exchange tells a provider that an offer was stored, and not what was in it: what stands is what
was sent and acknowledged. What another program published is known by the ledger's revisions alone.
"""

import os
import tempfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from strowger.cli.shared.place import NotSaid, Place
from strowger.client import DeliveryReport
from strowger.contract.inbound import OfferPublished, OfferWithdrawn
from strowger.contract.outbound import ChangeTaken, EventRefused, OfferRemoved, OfferStored
from strowger.contract.refusals import Refusal
from strowger.ledger.errors import LedgerError
from strowger.sheets.comparing import Wanted
from strowger.sheets.standing import KeptOffer, KeptRevision

_FOLDER: Final = "sheets"


class KeptSheet(BaseModel):
    """A provider's offers in a market, by id, as this home's imports left them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    offers: dict[str, KeptOffer] = {}

    @classmethod
    def load(cls, home: Path, market: str, provider: str) -> "KeptSheet":
        """Read what was kept; nothing if nothing was.

        Raises:
            NotSaid: the file can't be read; the message says which, and what can be done.
        """
        path = _path(home, market, provider)
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return cls()
        except ValidationError:
            raise NotSaid(
                f"{path}, what the last imports left, can't be read: give the previous sheet with "
                "--previous, or remove the file"
            ) from None

    def save(self, home: Path, market: str, provider: str) -> None:
        """Replace what was kept at once: a reader sees the old or the new, never a part."""
        path = _path(home, market, provider)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(self.model_dump_json(exclude_none=True) + "\n")
                file.flush()
                os.fsync(file.fileno())
            Path(part).replace(path)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise

    def after(self, reports: Iterable[DeliveryReport], wanted: Mapping[str, Wanted]) -> "KeptSheet":
        """Give what stands once these answers have come; what was not answered changes nothing."""
        offers = dict(self.offers)
        for report in reports:
            event, answer = report.event, report.answer
            if not isinstance(answer, OfferStored | OfferRemoved | ChangeTaken):
                if is_absent(report):
                    offers.pop(event.offer_id, None)
                continue
            published = event if isinstance(event, OfferPublished) else None
            revision = KeptRevision(
                revision=answer.revision,
                effective_at=_from_when(event, answer),
                currency=None if published is None else published.currency,
                service=None if published is None else published.service,
            )
            said = wanted[event.offer_id]
            was = offers.get(event.offer_id, KeptOffer(revisions=()))
            told = {"destination": said.destination, "country": said.country}
            now = was.revised(revision)
            offers[event.offer_id] = now if published is None else now.model_copy(update=told)
        return self.model_copy(update={"offers": offers})


def _from_when(
    event: OfferPublished | OfferWithdrawn, answer: OfferStored | OfferRemoved | ChangeTaken
) -> datetime:
    """Give when a revision takes effect; of one that a policy may hold back, the soonest."""
    if not isinstance(answer, ChangeTaken):
        return answer.effective_at
    return max(answer.at, event.effective_at or answer.at)


def is_absent(report: DeliveryReport) -> bool:
    """Say whether a withdrawal found nothing to withdraw, which is as good."""
    return (
        not isinstance(report.event, OfferPublished)
        and isinstance(report.answer, EventRefused)
        and report.answer.refusal == Refusal.OFFER_UNKNOWN
    )


async def known_otherwise(
    here: Place, market: str, provider: str, kept: KeptSheet
) -> tuple[KeptSheet, frozenset[str]]:
    """Correct what was kept by the ledger, where this home has one.

    Gives what stands without the offers that another program withdrew since, and the ids of those
    that another program published since, whose terms no ledger has.
    """
    if here.elsewhere:
        return kept, frozenset()
    try:
        # Here, since a provider who imports a sheet need not have what the ledger is made of.
        from strowger.ledger.queries import reading  # noqa: PLC0415
    except ModuleNotFoundError:
        return kept, frozenset()
    try:
        async with reading(here.settings.ledger_path) as ledger:
            rows = await ledger.offers(market, provider)
    except LedgerError:
        return kept, frozenset()
    offers = dict(kept.offers)
    unknown = set()
    for row in rows:
        own = offers.get(row.offer_id)
        if own is not None and own.revisions and own.revisions[-1].revision >= row.revision:
            continue
        offers.pop(row.offer_id, None)
        if row.state == "standing":
            unknown.add(row.offer_id)
    return kept.model_copy(update={"offers": offers}), frozenset(unknown)


def folder(home: Path) -> Path:
    """Give where a home keeps the sheets that were imported in it."""
    return home / _FOLDER


def _path(home: Path, market: str, provider: str) -> Path:
    # Neither name can have a dot in it.
    return folder(home) / f"{market}.{provider}.json"
