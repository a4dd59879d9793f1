"""`python -m tests.outcomes`: write the table into `schemas/`."""

from tests.outcomes.table import as_json, as_markdown, table
from tests.published import SCHEMAS


def main() -> None:
    """Write both forms."""
    cells = table()
    (SCHEMAS / "outcomes.json").write_text(as_json(cells), encoding="utf-8")
    (SCHEMAS / "outcomes.md").write_text(as_markdown(cells), encoding="utf-8")


if __name__ == "__main__":
    main()
