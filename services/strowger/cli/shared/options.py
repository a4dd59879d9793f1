"""The options that several commands take, spelled once."""

from typing import Annotated

import typer

Bootstrap = Annotated[
    str | None,
    typer.Option(help="Kafka as host:port; else STROWGER_BOOTSTRAP, the profile, the own broker."),
]
Market = Annotated[
    str | None, typer.Option(help="The market; else STROWGER_MARKET or the profile's.")
]
Buyer = Annotated[
    str | None, typer.Option(help="The buyer to act as; else STROWGER_BUYER or the profile's.")
]
Provider = Annotated[
    str | None,
    typer.Option(help="The provider to act as; else STROWGER_PROVIDER or the profile's."),
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON to stdout and nothing else there.")]
TimeoutSeconds = Annotated[
    float, typer.Option("--timeout", min=0.1, help="How many seconds to wait for an answer.")
]
