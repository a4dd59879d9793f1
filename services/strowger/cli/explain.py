"""`strowger explain`: tell the story of a session, a request or an acceptance."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec
import typer

from strowger.cli.shared.faults import act
from strowger.cli.shared.logged import commands_at
from strowger.cli.shared.options import Bootstrap, Json, Market
from strowger.cli.shared.output import emit, err
from strowger.cli.shared.place import checked, place
from strowger.cli.shared.story_text import text
from strowger.contract.commands import AnyCommand
from strowger.ledger.queries import reading
from strowger.ledger.stories import Step, Story, tell

app = typer.Typer(add_completion=False)


class Kind(StrEnum):
    """What there are stories of."""

    ACCEPTANCE = "acceptance"
    REQUEST = "request"
    SESSION = "session"


@app.command()
def explain(
    kind: Annotated[Kind, typer.Argument(help="What the id is of.")],
    named: Annotated[str, typer.Argument(metavar="ID", help="The id that its buyer gave it.")],
    *,
    market: Market = None,
    buyer: Annotated[
        str | None, typer.Option(help="Whose it is, where several buyers used the id.")
    ] = None,
    bootstrap: Bootstrap = None,
    as_json: Json = False,
) -> None:
    """Tell who asked for what, what was shown and why, what was decided and on what it rests.

    From this home's ledger, by offset in the market's log; the words of the requests themselves are
    read from the log, where a broker answers. All markets and buyers, unless named.

    For example:

        strowger explain acceptance voice~019ac3f09d8f2b6d0c7a51e2f8b4

        strowger explain session s-1 --market voice --buyer globex --json
    """

    async def work() -> None:
        here = place(bootstrap=bootstrap)
        async with reading(here.settings.ledger_path) as ledger:
            story = await tell(
                ledger, kind.value, checked(kind.value, named), market=market, buyer=buyer
            )
        answers = [each.decided for each in story.steps if each.decided.role == "answer"]
        sent = await commands_at(
            here, story.answer.decided.partition, (each.log_offset for each in answers)
        )
        if as_json:
            emit(document(story, sent or {}))
            return
        print(text(story, sent or {}))
        if sent is None:
            err.print("[dim]what was asked stands in the log, which no broker gave[/dim]")

    act(work, as_json=as_json)


def document(story: Story, sent: Mapping[int, AnyCommand]) -> dict[str, object]:
    """Give a story as one JSON object; `sent` is the command as it stands in the log, if read."""
    return {
        "kind": story.kind,
        "id": story.id,
        "market": story.market,
        "buyer": story.buyer,
        "answer": _step(story.answer, sent),
        "steps": [_step(each, sent) for each in story.steps],
    }


def _step(step: Step, sent: Mapping[int, AnyCommand]) -> dict[str, object]:
    decided = step.decided
    command = sent.get(decided.log_offset) if decided.role == "answer" else None
    return {
        "log_offset": decided.log_offset,
        "sequence": decided.sequence,
        "at": decided.at,
        "command": decided.command,
        "participant": decided.participant,
        "role": decided.role,
        "repeat": decided.is_repeat,
        "recipient": decided.recipient,
        "rests_on": [each.model_dump() for each in decided.rests_on],
        "event": json.loads(decided.event),
        "sent": None if command is None else msgspec.to_builtins(command),
    }
