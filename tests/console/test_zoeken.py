"""Searching gives every message that fits once, newest first, however the pages fall; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from gateway.console.operator import stroom
from gateway.console.vensters import Venster
from gateway.store import zoeken
from gateway.store.berichten import Stap
from gateway.store.eigen import Eigen, Filter, berichten_van
from gateway.store.engine import Store
from gateway.store.identifiers import LAATSTE, eerste_id, moment_van
from gateway.store.tables import bericht
from gateway.store.zoeken import Zoekvraag, zoek

NU = datetime(2026, 3, 2, 9, tzinfo=UTC)
PIJLERS = ("eibwfin", "ewzcfin")
STAPPEN = (Stap.BEVESTIGD, Stap.INHOUDELIJK_GEWEIGERD, Stap.GEROUTEERD)
AANTAL = 180


def row(n: int) -> dict[str, object]:
    moment = NU + timedelta(seconds=n)
    return {
        "id": f"{eerste_id(moment)[:14]}7{n:03x}-8000-{n:012x}",
        "dienst": "aanvraag",
        "afzender": f"riziv:7209010{n % 3}",
        "bedrijfs_id": f"ref-{n}",
        "pijler": PIJLERS[n % 2],
        "soort": "StartVerblijf",
        "test": False,
        "stap": STAPPEN[n % 3].value,
        "uitkomst": "geweigerd" if STAPPEN[n % 3] is Stap.INHOUDELIJK_GEWEIGERD else "aanvaard",
        "ontvangen_op": moment,
        "octetten": 10,
        "sha256": f"{n:064x}",
        "inhoud_sha256": f"{n + 1:064x}",
        "identiteit": "x",
        "certificaat_sha256": "0" * 64,
        "voorziening": f"7209010{n % 3}000",
        "insz": f"{n % 4:011d}",
        "zorgkas": ("180", "280")[n % 5 == 0],
        "attest": None if n % 2 else "VSB-2024-0001",
    }


@pytest.fixture
def filled(store: Store) -> Store:
    with store.writing() as conn:
        conn.execute(insert(bericht), [row(n) for n in range(AANTAL)])
    return store


def pages(store: Store, vraag: Zoekvraag) -> Iterator[list[str]]:
    key = vraag.voor
    while True:
        with store.reading() as conn:
            found = zoek(conn, replace(vraag, voor=key), PIJLERS)
        yield [r.bedrijfs_id for r in found.rijen]
        if found.volgende is None:
            return
        key = found.volgende


CASES = {
    "everything": (Zoekvraag(), lambda n: True),
    "a pillar": (Zoekvraag(pijler="eibwfin"), lambda n: n % 2 == 0),
    "a step": (Zoekvraag(stap="bevestigd"), lambda n: n % 3 == 0),
    "refused": (Zoekvraag(stap="geweigerd"), lambda n: n % 3 == 1),
    "a step of a pillar": (Zoekvraag(stap="gerouteerd", pijler="ewzcfin"), lambda n: n % 3 == 2 and n % 2 == 1),
    "a sender": (Zoekvraag(afzender="riziv:72090101"), lambda n: n % 3 == 1),
    "a facility": (Zoekvraag(voorziening="72090102000"), lambda n: n % 3 == 2),
    "an organisation": (Zoekvraag(voorziening="72090102"), lambda n: n % 3 == 2),
    "a zorgkas": (Zoekvraag(zorgkas="280"), lambda n: n % 5 == 0),
    "a zorgkas and a pillar": (Zoekvraag(zorgkas="280", pijler="eibwfin"), lambda n: n % 10 == 0),
    "an outcome": (Zoekvraag(uitkomst="geweigerd", zorgkas="180"), lambda n: n % 3 == 1 and n % 5 != 0),
    "a person": (Zoekvraag(insz="00000000002"), lambda n: n % 4 == 2),
    "a person's refusals": (Zoekvraag(insz="00000000002", stap="geweigerd"), lambda n: n % 4 == 2 and n % 3 == 1),
    "a reference": (Zoekvraag(bedrijfs_id="ref-7"), lambda n: n == 7),
    "a digest": (Zoekvraag(hash=f"{8:064x}"), lambda n: n in (7, 8)),
    "a window": (Zoekvraag(vanaf=eerste_id(NU + timedelta(seconds=100))), lambda n: n >= 100),
    "before a moment": (Zoekvraag(voor=eerste_id(NU + timedelta(seconds=20))), lambda n: n < 20),
}


@pytest.mark.parametrize("stretch", [20_000, 30], ids=["large stretches", "small stretches"])
@pytest.mark.parametrize("case", CASES)
def test_every_message_that_fits_comes_once_newest_first(
    filled: Store, case: str, stretch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoeken, "STUK", stretch)
    vraag, fits = CASES[case]
    found = [name for page in pages(filled, vraag) for name in page]
    assert found == [f"ref-{n}" for n in reversed(range(AANTAL)) if fits(n)]


def test_no_page_looks_at_more_than_a_stretch(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoeken, "STUK", 30)
    with filled.reading() as conn:
        page = zoek(conn, Zoekvraag(uitkomst="nothing of it"), PIJLERS)
    assert (list(page.rijen), page.gezocht_tot) == ([], row(AANTAL - 30)["id"])


OWN = {
    "a facility": (Eigen(voorzieningen=("72090102",)), Filter(), lambda n: n % 3 == 2),
    "two facilities": (Eigen(voorzieningen=("72090100", "72090101000")), Filter(), lambda n: n % 3 < 2),
    "a package": (Eigen(attesten=("VSB-2024-0001",)), Filter(), lambda n: n % 2 == 0),
    "a package's refusals": (Eigen(attesten=("VSB-2024-0001",)), Filter(uitkomst="geweigerd"), lambda n: n % 6 == 4),
    "a pillar it never sent for": (Eigen(attesten=("VSB-2024-0001",)), Filter(pijler="ewzcfin"), lambda n: False),
    "a reference": (Eigen(attesten=("VSB-2024-0001",)), Filter(referentie="ref-8"), lambda n: n == 8),
    "another's reference": (Eigen(attesten=("VSB-2024-0001",)), Filter(referentie="ref-7"), lambda n: False),
}


@pytest.mark.parametrize("case", OWN)
def test_ones_own_messages_come_once_newest_first_and_no_page_looks_at_more_than_a_stretch(
    filled: Store, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoeken, "STUK", 30)
    eigen, keuze, fits = OWN[case]
    found, key, looks = [], None, 0
    while looks == 0 or key is not None:
        with filled.reading() as conn:
            page = berichten_van(conn, eigen, replace(keuze, voor=key))
        found += [r.bedrijfs_id for r in page.rijen]
        key, looks = page.volgende, looks + 1
    assert found == [f"ref-{n}" for n in reversed(range(AANTAL)) if fits(n)]
    assert case != "a pillar it never sent for" or looks == 1 + AANTAL // 2 // 30


def test_counts_stop_at_their_bound(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with filled.reading() as conn:
        counts = stroom.tel_standen(conn, PIJLERS, "")
        monkeypatch.setattr(stroom, "MEEST", 10)
        bounded = stroom.tel_standen(conn, PIJLERS, "")
        late = stroom.tel_standen(conn, PIJLERS, eerste_id(NU + timedelta(seconds=AANTAL - 6)))
    assert sum(t.aantal for t in counts.values()) == AANTAL
    assert str(bounded["eibwfin", Stap.BEVESTIGD]) == "≥ 10"
    assert sum(t.aantal for t in late.values()) == 6


def test_the_stream_loses_nobody(filled: Store) -> None:
    with filled.reading() as conn:
        counts = stroom.tel_standen(conn, PIJLERS, "")
    drawn = stroom.teken(counts)
    past = [v.voorbij.aantal for v in drawn]
    left = [v.weg.aantal for v in drawn]
    assert past[0] == AANTAL
    assert all(before >= after + gone for before, after, gone in zip(past, past[1:], left[1:], strict=False))


def test_a_windows_first_id_comes_before_every_message_in_it() -> None:
    made = f"{eerste_id(NU)[:14]}7fff-8fff-{'f' * 12}"
    assert moment_van(made) == NU
    assert eerste_id(NU) <= made < eerste_id(NU + timedelta(milliseconds=1)) < LAATSTE
    assert Venster.ALLES.eerste_id(NU) == ""
    assert Venster.DAG.eerste_id(NU + timedelta(hours=24)) <= made
