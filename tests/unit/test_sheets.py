"""Reading rate sheets: every row is either an offer's terms or reported by line, never guessed."""

from decimal import Decimal
from pathlib import Path

import pytest

from strowger.contract.inbound import OfferPublished
from strowger.contract.voice import VoiceTermination
from strowger.demo.carriers import CARRIERS, offers_of, real_rates
from strowger.sheets import SheetUnreadable, read_sheet, read_sheet_file


def test_our_own_column_names_carry_every_term_of_an_offer() -> None:
    """Every field of a voice offer has a column of its own name."""
    sheet = read_sheet(
        "prefix,rate_per_minute,minimum_seconds,increment_seconds,connect_fee,capacity_minutes,deck\n"
        "4420,0.0125,30,6,0.001,5000,premium\n"
    )
    (row,) = sheet.good
    assert row.offer_id == "premium:4420"
    assert row.service == VoiceTermination(
        prefix="4420",
        deck="premium",
        rate_per_minute=Decimal("0.0125"),
        minimum_seconds=30,
        increment_seconds=6,
        connect_fee=Decimal("0.001"),
        capacity_minutes=5000,
    )


def test_qualities_have_columns_too() -> None:
    """ASR, ACD, PDD, channels, codecs, CLI and the origin are read where a sheet gives them."""
    (row,) = read_sheet(
        "Dial Code;Rate;ASR;ACD (sec);PDD (ms);Channels;Codecs;CLI;Origin\n"
        "4420;0.01;45%;180;2500;30;G.729, G711a;CLI;+33\n"
    ).good
    assert row.offer_id == "standard:4420~33"
    assert row.service == VoiceTermination(
        prefix="4420",
        origin="33",
        rate_per_minute=Decimal("0.01"),
        asr_percent=Decimal(45),
        acd_seconds=180,
        pdd_ms=Decimal(2500),
        channels=30,
        codecs=("g729", "g711a"),
        cli="guaranteed",
    )


def test_the_real_sheet_reads_but_for_the_rows_that_a_spreadsheet_damaged() -> None:
    """7,718 rows are good; the two rounded codes are rejected by line, with the reason."""
    sheet = real_rates()
    assert len(sheet.good) == 7718
    assert [(bad.line, bad.column, bad.value) for bad in sheet.bad] == [
        (6587, "Prefix", "2.77724E+11"),
        (6588, "Prefix", "2.77727E+11"),
    ]
    assert all("spreadsheet has rounded" in bad.reason for bad in sheet.bad)
    assert sheet.good[0].destination == "Afghanistan"
    assert sheet.good[0].country == "AF"


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("44,", "Price / min", "empty"),
        (",0.1", "Prefix", "empty"),
        ("044,0.1", "Prefix", "dial code"),
        ("44x,0.1", "Prefix", "dial code"),
        ("44,-0.1", "Price / min", "not negative"),
        ('44,"0,1"', "Price / min", "string of digits"),
        ("44,1e-2", "Price / min", "string of digits"),
        ("44,1000.5", "Price / min", "less than or equal to 1000"),
        ("44,0.1,9", "Prefix", "3 columns where the header has 2"),
    ],
)
def test_a_row_that_does_not_parse_is_reported(row: str, column: str, reason: str) -> None:
    """A bad row is left out with its line, column and reason, and its neighbours are kept."""
    sheet = read_sheet(f"Prefix,Price / min\n43,0.2\n{row}\n45,0.3\n")
    assert [good.service.prefix for good in sheet.good] == ["43", "45"]
    (bad,) = sheet.bad
    assert (bad.line, bad.column) == (3, column)
    assert reason in bad.reason


def test_a_count_that_is_no_whole_number_is_reported() -> None:
    """Seconds and minutes are counted in whole numbers, and are not rounded for the sender."""
    (bad,) = read_sheet("prefix,rate,minimum seconds\n44,0.1,1.5\n").bad
    assert (bad.column, bad.reason) == ("minimum seconds", "not a whole number")


def test_two_rows_for_one_code_that_differ_are_both_left_out() -> None:
    """Which of two prices is meant is not guessed: both lines are shown."""
    sheet = read_sheet("prefix,rate\n44,0.1\n45,0.1\n44,0.2\n")
    assert [row.service.prefix for row in sheet.good] == ["45"]
    assert [(bad.line, bad.value) for bad in sheet.bad] == [(2, "44"), (4, "44")]
    assert "line 4" in sheet.bad[0].reason


