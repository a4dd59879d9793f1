"""Plans: by which way the core finds offers, one of which a small market alone would never take."""

from functools import partial
from typing import Final

import pytest

from strowger.market import buckets, finer, requests
from strowger.market.searching import Sizes
from strowger.market.selecting import find, scan

PLANS: Final = {
    "as it chooses": find,
    "by columns": partial(find, sizes=Sizes(few=0, batch=4)),
    "by a scan": scan,
}
"""A scan is what the others must answer alike; they look at an index."""


def take(plan: str, patch: pytest.MonkeyPatch) -> None:
    """Answer all requests by one plan."""
    patch.setattr(requests, "find", PLANS[plan])
    if plan == "by columns":
        as_if_wide(patch)


def as_if_wide(patch: pytest.MonkeyPatch) -> None:
    """Search small scopes as wide ones are: by bytes first, and without marking decks."""
    patch.setattr(buckets, "WIDE", 2)
    patch.setattr(finer, "_LOOK", 0)
