"""Test vectors of signatures: what a signer in another language has to give, and what is refused.

The key is the published example of RFC 8037, appendix A: whoever has it registered is open to all.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final

from strowger.contract.envelope import participant_source
from strowger.contract.generate.examples import EXAMPLES
from strowger.contract.inbound import OfferAccepted, SessionOpened
from strowger.contract.signatures import SIGNED_HEADERS, SigningKey
from strowger.contract.topics import OFFER_ACCEPTED, SESSION_OPENED

_JWK: Final = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",  # pragma: allowlist secret - it is public
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",  # pragma: allowlist secret
}
_OTHER_JWK: Final = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "_FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU",  # pragma: allowlist secret - it is public
    "d": "xaqN9D-fg3vtt0QvMdy3sWbThTUHbwlLhc46LgtEWPc",  # pragma: allowlist secret
}
"""Of RFC 8032, section 7.1, test 3."""

_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
"""Of the group of Ed25519 (RFC 8032, section 5.1)."""

Vector = dict[str, Any]


def vectors() -> Vector:
    """Give the key, an event with its signature step by step, what verifies and what does not."""
    key = SigningKey.read(json.dumps(_JWK))
    headers, value = _event()
    good = _signed(key, headers, value)
    protected, _, _ = good["signature"].partition(".")
    said = "\n".join((good["topic"], *(headers[name] for name in SIGNED_HEADERS), value))
    return {
        "description": "See README.md, Signing. Every text is to be taken as UTF-8.",
        "private_key": _JWK,
        "key_id": key.id,
        "signed": {
            "protected": f'{{"alg":"Ed25519","b64":false,"crit":["b64"],"kid":"{key.id}"}}',
            "signing_input": f"{protected}.{said}",
            **good,
        },
        "verifies": [
            {"name": "with white space in the value", **_signed(key, headers, _spaced(value))},
            {"name": "with letters beyond ASCII", **_signed(key, headers, '{"a":"é€"}')},
            {"name": "with an empty value", **_signed(key, headers, "")},
        ],
        "does_not_verify": [
            {"name": name, **good, **change} for name, change in _forgeries(good).items()
        ],
    }


def _event() -> tuple[dict[str, str], str]:
    example = EXAMPLES[SessionOpened]
    return example.headers, example.event.model_dump_json(exclude_unset=True)


def _signed(key: SigningKey, headers: dict[str, str], value: str) -> Vector:
    topic = SESSION_OPENED.name
    given = [(name, text.encode()) for name, text in headers.items()]
    _, signature = key.sign(topic, given, value.encode())
    return {"topic": topic, "headers": headers, "value": value, "signature": signature.decode()}


def _spaced(value: str) -> str:
    return value.replace(",", ", ")


def _forgeries(good: Vector) -> dict[str, Vector]:
    """Give what somebody may try with a signature that was seen, by what it is."""
    headers, value = good["headers"], good["value"]
    protected, _, signed = good["signature"].partition("..")
    others = _signed(SigningKey.read(json.dumps(_OTHER_JWK)), headers, value)["signature"]
    return {
        "moved to another topic": {"topic": OFFER_ACCEPTED.name},
        "another id": {"headers": {**headers, "ce_id": "another"}},
        "another type": {"headers": {**headers, "ce_type": OfferAccepted.TYPE}},
        "another sender": {"headers": {**headers, "ce_source": participant_source("hooli")}},
        "another time": {"headers": {**headers, "ce_time": "2026-02-01T00:00:00.000Z"}},
        "another market": {"value": value.replace('"market":"', '"market":"x-')},
        "another value": {"value": value.replace("300", "3000")},
        "the same value, spaced": {"value": _spaced(value)},
        "another's signature under this key's id": {
            "signature": protected + ".." + others.partition("..")[2]
        },
        "another key's id": {"signature": others.partition("..")[0] + ".." + signed},
        "no signature": {"signature": protected + ".."},
        "cut short": {"signature": good["signature"][:-4]},
        "the payload in its place": {"signature": f"{protected}.e30.{signed}"},
        "the group's order added to the signature": {
            "signature": f"{protected}..{_malleable(signed)}"
        },
    }


def _malleable(signed: str) -> str:
    """Add the order of the group to S: lenient verifiers take it (RFC 8032, 8.4)."""
    raw = urlsafe_b64decode(signed + "==")
    shifted = int.from_bytes(raw[32:], "little") + _ORDER
    return urlsafe_b64encode(raw[:32] + shifted.to_bytes(32, "little")).decode().rstrip("=")
