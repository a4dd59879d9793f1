"""`strowger keys`: make keys to sign with."""

from pathlib import Path
from typing import Annotated

import typer

from strowger import keys
from strowger.cli.shared.faults import act
from strowger.cli.shared.options import Json
from strowger.cli.shared.output import emit, out
from strowger.cli.shared.place import checked, place
from strowger.contract.signatures import SigningKey

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Make keys to sign with.")


@app.callback()
def _group() -> None:
    pass


@app.command()
def new(
    participant: Annotated[str, typer.Argument(help="Whose key it will be.")],
    *,
    out_file: Annotated[
        Path | None,
        typer.Option("--out", help="The file; else <participant>.jwk in the home's keys."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a private key in a file for its owner alone, and show its public part.

    The public part goes to the operator, who registers it. The file stays: a key that is there
    already is never overwritten.

    For example:

        strowger keys new carrier-x

        strowger keys new carrier-x --out carrier-x-2027.jwk
    """

    async def work() -> None:
        checked("participant", participant)
        path = out_file or keys.path_of(place().settings.keys_dir, participant)
        key = SigningKey.new()
        keys.write_new(path, key)
        if as_json:
            emit({"key_id": key.id, "public_key": key.public.x, "file": str(path)})
            return
        out.print(f"key [bold]{key.id}[/bold] in {path}")
        out.print(f"public key, for the operator: {key.public.x}")

    act(work, as_json=as_json)
