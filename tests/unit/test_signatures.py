import json
import string
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OKPKey

from strowger.contract.signatures import (
    HEADER,
    NotAKey,
    NotASignature,
    PublicKey,
    SigningKey,
    key_id_of,
    signature_of,
)
from tests.published import SCHEMAS

VECTORS: dict[str, Any] = json.loads((SCHEMAS / "signature-vectors.json").read_text())
KEY = SigningKey.read(json.dumps(VECTORS["private_key"]))


def _headers(vector: dict[str, Any]) -> list[tuple[str, bytes | None]]:
    return [(name, text.encode()) for name, text in vector["headers"].items()]


def _verifies(vector: dict[str, Any]) -> bool:
    signature, value = vector["signature"].encode(), vector["value"].encode()
    try:
        named = key_id_of(signature)
    except NotASignature:
        return False
    return named == KEY.id and KEY.public.verifies(
        signature, vector["topic"], _headers(vector), value
    )


def test_a_key_is_named_as_its_standard_names_it() -> None:
    """The id of the key of RFC 8037 is the thumbprint that its appendix A.3 gives."""
    assert KEY.id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"  # pragma: allowlist secret


@pytest.mark.parametrize(
    "vector", [VECTORS["signed"], *VECTORS["verifies"]], ids=lambda each: each.get("name", "signed")
)
def test_what_was_signed_verifies(vector: dict[str, Any]) -> None:
    """An event verifies as it was signed, and signing it again gives the very same bytes."""
    assert _verifies(vector)
    signed = KEY.sign(vector["topic"], _headers(vector), vector["value"].encode())
    assert signed == (HEADER, vector["signature"].encode())


@pytest.mark.parametrize("vector", VECTORS["does_not_verify"], ids=lambda each: each["name"])
def test_a_signature_is_good_for_nothing_else(vector: dict[str, Any]) -> None:
    """No signature that was seen verifies elsewhere, for anything else, or in another form."""
    assert not _verifies(vector)


def test_the_vectors_need_no_jws_library() -> None:
    """The bytes that the vectors call the signing input are what Ed25519 alone verifies."""
    signed = VECTORS["signed"]
    protected, _, mark = signed["signature"].partition("..")
    assert json.loads(urlsafe_b64decode(protected + "==")) == json.loads(signed["protected"])
    raw = urlsafe_b64decode(VECTORS["private_key"]["x"] + "=")
    Ed25519PublicKey.from_public_bytes(raw).verify(
        urlsafe_b64decode(mark + "=="), signed["signing_input"].encode()
    )


@pytest.mark.parametrize(
    "protected",
    [
        {"alg": "none", "b64": False, "crit": ["b64"], "kid": "k"},
        {"alg": "HS256", "b64": False, "crit": ["b64"], "kid": "k"},
        {"alg": "Ed25519", "b64": True, "crit": ["b64"], "kid": "k"},
        {"alg": "Ed25519", "kid": "k"},
        {"alg": "Ed25519", "b64": False, "crit": ["b64"]},
        {"alg": "Ed25519", "b64": False, "crit": ["b64"], "kid": "k", "jwk": {}},
        {"alg": "Ed25519", "b64": False, "crit": ["b64", "exp"], "kid": "k"},
        {"alg": "Ed25519", "b64": False, "crit": ["b64"], "kid": 7},
        [],
    ],
    ids=json.dumps,
)
def test_a_sender_chooses_nothing_of_how_it_is_verified(protected: object) -> None:
    """Another algorithm, an encoded payload, a key brought along: none of it is even looked at."""
    header = SigningKey.new().sign("t", [], b"")[1].partition(b"..")[0]
    assert key_id_of(header + b"..x")
    forged = _base64url(json.dumps(protected).encode())
    with pytest.raises(NotASignature):
        key_id_of(forged + b"..x")


def _base64url(data: bytes) -> bytes:
    from base64 import urlsafe_b64encode  # noqa: PLC0415 - beside its only use

    return urlsafe_b64encode(data).rstrip(b"=")


