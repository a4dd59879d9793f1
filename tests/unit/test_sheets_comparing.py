"""What a sheet changes: told as a reviewer expects it, and what is not to be sent is stopped."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from strowger.sheets import Reading, read_sheet
from strowger.sheets.comparing import Change, Comparison, Diff, Notice, Wanted
from strowger.sheets.omitting import Omitting, Scope, SeveralDates
from strowger.sheets.standing import KeptOffer, KeptRevision, as_kept

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
DAY_SECONDS = 86_400

BEFORE = """code,rate,increment,connect fee,capacity minutes,country
44,0.10,1/1,0,,GB
4420,0.20,60/60,0,1000,GB
33,0.30,1/1,0,,FR
1212,0.01,1/1,0,,US
1416,0.02,1/1,0,,CA
"""


def kept(text: str = BEFORE, currency: str | None = "EUR") -> dict[str, KeptOffer]:
    """Give what stands after a sheet."""
    return as_kept(read_sheet(text).good, currency)


def compared(
    text: str,
    *,
    comparison: Comparison | None = None,
    scope: Scope = "partial",
    effective: datetime | None = None,
    anyway: bool = False,
) -> Diff:
    """Compare a sheet with what stands."""
    sheet = read_sheet(text, Reading(effective=effective))
    comparison = comparison or Comparison(kept(), NOW)
    wanted = [
        Wanted(row.offer_id, row.service, row.currency or "EUR", row.effective_at)
        for row in sheet.good
    ]
    wanted += [Wanted(row.offer_id, None, effective_at=row.effective_at) for row in sheet.closed]
    omitting = Omitting(sheet, comparison, effective, anyway)
    return Diff((*map(comparison.change, wanted), *omitting.changes(scope)))


def kinds(diff: Diff) -> Mapping[str, str]:
    """Give what becomes of each offer, or what stops it."""
    return {each.wanted.offer_id: each.stop or each.kind for each in diff.changes}


def only(diff: Diff) -> Change:
    """Give the one change of a sheet of one row."""
    (change,) = diff.changes
    return change


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("44,0.10,1/1,0,", "same"),
        ("44,0.11,1/1,0,", "up"),
        ("44,0.09,1/1,0,", "down"),
        ("44,0.09,60/60,0,", "up"),
        ("44,0.10,1/1,0.001,", "up"),
        ("44,0.10,1/1,0,500", "changed"),
        ("4420,0.20,30/6,0,1000", "down"),
        ("49,0.10,1/1,0,", "new"),
    ],
)
def test_a_row_is_new_up_down_changed_or_same(row: str, kind: str) -> None:
    """Up if any price, fee or billing step went up; down if some fell and none rose."""
    assert only(compared(f"code,rate,increment,connect fee,capacity minutes\n{row}\n")).kind == kind


def test_counts_come_in_every_kind() -> None:
    """A reviewer reads how many of each, zeros among them."""
    diff = compared("code,rate,increment\n44,0.2,1/1\n33,0.1,1/1\n49,1,1/1\n")
    assert {name: count for name, count in diff.counts.items() if count} == {
        "new": 1,
        "up": 1,
        "down": 1,
    }
    assert diff.counts["blocked"] == 0


def test_the_comparison_is_with_what_stands_at_the_sheets_time() -> None:
    """A price that comes into force in May is the before of one for June, and not of one now."""
    low, high = (read_sheet(f"code,rate\n44,{rate}\n").good[0].service for rate in ("0.1", "0.3"))
    offer = KeptOffer(
        revisions=(
            KeptRevision(revision=1, effective_at=NOW - WEEK, currency="EUR", service=low),
            KeptRevision(revision=2, effective_at=NOW + WEEK, currency="EUR", service=high),
        )
    )
    comparison = Comparison({"standard:44": offer}, NOW)
    text = "code,rate\n44,0.2\n"
    assert only(compared(text, comparison=comparison)).kind == "up"
    assert only(compared(text, comparison=comparison, effective=NOW + 2 * WEEK)).kind == "down"


def test_a_new_revision_drops_those_scheduled_for_then_or_later() -> None:
    """As the market does: what was planned for later gives way to what was said later."""
    service = read_sheet("code,rate\n44,1\n").good[0].service
    times = [NOW, NOW + WEEK, NOW + 2 * WEEK]
    offer = KeptOffer(revisions=())
    for revision, moment in enumerate([*times, NOW + WEEK], start=1):
        offer = offer.revised(
            KeptRevision(revision=revision, effective_at=moment, currency="EUR", service=service)
        )
    assert [each.revision for each in offer.revisions] == [1, 4]


NOTICE = Notice(increase_seconds=7 * DAY_SECONDS, closure_seconds=30 * DAY_SECONDS)


@pytest.mark.parametrize(
    ("row", "days", "stop"),
    [
        ("44,0.11,", 6, "blocked"),
        ("44,0.11,", 7, None),
        ("44,0.09,", 0, None),
        ("44,0.10,", 0, None),
        ("49,0.10,", 0, None),
        ("44,,closed", 29, "blocked"),
        ("44,,closed", 30, None),
        ("49,,closed", 0, None),
    ],
)
def test_an_increase_or_closure_within_notice_is_blocked(
    row: str, days: int, stop: str | None
) -> None:
    """Increases and closures wait for their notice; decreases, new and unchanged rows do not."""
    change = only(
        compared(
            f"code,rate,status\n{row}\n",
            comparison=Comparison(kept(), NOW, NOTICE),
            effective=NOW + timedelta(days=days),
        )
    )
    assert change.stop == stop
    assert ("at the soonest" in change.why) == (stop == "blocked")


def test_another_currency_needs_the_notice_of_a_closure() -> None:
    """A price in another currency replaces the offer's place in the market, whatever its number."""
    text = "code,rate,currency\n44,0.10,USD\n"
    change = only(
        compared(text, comparison=Comparison(kept(), NOW, NOTICE), effective=NOW + 8 * WEEK)
    )
    assert (change.kind, change.stop, change.why) == ("changed", None, "in another currency")
    early = only(compared(text, comparison=Comparison(kept(), NOW, NOTICE)))
    assert early.stop == "blocked"


