"""What imports leave is kept in the home, and corrected by its ledger: the next sheet's before."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from strowger.cli.shared.kept import KeptSheet, known_otherwise
from strowger.cli.shared.place import NotSaid, place
from strowger.client import DeliveryReport
from strowger.contract.inbound import OfferPublished, OfferWithdrawn
from strowger.contract.outbound import EventRefused, OfferRemoved, OfferStored
from strowger.contract.refusals import Refusal
from strowger.sheets import read_sheet
from strowger.sheets.comparing import Wanted
from tests.importing import AT, declared, dry_run, file, ledger


def reports(revision: int, *said: OfferPublished | OfferWithdrawn) -> list[DeliveryReport]:
    """Give the answers of an exchange that takes everything."""
    stamp: dict[str, Any] = {"market": "voice", "causation_id": "e", "at": AT}

    def report(event: OfferPublished | OfferWithdrawn) -> DeliveryReport:
        told = {**stamp, "offer_id": event.offer_id, "revision": revision, "effective_at": AT}
        if isinstance(event, OfferPublished):
            return DeliveryReport(event, "stored", OfferStored(**told))
        return DeliveryReport(event, "removed", OfferRemoved(**told))

    return list(map(report, said))


def published(prefix: str, rate: str, revision: int = 1) -> OfferPublished:
    """Give an offer as an import sends it."""
    (row,) = read_sheet(f"code,rate\n{prefix},{rate}\n").good
    return OfferPublished(
        market="voice",
        offer_id=row.offer_id,
        revision=revision,
        currency="EUR",
        service=row.service,
    )


WANTED = {
    f"standard:{code}": Wanted(f"standard:{code}", None, country="GB") for code in ("44", "45")
}


def test_what_was_acknowledged_is_kept_for_the_next_sheet(tmp_path: Path) -> None:
    """The next import compares with what the exchange took, and not with what was merely sent."""
    unanswered = DeliveryReport(published("45", "0.2"), "unknown")
    kept = KeptSheet().after([*reports(1, published("44", "0.1")), unanswered], WANTED)
    kept.save(tmp_path, "voice", "x")
    assert KeptSheet.load(tmp_path, "voice", "x") == kept
    said = dry_run(tmp_path, file(tmp_path, "code,rate\n44,0.1\n45,0.2\n"))
    assert (said["counts"]["same"], said["counts"]["new"]) == (1, 1)
    assert "1 offers that imports from this home left" in said["against"]

    full = dry_run(tmp_path, file(tmp_path, "code,rate\n45,0.2\n"), "--scope", "full")
    assert full["counts"]["withdrawn"] == 1


def test_a_withdrawal_is_kept_and_one_that_found_nothing_forgets() -> None:
    """A withdrawn offer does not stand; one that the exchange does not know is no before."""
    withdrawn = OfferWithdrawn(market="voice", offer_id="standard:44", revision=2)
    stored = KeptSheet().after(reports(1, published("44", "0.1"), published("45", "1")), WANTED)
    kept = stored.after(reports(2, withdrawn), WANTED)
    assert kept.offers["standard:44"].at(AT) is not None
    assert kept.offers["standard:44"].revisions[-1].service is None
    refused = EventRefused(
        market="voice",
        causation_id="e",
        at=AT,
        refusal=Refusal.OFFER_UNKNOWN,
        retry=True,
        message="",
        subject="offer standard:45",
    )
    gone = OfferWithdrawn(market="voice", offer_id="standard:45", revision=2)
    assert "standard:45" not in kept.after([DeliveryReport(gone, "refused", refused)], {}).offers


def test_what_is_kept_and_damaged_says_what_to_do(tmp_path: Path) -> None:
    """A file that can't be read is never taken for an empty one: everything would be new."""
    path = tmp_path / "sheets" / "voice.x.json"
    path.parent.mkdir()
    path.write_text("{")
    with pytest.raises(NotSaid, match="--previous"):
        KeptSheet.load(tmp_path, "voice", "x")


async def test_the_ledger_tells_what_another_program_did(tmp_path: Path) -> None:
    """An offer changed since by another program has unknown terms; a withdrawn one is gone."""
    stamp: dict[str, Any] = {"market": "voice", "causation_id": "e", "at": AT, "effective_at": AT}
    await asyncio.to_thread(
        ledger,
        tmp_path,
        declared(),
        OfferStored(**stamp, offer_id="standard:44", revision=1),
        OfferStored(**stamp, offer_id="standard:45", revision=9),
        OfferRemoved(**stamp, offer_id="standard:46", revision=9),
        OfferStored(**stamp, offer_id="standard:47", revision=3),
    )
    kept = KeptSheet().after(
        reports(1, *(published(code, "0.1") for code in ("44", "45", "46"))),
        {f"standard:{code}": Wanted(f"standard:{code}", None) for code in ("44", "45", "46")},
    )
    here = place(home=tmp_path, market="voice", provider="x")
    corrected, unknown = await known_otherwise(here, "voice", "x", kept)
    assert set(corrected.offers) == {"standard:44"}
    assert unknown == {"standard:45", "standard:47"}
