import os
from pathlib import Path

import pytest

from strowger import keys
from strowger.contract.signatures import SigningKey
from strowger.keys import KeyUnusable


def test_a_key_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    """Neither the file nor its directory is anybody else's to look into, whatever the umask."""
    path = keys.path_of(tmp_path / "keys", "globex")
    before = os.umask(0)
    try:
        keys.write_new(path, SigningKey.new())
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    keys.replace(path, SigningKey.new())
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    """Whoever signs with the old one would be locked out; replacing it is another word."""
    path, first, second = tmp_path / "globex.jwk", SigningKey.new(), SigningKey.new()
    keys.write_new(path, first)
    with pytest.raises(KeyUnusable, match="already"):
        keys.write_new(path, second)
    assert keys.read(path).id == first.id
    keys.replace(path, second)
    assert keys.read(path).id == second.id
    assert [each.name for each in tmp_path.iterdir()] == ["globex.jwk"]


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    """As ssh has it: the message says how to mend it, and nothing of the key."""
    path = tmp_path / "globex.jwk"
    key = SigningKey.new()
    keys.write_new(path, key)
    path.chmod(0o640)
    with pytest.raises(KeyUnusable, match="chmod 600") as refused:
        keys.read(path)
    assert key.to_json()[-60:] not in str(refused.value)


def test_a_home_keeps_one_key_for_each(tmp_path: Path) -> None:
    """It is made once; a service's is never taken for a participant's of the same name."""
    assert keys.kept(tmp_path, "globex") is None
    made = keys.kept_or_new(tmp_path, "globex")
    assert keys.kept_or_new(tmp_path, "globex").id == made.id
    service = keys.path_of(tmp_path, "service:session-timeout")
    assert service != keys.path_of(tmp_path, "session-timeout")


def test_what_holds_no_key_is_said_to(tmp_path: Path) -> None:
    """A missing file and a damaged one each say what to do."""
    path = tmp_path / "globex.jwk"
    with pytest.raises(KeyUnusable, match="strowger keys new"):
        keys.read(path)
    path.touch(mode=0o600)
    with pytest.raises(KeyUnusable, match="JWK"):
        keys.read(path)
