"""What is shown of bytes that anybody may have sent."""

import json

import pytest

from strowger.cli.shared.shown import MASK, lines, shown, shown_header


def test_text_is_shown_and_nothing_in_it_acts_on_a_terminal() -> None:
    """Escape sequences, of one byte too, and marks that turn text around are spelled out."""
    said = "\n".join(lines(shown("a\x1b[2J\x9b31m\u202eb\tc\r".encode())))
    assert said == "a\\x1b[2J\\x9b31m\\u202eb\\tc"
    assert lines(shown(b"")) == ["(empty)"]
    assert lines(shown(None)) == ["(none)"]


def test_what_is_not_utf_8_is_shown_in_hex() -> None:
    """A line has 32 bytes, and says where it begins."""
    assert lines(shown(b"\xff" * 33)) == [f"00000000  {'ff' * 32}", "00000020  ff"]


def test_only_the_beginning_is_shown_and_the_rest_counted() -> None:
    """A cut through a character makes no hex of the text before it."""
    found = shown("aé".encode() * 10, 5)
    assert found is not None
    assert (found.text, found.left_out, found.size) == ("aéa", 25, 30)
    assert lines(found)[-1] == "… 25 more of 30 bytes; --full shows all"
    assert shown(b"a" * 5000, None) == shown(b"a" * 5000, 5000)


_PEM = "-----BEGIN PRIVATE KEY-----\nAAAA"  # pragma: allowlist secret


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"crv": "Ed25519", "d": "of-nothing", "x": "public"}),
        json.dumps({"x": "public", "db_password": 'of-"nothing'}),
        '{"x": "public", "Token": "of-nothing',
        '{"x": "public", "k": of-nothing}',
        f'{{"x": "public"}} {_PEM}of-nothing\n-----END PRIVATE KEY-----',
        f'{{"x": "public"}} {_PEM}of-nothing',
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    """Private keys and members named as secrets, whole or cut off; what is beside them stays."""
    found = shown(text.encode())
    assert found is not None
    assert found.text is not None
    assert "nothing" not in found.text
    assert MASK in found.text
    assert "public" in found.text
    assert found.masked == 1


def test_a_header_of_credentials_is_masked_whole() -> None:
    """By its name, however that is written."""
    found = shown_header("Authorization", b"of-nothing")
    assert found is not None
    assert found.text == MASK
    kept = shown_header("ce_id", b"e-1")
    assert kept is not None
    assert kept.text == "e-1"
