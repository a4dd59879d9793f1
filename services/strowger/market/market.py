"""One market: a total, deterministic function from a command and its log time to decisions."""

from strowger.contract.commands import AnyCommand
from strowger.contract.decision import Decision
from strowger.market.access import Access
from strowger.market.book import Book
from strowger.market.ruling import Ruling


class Market:
    """A market and the decisions it makes; until it is declared it refuses all else."""

    def __init__(self, market: str, access: Access) -> None:
        self.book = Book(market, access)
        self.faults: list[Exception] = []
        """What failed inside `apply` since somebody last looked: each is an alarm."""

    def apply(self, command: AnyCommand, at_ms: int, log_offset: int) -> list[Decision]:
        """Decide one command at log time `at_ms`; the same log always gives the same decisions.

        Total: a fault in a rule takes back what it did and becomes the refusal `internal_fault`.
        """
        ruling = Ruling(self.book, command, at_ms, log_offset)
        steps = (ruling.move_clock, ruling.end_overdue, ruling.decide, ruling.keep_feed_up)
        for step in steps:
            savepoint = self.book.store.savepoint()
            made, told = len(ruling.decisions), len(self.book.feed.told)
            try:
                step()
            except Exception as fault:  # noqa: BLE001 - total: a bad command never stalls a market
                self.book.store.rollback(savepoint)
                del ruling.decisions[made:]
                del self.book.feed.told[told:]
                self.faults.append(fault)
                if step == ruling.decide:
                    ruling.refuse_fault()
        return ruling.decisions
