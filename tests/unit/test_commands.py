"""What `market-log` may hold: a command that nobody could be answered for is none."""

import msgspec
import pytest

from strowger.contract.commands import OPERATOR, decode, encode
from tests.commands import Commands


@pytest.mark.parametrize("market", ["", "Bad Market", "voice-eu\n", "x" * 49])
def test_a_command_of_a_market_that_no_decision_can_name_is_none(market: str) -> None:
    """Its refusal could not be written either, and matching would stop at it for ever."""
    with pytest.raises(msgspec.MsgspecError):
        decode(encode(Commands(market).publish()))


@pytest.mark.parametrize("sender", ["", "Bad Buyer", "globex\n", "service:", "root:globex"])
def test_a_command_of_a_sender_that_no_decision_can_name_is_none(sender: str) -> None:
    """Whoever sent it could not be answered."""
    with pytest.raises(msgspec.MsgspecError):
        decode(encode(Commands().open(buyer=sender)))


@pytest.mark.parametrize("sender", ["globex", "0", "service:session-timeout", OPERATOR])
def test_participants_and_services_may_send(sender: str) -> None:
    """The exchange's own services are senders, too."""
    assert decode(encode(Commands().open(buyer=sender))).participant == sender


def test_a_value_that_is_nested_too_deep_is_no_command() -> None:
    """It is told from a command like any other garbage."""
    with pytest.raises(msgspec.MsgspecError, match="deep"):
        decode(b'{"x":' + b"[" * 100_000)
