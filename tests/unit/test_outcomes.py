"""The table of commands and states has no hole, and says what the core does."""

from collections.abc import Iterator

import pytest

from strowger.contract.commands import SESSION_TIMEOUT, AnyCommand
from strowger.contract.refusals import Refusal
from tests.commands import Commands
from tests.outcomes.sent import SENT
from tests.outcomes.states import STATES
from tests.outcomes.table import ELSEWHERE, Table, as_json, as_markdown, table
from tests.published import SCHEMAS

APART = {"control-access"}
"""Decided beside the markets, whatever state they are in."""


@pytest.fixture(scope="module")
def cells() -> Table:
    """Decide every cell once."""
    return table()


def test_the_table_is_up_to_date(cells: Table) -> None:
    """What lies in schemas/ is what the core decides now: else run `make schemas`."""
    assert (SCHEMAS / "outcomes.json").read_text("utf-8") == as_json(cells)
    assert (SCHEMAS / "outcomes.md").read_text("utf-8") == as_markdown(cells)


def test_the_table_has_no_hole(cells: Table) -> None:
    """Every command of the log has an outcome in every state."""
    sent = {str(make(Commands()).__struct_config__.tag) for make in SENT.values()}
    assert sent | APART == {str(kind.__struct_config__.tag) for kind in _kinds()}
    assert cells.keys() == SENT.keys()
    for row in cells.values():
        assert row.keys() == STATES.keys()
        assert all(row.values())


def test_every_refusal_is_in_the_table_or_has_its_reason(cells: Table) -> None:
    """Those found elsewhere are in no cell; all others are in one at least."""
    told = "\n".join(outcome for row in cells.values() for outcome in row.values())
    found = {refusal for refusal in Refusal if f"`{refusal.value}`" in told}
    assert found == set(Refusal) - ELSEWHERE.keys()


def test_no_fault_is_in_the_table(cells: Table) -> None:
    """Every state and command is one that the rules know."""
    assert all(
        "internal_fault" not in outcome for row in cells.values() for outcome in row.values()
    )


def test_the_exact_deadline_is_too_late(cells: Table) -> None:
    """Claims 2 and 3: a millisecond before it a sale is made, and at it none is."""
    accepted = cells["accept in the session"]
    assert accepted["before the deadline"].startswith("acceptance-confirmed")
    assert accepted["at the deadline"].startswith("`session_ended`")
    closed = cells["close the session, by time"]
    assert closed["before the deadline"] == "`session_not_due`"


def test_what_came_too_early_is_decided_when_it_comes_again() -> None:
    """A timed-out close is refused before the deadline; the same event after it finds it ended."""
    play = STATES["before the deadline"][1]()
    early = play.commands.close(sender=SESSION_TIMEOUT)
    assert play.refusal(early) is Refusal.SESSION_NOT_DUE
    play.later(1)
    ended, answer = play.decide(early)
    assert ended.event.type == "session-ended"
    assert answer.event.model_dump()["refusal"] == Refusal.SESSION_ENDED


def _kinds() -> Iterator[type[AnyCommand]]:
    yield from AnyCommand.__args__
