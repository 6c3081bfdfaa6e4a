"""The sums that reports read always equal what a plain look at every message says."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select, update

from gateway.clock import BRUSSELS
from gateway.store import rapporten, tellingen
from gateway.store.engine import Store
from gateway.store.identifiers import eerste_id
from gateway.store.rapporten import Selectie
from gateway.store.tables import bericht, beslissing, geweigerde_lijn, levensstap, levering, zending

NU = datetime(2026, 6, 15, 12, tzinfo=UTC)
BELOFTEN = {"eibwfin": 60, "epvtfin": 5}
ALLES = Selectie(van=date(2025, 1, 1), tot=date(2027, 1, 1))


def een_bericht(conn: Connection, nummer: int, ontvangen_op: datetime, **kolommen: Any) -> str:
    bericht_id = f"{eerste_id(ontvangen_op)[:24]}{nummer:012x}"
    vast = dict.fromkeys(("afzender", "soort", "sha256", "inhoud_sha256", "identiteit", "certificaat_sha256"), "x")
    rij = {"id": bericht_id, "bedrijfs_id": bericht_id, "dienst": "aanvraag", "pijler": "eibwfin", "test": False, "octetten": 1}
    rij |= {"uitkomst": "aanvaard", "voorziening": "72090103000", "zorgkas": "180", "stap": "aanvaard"}
    conn.execute(insert(bericht).values(**vast, **(rij | kolommen), ontvangen_op=ontvangen_op))
    zet_stap(conn, bericht_id, ontvangen_op)
    return bericht_id


def zet_stap(conn: Connection, bericht_id: str, op: datetime) -> None:
    conn.execute(insert(levensstap).values(bericht_id=bericht_id, stap="stap", tijdstip=op, actor="gateway"))


def lever(conn: Connection, bericht_id: str, zorgkas: str, op: datetime | None) -> None:
    vast: dict[str, Any] = dict.fromkeys(("message_name", "input_reference", "hash"), "x")
    nummer = conn.execute(select(func.count()).select_from(levering)).scalar_one()
    vast |= {
        "id": f"l{nummer}",
        "transport": "pull",
        "toestand": "wacht",
        "pogingen": 0,
        "volgende_poging": NU,
        "aangemaakt_op": NU,
    }
    conn.execute(insert(levering).values(bericht_id=bericht_id, bestemming=f"zorgkas:{zorgkas}", afgeleverd_op=op, **vast))


def weiger(conn: Connection, bericht_id: str, *codes: tuple[str, str], door: str = "gateway") -> None:
    redenen = [{"code": code, "effect": effect} for code, effect in codes]
    vast = {"door": door, "op": NU, "gecontroleerd": [], "cookbook": "x"}
    conn.execute(insert(beslissing).values(bericht_id=bericht_id, uitkomst="geweigerd", redenen=redenen, **vast))


def met_de_hand(conn: Connection) -> Counter[tuple[Any, ...]]:
    """What `messages` must say, from the messages one by one."""
    gevonden: Counter[tuple[Any, ...]] = Counter()
    for b in conn.execute(select(bericht).where(bericht.c.test.is_(False))):
        sleutel = (b.ontvangen_op.astimezone(BRUSSELS).date().replace(day=1), b.pijler, b.zorgkas or "", b.voorziening or "")
        gevonden[(*sleutel, "berichten")] += 1
        gevonden[(*sleutel, b.uitkomst)] += 1
        bij = select(func.min(levering.c.afgeleverd_op)).where(
            levering.c.bericht_id == b.id, levering.c.bestemming == f"zorgkas:{b.zorgkas}", levering.c.soort == "bericht"
        )
        op = conn.execute(bij).scalar()
        gevonden[(*sleutel, "afgeleverd")] += op is not None
        gevonden[(*sleutel, "op_tijd")] += op is not None and op - b.ontvangen_op <= timedelta(minutes=BELOFTEN[b.pijler])
    return +gevonden


def geteld(conn: Connection) -> Counter[tuple[Any, ...]]:
    gevonden: Counter[tuple[Any, ...]] = Counter()
    for r in rapporten.lees(conn, rapporten.BERICHTEN, ALLES):
        for maat in ("berichten", "aanvaard", "geweigerd", "in_beraad", "afgeleverd", "op_tijd"):
            gevonden[(r.maand, r.pijler, r.zorgkas, r.voorziening, maat)] += getattr(r, maat)
    return +gevonden


def test_whatever_happens_to_messages_the_sums_equal_a_look_at_each(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tellingen, "_STAPPEN", 40)
    toeval = random.Random(8)
    nummers = iter(range(10_000))
    for ronde in range(5):
        with store.writing() as conn:
            for _ in range(60):
                zorgkas = toeval.choice(["180", "280", None])
                op = datetime(2026, toeval.choice([4, 5]), 30, 21, 59, tzinfo=UTC) + timedelta(
                    minutes=toeval.randrange(-600, 600)
                )
                gekozen = een_bericht(
                    conn,
                    next(nummers),
                    op,
                    pijler=toeval.choice(["eibwfin", "epvtfin"]),
                    voorziening=toeval.choice(["72090103000", "72090202000", None]),
                    uitkomst=toeval.choice(["aanvaard", "geweigerd", "in_beraad"]),
                    test=toeval.random() < 0.1,
                    zorgkas=zorgkas,
                )
                if zorgkas is not None and toeval.random() < 0.7:
                    lever(conn, gekozen, zorgkas, op + timedelta(seconds=toeval.randrange(1, 9_000)))
            for b in conn.execute(select(bericht.c.id).where(bericht.c.uitkomst == "in_beraad").limit(10)).scalars().all():
                conn.execute(update(bericht).where(bericht.c.id == b).values(uitkomst="geweigerd"))
                zet_stap(conn, b, NU)
        if ronde != 2:
            tellingen.werk_bij(store, BELOFTEN, NU + timedelta(hours=ronde))
            with store.reading() as conn:
                assert geteld(conn) == met_de_hand(conn)
    with store.reading() as conn:
        voor = geteld(conn)
    assert tellingen.tel_alles(store, BELOFTEN, NU) > 0
    with store.reading() as conn:
        assert geteld(conn) == voor
        # The sums of fewer keys are those of all keys together.
        alles = sum(n for sleutel, n in voor.items() if sleutel[-1] == "berichten")
        assert rapporten.lees(conn, rapporten.BERICHTEN, ALLES, ())[0].berichten == alles
        eigen = Selectie(van=ALLES.van, tot=ALLES.tot, zorgkas="280", pijler="epvtfin")
        assert {(r.zorgkas, r.pijler) for r in rapporten.lees(conn, rapporten.BERICHTEN, eigen)} == {("280", "epvtfin")}


def test_a_turnaround_is_counted_beside_the_promise(store: Store) -> None:
    with store.writing() as conn:
        for n, minuten in enumerate([1] * 90 + [59] * 9 + [61]):
            gekozen = een_bericht(conn, n, NU)
            lever(conn, gekozen, "180", NU + timedelta(minutes=minuten))
            lever(conn, gekozen, "280", NU)
    tellingen.werk_bij(store, BELOFTEN, NU)
    with store.reading() as conn:
        samen, een = rapporten.doorlooptijden(conn, ALLES)
    assert samen._replace(zorgkas="180") == een
    assert een._asdict() == {
        "pijler": "eibwfin", "zorgkas": "180", "berichten": 100, "p50": 60, "p90": 60, "p99": 3600, "op_tijd": 99
    }  # fmt: skip


def test_a_push_whose_receipt_alone_was_kept_counts_as_delivered_and_one_that_was_given_up_does_not(store: Store) -> None:
    with store.writing() as conn:
        for n, toestand in enumerate(("bevestigd", "opgegeven", "mislukt")):
            lever(conn, een_bericht(conn, n, NU), "180", None)
            nieuw = levering.c.id == f"l{n}"
            conn.execute(update(levering).where(nieuw).values(toestand=toestand, bevestigd_op=NU + timedelta(seconds=9)))
    tellingen.werk_bij(store, BELOFTEN, NU)
    with store.reading() as conn:
        assert rapporten.lees(conn, rapporten.BERICHTEN, ALLES, ())[0].afgeleverd == 1
        assert [(r.zorgkas, r.berichten, r.p50) for r in rapporten.doorlooptijden(conn, ALLES)] == [("", 1, 10), ("180", 1, 10)]


def test_a_reason_counts_once_a_message_and_a_signal_is_none(store: Store) -> None:
    with store.writing() as conn:
        for n in range(3):
            gekozen = een_bericht(conn, n, NU, uitkomst="geweigerd")
            weiger(conn, gekozen, ("IBW_1", "geweigerd"), ("IBW_1", "geweigerd"), ("IBW_2", "signaal"))
        weiger(conn, een_bericht(conn, 9, NU, uitkomst="geweigerd"), ("IBW_3", "geweigerd"))
        for n in (10, 11):
            weiger(conn, een_bericht(conn, n, NU, uitkomst="geweigerd"), door="zorgkas:180")
    tellingen.werk_bij(store, BELOFTEN, NU)
    with store.reading() as conn:
        gevonden = rapporten.lees(conn, rapporten.REDENEN, ALLES, ("code",), grootste="berichten", hoogstens=3)
    assert [tuple(r) for r in gevonden] == [("IBW_1", 3), (tellingen.DOOR_ZORGKAS, 2), ("IBW_3", 1)]


def test_a_settlement_moves_what_is_open_to_settled(store: Store) -> None:
    maand = date(2026, 3, 1)
    with store.writing() as conn:
        gekozen = een_bericht(conn, 1, NU, dienst="facturatie")
        vast = {"derdebetalende": "72090103000", "jaar": 2026, "nummer": "001", "maand": maand, "zorgkas": "180"}
        conn.execute(insert(zending).values(bericht_id=gekozen, gevraagd=1000, aanvaard=900, geweigerd=100, **vast))
    tellingen.werk_bij(store, BELOFTEN, NU)
    kolommen = ("gevraagd", "aanvaard", "geweigerd", "afgerekend", "open")

    def stand() -> list[int]:
        with store.reading() as conn:
            (rij,) = rapporten.lees(conn, rapporten.BEDRAGEN, ALLES)
        return [getattr(rij, k) for k in kolommen]

    assert stand() == [1000, 900, 100, 0, 900]
    with store.writing() as conn:
        conn.execute(update(zending).values(afgerekend=850, afgerekend_op=NU))
        lijn = {"factuurnummer": "1", "volgnummer": 1, "prestatiecode": "763055", "bedrag": 50, "code": "300430"}
        conn.execute(insert(geweigerde_lijn).values(bericht_id=gekozen, door="zorgkas:180", **lijn))
        zet_stap(conn, gekozen, NU)
    tellingen.werk_bij(store, BELOFTEN, NU)
    assert stand() == [1000, 850, 150, 850, 0]
    with store.reading() as conn:
        verloren = rapporten.lees(conn, rapporten.WEIGERINGEN, ALLES, ("code", "door"))
    assert [tuple(r) for r in verloren] == [("300430", "zorgkas:180", 1, 50)]
