"""What the last request showed, kept in the profile so that `accept 1` needs nothing more."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from strowger.cli.shared.place import NotSaid, Place
from strowger.client import Matches, ShownOffer
from strowger.client.identifiers import acceptance_of
from strowger.contract.outbound import OffersMatched


class LastRequest(BaseModel):
    """The answer to the last request, whose it was, and when its session or validity ends."""

    model_config = ConfigDict(frozen=True)

    buyer: str
    destination: str
    minutes: int
    until: datetime | None
    answer: OffersMatched

    def shown(self, rank: int) -> ShownOffer:
        """Give the offer of a rank, from 1.

        Raises:
            NotSaid: so many were not shown.
        """
        matches = Matches(self.answer)
        if not matches:
            raise NotSaid("the last request showed no offers: ask again, or for something else")
        if not 1 <= rank <= len(matches):
            raise NotSaid(f"the last request showed ranks 1 to {len(matches)}, not {rank}")
        return matches[rank - 1]

    def acceptance_id(self, rank: int) -> str:
        """Give the acceptance id of a rank: the same each time, so that a repeat buys nothing more.

        Raises:
            NotSaid: so many were not shown.
        """
        shown = self.shown(rank)
        return acceptance_of(shown.market, f"{shown.request_id}/{rank}")

    def seconds_left(self) -> float | None:
        """Say how long it can still be accepted, by this machine's clock; none if not known."""
        return None if self.until is None else (self.until - datetime.now(UTC)).total_seconds()

    def keep(self, here: Place) -> None:
        """Save it in the profile."""
        here.remember(last_request=self.model_dump(mode="json"))


def last_request(here: Place) -> LastRequest:
    """Read what the last request showed.

    Raises:
        NotSaid: there was none, or it can't be read any more.
    """
    kept = here.profile.last_request
    if kept is None:
        raise NotSaid("nothing was asked for yet: run `strowger request --to +… --minutes N` first")
    try:
        return LastRequest.model_validate(kept)
    except ValidationError:
        raise NotSaid("what the last request showed can't be read: ask again") from None
