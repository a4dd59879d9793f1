"""How the demo speaks: what is about to be shown, what came out, and whether it is as said."""

from rich.markup import escape
from rich.rule import Rule

from strowger.cli.shared.output import out


class Unexpected(Exception):
    """A step came out otherwise than the demo said it would."""


def scene(number: int, title: str) -> None:
    """Open a scene."""
    out.print()
    out.print(Rule(f"[bold]{number}. {escape(title)}[/bold]", align="left", style="dim"))


def say(text: str) -> None:
    """Say what is about to happen, or why; rich's markup is read."""
    out.print(text)


def saw(text: str) -> None:
    """Say what came out, as it was said it would."""
    out.print(f"[green]✓[/green] {text}")


def expect(truth: object, otherwise: str) -> None:
    """Stop the play where a step did not come out as said.

    Raises:
        Unexpected: `truth` isn't.
    """
    if not truth:
        raise Unexpected(otherwise)
