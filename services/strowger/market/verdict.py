"""What a rule says of a command: a fact to tell, or a named refusal; and whom else to tell."""

from dataclasses import dataclass

from strowger.contract.decision import Ground
from strowger.contract.outbound import Event
from strowger.contract.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Denied:
    """The command is refused; `detail` says what of it, in words for whoever sent it."""

    refusal: Refusal
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """Somebody other than the sender is told; without a recipient, the public.

    `subject` is what it is of where the command is of more than that: it is part of the event's id.
    `grounds` are what it rests on beside what the answer does.
    """

    recipient: str | None
    event: Event
    subject: str | None = None
    grounds: tuple[Ground, ...] = ()


@dataclass(frozen=True, slots=True)
class Granted:
    """The command is done; `event` is the answer. With `repeat` it was done before, not now.

    `grounds` are the offers that it found, where a command finds any.
    """

    event: Event
    notices: tuple[Notice, ...] = ()
    repeat: bool = False
    grounds: tuple[Ground, ...] = ()


Verdict = Granted | Denied
