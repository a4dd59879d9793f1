"""Bugs to plant in how offers are selected, tested, costed, ranked and told."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
import pytest

from strowger.contract.commands import SubmitRequest
from strowger.contract.normal import Need, Ranking
from strowger.market import capacity, clauses, pages, ranking, selecting
from strowger.market.book import Book
from strowger.market.capacity import units_left
from strowger.market.coverage import Covered
from strowger.market.entities import Offer, Revised
from strowger.market.ethernet import Ethernet
from strowger.market.families import Failed
from strowger.market.internet import Internet
from strowger.market.ranking import Order
from strowger.market.scopes import Deck, Item, Scopes, Viewer
from strowger.market.selecting import Candidate, Miss
from strowger.market.sms import Sms
from tests.property.planted_in_rules import Plant

_Scan = selecting._Scan  # noqa: SLF001 - where most bugs are planted


def fall_back_to_a_shorter_code(patch: pytest.MonkeyPatch) -> None:
    """Give the offers of every scope that applies, not of the most specific."""
    real = Scopes.select

    def select(
        self: Scopes, family: str, lookups: Sequence[Sequence[str]], viewer: Viewer
    ) -> Iterator[Item]:
        for equals in lookups:
            yield from real(self, family, [equals], viewer)

    patch.setattr(Scopes, "select", select)


def fall_back_when_the_longest_fails(patch: pytest.MonkeyPatch) -> None:
    """Give a deck's offer for a wider scope where that for the most specific fails a clause."""

    def selected(self: _Scan) -> Iterable[tuple[Item, Covered | None]]:
        decided: set[Deck] = set()
        for equals in self._family.lookups(self._need):
            items = self._book.scopes.select(self._family.name, [equals], self._viewer)
            for item in items:
                terms = item.revised.terms
                deck = (item.provider, "" if terms is None else terms.deck)
                if deck not in decided:
                    yield item, None
                    if isinstance(self.test(item, None), Candidate):
                        decided.add(deck)

    patch.setattr(_Scan, "selected", selected)


def _see(patch: pytest.MonkeyPatch, **otherwise: object) -> None:
    real = Viewer.sees

    def sees(self: Viewer, item: Item) -> bool:
        blind = {name: value for name, value in otherwise.items() if name == "excluded"}
        viewer = self._replace(**blind)  # type: ignore[arg-type]  # its own fields
        if "audience" in otherwise:
            item = item._replace(revised=msgspec.structs.replace(item.revised, audience=None))
        late = "late" in otherwise and item.revised.from_ms == self.clock_ms
        return real(viewer, item) and not late

    patch.setattr(Viewer, "sees", sees)


def ignore_the_audience(patch: pytest.MonkeyPatch) -> None:
    """Show offers to those that they are not meant for."""
    _see(patch, audience=None)


def ignore_exclusions(patch: pytest.MonkeyPatch) -> None:
    """Show offers of providers that the buyer wants none of."""
    _see(patch, excluded=frozenset())


def start_a_millisecond_late(patch: pytest.MonkeyPatch) -> None:
    """Bring revisions into force a millisecond after their time."""
    _see(patch, late=True)


def end_a_millisecond_late(patch: pytest.MonkeyPatch) -> None:
    """Let the revision before stand for a millisecond after the next came into force."""
    real = Viewer.sees

    def sees(self: Viewer, item: Item) -> bool:
        until_ms = None if item.until_ms is None else item.until_ms + 1
        return real(self, item._replace(until_ms=until_ms))

    patch.setattr(Viewer, "sees", sees)


def part_equal_pairs(patch: pytest.MonkeyPatch) -> None:
    """Take one of two pairs of places that are as exact for the better."""
    real = Ethernet.lookups

    def lookups(self: Ethernet, need: Need) -> Sequence[Sequence[str]]:
        return [(key,) for equals in real(self, need) for key in equals]

    patch.setattr(Ethernet, "lookups", lookups)


def prefer_the_country(patch: pytest.MonkeyPatch) -> None:
    """Take a country's default for a network before that of its MCC."""
    real = Sms.lookups

    def lookups(self: Sms, need: Need) -> Sequence[Sequence[str]]:
        network, *wider = real(self, need)
        return [network, *reversed(wider)]

    patch.setattr(Sms, "lookups", lookups)


def take_some_codes_for_all(patch: pytest.MonkeyPatch) -> None:
    """Call partial coverage a match."""
    real = _Scan.test

    def test(self: object, item: Item, _: Covered | None) -> Candidate | Miss | None:
        return real(self, item, None)  # type: ignore[arg-type]  # handed on

    patch.setattr(_Scan, "test", test)