@pytest.mark.parametrize(
    ("rate", "stop"),
    [
        ("10", "flagged"),
        ("9.999", None),
        ("0.001", "flagged"),
        ("0.00101", None),
        ("0", "flagged"),
    ],
)
def test_a_price_a_hundred_times_off_is_flagged(rate: str, stop: str | None) -> None:
    """100 times or 1/100 of the price before is a slip of the point until somebody says not."""
    text = f"code,rate\n44,{rate}\n"
    assert only(compared(text)).stop == stop
    allowed = Comparison(kept(), NOW, big_changes_allowed=True)
    assert only(compared(text, comparison=allowed)).stop is None


def test_what_is_stopped_is_not_to_be_sent() -> None:
    """A flagged row is shown and kept back; its neighbours go."""
    diff = compared("code,rate\n44,10\n33,0.3\n")
    assert [change.wanted.offer_id for change in diff.to_send] == ["standard:33"]
    assert [change.wanted.offer_id for change in diff.stopped] == ["standard:44"]


def test_a_partial_sheet_withdraws_nothing() -> None:
    """What it leaves out stays."""
    assert kinds(compared("code,rate\n44,0.1\n")) == {"standard:44": "same"}


def test_a_full_sheet_withdraws_what_it_leaves_out_of_its_decks() -> None:
    """An A-Z sheet is the whole deck; other decks, and what is not named by sheets, stay."""
    standing = kept(BEFORE) | kept("code,rate,deck\n44,1,gold\n")
    standing["my-own-name"] = standing["standard:33"]
    diff = compared("code,rate\n44,0.1\n", comparison=Comparison(standing, NOW), scope="full")
    assert kinds(diff) == {
        "standard:44": "same",
        "standard:1212": "withdrawn",
        "standard:1416": "withdrawn",
        "standard:33": "withdrawn",
        "standard:4420": "withdrawn",
    }


def test_a_withdrawal_takes_effect_when_the_sheet_does() -> None:
    """The sheet flips whole, on its one date or on the one that is said."""
    moment = NOW + WEEK
    diff = compared("code,rate\n44,0.1\n", scope="full", effective=moment)
    assert {change.wanted.effective_at for change in diff.changes} == {moment}
    with pytest.raises(SeveralDates, match="--effective"):
        compared("code,rate,effective\n44,1,2026-05-01\n33,1,2026-06-01\n", scope="full")


def test_a_country_sheet_withdraws_within_its_country_codes() -> None:
    """What it omits of the codes' countries goes; the rest of the world stays."""
    diff = compared("code,rate,increment\n4421,0.1,1/1\n", scope="country")
    assert kinds(diff) == {
        "standard:4421": "new",
        "standard:44": "withdrawn",
        "standard:4420": "withdrawn",
    }


def test_a_country_code_that_countries_share_is_held_until_they_are_named() -> None:
    """A sheet for the United States must not withdraw Canada: both are +1."""
    assert kinds(compared("code,rate\n1213,0.1\n", scope="country")) == {
        "standard:1213": "new",
        "standard:1212": "held",
        "standard:1416": "held",
    }
    assert kinds(compared("code,rate,country\n1213,0.1,US\n", scope="country")) == {
        "standard:1213": "new",
        "standard:1212": "withdrawn",
    }


def test_a_bad_row_never_withdraws_its_own_code() -> None:
    """A code whose price can't be read is named by the sheet all the same: its offer stays."""
    diff = compared("code,rate\n44,abc\n33,0.3\n", scope="full")
    assert "standard:44" not in kinds(diff)
    assert kinds(diff)["standard:4420"] == "withdrawn"


def test_a_code_that_cannot_be_read_holds_every_withdrawal() -> None:
    """It may be any of those left out; the person can say that it isn't."""
    text = "code,rate\n2.77724E+11,0.1\n44,0.1\n4420,0.2\n33,0.3\n1212,0.01\n"
    held = compared(text, scope="full")
    assert kinds(held)["standard:1416"] == "held"
    assert "line 2" in held.stopped[0].why
    assert kinds(compared(text, scope="full", anyway=True))["standard:1416"] == "withdrawn"


def test_an_offer_whose_terms_are_not_known_is_told_so() -> None:
    """What another program published stands with terms that this home never saw."""
    comparison = Comparison({}, NOW, NOTICE, unknown=frozenset({"standard:44", "standard:45"}))
    diff = compared("code,rate\n44,10\n", comparison=comparison, scope="full")
    assert kinds(diff) == {"standard:44": "unknown", "standard:45": "blocked"}
