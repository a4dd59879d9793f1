"""Search the index: how many offers are able, and the first of them, by their columns alone.

Answers are those of looking at every offer in scope (`selecting.py`). How they are found is chosen
by request: few rows are looked at one by one, many column by column; and of many that are able,
only those are costed whose bound is not above the cost of the last one shown.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from strowger.contract.commands import SubmitRequest
from strowger.market import columns
from strowger.market.best import Best, Ranked, Row
from strowger.market.book import Book
from strowger.market.buckets import Bucket, Some
from strowger.market.columns import Places
from strowger.market.eligible import Eligible
from strowger.market.finer import Finer
from strowger.market.pages import Start
from strowger.market.placing import Placing
from strowger.market.scopes import Shelf

_CHUNK: Final = 16


class Sizes(NamedTuple):
    """What the plan of a search turns on; no answer does.

    Up to `few` rows in scope are looked at one by one. Of more than `batch` that are able, the
    cheap ones are told apart by a rough bound first.
    """

    few: int = 48
    batch: int = 1024


SIZES: Final = Sizes()


def search(book: Book, command: SubmitRequest, start: Start, sizes: Sizes = SIZES) -> Ranked | None:
    """Rank the offers able to satisfy a request; none where columns do not tell all it asks.

    Raises:
        TypeError: the continuation was made by hand.
    """
    shelf = book.scopes.shelves.get(command.service.family)
    if shelf is None:
        return Ranked(0, [], more=False)
    layout, need = shelf.layout, command.service
    known = all([asked.attribute in layout.places for asked in need.clauses])  # noqa: C419 - quicker
    if not layout.told or not known or layout.family.codes(need):
        return None
    return _Search(book, shelf, command, start, sizes).ranked()


class _Search:
    """One request being searched for."""

    def __init__(
        self, book: Book, shelf: Shelf, command: SubmitRequest, start: Start, sizes: Sizes
    ) -> None:
        self._shelf = shelf
        self._need = command.service
        self._by_cost = command.wish.ranking.by == "cost"
        self._capped = command.wish.max_cost_nano is not None
        self._size = command.max_matches
        self._last = start.last
        self._sizes = sizes
        self._eligible = Eligible(book, shelf, command)
        self._placed = (book, shelf, command)

    @cached_property
    def _placing(self) -> Placing:
        """Give what places rows; it is not needed where none is able."""
        return Placing(*self._placed)

    def ranked(self) -> Ranked:
        """Find and rank."""
        buckets = self._shelf.buckets
        groups: list[list[tuple[str, Bucket]]] = []
        rows = 0
        for equals in self._shelf.layout.family.lookups(self._need):
            group = [(scope, buckets[scope]) for scope in equals if scope in buckets]
            if group:
                groups.append(group)
                for _, bucket in group:
                    rows += len(bucket.keys)
        if rows <= self._sizes.few:
            return self._page(self._one_by_one(groups))
        return self._by_columns(groups)

    def _one_by_one(self, groups: Sequence[Sequence[tuple[str, Bucket]]]) -> list[Row]:
        able = []
        decided: set[int] = set()
        for group in groups:
            found: set[int] = set()
            for _, bucket in group:
                lists = bucket.block[:, : len(bucket.keys)].tolist()
                decks = lists[columns.DECK]
                left = self._eligible.seen_of_few(bucket, lists)
                if group is not groups[-1]:
                    found.update(decks[at] for at in left)
                if decided:
                    left = [at for at in left if decks[at] not in decided]
                for at in self._eligible.passing_of_few(bucket, lists, left):
                    order = self._placing.order(bucket, at, lists, at)
                    if order is not None:
                        able.append(Row(order, bucket, at))
            decided |= found
        return able

    def _page(self, able: list[Row]) -> Ranked:
        behind = able
        if self._last is not None:
            behind = [row for row in able if row.order > self._last]
        behind.sort(key=lambda row: row.order)
        page = behind[: self._size]
        return Ranked(len(able), page, len(page) < len(behind))

    def _by_columns(self, groups: Sequence[Sequence[tuple[str, Bucket]]]) -> Ranked:
        finer = Finer(self._shelf)
        sifted: list[Some] = []
        for group in groups:
            seen = []
            for scope, bucket in group:
                visible = self._eligible.seen(bucket)
                seen.append((scope, bucket, visible))
                places = finer.leading(bucket, self._eligible.passing(bucket, visible))
                if self._capped:
                    places = self._placing.affordable(bucket, places)
                if len(places):
                    sifted.append((bucket, places))
            for each in seen:
                finer.see(*each)
        able = sum([len(places) for _, places in sifted])
        best = Best(self._size, self._last)
        if sifted:
            self._rank(sifted, best)
        return best.ranked(able)

    def _rank(self, sifted: Sequence[Some], best: Best) -> None:
        """Rank what is able: what columns tell the cost of all at once, the rest by bounds."""
        together: list[Some] = []
        rest: list[Some] = []
        if self._by_cost:
            for some in sifted:
                plain, other = self._placing.parted(*some)
                rest += other
                if plain and len(plain[0][1]) > self._sizes.batch:
                    self._rank_wide(*plain[0], best)
                else:
                    together += plain
            if together and not self._rank_at_once(together, best):
                rest += together
        else:
            rest += sifted
        for bucket, places in rest:
            self._rank_by_bounds(bucket, places, best)

    def _rank_at_once(self, some: Sequence[Some], best: Best) -> bool:
        """Rank rows by exact costs; say whether 64 bits are enough for them."""
        costs_nano = self._placing.costs_nano(some)
        if costs_nano is None:
            return False
        best.take_cheapest(some, costs_nano)
        return True

    def _rank_wide(self, bucket: Bucket, places: Places, best: Best) -> None:
        for batch, least in self._batches(bucket, places):
            if best.closed_to((least,)):
                return
            if not self._rank_at_once([(bucket, batch)], best):
                self._rank_in_order(bucket, batch, best)

    def _rank_by_bounds(self, bucket: Bucket, places: Places, best: Best) -> None:
        if self._by_cost:
            for batch, least in self._batches(bucket, places):
                if best.closed_to((least,)):
                    return
                self._rank_in_order(bucket, batch, best)
            return
        bounds = self._placing.bounds(bucket, places)
        keys = self._placing.keys(bucket, places, bounds)
        order = np.lexsort(keys[::-1])
        each = list(zip(*(key.take(order).tolist() for key in keys), strict=True))
        self._settle(bucket, places.take(order), each, best)

    def _rank_in_order(self, bucket: Bucket, places: Places, best: Best) -> None:
        bounds = self._placing.bounds(bucket, places)
        order = bounds.argsort()
        each = [(bound,) for bound in bounds.take(order).tolist()]
        self._settle(bucket, places.take(order), each, best)

    def _settle(
        self,
        bucket: Bucket,
        places: Places,
        bounds: Sequence[tuple[float, ...]],
        best: Best,
    ) -> None:
        """Rank exactly, from the least bound on, until none that is left can be on the page."""
        for begin in range(0, len(places), _CHUNK):
            if best.closed_to(bounds[begin]):
                return
            chunk = places[begin : begin + _CHUNK]
            lists = bucket.block[:, chunk].tolist()
            for at, place in enumerate(chunk.tolist()):
                if best.closed_to(bounds[begin + at]):
                    return
                order = self._placing.order(bucket, place, lists, at)
                if order is not None:
                    best.take(Row(order, bucket, place))

    def _batches(self, bucket: Bucket, places: Places) -> Iterator[tuple[Places, float]]:
        """Give places in batches, the cheap ones first, each with what it costs at the least."""
        least = float("-inf")
        wanted = 4 * (self._size or self._sizes.batch)
        while len(places) > self._sizes.batch:
            leads = self._placing.leads(bucket, places)
            sample = np.sort(leads[:: len(places) // self._sizes.batch])
            limit = float(sample[min(len(sample) - 1, wanted * len(sample) // len(places) + 2)])
            near = leads <= limit
            yield places[near], least
            places = places[~near]
            least = limit
            wanted *= 8
        if len(places):
            yield places, least
