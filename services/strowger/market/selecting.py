"""Find the offers able to satisfy a request: select by scope, test, cost, rank."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from strowger.contract.commands import SubmitRequest
from strowger.contract.normal import Terms
from strowger.market import clauses, costs, ranking
from strowger.market.best import Row
from strowger.market.book import Book
from strowger.market.buckets import Bucket
from strowger.market.capacity import channels_left, units_left
from strowger.market.coverage import Covered, cover
from strowger.market.eligible import Eligible
from strowger.market.entities import Offer, Quote
from strowger.market.families import Failed
from strowger.market.nearest import Nearness, nearest
from strowger.market.pages import Start, follows
from strowger.market.placing import Placing
from strowger.market.ranking import Order
from strowger.market.registry import FAMILIES
from strowger.market.scopes import Item, Viewer
from strowger.market.searching import SIZES, Sizes, search


class Candidate(NamedTuple):
    """An offer able to satisfy the request."""

    item: Item
    terms: Terms
    quote: Quote
    order: Order


class Miss(NamedTuple):
    """An offer that fails one clause only."""

    item: Item
    terms: Terms
    failed: Failed


class Found(NamedTuple):
    """How many are able; the page asked for, in order; whether more follow; the nearest misses."""

    able: int
    page: list[Candidate]
    more: bool
    misses: list[Miss]


def find(book: Book, command: SubmitRequest, start: Start, sizes: Sizes = SIZES) -> Found:
    """Find the offers able to satisfy a request, the best first, by the index where it can tell.

    Raises:
        TypeError: the continuation was made by hand.
    """
    searched = search(book, command, start, sizes)
    if searched is None:
        return scan(book, command, start)
    scanning = _Scan(book, command)
    wanted = command.wish.near_misses if start.last is None else 0
    misses = scanning.nearest() if searched.able < wanted else []
    page = [scanning.candidate(row) for row in searched.page]
    return Found(searched.able, page, searched.more, misses)


def scan(book: Book, command: SubmitRequest, start: Start) -> Found:
    """Find them by looking at every offer in scope: what the index must answer alike.

    Raises:
        TypeError: the continuation was made by hand.
    """
    scanning = _Scan(book, command)
    able, misses = [], []
    for item, coverage in scanning.selected():
        tested = scanning.test(item, coverage)
        if isinstance(tested, Candidate):
            able.append(tested)
        elif tested is not None:
            misses.append(tested)
    behind = [candidate for candidate in able if follows(candidate.order, start)]
    behind.sort(key=lambda candidate: candidate.order)
    page = behind[: command.max_matches]
    wanted = command.wish.near_misses if start.last is None else 0
    if len(able) >= wanted:
        misses = []
    misses.sort(key=_nearness)
    return Found(len(able), page, len(page) < len(behind), misses[:wanted])


class _Scan:
    """One request being matched."""

    def __init__(self, book: Book, command: SubmitRequest) -> None:
        self._book = book
        self._state = book.state
        self._command = command
        self._need = command.service
        self._wish = command.wish
        self._family = FAMILIES[command.service.family]
        self._viewer = Viewer(
            command.participant,
            book.view_ms(command.participant, command.session_id),
            book.unwanted(command),
        )

    def selected(self) -> Iterable[tuple[Item, Covered | None]]:
        """Give what applies, with the codes that it covers where codes are asked for."""
        if self._family.codes(self._need):
            return cover(self._book.scopes, self._family, self._need, self._viewer)
        lookups = self._family.lookups(self._need)
        found = self._book.scopes.select(self._family.name, lookups, self._viewer)
        return ((item, None) for item in found)

    def test(self, item: Item, coverage: Covered | None) -> Candidate | Miss | None:
        """Test and cost one offer; none for one that fails more than one clause."""
        offer, terms = self._book.store.get(item.key), item.revised.terms
        if not isinstance(offer, Offer) or terms is None:
            raise TypeError(f"{item.key} is indexed and stands for no offer")
        failures = list(self._failures(offer, item, terms, coverage))
        quote = None
        if not any(failure.costless for failure in failures):
            quote = self._quote(item, terms)
            failures += self._too_dear(quote)
        if quote is None or failures:
            return Miss(item, terms, failures[0]) if len(failures) == 1 else None
        attributes = self._family.attributes
        place = ranking.order(self._wish.ranking, attributes, item, terms, quote)
        return Candidate(item, terms, quote, place)

    def candidate(self, row: Row) -> Candidate:
        """Cost an offer that the index found, line by line."""
        item = self._book.scopes.item(row.bucket, row.place)
        if item.revised.terms is None:
            raise TypeError("a closure applies nowhere")
        terms = item.revised.terms
        return Candidate(item, terms, self._quote(item, terms), row.order)

    def nearest(self) -> list[Miss]:
        """Give the nearest misses, found by the index."""
        shelf = self._book.scopes.shelves.get(self._family.name)
        if shelf is None:
            return []
        eligible = Eligible(self._book, shelf, self._command)
        placing = Placing(self._book, shelf, self._command)
        near = nearest(shelf, self._command, eligible, placing, self._nearness)
        misses = (self._tested(each.bucket, each.place) for each in near)
        return [miss for miss in misses if isinstance(miss, Miss)]

    def _nearness(self, bucket: Bucket, place: int) -> Nearness | None:
        tested = self._tested(bucket, place)
        return _nearness(tested) if isinstance(tested, Miss) else None

    def _tested(self, bucket: Bucket, place: int) -> Candidate | Miss | None:
        return self.test(self._book.scopes.item(bucket, place), None)

    def _quote(self, item: Item, terms: Terms) -> Quote:
        rate_nano = self._state.rate_nano(item.revised.currency)
        if rate_nano is None:
            raise ValueError(f"no rate for {item.revised.currency}")
        return costs.quote(
            self._family,
            terms,
            self._need,
            self._wish,
            rate_nano=rate_nano,
            default_call_seconds=self._state.default_call_seconds,
        )

    def _failures(
        self, offer: Offer, item: Item, terms: Terms, coverage: Covered | None
    ) -> Iterator[Failed]:
        wish, revised = self._wish, item.revised
        yield from clauses.failed(
            self._family, terms, self._need, undetermined=wish.undetermined_passes
        )
        if wish.firm_only and revised.firmness != "firm":
            yield Failed("firmness", "same", "firm", revised.firmness)
        yield from self._family.limits(terms, self._need)
        if coverage is not None and coverage.covered != coverage.asked:
            yield Failed("codes", "cover", coverage.asked, coverage.covered)
        if costs.best_term(terms.tariff, wish) is None:
            shortest = terms.tariff.steps[0].months
            yield Failed(
                "term", "ceiling", wish.max_term_months, shortest, unit="months", costless=True
            )
        if self._state.rate_nano(revised.currency) is None:
            yield Failed("currency", "same", self._state.currency, revised.currency, costless=True)
        left = units_left(self._book, offer, revised)
        taken = self._family.takes(terms, self._need)
        if left is not None and left < taken:
            yield Failed("capacity", "floor", taken, left, unit=self._family.unit)
        channels = channels_left(self._book, offer.provider, revised)
        if channels is not None and channels < self._need.channels:
            yield Failed("channels", "floor", self._need.channels, channels, unit="channels")

    def _too_dear(self, quote: Quote) -> Iterator[Failed]:
        most_nano = self._wish.max_cost_nano
        if most_nano is not None and quote.ranking_nano > most_nano:
            yield Failed(
                "max_cost", "ceiling", most_nano, quote.ranking_nano, 9, self._state.currency
            )


def _nearness(miss: Miss) -> Nearness:
    return (*clauses.shortfall(miss.failed), *miss.item.standing)
