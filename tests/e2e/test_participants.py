"""The operator's word on keys and participants, as it is typed, on a running exchange."""

import json

import pytest

from strowger import keys
from strowger.broker.errors import BrokerUnavailable
from strowger.cli.shared.codes import ExitCode
from strowger.client import BuyerClient, refused
from strowger.contract.matches import HIDDEN
from strowger.contract.signatures import SigningKey
from strowger.keys import KeyUnusable
from tests.e2e.conftest import Exchange
from tests.support import unique


def listed(exchange: Exchange, participant: str) -> dict[str, str]:
    """Give how each key of a participant stands, by its id, in the order of registration."""
    said = json.loads(exchange.command("participant", "list", "--json"))
    return {
        each["key_id"]: each["state"] for each in said["keys"] if each["participant"] == participant
    }


async def open_session(exchange: Exchange, buyer: str, key: SigningKey | None = None) -> None:
    """Open a session, signed with a key, else with the one that the home keeps."""
    signing = key or exchange.key(buyer)
    async with BuyerClient(buyer, bootstrap=exchange.met_by(buyer), key=signing) as client:
        await client.open_session(exchange.market, ttl=5)


async def test_keys_are_rotated_without_a_gap(exchange: Exchange) -> None:
    """Old and new both count for the overlap; then the old one is refused by name."""
    buyer = exchange.newcomer("buyer")
    old = keys.read(exchange.key(buyer))
    exchange.command("participant", "rotate", buyer, "--overlap", "1h")
    new = keys.read(exchange.key(buyer))
    assert new.id != old.id
    await open_session(exchange, buyer, old)
    await open_session(exchange, buyer, new)
    states = listed(exchange, buyer)
    assert list(states) == [old.id, new.id]
    assert states[old.id].startswith("counts until")
    assert states[new.id] == "counts"
    exchange.command("participant", "revoke", "--", old.id)
    with pytest.raises(refused.KeyRevoked):
        await open_session(exchange, buyer, old)
    await open_session(exchange, buyer, new)
    assert listed(exchange, buyer)[old.id] == "revoked"


async def test_a_suspended_participant_is_readmitted(exchange: Exchange) -> None:
    """Suspended in every market it trades in none; the list says so until it is readmitted."""
    buyer = exchange.newcomer("buyer")
    exchange.command("participant", "suspend", buyer)
    with pytest.raises(refused.Suspended):
        await open_session(exchange, buyer)
    assert buyer in json.loads(exchange.command("participant", "list", "--json"))["suspended"]
    exchange.command("participant", "readmit", buyer)
    await open_session(exchange, buyer)
    assert buyer not in json.loads(exchange.command("participant", "list", "--json"))["suspended"]


async def test_a_participant_that_is_withdrawn_can_send_nothing(exchange: Exchange) -> None:
    """Not without a word of consent; then its user is gone, and its keys count no more."""
    buyer = exchange.newcomer("buyer")
    exchange.command("participant", "withdraw", buyer, codes=(ExitCode.USAGE.value,))
    await open_session(exchange, buyer)
    exchange.command("participant", "withdraw", buyer, "--yes")
    with pytest.raises(BrokerUnavailable):
        await open_session(exchange, buyer)
    assert list(listed(exchange, buyer).values()) == ["revoked"]
    exchange.command("participant", "withdraw", unique("nobody"), codes=(ExitCode.USAGE.value,))


def test_adding_a_participant_again_changes_nothing(exchange: Exchange) -> None:
    """Its key stays; other roles for it are refused, since they are the key's for good."""
    buyer = unique("buyer")
    exchange.command("participant", "add", buyer, "--role", "buyer")
    before = listed(exchange, buyer)
    exchange.command("participant", "add", buyer)
    assert listed(exchange, buyer) == before
    other = ("participant", "add", buyer, "--role", "provider")
    exchange.command(*other, codes=(ExitCode.USAGE.value,))
    exchange.command("participant", "revoke", "no-such-key", codes=(ExitCode.USAGE.value,))


async def test_who_has_no_key_is_told_before_anything_is_sent(exchange: Exchange) -> None:
    """An unsigned event would be a dead letter, and its sender would wait in vain."""
    stranger = unique("stranger")
    said = exchange.command("keys", "new", stranger, "--json")
    assert json.loads(said)["key_id"] == keys.read(exchange.key(stranger)).id
    exchange.command("keys", "new", stranger, codes=(ExitCode.USAGE.value,))
    with pytest.raises(KeyUnusable, match="keys new"):
        async with BuyerClient(
            stranger, bootstrap=exchange.bootstrap, key=exchange.key(unique("nobody"))
        ):
            pass


def test_no_key_stands_in_any_log(exchange: Exchange) -> None:
    """Nothing that the services wrote holds a private key of this home."""
    exchange.newcomer("buyer")
    written = exchange.log_path.read_text(errors="replace")
    for file in exchange.settings.keys_dir.glob("*.jwk"):
        assert json.loads(file.read_text())["d"] not in written
        assert file.stat().st_mode & 0o077 == 0


def test_nobody_is_called_as_who_is_not_named(exchange: Exchange) -> None:
    """The word that stands for a provider whom a market hides can't be taken as a name."""
    exchange.command("participant", "add", HIDDEN, codes=(ExitCode.USAGE,))
    assert not listed(exchange, HIDDEN)
