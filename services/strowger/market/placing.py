"""The place of a row in a request's ranking: exact by integers, or bounded from below by floats.

Floats only tell what cannot be among the first; what decides is an integer.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from strowger.contract.commands import SubmitRequest
from strowger.contract.fields import NANO
from strowger.market import columns, costs, ranking
from strowger.market.book import Book
from strowger.market.buckets import CHARGED, FOREIGN, TIERED, Bucket, Some
from strowger.market.columns import NONE, Places, absent
from strowger.market.meters import Floats, Ints
from strowger.market.ranking import Order
from strowger.market.scopes import Shelf

_LESS: Final = 1 - 1e-9
_MORE: Final = 1 + 1e-9
_SLACK_NANO: Final = 4
"""By so much floats may be off, and more: a bound is taken lower by both."""

_AT_ONCE: Final = 1024


class Placing:
    """One request's ranking of rows."""

    def __init__(self, book: Book, shelf: Shelf, command: SubmitRequest) -> None:
        self._book = book
        self._layout = layout = shelf.layout
        self._family = family = layout.family
        self._need = command.service
        self._wish = command.wish
        state = book.state
        self._default_call_seconds = state.default_call_seconds
        self._rates = [state.rate_nano(str(name)) for name in layout.currencies.names]
        months = command.wish.comparison_months
        self._meter = family.meter(command.service, months, state.default_call_seconds)

    def order(
        self, bucket: Bucket, place: int, lists: Sequence[Sequence[int]], at: int
    ) -> Order | None:
        """Give an offer's exact place in the ranking; none where it costs too much."""
        ranking_nano = self._cost(bucket, place, lists, at)
        most_nano = self._wish.max_cost_nano
        if most_nano is not None and ranking_nano > most_nano:
            return None
        key = bucket.keys[place]
        standing = (lists[columns.FROM][at], lists[columns.SINCE][at], key[2], key[3])
        if self._wish.ranking.by == "cost":
            return (ranking_nano, *standing)
        attributes = self._family.attributes
        named = {*self._wish.ranking.attributes, *(name for name, _ in self._wish.ranking.weights)}
        values = {name: lists[self._layout.places[name]][at] for name in named}
        given = {name: value for name, value in values.items() if value != absent(attributes[name])}
        first = ranking.first(self._wish.ranking, attributes, given, ranking_nano)
        return (*first, *standing)

    def affordable(self, bucket: Bucket, places: Places) -> Places:
        """Leave out what costs too much; what is too near to tell by floats is costed exactly."""
        most_nano = self._wish.max_cost_nano
        if most_nano is None or not len(places):
            return places
        estimates = self._estimates(bucket, places)
        places = places[estimates * _LESS - _SLACK_NANO <= most_nano]
        estimates = self._estimates(bucket, places)
        kinds = bucket.block[columns.KIND].take(places)
        sure = (estimates * _MORE + _SLACK_NANO <= most_nano) & (kinds & columns.MANIFOLD == 0)
        if self._meter is None:
            sure[:] = False
        doubtful = (~sure).nonzero()[0]
        for begin in range(0, len(doubtful), _AT_ONCE):
            chunk = doubtful[begin : begin + _AT_ONCE]
            lists = bucket.block[:, places[chunk]].tolist()
            for at, each in enumerate(chunk.tolist()):
                sure[each] = self._cost(bucket, int(places[each]), lists, at) <= most_nano
        affordable: Places = places[sure]
        return affordable

    def parted(self, bucket: Bucket, places: Places) -> tuple[list[Some], list[Some]]:
        """Part the rows whose cost `costs_nano` tells from all others; no part is empty."""
        if self._meter is None:
            return [], [(bucket, places)]
        if not bucket.traits & (FOREIGN | TIERED) and self._rates[0] == NANO:
            return [(bucket, places)], []
        plain = bucket.block[columns.KIND].take(places) & columns.MANIFOLD == 0
        as_they_are = np.array([rate == NANO for rate in self._rates])
        plain &= as_they_are.take(bucket.block[columns.CURRENCY].take(places))
        parts = (places[plain], places[~plain])
        told, other = ([(bucket, part)] if len(part) else [] for part in parts)
        return told, other

    def costs_nano(self, some: Sequence[Some]) -> Ints | None:
        """Give the exact costs of rows that are parted out for it; none where 64 bits are too few.

        All of them are worked out at once, so that few rows take no longer than their arithmetic.
        """
        if self._meter is None:
            return None
        last = columns.ATTRIBUTES
        charged = any([bucket.traits & CHARGED for bucket, _ in some])  # noqa: C419 - quicker
        if not charged:
            last = columns.ONE_OFF
        parts = [bucket.block[columns.USAGE : last].take(places, 1) for bucket, places in some]
        prices = parts[0] if len(parts) == 1 else np.concatenate(parts, 1)
        peaks = prices.max(1).tolist()
        usage = prices[: columns.ONE_OFF - columns.USAGE]
        greatest = self._meter.greatest(peaks[: len(usage)])
        months = self._wish.comparison_months
        if charged:
            one_off, recurring, _, step_recurring, step_one_off = peaks[len(usage) :]
            greatest += one_off + step_one_off + months * (recurring + step_recurring + 1)
        if greatest >= columns.FAR:
            return None
        costs_nano = self._meter.costs_nano(*usage)
        return costs_nano + self._fixed_of(prices[len(usage) :]) if charged else costs_nano

    def _fixed_of(self, charges: Ints) -> Ints:
        """Give charges at the best eligible term, in integers."""
        months = self._wish.comparison_months
        one_off, recurring, step_months, step_recurring, step_one_off = charges
        bare = one_off + recurring * months
        bare[recurring == NONE] = columns.FAR
        bound = step_one_off + step_recurring * months
        bound[step_months > self._wish.max_term_months] = columns.FAR
        least: Ints = np.minimum(bare, bound)
        return least

    def leads(self, bucket: Bucket, places: Places) -> Floats:
        """Give a bound of what offers cost, quick and rough."""
        units = 0.0 if self._meter is None else self._meter.least_units
        usage_nano = bucket.block[columns.USAGE].take(places) * units
        if bucket.traits & CHARGED:
            usage_nano += self._fixed(bucket, places)
        return self._converted(bucket, places, usage_nano) * _LESS - _SLACK_NANO

    def bounds(self, bucket: Bucket, places: Places) -> Floats:
        """Give a bound of what offers cost, as sharp as columns tell."""
        return self._estimates(bucket, places) * _LESS - _SLACK_NANO

    def keys(self, bucket: Bucket, places: Places, bounds: Floats) -> list[Floats]:
        """Give bounds of the parts of offers' places that come before how long they stand."""
        wanted, marks = self._wish.ranking, self._family.attributes
        if wanted.by == "quality":
            keys: list[Floats] = []
            for name in wanted.attributes:
                values, silent = self._values(bucket, places, name)
                sign = -1.0 if marks[name].better == "higher" else 1.0
                keys += [silent.astype(np.float64), np.where(silent, 0.0, sign * values)]
            return [*keys, bounds]
        silence = np.zeros(len(places))
        scores = bounds * 10.0**ranking.FINEST
        slack = np.abs(scores)
        for name, weight_nano in wanted.weights:
            values, silent = self._values(bucket, places, name)
            silence = np.maximum(silence, silent)
            worth = weight_nano * 10.0 ** (ranking.FINEST - marks[name].scale) * values
            worth = np.where(silent, 0.0, worth)
            scores += -worth if marks[name].better == "higher" else worth
            slack += np.abs(worth)
        return [silence, scores - slack * (1 - _LESS) - 1.0]

    def _cost(self, bucket: Bucket, place: int, lists: Sequence[Sequence[int]], at: int) -> int:
        """Give an offer's exact cost in the market's currency."""
        rate_nano = self._rates[lists[columns.CURRENCY][at]]
        if rate_nano is None:
            raise ValueError("an offer without a rate was let through")
        wish = self._wish
        if self._meter is None or lists[columns.KIND][at] & columns.MANIFOLD:
            terms = self._book.scopes.item(bucket, place).revised.terms
            if terms is None:
                raise TypeError("a closure applies nowhere")
            quote = costs.quote(
                self._family,
                terms,
                self._need,
                wish,
                rate_nano=rate_nano,
                default_call_seconds=self._default_call_seconds,
            )
            return quote.ranking_nano
        cost_nano = self._meter.cost_nano(
            lists[columns.USAGE][at],
            lists[columns.FEE][at],
            lists[columns.MINIMUM][at],
            lists[columns.INCREMENT][at],
            lists[columns.METERING][at],
        )
        if bucket.traits & CHARGED:
            cost_nano += self._fixed_nano(lists, at)
        return cost_nano if rate_nano == NANO else costs.half_up(cost_nano * rate_nano, NANO)

    def _fixed_nano(self, lists: Sequence[Sequence[int]], at: int) -> int:
        months = self._wish.comparison_months
        fixed_nano = []
        if lists[columns.RECURRING][at] != NONE:
            fixed_nano.append(lists[columns.ONE_OFF][at] + lists[columns.RECURRING][at] * months)
        if lists[columns.STEP_MONTHS][at] <= self._wish.max_term_months:
            recurring_nano = lists[columns.STEP_RECURRING][at] * months
            fixed_nano.append(lists[columns.STEP_ONE_OFF][at] + recurring_nano)
        return min(fixed_nano)

    def _estimates(self, bucket: Bucket, places: Places) -> Floats:
        block = bucket.block
        cost_nano: Floats = np.zeros(len(places))
        if self._meter is not None:
            prices = (
                block[column].take(places) for column in range(columns.USAGE, columns.ONE_OFF)
            )
            cost_nano = self._meter.estimate(*prices)
        if bucket.traits & CHARGED:
            cost_nano = cost_nano + self._fixed(bucket, places)
        return self._converted(bucket, places, cost_nano)

    def _fixed(self, bucket: Bucket, places: Places) -> Floats:
        """Give one-off and recurring charges at the best eligible term."""
        months = float(self._wish.comparison_months)
        one_off, recurring, step_months, step_recurring, step_one_off = (
            bucket.block[column].take(places)
            for column in range(columns.ONE_OFF, columns.ATTRIBUTES)
        )
        bare = np.where(recurring == NONE, np.inf, one_off + recurring * months)
        bound = np.where(
            step_months <= self._wish.max_term_months,
            step_one_off + step_recurring * months,
            np.inf,
        )
        return np.minimum(bare, bound)

    def _converted(self, bucket: Bucket, places: Places, cost_nano: Floats) -> Floats:
        if not bucket.traits & FOREIGN:
            rate_nano = self._rates[0] or NANO
            return cost_nano if rate_nano == NANO else cost_nano * (rate_nano / NANO)
        rates = np.array([(rate or 0) / NANO for rate in self._rates])
        return np.asarray(cost_nano * rates.take(bucket.block[columns.CURRENCY].take(places)))

    def _values(
        self, bucket: Bucket, places: Places, name: str
    ) -> tuple[Floats, npt.NDArray[np.bool_]]:
        values = bucket.block[self._layout.places[name]].take(places)
        return values.astype(np.float64), values == absent(self._family.attributes[name])
