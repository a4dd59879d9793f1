"""Signed events: a detached JWS in a header, over where an event goes and every byte it says.

RFC 7515 with an unencoded, detached payload (RFC 7797); EdDSA on Ed25519 (RFC 8037), by the name
that RFC 9864 gave it.
The payload is lines of topic, type, id, source and time, each as its header has it, then the value:
a signature is of no use on another topic, for another event, or from another sender. The market
stands in the value.
"""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Literal, Self

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

HEADER: Final = "signature"
ALGORITHM: Final = "Ed25519"
_CURVE: Final = "Ed25519"
SIGNED_HEADERS: Final = ("ce_type", "ce_id", "ce_source", "ce_time")
_MAX_BYTES: Final = 1024
"""The longest signature header that is looked at; ours have 216 bytes."""

_TO_BASE64: Final = bytes.maketrans(b"-_", b"+/")
_REGISTRY: Final = jws.JWSRegistry(algorithms=[ALGORITHM])

Headers = Iterable[tuple[str, bytes | None]]


class NotAKey(ValueError):
    """A key that can't be used; the message never repeats it."""


class NotASignature(ValueError):
    """What stands in the header is no signature of the form that is taken."""


class _Protected(msgspec.Struct, forbid_unknown_fields=True):
    """The JWS header, in the one form that is taken: nothing in it is for the sender to choose."""

    alg: Literal["Ed25519"]
    b64: bool
    crit: tuple[Literal["b64"]]
    kid: str


_PROTECTED: Final = msgspec.json.Decoder(_Protected)


class _Private(msgspec.Struct):
    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    d: str


class PublicKey:
    """An Ed25519 public key; `x` is its 32 bytes in base64url, as RFC 8037 writes them.

    Raises:
        NotAKey: `x` is no such key.
    """

    def __init__(self, x: str) -> None:
        try:
            jwk = OKPKey.import_key({"kty": "OKP", "crv": _CURVE, "x": x})
            self.id: str = jwk.thumbprint()
            key = jwk.get_op_key("verify")
        except (JoseError, ValueError, TypeError) as problem:
            raise NotAKey("an Ed25519 public key is 32 bytes in base64url") from problem
        if not isinstance(key, Ed25519PublicKey):
            raise NotAKey(f"a key of {_CURVE} is taken alone")
        self._key = key
        self.x = x

    def verifies(self, signature: bytes, topic: str, headers: Headers, value: bytes) -> bool:
        """Say whether the holder of the private key signed this event for this topic.

        By Ed25519 alone, as only one form of JWS is taken: a JWS library's own reading of it costs
        a third of a verification more. What signs is one, and the tests hold each to the other.
        """
        protected, _, rest = signature.partition(b".")
        try:
            key_id_of(signature)
            said = _from_base64url(rest[1:])
            self._key.verify(said, protected + b"." + _payload(topic, headers, value))
        except (InvalidSignature, ValueError):
            return False
        return urlsafe_b64encode(said).rstrip(b"=") == rest[1:]  # one signature, one spelling


class SigningKey:
    """An Ed25519 private key. Neither its `repr` nor any message shows more than its id."""

    def __init__(self, jwk: OKPKey) -> None:
        self._jwk = jwk
        self.public = PublicKey(str(jwk.as_dict(private=False)["x"]))
        self._protected = {
            "alg": ALGORITHM,
            "b64": False,
            "crit": ["b64"],
            "kid": self.public.id,
        }

    @classmethod
    def new(cls) -> Self:
        """Make a new key from the operating system's randomness."""
        return cls(OKPKey.generate_key(_CURVE, private=True))

    @classmethod
    def read(cls, data: bytes | str) -> Self:
        """Read a key from its JWK (RFC 8037), as JSON.

        Raises:
            NotAKey: it is none, of another curve, or without its private part.
        """
        try:
            said = msgspec.json.decode(data, type=_Private)
            key = OKPKey.import_key({"kty": said.kty, "crv": said.crv, "x": said.x, "d": said.d})
            key.get_op_key("sign")
        except (msgspec.MsgspecError, JoseError, ValueError, TypeError, KeyError):
            # Without its cause, which may quote what it could not read.
            raise NotAKey("a private key is a JWK of Ed25519: kty, crv, x and d") from None
        return cls(key)

    def to_json(self) -> str:
        """Write the key, private part and all, for a file that nobody else may read."""
        jwk = self._jwk.as_dict(private=True)
        said = {name: jwk[name] for name in ("kty", "crv", "x", "d")}
        return msgspec.json.encode({**said, "kid": self.id}).decode()

    @property
    def id(self) -> str:
        """Give the key's id, its RFC 7638 thumbprint."""
        return self.public.id

    def sign(self, topic: str, headers: Headers, value: bytes) -> tuple[str, bytes]:
        """Give the header that signs an event for a topic."""
        payload = _payload(topic, headers, value)
        signed = jws.serialize_compact(self._protected, payload, self._jwk, registry=_REGISTRY)
        return HEADER, signed.encode()

    def __repr__(self) -> str:
        return f"SigningKey({self.id})"


def signature_of(headers: Headers) -> bytes | None:
    """Give the signature that stands in the headers; none if none does.

    Raises:
        NotASignature: there are two, or it is too long to be one.
    """
    found = [value or b"" for name, value in headers if name == HEADER]
    if len(found) > 1:
        raise NotASignature(f"header {HEADER} stands twice")
    if found and len(found[0]) > _MAX_BYTES:
        raise NotASignature(f"header {HEADER} has more than {_MAX_BYTES} bytes")
    return found[0] if found else None


def key_id_of(signature: bytes) -> str:
    """Give the id of the key that a signature names; that it is its signature is not yet said.

    Raises:
        NotASignature: it is not a compact JWS of the one form that is taken.
    """
    protected, _, rest = signature.partition(b".")
    payload, _, mark = rest.partition(b".")
    if payload or not mark:
        raise NotASignature(f"header {HEADER} is not a compact JWS with a detached payload")
    return _key_id(protected)


@lru_cache(maxsize=4096)
def _key_id(protected: bytes) -> str:
    # A key's header is always the same, so that it is read once.
    try:
        said = _PROTECTED.decode(_from_base64url(protected))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        said = None
    if said is None or said.b64:
        raise NotASignature(
            'the JWS header has to be {"alg":"Ed25519","b64":false,"crit":["b64"],"kid":…}'
        )
    return said.kid


def _from_base64url(text: bytes) -> bytes:
    encoded = text.translate(_TO_BASE64) + b"=" * (-len(text) % 4)
    return b64decode(encoded, validate=True)


def _payload(topic: str, headers: Headers, value: bytes) -> bytes:
    said = dict(headers)
    lines = (topic.encode(), *(said.get(name) or b"" for name in SIGNED_HEADERS), value)
    return b"\n".join(lines)
