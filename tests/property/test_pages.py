"""Pages: however they are cut, one after the other they are the whole answer, in its order."""

from hypothesis import given
from hypothesis import strategies as st

from strowger.contract.matches import OffersMatched
from tests.playing import Play
from tests.property.script_services import FAMILIES, Choices, needed, offered, wished

_CHOICES = st.binary(min_size=16, max_size=16).map(lambda drawn: int.from_bytes(drawn, "little"))
_MANY = 100


def _market(family: str, offers: list[int]) -> Play:
    play = Play()
    play.done(play.commands.rates(USD=1_000_000_000))
    for number, drawn in enumerate(offers):
        choices = Choices(drawn)
        currency = choices.mostly("EUR", "USD")
        service = offered(choices, family)
        play.later(choices.of(0, 0, 1))
        play.done(play.commands.offer(f"of-{number}", 1, service, currency=currency))
    return play


@given(
    st.sampled_from(FAMILIES),
    st.lists(_CHOICES, min_size=12, max_size=50),
    _CHOICES,
    st.lists(st.integers(1, 4), min_size=1, max_size=5),
)
def test_pages_one_after_the_other_are_the_whole(
    family: str, offers: list[int], drawn: int, sizes: list[int]
) -> None:
    """Of any sizes: the same offers, ranks, costs and lines, each once, and then no `next`."""
    play = _market(family, offers)
    choices = Choices(drawn)
    need = needed(choices, family)
    wish = wished(choices, family)
    whole = play.answer(play.commands.ask("whole", None, need, **wish))
    if not isinstance(whole, OffersMatched):
        return  # nothing to rank by was asked for
    pages: list[OffersMatched] = []
    for turn in range(_MANY):
        wish["after"] = pages[-1].next if pages else None
        size = sizes[turn % len(sizes)]
        command = play.commands.ask(f"page-{turn}", None, need, max_matches=size, **wish)
        pages.append(play.matched(command))
        if pages[-1].next is None:
            break
    assert all(page.able == whole.able for page in pages)
    assert all(page.matches for page in pages[1:])
    together = tuple(match for page in pages for match in page.matches)
    assert together == whole.matches
    assert [match.rank for match in together] == list(range(1, whole.able + 1))
