"""The markets of one partition of the log: what a matching process owns, dumps and restores."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from strowger.contract.commands import AnyCommand, ControlAccess
from strowger.contract.decision import Decision
from strowger.contract.sales import AcceptanceConfirmed
from strowger.market.access import ROW_KINDS, Access
from strowger.market.deferral import withholds
from strowger.market.entities import Entity, Key
from strowger.market.feed import Told
from strowger.market.market import Market
from strowger.market.store import Change, Row, Store

ROWS_A_STEP: Final = 100
"""So many rows are put in place in one step of a restore."""


class Markets:
    """Markets by id. Rows of all of them go to, and come from, the same tables."""

    def __init__(self) -> None:
        self._markets: dict[str, Market] = {}
        self._access = Access()

    def apply(self, command: AnyCommand, at_ms: int, log_offset: int) -> list[Decision]:
        """Decide one command at log time `at_ms` (milliseconds since 1970-01-01T00:00Z)."""
        if isinstance(command, ControlAccess):
            return [self._access.control(command, at_ms, log_offset)]
        market = self._markets.get(command.market) or Market(command.market, self._access)
        decisions = market.apply(command, at_ms, log_offset)
        if market.book.declared or market.faults:
            self._markets[command.market] = market
        return decisions

    def public_sale(self, decision: Decision) -> AcceptanceConfirmed | None:
        """Give the public record of the sale that a decision made; none if it made none.

        An answer given again sold nothing. A sale that is withheld until a session's end, or could
        be, is made public by the notice to nobody that follows then, or at once. Unless the market
        names its buyers, what would tell who bought is left out, and the contract stands for the
        cause.
        """
        sale = decision.event
        if not isinstance(sale, AcceptanceConfirmed) or decision.repeat:
            return None
        book = self._markets[decision.market].book
        follows = sale.session_id is not None or book.rules.tells_no_session
        if decision.role == "answer" and follows and withholds(book):
            return None
        if book.state.public_buyer:
            return sale
        hidden = dict.fromkeys(("acceptance_id", "session_id", "request_id", "buyer"))
        return sale.model_copy(update={**hidden, "causation_id": sale.contract_id})

    def drain_feed(self) -> list[Told]:
        """Give what was told to the feeds since the last time."""
        told = [each for market in self._markets.values() for each in market.book.feed.told]
        for market in self._markets.values():
            market.book.feed.told.clear()
        return told

    def drain(self) -> list[Change]:
        """Give the rows that changed since the last drain."""
        return [change for store in self._stores() for change in store.drain()]

    def faults(self) -> list[Exception]:
        """Give, once, what failed inside `apply`: each is an alarm."""
        faults = [fault for market in self._markets.values() for fault in market.faults]
        for market in self._markets.values():
            market.faults.clear()
        return faults

    def count_offers(self) -> int:
        """Say how many offers have a row, withdrawn ones that are still remembered as well."""
        return sum(len(market.book.shelf) for market in self._markets.values())

    def count_open_sessions(self) -> int:
        """Say how many sessions are open."""
        return sum(market.book.sittings.count_open() for market in self._markets.values())

    def dump(self) -> Iterator[tuple[Key, Entity]]:
        """Give every row, in no promised order."""
        for store in self._stores():
            yield from store.rows()

    def _stores(self) -> Iterator[Store]:
        yield self._access.store
        for market in self._markets.values():
            yield market.book.store

    @classmethod
    def restore(cls, rows: Iterable[Row]) -> "Markets":
        """Put markets together from their rows, in any order."""
        markets = cls()
        for _ in markets.load(rows):
            pass
        return markets

    def load(self, rows: Iterable[Row]) -> Iterator[None]:
        """Put restored rows in place, in steps of some milliseconds; each key comes once.

        Nothing may be decided before all steps were taken.

        Raises:
            ValueError: two rows have one key.
        """
        coming = iter(rows)
        while some := list(islice(coming, ROWS_A_STEP)):
            of_market: defaultdict[str, list[Row]] = defaultdict(list)
            for row in some:
                of_market[row[0][1]].append(row)  # what is of no market has a name of its own
            for found in of_market.values():
                self._store_of(found[0][0]).load(found)
            yield
        for store in self._stores():
            yield from store.settle()

    def follow(self, key: Key, entity: Entity | None) -> Entity | None:
        """Take over a row that another process decided, or its deletion; give what it was.

        Nothing may be decided before all rows of a batch are in place.
        """
        return self._store_of(key).follow(key, entity)

    def _store_of(self, key: Key) -> Store:
        if key[0] in ROW_KINDS:
            return self._access.store
        market = self._markets.get(key[1])
        if market is None:
            market = self._markets[key[1]] = Market(key[1], self._access)
        return market.book.store
