"""The command line against a running exchange: trade from a shell, for people and for programs."""

import json
import time
from pathlib import Path

import pytest

from strowger.cli.shared.codes import ExitCode
from strowger.contract.sales import AcceptanceConfirmed
from tests.e2e.conftest import Exchange
from tests.e2e.shell import NUMBER, Shell
from tests.support import unique

LEDGER_SECONDS = 20


@pytest.fixture
def shell(exchange: Exchange, tmp_path: Path) -> Shell:
    """Give a shell whose provider has published its sheet."""
    shell = Shell(exchange)
    said = shell.import_sheet(tmp_path)
    assert (said["stored"], said["failed"]) == (1, [])
    assert [bad["line"] for bad in said["bad"]] == [3]  # type: ignore[attr-defined]  # JSON
    return shell


def test_a_request_is_answered_accepted_and_its_outcome_told(shell: Shell) -> None:
    """Import, request, accept by rank, ask for the outcome: each one document, all agreeing."""
    matches = shell.request(600)
    sale = AcceptanceConfirmed.model_validate(shell.json("accept", shell.rank(matches)))
    assert (sale.provider, sale.buyer, sale.quantity) == (shell.provider, shell.buyer, 600)
    outcome = shell.json("outcome", str(sale.acceptance_id), "--buyer", shell.buyer)
    assert AcceptanceConfirmed.model_validate(outcome).contract_id == sale.contract_id


def test_a_repeated_accept_buys_once_unless_told_again(shell: Shell) -> None:
    """Whoever repeats a command out of doubt has bought once; buying more is said aloud."""
    rank = shell.rank(shell.request(10))
    first, repeated = shell.json("accept", rank), shell.json("accept", rank)
    assert repeated["contract_id"] == first["contract_id"]
    assert shell.json("accept", rank, "--again")["contract_id"] != first["contract_id"]


def test_the_next_sheet_is_compared_with_what_the_last_one_left(
    shell: Shell, tmp_path: Path
) -> None:
    """A full sheet replaces what it names and withdraws what it leaves out; then nothing is new."""
    path = tmp_path / "next.csv"
    words = ["offers", "import", str(path), "--provider", shell.provider]
    words += ["--market", shell.exchange.market, "--scope", "full"]
    path.write_text("prefix,rate_per_minute\n44207946,0.0002\n99899,0.3\n")
    first = shell.json(*words)
    assert (first["stored"], first["failed"]) == (2, [])
    path.write_text("prefix,rate_per_minute\n99899,0.2\n")
    dry = shell.json(*words, "--dry-run")
    assert {kind: count for kind, count in dict(dry["counts"]).items() if count} == {  # type: ignore[call-overload]  # JSON
        "down": 1,
        "withdrawn": 1,
    }
    second = shell.json(*words)
    assert (second["stored"], second["removed"], second["failed"]) == (1, 1, [])
    assert all(match.provider != shell.provider for match in shell.request(10).matches)
    again = shell.json(*words, "--dry-run")
    assert [change["change"] for change in again["changes"]] == ["same"]  # type: ignore[attr-defined]  # JSON


def test_a_refusal_is_exit_1_and_named(shell: Shell) -> None:
    """What the exchange refuses ends with 1, and the refusal is the document."""
    matches = shell.request(600)
    shell.json("close")
    said = shell.json("accept", shell.rank(matches), code=ExitCode.REFUSED)
    assert (said["type"], said["refusal"]) == ("event-refused", "session_ended")


def test_the_same_market_again_changes_nothing_and_another_is_refused(exchange: Exchange) -> None:
    """A declaration stands for good: repeated it is confirmed, with other terms it is refused."""
    words = ("market", "declare", exchange.market, "--sessions", "optional")
    exchange.command(*words, "--currency", "EUR")
    said = json.loads(exchange.command(*words, "--currency", "USD", "--json", codes=(1,)))
    assert said["refusal"] == "market_declared_otherwise"
    listed = json.loads(exchange.command("market", "list", "--json"))
    assert exchange.market in {terms["market"] for terms in listed}


