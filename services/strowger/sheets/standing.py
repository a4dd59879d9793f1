"""What stands of a provider's offers, as far as it is known: each with its revisions to come."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

from strowger.contract.families import OfferedService
from strowger.contract.fields import Currency, Revision, Timestamp
from strowger.sheets.rows import GoodRow

LONG_AGO: Final = datetime.fromisoformat("2000-01-01T00:00:00Z")


class KeptRevision(BaseModel):
    """A revision that the exchange acknowledged; without a service it is a withdrawal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    revision: Revision
    effective_at: Timestamp
    currency: Currency | None = None
    service: OfferedService | None = None


class KeptOffer(BaseModel):
    """An offer's revisions, in the order in which they come into force."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    revisions: tuple[KeptRevision, ...]
    destination: str = ""
    country: str = ""

    def at(self, moment: datetime) -> KeptRevision | None:
        """Give the revision in force at a time; none before the first."""
        begun = [each for each in self.revisions if each.effective_at <= moment]
        return begun[-1] if begun else None

    def revised(self, later: KeptRevision) -> "KeptOffer":
        """Give the offer with a revision put in: those scheduled for then or later are dropped."""
        kept = [each for each in self.revisions if each.effective_at < later.effective_at]
        return self.model_copy(update={"revisions": (*kept, later)})


Kept = Mapping[str, KeptOffer]
"""By offer id."""


def as_kept(rows: Iterable[GoodRow], currency: str | None) -> dict[str, KeptOffer]:
    """Take the rows of a sheet for what stands; one without a date has stood for long."""
    return {
        row.offer_id: KeptOffer(
            revisions=(
                KeptRevision(
                    revision=1,
                    effective_at=row.effective_at or LONG_AGO,
                    currency=row.currency or currency,
                    service=row.service,
                ),
            ),
            destination=row.destination,
            country=row.country,
        )
        for row in rows
    }
