"""What people of a zorgkas do on their screens does the same as its software by message, once, and only with its own members."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from lxml import etree
from sqlalchemy import insert, select, update

from gateway.berichten.names import ANTWOORD
from gateway.diensten.invoer import Ongeldig
from gateway.diensten.inzage import NietGevonden, bericht_van_kas
from gateway.diensten.kas_afrekenen import AlAfgerekend, Bevestiging, VoorstelGewijzigd, beeld, bevestig, neem_terug, stel_voor
from gateway.diensten.kas_beslissen import AlBeslist, Besluit, beslis, beslist
from gateway.diensten.kas_dossier import dossiers_van
from gateway.reference.tables import aansluiting
from gateway.schema import registry
from gateway.store import berichten, werklijst
from gateway.store.audit_tables import audit
from gateway.store.tables import beraad, dossierzorgkas
from tests.console.wereld import Wereld, label, results, wereld
from tests.server.test_invoicing import codes, month_of
from tests.support import PERSONS

pytestmark = pytest.mark.both_engines
REDEN = "De melding kwam te laat door een stroompanne."


@pytest.fixture(scope="module")
def w(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wereld]:
    with wereld(tmp_path_factory.mktemp("kas"), new_database()) as opened:
        yield opened


def besluit(bericht_id: str, **anders: str) -> Besluit:
    vast = {"zorgkas": "180", "persoon": "account:jan (zorgkas)", "uitkomst": "geweigerd", "motivering": REDEN}
    return Besluit(bericht_id=bericht_id, **{**vast, **anders})


def audit_over(w: Wereld, onderwerp: str) -> list[tuple[str, str]]:
    with w.gateway.store.reading() as conn:
        rows = conn.execute(select(audit.c.gebeurtenis, audit.c.actor).where(audit.c.onderwerp == onderwerp)).all()
    return [(r[0], r[1]) for r in rows]


def test_the_list_gives_what_waits_for_one_zorgkas_what_is_due_first_on_top_page_by_page(w: Wereld) -> None:
    bericht_id = w.in_beraad("sofie")
    with w.gateway.store.reading() as conn:
        rows = werklijst.in_beraad(conn, "180", pijler="eibwfin", na=None, limit=1)
        assert [r.bericht_id for r in rows] == [bericht_id]
        assert rows[0].voorziening_naam == "Beschut Wonen De Brug"
        na = (rows[0].vervalt_op, rows[0].bericht_id)
        assert werklijst.in_beraad(conn, "180", pijler=None, na=na, limit=10) == []
        assert werklijst.in_beraad(conn, "180", pijler="epvtfin", na=None, limit=10) == []
        assert werklijst.in_beraad(conn, "280", pijler=None, na=None, limit=10) == []
        assert werklijst.tel_beraad(conn, "180", pijler=None) == 1
        assert werklijst.tel_beraad(conn, "180", pijler="eibwfin", tot=w.vandaag) == 0
        assert [werklijst.tel_beraad(conn, "180", pijler=p) for p in ("eibwfin", "epvtfin")] == [1, 0]
    with w.gateway.store.writing() as conn:
        conn.execute(update(beraad).values(pijler=None))  # As the release before writes it.
    with w.gateway.store.reading() as conn:
        assert [werklijst.tel_beraad(conn, "180", pijler=p) for p in ("eibwfin", "epvtfin")] == [1, 0]
    beslis(w.gateway, besluit(bericht_id))
    with w.gateway.store.reading() as conn:
        assert werklijst.in_beraad(conn, "180", pijler=None, na=None, limit=10) == []


def test_a_decision_on_a_screen_is_the_decision_by_message_and_the_chain_names_the_person(w: Wereld) -> None:
    bericht_id = w.in_beraad()
    for fout, veld in (({"uitkomst": "in_beraad"}, "uitkomst"), ({"motivering": "  nee \x00"}, "motivering")):
        with pytest.raises(Ongeldig) as ongeldig:
            beslis(w.gateway, besluit(bericht_id, **fout))
        assert ongeldig.value.veld == veld
    beslis(w.gateway, besluit(bericht_id, uitkomst="geweigerd", motivering="<script>alert(1)</script> & te laat"))
    told = [etree.fromstring(c) for n, c, _ in w.running.facility().facturatie.get() if n == "VSB-BESLISSING"]
    (mine,) = [t for t in told if t.findtext(f"{{{ANTWOORD}}}MessageId") == bericht_id]
    registry.check(mine)
    assert mine.findtext(f"{{{ANTWOORD}}}Uitkomst") == "geweigerd"
    assert mine.findtext(f"{{{ANTWOORD}}}Motivering") == "<script>alert(1)</script> & te laat"
    assert audit_over(w, bericht_id) == [("zorgkas_besliste", "account:jan (zorgkas)")]
    with w.gateway.store.reading() as conn:
        steps = berichten.levensloop(conn, bericht_id)
        done = beslist(conn, bericht_id)
    assert (steps[-1].stap, steps[-1].actor) == ("beslist", "zorgkas:180"), "the facility is not told who it was"
    assert done is not None
    assert (done.persoon, done.uitkomst, done.door) == ("account:jan (zorgkas)", "geweigerd", "zorgkas:180")


def test_of_many_who_decide_at_once_one_does_and_the_others_hear_who_it_was(w: Wereld) -> None:
    bericht_id, start = w.in_beraad(), Barrier(8)
    gedaan: list[str] = []
    gehoord: list[AlBeslist] = []

    def doe(n: int) -> None:
        start.wait()
        try:
            beslis(w.gateway, besluit(bericht_id, persoon=f"account:p{n}", uitkomst=("aanvaard", "geweigerd")[n % 2]))
            gedaan.append(f"account:p{n}")
        except AlBeslist as eerder:
            gehoord.append(eerder)

    threads = [Thread(target=doe, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(gedaan) == 1
    assert {e.beslist.persoon for e in gehoord if e.beslist is not None} == set(gedaan)
    assert len(gehoord) == 7
    assert [actor for _, actor in audit_over(w, bericht_id)] == gedaan
    with w.gateway.store.reading() as conn:
        assert [s.stap for s in berichten.levensloop(conn, bericht_id)].count("beslist") == 1
    if gehoord[0].beslist is not None and gehoord[0].beslist.uitkomst == "aanvaard":
        nummer = w.running.facility().raadplegen(MessageId=bericht_id).Dossiernummer
        w.meld("sofie", Annulering={"Dossiernummer": nummer, "Reden": "vergissing"})


def test_another_zorgkas_or_a_wrong_id_finds_nothing(w: Wereld) -> None:
    bericht_id = w.in_beraad("sofie")
    for poging in (besluit(bericht_id, zorgkas="580"), besluit(str(uuid4())), besluit("<x>")):
        with pytest.raises(NietGevonden):
            beslis(w.gateway, poging)
    with w.gateway.store.reading() as conn:
        assert bericht_van_kas(conn, "580", bericht_id, w.vandaag) is None
        assert bericht_van_kas(conn, "180", bericht_id, w.vandaag)
    beslis(w.gateway, besluit(bericht_id))


def test_after_a_change_of_zorgkas_the_new_one_sees_all_and_the_old_one_what_was_its_own(w: Wereld) -> None:
    jaar, insz = w.vandaag.year, PERSONS["bert"]
    start = date(jaar - 1, 12, 20)
    eerste = w.meld("bert", StartVerblijf={"Startdatum": start, "TypeVerblijf": "regulier"})
    nummer = str(eerste.Dossiernummer)
    beslis(w.gateway, besluit(str(eerste.MessageId), zorgkas="280", uitkomst="aanvaard"))
    later = w.meld("bert", Afwezigheid={"Dossiernummer": nummer, "Reden": "ziekenhuis", "Van": w.vandaag})
    assert (eerste.Zorgkas, later.Zorgkas) == ("280", "580")
    with w.gateway.store.reading() as conn:

        def gezien(zorgkas: str | None, **wie: str) -> list[str]:
            lid = dossiers_van(conn, zorgkas=zorgkas, op=w.vandaag, vandaag=w.vandaag, **(wie or {"insz": insz}))
            return [s.gebeurtenis.soort for d in lid.dossiers for s in d.stukken]

        assert gezien("580") == gezien(None) == gezien("580", dossiernummer=nummer) == ["StartVerblijf", "Afwezigheid"]
        assert gezien("280") == ["StartVerblijf"]
        for vreemd in ("180", "680"):
            with pytest.raises(NietGevonden):
                gezien(vreemd)
            with pytest.raises(NietGevonden):
                gezien(vreemd, dossiernummer=nummer)
        with pytest.raises(NietGevonden):
            gezien("580", dossiernummer="BESTAAT-NIET")
        assert bericht_van_kas(conn, "580", str(eerste.MessageId), w.vandaag) == nummer
        assert bericht_van_kas(conn, "280", str(eerste.MessageId), w.vandaag) == nummer
        assert bericht_van_kas(conn, "280", str(later.MessageId), w.vandaag) is None
        with pytest.raises(NietGevonden):
            beslis(w.gateway, besluit(str(eerste.MessageId), zorgkas="580"))


def test_a_new_zorgkas_sees_the_dossier_from_the_day_on_which_it_is_told_of_the_change(w: Wereld) -> None:
    insz, jaar = PERSONS["griet"], w.vandaag.year
    nummer = str(w.meld("griet", 3).Dossiernummer)

    # In one transaction, so that the worker does not tell of the change meanwhile.
    with w.gateway.store.writing() as conn:

        def gezien(zorgkas: str) -> int:
            return len(dossiers_van(conn, insz=insz, zorgkas=zorgkas, op=w.vandaag, vandaag=w.vandaag).dossiers)

        conn.execute(update(aansluiting).where(aansluiting.c.insz == insz).values(tot=date(jaar, 12, 31)))
        komt = {"insz": insz, "zorgkas": "680", "type": "officieel", "van": date(jaar + 1, 1, 1)}
        conn.execute(insert(aansluiting).values(**komt))
        assert gezien("380") == 1
        with pytest.raises(NietGevonden):
            gezien("680")
        told = {"dossiernummer": nummer, "van": date(jaar + 1, 1, 1), "zorgkas": "680", "gemeld_op": w.running.now()}
        conn.execute(insert(dossierzorgkas).values(**told))
        assert gezien("680") == gezien("380") == 1
        conn.rollback()


def test_a_dossier_is_shown_as_it_was_known_on_a_day(w: Wereld) -> None:
    bericht_id = w.in_beraad("sofie")
    with w.gateway.store.reading() as conn:

        def beeld_op(dag: date) -> list[str]:
            lid = dossiers_van(conn, insz=PERSONS["sofie"], zorgkas="180", op=dag, vandaag=w.vandaag)
            return [d.verblijf.status for d in lid.dossiers if d.stukken[0].gebeurtenis.message_id == bericht_id]

        assert beeld_op(w.vandaag) == ["in_beraad"]
        assert beeld_op(w.vandaag - timedelta(days=1)) == [], "nobody knew of it then"
    beslis(w.gateway, besluit(bericht_id))
    with w.gateway.store.reading() as conn:
        assert beeld_op(w.vandaag) == ["geweigerd"]


def test_records_refused_by_hand_make_the_settlement_that_a_message_would(w: Wereld) -> None:
    dossier = str(w.meld("els", 20).Dossiernummer)
    dagen = month_of(w.running)
    bericht_id, given = w.zending("els", dossier, 1, dagen, "HAND1")
    tweede = given.facturen[0].lijnen[1]
    sleutel = (given.facturen[0].factuurnummer, 2)
    stel = {"reden": "300430", "motivering": "Niet aanwezig volgens het register.", "persoon": "account:an (zorgkas)"}
    with w.gateway.store.reading() as conn:
        nu = beeld(w.gateway, conn, "180", bericht_id)
        assert [r.bericht_id for r in werklijst.open_zendingen(conn, "180", na=None, limit=5)] == [bericht_id]
        with pytest.raises(NietGevonden):
            beeld(w.gateway, conn, "280", bericht_id)
    assert ([r.stand for r in nu.records], nu.te_betalen) == (["telt", "telt"], given.totaal)
    for fout in ([], [("9", 9)], [sleutel, ("9", 9)]):
        with pytest.raises(Ongeldig):
            stel_voor(w.gateway, "180", bericht_id, fout, **stel)
    with pytest.raises(Ongeldig):
        stel_voor(w.gateway, "180", bericht_id, [sleutel], **{**stel, "reden": "geen code!"})
    with pytest.raises(NietGevonden):
        stel_voor(w.gateway, "280", bericht_id, [sleutel], **stel)
    assert stel_voor(w.gateway, "180", bericht_id, [sleutel], **stel) == 1
    with w.gateway.store.reading() as conn:
        gezien = beeld(w.gateway, conn, "180", bericht_id)
    assert (gezien.geweigerd, gezien.te_betalen) == (tweede.bedrag, given.totaal - tweede.bedrag)
    goed = Bevestiging(
        bericht_id=bericht_id,
        zorgkas="180",
        persoon="account:an (zorgkas)",
        betaalreferentie="PAY-HAND-1",
        stand=gezien.voorstellen.stand,
        geweigerd=gezien.geweigerd,
    )
    stel_voor(w.gateway, "180", bericht_id, [sleutel], **{**stel, "reden": "300431"})
    with pytest.raises(VoorstelGewijzigd):
        bevestig(w.gateway, goed)
    neem_terug(w.gateway, "180", bericht_id, [sleutel])
    stel_voor(w.gateway, "180", bericht_id, [sleutel], **stel)

    uitslagen: list[object] = []
    start = Barrier(4)

    def doe() -> None:
        start.wait()
        try:
            uitslagen.append(bevestig(w.gateway, goed))
        except AlAfgerekend as eerder:
            uitslagen.append(eerder)

    threads = [Thread(target=doe) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(u, AlAfgerekend) for u in uitslagen) == 3
    eerder = next(u for u in uitslagen if isinstance(u, AlAfgerekend))
    assert eerder.handeling is not None
    assert eerder.handeling.persoon == "account:an (zorgkas)"
    told = results(w.running.facility().facturatie, "HAND1", 3)[-1]
    registry.check(told)
    assert (label(told), codes(told)) == ("AFREKENING-920900", ["300430"])
    assert told.findtext(f"{{{ANTWOORD}}}Aanvaard") == f"{given.totaal - tweede.bedrag}"
    assert told.findtext(f"{{{ANTWOORD}}}Betaalreferentie") == "PAY-HAND-1"
    assert audit_over(w, bericht_id) == [("zorgkas_rekende_af", "account:an (zorgkas)")]
    with w.gateway.store.reading() as conn:
        assert werklijst.open_zendingen(conn, "180", na=None, limit=5) == []
        (klaar,) = werklijst.afrekeningen(conn, "180", na=None, limit=5)
        assert (klaar.afgerekend, klaar.betaalreferentie) == (given.totaal - tweede.bedrag, "PAY-HAND-1")
        assert werklijst.afrekeningen(conn, "180", na=(klaar.afgerekend_op, klaar.bericht_id), limit=5) == []
        assert beeld(w.gateway, conn, "180", bericht_id).voorstellen.lijnen == ()
    with pytest.raises(AlAfgerekend):
        stel_voor(w.gateway, "180", bericht_id, [sleutel], **stel)