def test_the_ledger_shows_what_was_sold_and_refused(shell: Shell) -> None:
    """Sales, refusals, counts and sessions can be read back as JSON once the ledger has them."""
    matches = shell.request(20)
    sale = shell.json("accept", shell.rank(matches))
    shell.json("close")
    shell.json("accept", shell.rank(matches), "--again", code=ExitCode.REFUSED)

    def read() -> bool:
        book = shell.json("ledger", "--market", shell.exchange.market, "--limit", "1000")
        sales, refusals = book["acceptances"], book["refusals"]
        assert isinstance(sales, list)
        assert isinstance(refusals, list)
        sold = sale["contract_id"] in [each["contract_id"] for each in sales]
        return sold and shell.buyer in [each["participant"] for each in refusals]

    deadline = time.monotonic() + LEDGER_SECONDS
    while not read():
        assert time.monotonic() < deadline, "the ledger does not have it"
    sessions = json.loads(shell.exchange.command("sessions", "--limit", "1000", "--json"))
    mine = [each for each in sessions if each["buyer"] == shell.buyer]
    assert [each["end_reason"] for each in mine] == ["terminated"]


def test_a_sale_is_explained_and_proven(shell: Shell) -> None:
    """Its story has what was asked, shown and sold, each with its offset; its market is sound."""
    sale = AcceptanceConfirmed.model_validate(shell.json("accept", shell.rank(shell.request(30))))
    shell.json("close")
    asked = ("explain", "acceptance", str(sale.acceptance_id))
    deadline = time.monotonic() + LEDGER_SECONDS
    # Whoever asks before the ledger has caught up is told that, and asks again.
    while '"session-ended"' not in shell.exchange.command(*asked, "--json", codes=(0, 2)):
        assert time.monotonic() < deadline, "the ledger does not have it"
    story = json.loads(shell.exchange.command(*asked, "--json"))
    steps = {step["event"]["type"]: step for step in story["steps"]}
    assert list(steps) == [
        *("offer-stored", "session-granted", "offers-matched"),
        *("acceptance-confirmed", "offer-sold", "session-ended"),
    ]
    assert steps["offers-matched"]["sent"]["service"]["quantity"] == 30
    sold = steps["acceptance-confirmed"]
    rests_on = {ground["log_offset"] for ground in sold["rests_on"]}
    assert steps["offers-matched"]["log_offset"] in rests_on
    assert steps["offer-stored"]["log_offset"] in rests_on
    said = shell.exchange.command(*asked)
    assert "asked: voice 442079460123; 30 minutes" in said
    assert max(map(len, said.splitlines())) <= 80

    audited = shell.json("audit", "--market", shell.exchange.market)
    assert audited["sound"], audited
    assert "all that is recorded follows from the log" in shell.exchange.command("audit")


def test_sales_can_be_watched_from_the_start(shell: Shell) -> None:
    """`watch` writes one JSON document a line, and ends after --count."""
    shell.json("accept", shell.rank(shell.request(10)))
    said = shell.exchange.command("watch", "--sales", "--from-start", "--count", "1", "--json")
    (line,) = said.splitlines()
    assert AcceptanceConfirmed.model_validate_json(line).market


def test_the_book_can_be_followed(shell: Shell) -> None:
    """`book --follow` writes the stored set first, the same as `book` does, then its changes."""
    where = ("--market", shell.exchange.market, "--provider", shell.provider)
    followed = shell.json("book", "--follow", "--count", "0", *where)
    assert followed["standing"] == "whole"
    assert followed["offers"] == shell.json("book", *where)["offers"]
    said = shell.exchange.command("book", "--follow", "--count", "0", *where)
    assert "offers are in force" in said


def test_a_participant_that_was_not_added_is_told_so(shell: Shell) -> None:
    """A buyer without an inbox is wrong usage, not a wait."""
    words = ("request", "--to", NUMBER, "--minutes", "1", "--market", shell.exchange.market)
    shell.exchange.command(*words, "--buyer", unique("stranger"), codes=(ExitCode.USAGE.value,))


def test_every_table_is_for_people(shell: Shell) -> None:
    """Without --json the same commands write tables, not JSON."""
    for words in (
        ("market", "list"),
        ("health",),
        ("sessions",),
        ("ledger",),
        ("broker", "status"),
        ("topics", "apply"),
        ("watch", "--from-start", "--count", "1"),
    ):
        said = shell.exchange.command(*words)
        assert said.strip()
        assert not said.startswith(("{", "["))