def test_a_row_that_stands_twice_counts_once() -> None:
    """A repeated row does no harm; the repeat is shown."""
    sheet = read_sheet("prefix,rate\n44,0.1\n44,0.1\n")
    assert len(sheet.good) == 1
    assert [bad.line for bad in sheet.bad] == [3]


def test_one_code_in_two_decks_is_two_offers() -> None:
    """A deck is part of what an offer is."""
    sheet = read_sheet("prefix,rate,deck\n44,0.1,standard\n44,0.2,premium\n")
    assert {row.offer_id for row in sheet.good} == {"standard:44", "premium:44"}
    assert not sheet.bad


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_sheets_come_with_other_delimiters_and_marks(tmp_path: Path, delimiter: str) -> None:
    """Semicolons, tabs, a byte-order mark, blank lines, CRLF and `+` before a code are taken."""
    path = tmp_path / "sheet.csv"
    text = f"# from a spreadsheet\n\ncode{delimiter}rate\r\n\r\n+44{delimiter} 0.1 \r\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    (row,) = read_sheet_file(path).good
    assert (row.line, row.service.prefix) == (5, "44")


def test_a_header_is_found_below_title_rows() -> None:
    """Titles and notes above the header are skipped; rows are told by their line in the file."""
    sheet = read_sheet(
        'ACME Carrier, A-Z rates\nValid for "all" customers\n\n'
        "Destination,Dial Code,Rate (EUR),Effective Date\n"
        'UK,"44\n45",0.1,2026-04-03\nSpain,x,0.2,2026-04-03\n'
    )
    assert [(row.line, row.service.prefix, row.currency) for row in sheet.good] == [
        (5, "44", "EUR"),
        (5, "45", "EUR"),
    ]
    assert [(bad.line, bad.column, bad.place) for bad in sheet.bad] == [(7, "Dial Code", "B")]


def test_text_as_utf16_is_taken_by_its_mark(tmp_path: Path) -> None:
    """What Excel calls Unicode text, with tabs, reads too."""
    path = tmp_path / "sheet.txt"
    path.write_bytes("code\trate\n44\t0.1\n".encode("utf-16"))
    assert len(read_sheet_file(path).good) == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"# only a comment\n", "empty"),
        (b"a,b\n1,2\n", "name the columns"),
        (b"prefix,rate,code\n", "two columns hold prefix"),
        (b'prefix,rate\n"44,0.1\n', "line 2"),
        (b"prefix,rate\n\xff\n", "not UTF-8"),
        (b"\xd0\xcf\x11\xe0", "old or encrypted Excel"),
        (b"PK\x03\x04 but no more", "damaged"),
    ],
)
def test_a_file_that_is_no_sheet_is_refused_as_a_whole(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    """What isn't a rate sheet says so, and what to change."""
    path = tmp_path / "sheet.csv"
    path.write_bytes(data)
    with pytest.raises(SheetUnreadable, match=reason):
        read_sheet_file(path)


def price_of(offer: OfferPublished) -> Decimal:
    """Give the price of a minute of a voice offer."""
    assert isinstance(offer.service, VoiceTermination)
    return offer.service.rate_per_minute


def test_simulated_carriers_are_the_same_every_time_and_differ_from_each_other() -> None:
    """The spread around the real prices comes from a seed, so that two runs trade the same book."""
    rows = real_rates().good[:50]
    prices = {
        carrier.name: [
            price_of(offer)
            for offer in offers_of(carrier, rows, market="voice", currency="EUR", revision=1)
        ]
        for carrier in CARRIERS
    }
    again = offers_of(CARRIERS[0], rows, market="voice", currency="EUR", revision=2)
    assert [price_of(offer) for offer in again] == prices["carrier-a"]
    assert len({tuple(each) for each in prices.values()}) == 5
    for carrier in CARRIERS:
        for row, price in zip(rows, prices[carrier.name], strict=True):
            real = row.service.rate_per_minute
            assert real * carrier.cheapest / 1000 - 1 < price < real * carrier.dearest / 1000 + 1
