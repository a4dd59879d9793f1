"""Codes, dates, increments and decks as carriers write them; what has two readings is not read."""

from datetime import UTC, datetime

import pytest

from strowger.sheets import BadRow, Reading, SheetUnreadable, read_sheet
from strowger.sheets.cells import from_text
from strowger.sheets.codes import country_code
from strowger.sheets.dates import DayOrder, NoDate, moment_of


def codes_in(cell: str) -> list[str]:
    """Give the codes that a cell was read as, each an offer of its own at the same price."""
    sheet = read_sheet(f'code,rate\n"{cell}",0.1\n')
    assert not sheet.bad, sheet.bad
    assert {row.line for row in sheet.good} == {2}
    return [row.service.prefix for row in sheet.good]


def only_bad(text: str, reading: Reading | None = None) -> BadRow:
    """Give the one row that was left out of a sheet that has no other."""
    sheet = read_sheet(text, reading)
    assert not sheet.good
    (bad,) = sheet.bad
    return bad


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("447700-447703", ["447700", "447701", "447702", "447703"]),
        ("447700 \u2013 447701", ["447700", "447701"]),
        ("4477;4478", ["4477", "4478"]),
        ("4477, 4478", ["4477", "4478"]),
        ("4477,4478", ["4477", "4478"]),
        ("447, 448", ["447", "448"]),
        ("4477/4478; 4490-4491", ["4477", "4478", "4490", "4491"]),
        ("+44 20", ["4420"]),
        ("+4477;+4478", ["4477", "4478"]),
        ("'4420", ["4420"]),
    ],
)
def test_lists_and_ranges_of_codes_become_a_row_each(cell: str, codes: list[str]) -> None:
    """Each code of a cell is an offer; a plus is dropped, and with it the spaces inside."""
    assert codes_in(cell) == codes


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("447700-44771", "same number of digits"),
        ("447700-05", "same number of digits"),
        ("447705-447700", "ends before it starts"),
        ("44770000-44771000", "more than 1,000 codes"),
        ("441000-441600; 442000-442600", "more than 1,000 codes"),
        ("447,700", "commas in it"),
        ("4,477,001", "commas in it"),
        ("4477 4478", "one code or two"),
        ("44 20", "one code or two"),
        ("0044", "not a dial code"),
        ("44x", "not a dial code"),
        ("4.477", "not a dial code"),
        ("2.77724E+11", "rounded"),
        ("2,77724E+11", "rounded"),
        ("2.77724e11; 4477", "rounded"),
        (";", "not a dial code"),
        ("1" * 16, "not a dial code"),
        ("1" * 5000 + "-" + "2" * 5000, "not a dial code"),
    ],
)
def test_what_has_no_one_reading_is_a_bad_row(cell: str, reason: str) -> None:
    """A mangled code, an uneven or huge range and an unclear list are reported, never guessed."""
    bad = only_bad(f'code,rate\n"{cell}",0.1\n')
    assert (bad.line, bad.column, bad.place) == (2, "code", "A")
    assert reason in bad.reason


def test_a_range_of_a_thousand_codes_is_the_largest() -> None:
    """1,000 codes are taken, 1,001 are not."""
    assert len(codes_in("4470000-4470999")) == 1000
    assert "more than 1,000" in only_bad("code,rate\n4470000-4471000,0.1\n").reason


def test_a_country_code_goes_before_each_area_code() -> None:
    """Two columns make one code; an empty area is the country, a zero in front is kept."""
    sheet = read_sheet(
        "Country Code,Area Code,Rate\n+44,20;121,0.1\n39,06,0.2\n1,212-214,0.3\n353,,0.4\n"
    )
    codes = [row.service.prefix for row in sheet.good]
    assert codes == ["4420", "44121", "3906", "1212", "1213", "1214", "353"]
    assert not sheet.bad


def test_an_area_without_its_country_is_bad() -> None:
    """Without the country code nothing says where an area code is."""
    bad = only_bad("Country Code,City Code,Rate\n,20,0.1\n")
    assert (bad.column, bad.reason) == ("Country Code", "empty")