@given(st.binary(max_size=1200))
def test_no_bytes_fell_the_reader(signature: bytes) -> None:
    """Whatever stands in the header, it is no signature of the key: nothing else comes of it."""
    try:
        found = signature_of([(HEADER, signature)])
        assert found is not None
        key_id_of(found)
    except NotASignature:
        pass
    assert not KEY.public.verifies(signature, "t", [], b"{}")


@given(st.data())
def test_no_change_of_a_byte_is_overlooked(data: st.DataObject) -> None:
    """Whichever byte of a signed event is changed, in topic, header or value: it fails."""
    vector = VECTORS["signed"]
    topic, headers, value = vector["topic"], _headers(vector), vector["value"].encode()
    parts = [topic.encode(), *(text or b"" for _, text in headers[1:5]), value]
    which = data.draw(st.integers(0, len(parts) - 1))
    at = data.draw(st.integers(0, len(parts[which]) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != parts[which][at]))
    changed = bytearray(parts[which])
    changed[at] = other
    parts[which] = bytes(changed)
    names = [name for name, _ in headers[1:5]]
    assert not KEY.public.verifies(
        vector["signature"].encode(),
        parts[0].decode("latin-1"),
        list(zip(names, parts[1:5], strict=True)),
        parts[5],
    )


def test_a_signature_has_one_spelling() -> None:
    """The bits that base64url leaves unused in the last character are no second signature."""
    signature = VECTORS["signed"]["signature"].encode()
    alphabet = (string.ascii_letters.swapcase() + string.digits + "-_").encode()
    other = alphabet[alphabet.index(signature[-1]) ^ 1]
    vector = {**VECTORS["signed"], "signature": (signature[:-1] + bytes([other])).decode()}
    assert _verifies(VECTORS["signed"])
    assert not _verifies(vector)


def test_a_jws_library_reads_it_alike() -> None:
    """What joserfc verifies as a detached JWS of RFC 7797 is what we verify without it."""
    signed = VECTORS["signed"]
    public = {"kty": "OKP", "crv": "Ed25519", "x": VECTORS["private_key"]["x"]}
    key = OKPKey.import_key(public)
    registry = jws.JWSRegistry(algorithms=["Ed25519"])
    payload = signed["signing_input"].encode().partition(b".")[2]
    read = jws.extract_compact(signed["signature"].encode(), payload, registry)
    assert jws.validate_compact(read, key, registry=registry)
    assert _verifies(signed)


def test_two_signatures_are_none() -> None:
    """A record with two signatures is refused rather than one of them chosen."""
    assert signature_of([("ce_id", b"1")]) is None
    with pytest.raises(NotASignature, match="twice"):
        signature_of([(HEADER, b"a"), (HEADER, b"b")])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA"}',
        '{"kty":"OKP","crv":"Ed448","x":"AA","d":"AA"}',
        json.dumps({**VECTORS["private_key"], "d": "secret-part"}),
    ],
)
def test_what_is_no_key_is_never_repeated(text: str) -> None:
    """A file that holds no key is refused in words that give nothing of it away."""
    with pytest.raises(NotAKey) as refused:
        SigningKey.read(text)
    assert "secret-part" not in f"{refused.value!r}{refused.value.__cause__!r}"
    assert refused.value.__suppress_context__


def test_a_key_shows_its_id_alone() -> None:
    """What is printed of a private key, by accident or not, is its id."""
    assert repr(KEY) == f"SigningKey({KEY.id})"
    assert KEY.id in KEY.to_json()
    assert SigningKey.read(KEY.to_json()).id == KEY.id


def test_a_public_key_is_32_bytes() -> None:
    """What the operator is given as a public key is one, or is refused."""
    assert PublicKey(VECTORS["private_key"]["x"]).id == KEY.id
    for wrong in ("", "AA", "!" * 43, "A" * 44):
        with pytest.raises(NotAKey):
            PublicKey(wrong)
