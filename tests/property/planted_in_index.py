"""Bugs to plant in the index: who sees a row, what passes, in which order rows come."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

import numpy as np
import pytest

from strowger.contract.normal import Asked, Need
from strowger.market import coarse, columns, eligible, finer, searching
from strowger.market.best import Best, Ranked, Row
from strowger.market.buckets import Bucket, Some
from strowger.market.coarse import Coarse
from strowger.market.columns import Layout
from strowger.market.eligible import Eligible
from strowger.market.meters import Calls, Excess, Ints
from strowger.market.placing import Placing
from strowger.market.sieves import FLOOR, Sieve
from strowger.market.voice import Voice
from tests.property.planted_in_rules import Plant


def let_everybody_hear(patch: pytest.MonkeyPatch) -> None:
    """Show offers to those that they are not meant for."""
    patch.setattr(Eligible, "_hears", lambda *_: True)


def _see(patch: pytest.MonkeyPatch, column: int, later_ms: int) -> None:
    real = Eligible._visible  # noqa: SLF001 - a planted bug

    def visible(self: Eligible, bucket: Bucket) -> list[Sieve]:
        return [
            each._replace(value=each.value + later_ms) if each.column == column else each
            for each in real(self, bucket)
        ]

    patch.setattr(Eligible, "_visible", visible)


def index_a_start_late(patch: pytest.MonkeyPatch) -> None:
    """Bring revisions into force a millisecond after their time."""
    _see(patch, columns.FROM, -1)


def index_an_end_late(patch: pytest.MonkeyPatch) -> None:
    """Let the revision before stand for a millisecond after the next came into force."""
    _see(patch, columns.UNTIL, -1)


def take_all_codes_for_one(patch: pytest.MonkeyPatch) -> None:
    """Look up every code that leads a number as if all were as specific."""
    real = Voice.lookups

    def lookups(self: Voice, need: Need) -> Sequence[Sequence[str]]:
        return [[key for equals in real(self, need) for key in equals]]

    patch.setattr(Voice, "lookups", lookups)


def look_at_no_pool(patch: pytest.MonkeyPatch) -> None:
    """Match without a look at what pools have left."""
    patch.setattr(eligible, "pool_left", lambda *_: (None, None))


def sieve_nothing_soft(patch: pytest.MonkeyPatch) -> None:
    """Show offers that do not bind to who wants only those that do."""
    real = Eligible.sieves

    def sieves(self: Eligible, bucket: Bucket) -> list[Sieve]:
        return [each for each in real(self, bucket) if each.column != columns.KIND]

    patch.setattr(Eligible, "sieves", sieves)


def _sieve(patch: pytest.MonkeyPatch, *, silent: bool, more: int) -> None:
    real = eligible.sieve  # type: ignore[attr-defined]  # where it is used

    def sieve(layout: Layout, asked: Asked, *, undetermined: bool) -> Sieve:
        made: Sieve = real(layout, asked, undetermined=undetermined or silent)
        return made._replace(value=made.value + more) if made.test == FLOOR else made

    patch.setattr(eligible, "sieve", sieve)


def sieve_silence_in(patch: pytest.MonkeyPatch) -> None:
    """Pass an offer that says nothing to a clause, whatever the buyer wants."""
    _sieve(patch, silent=True, more=0)


def want_more_than_the_floor(patch: pytest.MonkeyPatch) -> None:
    """Fail an offer that has just what a floor asks for."""
    _sieve(patch, silent=False, more=1)


def meter_no_fees(patch: pytest.MonkeyPatch) -> None:
    """Rank calls by their minutes alone."""
    real = Calls.cost_nano

    def cost_nano(  # noqa: PLR0917 - as the real one
        self: Calls, usage_nano: int, fee_nano: int, minimum: int, increment: int, metering: int
    ) -> int:
        del fee_nano
        return real(self, usage_nano, 0, minimum, increment, metering)

    patch.setattr(Calls, "cost_nano", cost_nano)
    at_once = Calls.costs_nano
    patch.setattr(
        Calls, "costs_nano", lambda self, usage, fee, *rest: at_once(self, usage, fee * 0, *rest)
    )


def meter_all_traffic(patch: pytest.MonkeyPatch) -> None:
    """Rank traffic as if nothing of it were committed."""
    real = Excess.cost_nano

    def cost_nano(  # noqa: PLR0917 - as the real one
        self: Excess, usage_nano: int, fee_nano: int, minimum: int, increment: int, metering: int
    ) -> int:
        del metering
        return real(self, usage_nano, fee_nano, minimum, increment, 0)

    patch.setattr(Excess, "cost_nano", cost_nano)
    at_once = Excess.costs_nano
    patch.setattr(
        Excess,
        "costs_nano",
        lambda self, usage, fee, minimum, increment, metering: at_once(
            self, usage, fee, minimum, increment, metering * 0
        ),
    )


def show_the_last_again(patch: pytest.MonkeyPatch) -> None:
    """Begin a page with the offer that the page before ended with."""
    real = searching._Search._page  # noqa: SLF001 - a planted bug

    def page(self: searching._Search, able: list[Row]) -> Ranked:
        last = self._last
        self._last = None if last is None else (*last[:-1], "")
        return real(self, able)

    patch.setattr(searching._Search, "_page", page)  # noqa: SLF001


def close_a_page_too_early(patch: pytest.MonkeyPatch) -> None:
    """Take the last of a page for the last of all."""
    real = Best.ranked

    def ranked(self: Best, able: int) -> Ranked:
        return real(self, able)._replace(more=False)

    patch.setattr(Best, "ranked", ranked)


def round_a_mark_up(patch: pytest.MonkeyPatch) -> None:
    """Rule out by bytes what has just the value of a mark."""
    patch.setattr(coarse, "bisect_right", lambda marks, value: bisect_left(marks, value) + 1)


def follow_no_change_in_bytes(patch: pytest.MonkeyPatch) -> None:
    """Leave the bytes of a row as its place had them before."""
    patch.setattr(Coarse, "put", lambda *_: None)


def look_past_finer_scopes(patch: pytest.MonkeyPatch) -> None:
    """Take a deck's wider offers where it has some for a more specific scope."""
    patch.setattr(finer, "_has_none", lambda *_: True)