def test_a_country_code_beside_the_whole_code_is_a_check() -> None:
    """A code that does not begin with the country code in its row is reported; a name is none."""
    sheet = read_sheet("Country Code,Dial Code,Rate\n44,4420,1\n44,20,1\nGB,4421,1\n")
    assert [row.service.prefix for row in sheet.good] == ["4420", "4421"]
    assert [(bad.line, bad.column) for bad in sheet.bad] == [(3, "Dial Code")]
    assert "country code 44" in sheet.bad[0].reason


def test_a_list_that_repeats_a_code_shows_it() -> None:
    """Codes that meet by expansion are shown like any two rows for one code."""
    sheet = read_sheet("code,rate\n4470-4472,0.1\n4471,0.2\n4472,0.1\n")
    assert [row.service.prefix for row in sheet.good] == ["4470", "4472"]
    assert [(bad.line, bad.value, bad.harmless) for bad in sheet.bad] == [
        (2, "4471", False),
        (3, "4471", False),
        (4, "4472", True),
    ]
    assert sheet.bad[0].offer_ids == ("standard:4471",)


@pytest.mark.parametrize(
    ("cell", "steps"),
    [("60/60", (60, 60)), ("1/1", (1, 1)), ("30/6", (30, 6)), ("60+1", (60, 1)), ("60", (60, 60))],
)
def test_an_increment_is_minimum_then_step(cell: str, steps: tuple[int, int]) -> None:
    """30/6 is a minimum of 30 seconds and steps of 6; one number is both."""
    (row,) = read_sheet(f"code,rate,Billing Increment\n44,0.1,{cell}\n").good
    assert (row.service.minimum_seconds, row.service.increment_seconds) == steps


@pytest.mark.parametrize("cell", ["06-Jun", "1/1/2026", "per second", "60/0"])
def test_an_increment_that_is_none_is_bad(cell: str) -> None:
    """A spreadsheet makes dates of 6/6: that is reported, not turned back."""
    assert only_bad(f"code,rate,Billing Increment\n44,0.1,{cell}\n").line == 2


def test_increments_in_two_ways_are_refused_as_a_whole() -> None:
    """A column of 60/60 beside a column of minimums says the same twice."""
    with pytest.raises(SheetUnreadable, match="two columns hold minimum_seconds"):
        read_sheet("code,rate,increment,minimum seconds\n")


APRIL = datetime(2026, 4, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "order", "moment"),
    [
        ("2026-04-03", None, APRIL),
        ("2026/4/3", None, APRIL),
        ("20260403", None, APRIL),
        ("2026-04-03T10:30:00Z", None, APRIL.replace(hour=10, minute=30)),
        ("2026-04-03 10:30:00+02:00", None, APRIL.replace(hour=8, minute=30)),
        ("2026-04-03 9:30 UTC", None, APRIL.replace(hour=9, minute=30)),
        ("3 Apr 2026", None, APRIL),
        ("03-APR-2026", None, APRIL),
        ("3rd April, 2026", None, APRIL),
        ("April 3, 2026", None, APRIL),
        ("13/04/2026", None, APRIL.replace(day=13)),
        ("04/13/2026", None, APRIL.replace(day=13)),
        ("05.05.2026", None, datetime(2026, 5, 5, tzinfo=UTC)),
        ("03/04/2026", "dmy", APRIL),
        ("04/03/2026", "mdy", APRIL),
        ("03/04/26", "dmy", APRIL),
        ("03-Apr-26", "dmy", APRIL),
        ("Immediately", None, None),
    ],
)
def test_dates_of_one_reading_are_read(
    text: str, order: DayOrder | None, moment: datetime | None
) -> None:
    """ISO, months by name and numbers of one reading are taken, 00:00 UTC where none is said."""
    assert moment_of(from_text(text), order) == moment


