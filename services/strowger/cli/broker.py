"""`strowger broker`: this machine's own Kafka, for development and the demo."""

from collections.abc import Callable
from typing import Annotated

import typer

from strowger.broker.embedded import BrokerStatus, EmbeddedBroker
from strowger.cli.shared.codes import ExitCode
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Json
from strowger.cli.shared.output import emit, err, out
from strowger.cli.shared.place import place
from strowger.cli.shared.wiping import wipe as wipe_home

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Start, stop or look at this machine's own Kafka: a real broker, without Docker or Java.",
)

Answer = tuple[BrokerStatus, ExitCode]


@app.command()
def start(
    *,
    wipe: Annotated[
        bool,
        typer.Option("--wipe", help="Forget all that was stored: topics, ledger, kept sheets."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Start the broker; one that runs already is left alone. It outlives this command.

    The first start downloads Kafka's jars; after that nothing is downloaded.

    For example:

        strowger broker start

        strowger broker start --wipe
    """

    def work(broker: EmbeddedBroker) -> Answer:
        if wipe:
            wipe_home(place().settings)
        err.print("starting Kafka; the first time its jars are downloaded")
        broker.start(wipe=wipe)
        return broker.status(), ExitCode.OK

    _answer(work, as_json=as_json)


@app.command()
def stop(*, as_json: Json = False) -> None:
    """Stop the broker; what it stored is kept.

    For example:

        strowger broker stop
    """

    def work(broker: EmbeddedBroker) -> Answer:
        broker.stop()
        return broker.status(), ExitCode.OK

    _answer(work, as_json=as_json)


@app.command()
def status(
    *,
    address: Annotated[
        bool, typer.Option("--address", help="Write host:port alone, for a script.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Tell whether the broker runs, and where; exit 6 when it does not.

    For example:

        strowger broker status

        export STROWGER_BOOTSTRAP="$(strowger broker status --address)"
    """

    def work(broker: EmbeddedBroker) -> Answer:
        found = broker.status()
        return found, ExitCode.OK if found.running else ExitCode.UNHEALTHY

    _answer(work, as_json=as_json, address_only=address)


def _answer(
    work: Callable[[EmbeddedBroker], Answer], *, as_json: bool, address_only: bool = False
) -> None:
    async def run() -> ExitCode:
        found, code = work(EmbeddedBroker.from_settings(place().settings))
        if address_only:
            print(found.bootstrap or "")
        else:
            _show(found, as_json=as_json)
        return code

    act(run, as_json=as_json)


def _show(found: BrokerStatus, *, as_json: bool) -> None:
    if as_json:
        emit(
            {
                "running": found.running,
                "bootstrap": found.bootstrap,
                "pid": found.pid,
                "data_dir": str(found.data_dir),
            }
        )
    elif found.running:
        out.print(f"running at [bold]{found.bootstrap}[/bold] (process {found.pid})")
        out.print(f"data in {found.data_dir}")
    else:
        out.print(f"not running; data in {found.data_dir}")
