"""What the last request showed, kept in the profile so that `accept 1` needs nothing more."""

import json
from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from strowger.cli.shared.place import NotSaid, Place
from strowger.client import Matches, ShownOffer
from strowger.client.identifiers import acceptance_of
from strowger.contract.inbound import RequestSubmitted
from strowger.contract.matches import OffersMatched


class LastRequest(BaseModel):
    """The last request and the pages of its answer, whose it was, and when it ends."""

    model_config = ConfigDict(frozen=True)

    buyer: str
    asked: RequestSubmitted
    until: datetime | None
    pages: tuple[OffersMatched, ...]

    @property
    def matches(self) -> Matches:
        """Give the last page."""
        return Matches(self.pages[-1], self.asked)

    def with_page(self, page: OffersMatched) -> "LastRequest":
        """Add the page that followed."""
        until = self.until if page.session_id else page.valid_until
        return self.model_copy(update={"until": until, "pages": (*self.pages, page)})

    def shown(self, rank: int) -> ShownOffer:
        """Give the offer of a rank, from 1, on whichever page it was shown.

        Raises:
            NotSaid: so many were not shown.
        """
        every = [shown for page in self.pages for shown in Matches(page, self.asked)]
        if not every:
            raise NotSaid("the last request showed no offers: ask again, or for something else")
        for shown in every:
            if shown.rank == rank:
                return shown
        raise NotSaid(f"the last request showed ranks 1 to {every[-1].rank}, not {rank}")

    def acceptance_id(self, rank: int) -> str:
        """Give the acceptance id of a rank: the same each time, so that a repeat buys nothing more.

        Raises:
            NotSaid: so many were not shown.
        """
        shown = self.shown(rank)
        return acceptance_of(shown.market, f"{shown.request_id}/{rank}")

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
        # As JSON: what is sent is read strictly, and JSON has no tuples.
        return LastRequest.model_validate_json(json.dumps(kept))
    except ValidationError:
        raise NotSaid("what the last request showed can't be read: ask again") from None
