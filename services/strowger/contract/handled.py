"""What `dead-letters-handled` and `notices-replayed` hold: a record for each letter handled.

The first replay of a letter counts, whoever wrote it; a second one has no effect. Its own offset is
the origin of its command on `market-log`, so that matching applies it once.
"""

from typing import Final, Literal

import msgspec

from strowger.contract.commands import COMMANDS_VERSION, AnyCommand, CommandTooNew

Action = Literal["replay", "drop"]


class Handled(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was done with a dead letter, which is named by where its record was received.

    A replay that became a command holds it and the partition of `market-log` that it is for: all
    that is needed to finish it. One of a notice holds neither: it is in its inbox already.
    """

    letter: str
    action: Action
    partition: int | None = None
    command: AnyCommand | None = None


_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_DECODER: Final = msgspec.json.Decoder(Handled)


def encode(handled: Handled) -> bytes:
    """Write it as the value of its record."""
    return _ENCODER.encode(handled)


def decode(value: bytes) -> Handled:
    """Read the value of a record.

    Raises:
        CommandTooNew: a newer release wrote it; this one would pass over what it does not know.
        msgspec.MsgspecError: it says nothing of a dead letter.
    """
    handled = _DECODER.decode(value)
    if handled.command is not None and handled.command.needs_version > COMMANDS_VERSION:
        raise CommandTooNew(handled.command.needs_version)
    return handled
