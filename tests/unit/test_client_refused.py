from datetime import UTC, datetime

import pytest

from strowger.client import ClientError, Refused, refused
from strowger.contract.outbound import EventRefused
from strowger.contract.refusals import Refusal


def refusal(why: Refusal) -> EventRefused:
    """Make the exchange's answer that refuses for this reason."""
    return EventRefused(
        market="voice",
        causation_id="e-1",
        at=datetime(2026, 1, 31, tzinfo=UTC),
        refusal=why,
        retry=why.retry,
        message=why.advice,
        subject="acceptance a-1",
    )


@pytest.mark.parametrize("why", Refusal)
def test_every_refusal_has_an_exception_of_its_name(why: Refusal) -> None:
    """A caller can catch each refusal by the name that the wire gives it, in PascalCase."""
    problem = refused.refused(refusal(why))

    assert type(problem).__name__ == "".join(part.capitalize() for part in why.value.split("_"))
    assert isinstance(problem, Refused)
    assert isinstance(problem, ClientError)


@pytest.mark.parametrize("why", Refusal)
def test_a_refusal_says_what_the_exchange_said(why: Refusal) -> None:
    """The rule, whether to try again, and the exchange's own words reach the caller."""
    problem = refused.refused(refusal(why))

    assert (problem.refusal, problem.retry, problem.message) == (why, why.retry, why.advice)
    assert str(problem) == f"acceptance a-1: {why.value}: {why.advice}"


def test_every_exception_stands_for_a_refusal() -> None:
    """No exception is left over from a refusal that is no more."""
    assert {kind.REFUSAL for kind in Refused.__subclasses__()} == set(Refusal)
    assert len(Refused.__subclasses__()) == len(Refusal)
