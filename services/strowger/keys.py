"""Private keys in files: made here, readable by their owner alone, shown to nobody.

A participant's key is `<participant>.jwk` in the home's directory of keys, a service's
`service.<name>.jwk`: no participant's name holds a dot.
"""

import os
from pathlib import Path
from typing import Final

from strowger.contract.signatures import NotAKey, SigningKey

_SERVICE: Final = "service:"
_OTHERS: Final = 0o077


class KeyUnusable(Exception):
    """A key's file is there and can't be used, or not there; the message says what to do."""


def path_of(directory: Path, participant: str) -> Path:
    """Say where the key is kept that a participant, or `service:<name>`, signs with."""
    name = participant.replace(_SERVICE, "service.")
    return directory / f"{name}.jwk"


def kept(directory: Path, participant: str) -> SigningKey | None:
    """Read the key that is kept for a participant; none if none is.

    Raises:
        KeyUnusable: others may read the file, or it holds no key.
    """
    path = path_of(directory, participant)
    return read(path) if path.exists() else None


def read(path: Path) -> SigningKey:
    """Read a private key.

    Raises:
        KeyUnusable: there is no such file, others may read it, or it holds no key.
    """
    try:
        if path.stat().st_mode & _OTHERS:
            raise KeyUnusable(f"{path} is open to others than its owner: chmod 600 {path}")
        return SigningKey.read(path.read_bytes())
    except FileNotFoundError:
        raise KeyUnusable(f"{path} is not there: make it with `strowger keys new`") from None
    except NotAKey as problem:
        raise KeyUnusable(f"{path}: {problem}") from None


def write_new(path: Path, key: SigningKey) -> None:
    """Write a key into a file that was not there before.

    Raises:
        KeyUnusable: the file is there: whoever uses that key would be locked out.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        _write(path, key)
    except FileExistsError:
        raise KeyUnusable(f"{path} is there already: give another file, or remove it") from None


def replace(path: Path, key: SigningKey) -> None:
    """Put another key in place of the one that is there; a reader sees either whole."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    _write(part, key)
    part.replace(path)


def kept_or_new(directory: Path, participant: str) -> SigningKey:
    """Read the key that is kept for a participant, or make it.

    Raises:
        KeyUnusable: others may read the file, or it holds no key.
    """
    key = kept(directory, participant)
    if key is None:
        key = SigningKey.new()
        write_new(path_of(directory, participant), key)
    return key


def _write(path: Path, key: SigningKey) -> None:
    """Write a file that was never anybody else's to read, not for a moment."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(key.to_json() + "\n")
        file.flush()
        os.fsync(file.fileno())
