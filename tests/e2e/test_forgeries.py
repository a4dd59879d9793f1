"""Nobody acts as anybody else, by any forgery that we know of."""

from tests.e2e.conftest import Exchange
from tests.e2e.forgeries import play


def test_no_forgery_gets_anywhere(exchange: Exchange) -> None:
    """Each is refused by name or set aside, its victim hears nothing, and trade goes on."""
    result = play(exchange, lambda _: None)
    assert result.wrong == []
    assert result.stalls == 0
    assert result.tried == result.refused + result.dead_lettered > 25
