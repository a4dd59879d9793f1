"""The `strowger` command: which groups there are. None is imported to list them."""

import importlib
import sys
from typing import Annotated, Any, Final, cast

import typer
from typer.core import TyperCommand, TyperGroup

from strowger import __version__
from strowger.cli.shared.codes import ExitCode, table

_GROUPS: Final = (  # by module; a command has dashes instead
    ("demo", "Play the whole exchange on this machine, scene by scene."),
    ("run", "Run services of the exchange, or all of them."),
    ("health", "Ask a running service whether it serves."),
    ("broker", "Start, stop or look at this machine's own Kafka."),
    ("topics", "Make the exchange's topics."),
    ("participant", "Add providers and buyers, change their keys, suspend them."),
    ("keys", "Make keys to sign with."),
    ("market", "Declare, control and list markets."),
    ("offers", "Publish offers and rate sheets, withdraw offers, say what pools hold."),
    ("book", "Read the stored set, as its market lets a provider."),
    ("request", "Ask for a service: the ranked offers able to give it."),
    ("accept", "Accept an offer that the last request showed."),
    ("outcome", "Ask what became of an acceptance."),
    ("close", "End a session before its time."),
    ("sessions", "List sessions, open ones first."),
    ("watch", "Follow decisions and sales as they are made."),
    ("ledger", "Show what was sold and what was refused."),
    ("explain", "Tell the story of a session, a request or an acceptance."),
    ("audit", "Prove that every recorded decision follows from the log."),
    ("dead_letters", "List, show, replay and drop what could not be read."),
    ("doctor", "Look at the whole exchange: what is wrong, and what to do."),
)

_OF_THE_EXCHANGE: Final = frozenset({"aiosqlite", "faust", "numpy", "phonenumbers"})
"""What a participant who installs the SDK alone does not have."""


class _Later(TyperCommand):
    """A command whose module is imported when it is called, so that `--help` stays quick."""

    def make_context(self, *args: Any, **extra: Any) -> typer.Context:
        try:
            module = importlib.import_module(f"strowger.cli.{str(self.name).replace('-', '_')}")
        except ModuleNotFoundError as missing:
            if missing.name not in _OF_THE_EXCHANGE:
                raise
            print(
                f"strowger: `{self.name}` needs {missing.name}: pip install 'strowger[exchange]'",
                file=sys.stderr,
            )
            raise typer.Exit(ExitCode.USAGE) from None
        real = typer.main.get_command(module.app)
        return cast("typer.Context", real.make_context(*args, **extra))


_root: Final = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="An exchange for telecom services: offers, sessions, ranked matches, acceptances.",
    epilog=f"Exit codes:\n\n{table()}",
)


def _version(asked: bool) -> None:  # noqa: FBT001 - how typer calls back
    if asked:
        print(__version__)
        raise typer.Exit


@_root.callback()
def _options(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Tell the version.")
    ] = False,
) -> None:
    pass


app = cast("TyperGroup", typer.main.get_command(_root))
for _name, _help in _GROUPS:
    app.add_command(_Later(name=_name.replace("_", "-"), help=_help))
