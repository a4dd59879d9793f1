"""Commands of a buyer and a provider on a running exchange."""

import json
from pathlib import Path
from typing import Final

from strowger.cli.shared.codes import ExitCode
from strowger.contract.matches import OffersMatched
from tests.e2e.conftest import Exchange

NUMBER: Final = "+442079460123"
SHEET: Final = "prefix,rate_per_minute,capacity_minutes\n44207946,0.0001,1000\n44x,0.1,\n"


class Shell:
    """Commands of one buyer and one provider."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.provider = exchange.newcomer("provider")
        self.buyer = exchange.newcomer("buyer")

    def json(self, *words: str, code: ExitCode = ExitCode.OK) -> dict[str, object]:
        """Run a command with --json; what it writes must be one document."""
        said: dict[str, object] = json.loads(
            self.exchange.command(*words, "--json", codes=(code.value,))
        )
        return said

    def request(self, minutes: int) -> OffersMatched:
        """Ask for minutes; the answer is remembered for `accept`."""
        said = self.json(
            *("request", "--to", NUMBER, "--minutes", str(minutes)),
            *("--market", self.exchange.market, "--buyer", self.buyer),
        )
        return OffersMatched.model_validate(said)

    def rank(self, matches: OffersMatched) -> str:
        """Find the rank of the own provider's offer."""
        return next(str(match.rank) for match in matches.matches if match.provider == self.provider)

    def import_sheet(self, directory: Path) -> dict[str, object]:
        """Publish the sheet; its second row is damaged."""
        path = directory / "sheet.csv"
        path.write_text(SHEET)
        return self.json(
            *("offers", "import", str(path), "--yes", "--provider", self.provider),
            *("--market", self.exchange.market),
            code=ExitCode.PARTLY,
        )
