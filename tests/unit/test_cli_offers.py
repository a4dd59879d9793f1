"""`strowger offers publish` without a broker: which files it sends nothing of."""

from pathlib import Path

import pytest

from strowger.cli.app import app
from strowger.cli.shared.codes import ExitCode

_PRICE_AS_NUMBER = (
    '[{"offer_id": "o-1", "currency": "EUR", '
    '"service": {"family": "voice", "prefix": "44", "rate_per_minute": 0.01}}]'
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prefix,rate\n44,0.01\n", "is no JSON"),
        ("[]", "holds no offer"),
        ('"x"', "holds no offer"),
        ('{"offer_id": "o-1"}', "currency: Field required"),
        (_PRICE_AS_NUMBER, "service.voice.rate_per_minute: "),
        ('[{"offer_id": "o-1"}, {}]', "offer 1: "),
    ],
)
def test_a_file_of_offers_that_cannot_be_sent_is_told_field_by_field(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str,
    told: str,
) -> None:
    """The first field that is wrong is named, and which offer it is of; nothing is sent."""
    for name, value in (("HOME", str(tmp_path)), ("MARKET", "voice"), ("PROVIDER", "acme")):
        monkeypatch.setenv(f"STROWGER_{name}", value)
    file = tmp_path / "offers.json"
    file.write_text(text)

    with pytest.raises(SystemExit) as ended:
        app(["offers", "publish", str(file), "--bootstrap", "127.0.0.1:1"])

    assert ended.value.code == ExitCode.USAGE
    assert told in " ".join(capsys.readouterr().err.split())