def let_silence_pass(patch: pytest.MonkeyPatch) -> None:
    """Pass an offer that says nothing to a clause, whatever the buyer wants."""
    real = clauses.failed

    def failed(*given: object, undetermined: bool) -> Iterator[Failed]:
        return real(*given, undetermined=undetermined or True)  # type: ignore[arg-type]  # handed on

    patch.setattr(clauses, "failed", failed)


def _fail(patch: pytest.MonkeyPatch, *clause: str) -> None:
    real = _Scan._failures  # noqa: SLF001 - a planted bug

    def failures(*given: object) -> Iterator[Failed]:
        return (each for each in real(*given) if each.clause not in clause)  # type: ignore[arg-type]

    patch.setattr(_Scan, "_failures", failures)


def show_to_firm_only_what_is_not(patch: pytest.MonkeyPatch) -> None:
    """Show offers that do not bind to who wants only those that do."""
    _fail(patch, "firmness")


def exceed_the_ceiling(patch: pytest.MonkeyPatch) -> None:
    """Offer more traffic than there can be."""
    _fail(patch, "ceiling_mbps")


def count_no_channels(patch: pytest.MonkeyPatch) -> None:
    """Match without a look at the channels that a pool has left."""
    _fail(patch, "channels")


def show_a_miss_that_fails_twice(patch: pytest.MonkeyPatch) -> None:
    """Call near what fails more than one clause."""
    real = _Scan.test

    def test(self: object, item: Item, coverage: Covered | None) -> Candidate | Miss | None:
        tested = real(self, item, coverage)  # type: ignore[arg-type]  # handed on
        if tested is None and item.revised.terms is not None:
            return Miss(item, item.revised.terms, Failed("firmness", "same", "firm", None))
        return tested

    patch.setattr(_Scan, "test", test)


def sell_more_than_there_is(patch: pytest.MonkeyPatch) -> None:
    """Take fifty units for left that are not there."""

    def left(book: Book, offer: Offer, revised: Revised) -> int | None:
        units = units_left(book, offer, revised)
        return None if units is None else units + 50

    patch.setattr(selecting, "units_left", left)


def share_no_pool(patch: pytest.MonkeyPatch) -> None:
    """Let each offer sell as if it had no pool."""
    patch.setattr(capacity, "pool_left", lambda *_, **__: (None, None))


def never_turn_the_month(patch: pytest.MonkeyPatch) -> None:
    """Count a pool by the month as one for good."""
    patch.setattr(capacity, "_month", lambda _: "")


def take_the_traffic_for_the_commit(patch: pytest.MonkeyPatch) -> None:
    """Take the expected traffic out of capacity, not what is committed."""
    patch.setattr(Internet, "takes", lambda _self, _terms, need: need.quantity)


def rank_by_cost_alone(patch: pytest.MonkeyPatch) -> None:
    """Rank by cost, whatever the buyer asked for."""
    real = ranking.order
    patch.setattr(ranking, "order", lambda _, *given: real(Ranking(), *given))


def rank_without_a_tie_rule(patch: pytest.MonkeyPatch) -> None:
    """Leave equal costs in the order of their names, whatever stood longer."""
    patch.setattr(Item, "standing", property(lambda self: (0, 0, self.provider, self.offer_id)))


def repeat_the_last_on_the_next_page(patch: pytest.MonkeyPatch) -> None:
    """Begin a page with the offer that the page before ended with."""

    def follows(place: Order, start: pages.Start) -> bool:
        return start.last is None or place >= start.last

    patch.setattr(selecting, "follows", follows)


def take_any_continuation(patch: pytest.MonkeyPatch) -> None:
    """Go on with a page of another request."""

    def digest(_: SubmitRequest) -> str:
        return ""

    patch.setattr(pages, "_digest", digest)


PLANTED: Final[tuple[Plant, ...]] = (
    fall_back_to_a_shorter_code,
    fall_back_when_the_longest_fails,
    ignore_the_audience,
    ignore_exclusions,
    start_a_millisecond_late,
    end_a_millisecond_late,
    part_equal_pairs,
    prefer_the_country,
    take_some_codes_for_all,
    let_silence_pass,
    show_to_firm_only_what_is_not,
    exceed_the_ceiling,
    count_no_channels,
    show_a_miss_that_fails_twice,
    sell_more_than_there_is,
    share_no_pool,
    never_turn_the_month,
    take_the_traffic_for_the_commit,
    rank_by_cost_alone,
    rank_without_a_tie_rule,
    repeat_the_last_on_the_next_page,
    take_any_continuation,
)