@pytest.mark.parametrize(
    ("text", "order", "reason"),
    [
        ("03/04/2026", None, "--dates dmy or mdy"),
        ("03.04.2026", None, "--dates dmy or mdy"),
        ("13/04/2026", "mdy", "no such day"),
        ("03-Apr-26", None, "four digits"),
        ("2026-02-30", None, "no such day"),
        ("2026-04-03 25:00", None, "no such day or time"),
        ("46115", None, "not a date"),
        ("soon", None, "not a date"),
        ("3 Foo 2026", None, "is no month"),
        ("1900-01-01", None, "the year is none of"),
    ],
)
def test_dates_of_two_readings_or_none_are_not(
    text: str, order: DayOrder | None, reason: str
) -> None:
    """3 April or 4 March is not guessed, and neither is the number that a date is kept as."""
    with pytest.raises(NoDate, match=reason):
        moment_of(from_text(text), order)


def test_a_rows_own_date_wins_over_the_sheets() -> None:
    """`effective` of the whole sheet holds where a row says none; a bad date is a bad row."""
    sheet = read_sheet(
        "code,rate,Effective Date\n44,0.1,\n45,0.1,2026-05-01\n46,0.1,03/04/2026\n",
        Reading(effective=APRIL),
    )
    assert [row.effective_at for row in sheet.good] == [APRIL, datetime(2026, 5, 1, tzinfo=UTC)]
    assert [(bad.column, bad.value) for bad in sheet.bad] == [("Effective Date", "03/04/2026")]


def test_a_currency_comes_from_row_heading_or_person() -> None:
    """A row's own currency counts; a heading such as "Rate (USD)" names it for all."""
    rows = read_sheet("code,rate,currency\n44,1,usd\n45,1,EUR\n46,1,\n").good
    assert [row.currency for row in rows] == ["USD", "EUR", ""]
    assert read_sheet("code,Rate (USD)\n44,1\n").good[0].currency == "USD"
    assert read_sheet("code,Price EUR/min\n44,1\n").good[0].currency == "EUR"
    assert read_sheet("code,rate\n44,1\n", Reading(currency="CHF")).good[0].currency == "CHF"


def test_a_currency_against_the_persons_word_is_bad() -> None:
    """Who says EUR of a sheet in USD is told, row by row."""
    bad = only_bad("code,rate,ccy\n44,1,USD\n", Reading(currency="EUR"))
    assert (bad.column, bad.place, bad.value) == ("ccy", "C", "USD")
    assert only_bad("code,rate,ccy\n44,1,$\n").reason == "not an ISO 4217 code such as EUR"


def test_a_closed_row_is_a_withdrawal_and_an_unclear_one_is_bad() -> None:
    """A row whose status says closed needs no rate; `D` may be a decrease or a deletion."""
    sheet = read_sheet(
        "code,rate,status\n44,,Deleted\n45,0.1,Increase\n46,0.1,D\n47,0.2,no change\n"
    )
    assert [(row.line, row.offer_id) for row in sheet.closed] == [(2, "standard:44")]
    assert [row.service.prefix for row in sheet.good] == ["45", "47"]
    assert [(bad.line, bad.column) for bad in sheet.bad] == [(4, "status")]


def test_a_deck_is_named_by_the_sheet_or_the_person() -> None:
    """Spaces in a product's name become dashes, since they stand in the offer's id."""
    rows = read_sheet("code,rate,Product\n44,1,Premium CLI\n45,1,\n", Reading(deck="gold")).good
    assert [row.offer_id for row in rows] == ["Premium-CLI:44", "gold:45"]
    assert only_bad("code,rate,deck\n44,1,(x)\n").column == "deck"


@pytest.mark.parametrize(
    ("code", "country"),
    [("1212", "1"), ("7495", "7"), ("4420", "44"), ("353", "353"), ("2507", "250"), ("88", "88")],
)
def test_a_code_begins_with_a_country_code(code: str, country: str) -> None:
    """E.164 country codes have one to three digits, and none begins with another."""
    assert country_code(code) == country


def test_an_asr_below_one_is_not_taken_for_a_percentage() -> None:
    """0.45 may be a ratio: 45 is not 0.45 percent."""
    assert "ratio" in only_bad("code,rate,asr\n44,1,0.45\n").reason