def sum_no_charges(patch: pytest.MonkeyPatch) -> None:
    """Rank by usage alone where all costs are worked out at once."""
    patch.setattr(
        Placing, "_fixed_of", lambda _, charges: np.zeros(charges.shape[1], charges.dtype)
    )


def cut_a_page_short(patch: pytest.MonkeyPatch) -> None:
    """Keep one too few of the cheapest rows, so that nothing seems to follow the page."""
    real = Best.take_cheapest

    def take_cheapest(self: Best, some: Sequence[Some], costs_nano: Ints) -> None:
        size = self._size
        self._size = None if size is None else size - 1
        real(self, some, costs_nano)
        self._size = size

    patch.setattr(Best, "take_cheapest", take_cheapest)


PLANTED: Final[tuple[Plant, ...]] = (
    let_everybody_hear,
    index_a_start_late,
    index_an_end_late,
    take_all_codes_for_one,
    look_at_no_pool,
    sieve_nothing_soft,
    sieve_silence_in,
    want_more_than_the_floor,
    meter_no_fees,
    meter_all_traffic,
)
PLANTED_ONE_BY_ONE: Final[tuple[Plant, ...]] = (show_the_last_again,)
PLANTED_IN_COLUMNS: Final[tuple[Plant, ...]] = (
    close_a_page_too_early,
    round_a_mark_up,
    follow_no_change_in_bytes,
    look_past_finer_scopes,
    sum_no_charges,
    cut_a_page_short,
)
