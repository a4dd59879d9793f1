"""What `strowger audit` shows: what follows, what does not, and what is trusted."""

import pytest

from strowger.audit.findings import Finding
from strowger.audit.report import Audited, Report, Trusted
from strowger.cli.audit import show
from strowger.contract.topics import ACCEPTANCE_CONFIRMED, DECISIONS


def _report(finding: Finding | None = None, trusted: Trusted | None = None) -> Report:
    one = Audited(
        partition=2,
        first_offset=0,
        next_offset=1200,
        audited_from=0,
        waiting=3,
        became={"decided": 1198, "redelivered": 2},
        agreed={DECISIONS.name: 1300, ACCEPTANCE_CONFIRMED.name: 7},
        positions=44,
        rows=None,
        finding=finding,
        seconds=0.4,
    )
    return Report((one,), seconds=0.5, trusted=trusted, saved=None)


def test_a_sound_audit_says_what_was_compared_and_what_was_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """How many records of each kind, how fast, and on whose word."""
    show(_report())
    said = capsys.readouterr().out
    assert "market-log-2  commands 0 to 1,199" in said
    assert "1,300 decisions, 7 sales, 44 digests; tables not compared: they moved on" in said
    assert "2 redelivered" in said
    assert "3 commands were not decided yet" in said
    assert "1,200 commands, 1,307 records (0.5 s, 2,400 commands/s)" in said
    assert "trusted: the log as it stands" in said


def test_what_does_not_follow_is_shown_with_its_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where it stands, what it is of, and each difference, as it is and not as markup."""
    finding = Finding(
        what="changed",
        topic=DECISIONS.name,
        partition=2,
        offset=1310,
        log_offset=1199,
        command="accept-offer of globex in voice, sent as e-1",
        difference=('event.lines[0].amount: "1" follows, "2" was found',),
    )
    show(_report(finding))
    said = capsys.readouterr().out
    assert "✗ changed: decisions-2, offset 1,310" in said
    assert "of the command at log offset 1,199: accept-offer of globex" in said
    assert 'event.lines[0].amount: "1" follows, "2" was found' in said
    assert "1 of 1 partitions are not sound" in said
    assert "follows from the log" not in said


def test_a_checkpoint_that_is_trusted_is_told_by_its_digest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """So that it can be compared with what was told when it was saved."""
    show(_report(trusted=Trusted("yesterday.gz", "ab" * 32)))
    said = capsys.readouterr().out
    assert "yesterday.gz" in said
    assert "ab" * 32 in said


def test_a_report_is_one_json_object() -> None:
    """Its figures stand beside those of each partition."""
    told = _report().document()
    assert (told["sound"], told["commands"], told["records"]) == (True, 1200, 1307)
    partitions = told["partitions"]
    assert isinstance(partitions, list)
    (partition,) = partitions
    assert (partition["commands"], partition["finding"]) == (1200, None)
