"""DuckDB, in memory, its rows in the order of scopes and an index on them."""

import csv
import tempfile
from pathlib import Path

import duckdb

from tests.bench.matching.shape import Answer, Asking, Stored
from tests.bench.matching.tables import Asks, Numbering, Rows, statements


class DuckDb:
    """Offers in one table of the family; its statements are in `queries/`."""

    name = "duckdb"

    def __init__(self, family: str) -> None:
        self._said = statements(family, "duckdb")
        self._asks = Asks(self._said["ask"], sign="$")
        self._numbering = Numbering()
        # One thread, so that the processor time of the caller is all that it takes.
        self._database = duckdb.connect(":memory:", config={"threads": 1})

    def load(self, offers: list[Stored]) -> None:
        """Store the offers by way of a CSV file, then make the indexes."""
        self._database.execute(self._said["schema"])
        rows = map(self._numbering.row, offers)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "offers.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                first = next(rows)
                writer = csv.DictWriter(file, fieldnames=list(first))
                writer.writeheader()
                writer.writerow(first)
                writer.writerows(rows)
            self._database.execute(self._said["load"], {"file": str(path)})
        for statement in self._said["indexes"].split(";\n"):
            if statement.strip():
                self._database.execute(statement)

    def put(self, offer: Stored) -> None:
        """Insert or replace the offer's row."""
        self._database.execute(self._said["put"], self._numbering.row(offer))

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
