"""SQLite, in memory, with covering indexes."""

import sqlite3

from tests.bench.matching.shape import Answer, Asking, Stored
from tests.bench.matching.tables import Asks, Numbering, Rows, statements


class Sqlite:
    """Offers in one table of the family; its statements are in `queries/`."""

    name = "sqlite"

    def __init__(self, family: str) -> None:
        self._said = statements(family, "sqlite")
        self._asks = Asks(self._said["ask"])
        self._numbering = Numbering()
        self._database = sqlite3.connect(":memory:", cached_statements=4096, isolation_level=None)

    def load(self, offers: list[Stored]) -> None:
        """Store the offers, then make the indexes."""
        self._database.executescript(self._said["schema"])
        self._database.execute("BEGIN")
        self._database.executemany(self._said["insert"], map(self._numbering.row, offers))
        self._database.execute("COMMIT")
        self._database.executescript(self._said["indexes"])

    def put(self, offer: Stored) -> None:
        """Update the offer's row; insert it if there is none."""
        row = self._numbering.row(offer)
        if self._database.execute(self._said["update"], row).rowcount == 0:
            self._database.execute(self._said["insert"], row)

    def remove(self, offer: Stored) -> None:
        """Delete the offer's row."""
        self._database.execute(self._said["remove"], {"number": offer.number})

    def ask(self, asking: Asking) -> Rows:
        """Run the request's query."""
        asked, keys, values = self._numbering.parameters(asking)
        if not keys:
            return []
        return self._database.execute(self._asks.text(asked, keys), values).fetchall()

    def told(self, answered: Rows) -> Answer:
        """Take the count from any row."""
        return Answer(
            answered[0][0] if answered else 0,
            tuple((cost, provider, number) for _, cost, provider, number in answered),
        )
