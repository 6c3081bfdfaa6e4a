"""What a facility tries on a screen is checked and not kept; what a controller draws can be drawn again and proves itself."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import select

from conformance.berichten.messages import envelope, head, question, start
from conformance.walkthrough import sample_signer
from gateway.berichten.factuur import Zending
from gateway.berichten.factuur_schrijven import schrijf_zending
from gateway.berichten.markeren import plaats_in
from gateway.berichten.plat_schrijven import naar_plat
from gateway.diensten import proef_inzage, zaakdossier
from gateway.diensten.controle import noteer_uitvoer, steekproef_van, trek_opnieuw, trek_steekproef
from gateway.diensten.invoer import Ongeldig
from gateway.diensten.inzage import NietGevonden
from gateway.diensten.proef_scherm import Proefuitslag, probeer
from gateway.diensten.toegang import toegang_van
from gateway.diensten.zaakdossier import schrijf_zaakdossier
from gateway.refusal import Code, Refusal
from gateway.store import audit as keten
from gateway.store.eigen import Eigen, Filter, berichten_van, eigen_bericht, redenen_van
from gateway.store.steekproef import Criteria
from gateway.store.tables import bericht_inhoud, raadpleging
from gateway.trust.sealed import verify_sealed
from gateway.wire.envelope import serialise, write_envelope
from tests.console.wereld import Wereld, wereld
from tests.server.test_invoicing import dry_run, month_of, per_day, rows, with_lines
from tests.support import IBW1, IBW2, PERSONS, posted_zending

pytestmark = pytest.mark.both_engines


@pytest.fixture(scope="module")
def w(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wereld]:
    with wereld(tmp_path_factory.mktemp("proef"), new_database()) as opened:
        dossier = str(opened.meld("els", 20).Dossiernummer)
        opened.meld("lena")
        opened.zending("els", dossier, 1, month_of(opened.running)[:1], "EEN")
        yield opened


HOE = Path(zaakdossier.__file__).parent / "templates" / "hoe-nakijken.txt"
UNNAMED = {"manifest.json", "manifest.zegel.xml", "SHA256SUMS"}
"""Files of a case file that its manifest can not name."""


def aanvraag(w: Wereld, persoon: str, riziv: str = IBW1) -> str:
    return start(riziv, PERSONS[persoon], w.vandaag, head(riziv, w.running.now()))


def doe(w: Wereld, tekst: str | bytes, voorzieningen: tuple[str, ...] = (IBW1[:8],)) -> Proefuitslag:
    octetten = tekst.encode() if isinstance(tekst, str) else tekst
    return probeer(w.gateway, octetten, voorzieningen, w.running.now())


def codes(uitslag: Proefuitslag) -> list[str]:
    return [o.code for o in uitslag.opmerkingen]


def test_a_pasted_aanvraag_is_judged_as_if_sent_and_nothing_is_kept(w: Wereld) -> None:
    voor = rows(w.running)
    goed, fout = doe(w, aanvraag(w, "griet")), doe(w, aanvraag(w, "lena"))
    assert (goed.soort, goed.uitkomst, codes(goed)) == ("aanvraag", "aanvaard", [])
    assert (fout.uitkomst, codes(fout)) == ("geweigerd", ["VSB_STATUS_002"])
    assert fout.opmerkingen[0].remedie
    assert "envelop en handtekening" in goed.niet_gedaan
    kapot = doe(w, aanvraag(w, "griet").replace("<Startdatum>", "<Startdatum>x"))
    assert (kapot.uitkomst, set(codes(kapot))) == ("geweigerd", {"VSB-SCHEMA-001"})
    assert codes(doe(w, "<a><b></a>")) == ["VSB-WIRE-001"]
    assert codes(doe(w, '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>')) == ["VSB-WIRE-002"]
    assert rows(w.running) == voor


def gevraagd(w: Wereld) -> list[tuple[str, str, str]]:
    """Everybody that a try was about: afzender, sort of try, INSZ."""
    with w.gateway.store.reading() as conn:
        rijen = conn.execute(select(raadpleging).where(raadpleging.c.bericht_id.like("proef-%")).order_by(raadpleging.c.id))
        return [(r.afzender, r.bericht_id.partition(":")[0], r.insz) for r in rijen]


def test_whom_a_try_was_about_is_on_record(w: Wereld) -> None:
    voor = len(gevraagd(w))
    doe(w, aanvraag(w, "griet"))
    doe(w, aanvraag(w, "griet", IBW2))
    doe(w, aanvraag(w, "griet"), ())
    assert gevraagd(w)[voor:] == [(f"riziv:{IBW1[:8]}", "proef-aanvraag", PERSONS["griet"])], "what was answered, and no more"
    voor = len(gevraagd(w))
    dry_run(w.running, "aanvraag", envelope(aanvraag(w, "sofie"), sample_signer("facility-ibw-1"), w.running.now()))
    assert gevraagd(w)[voor:] == [(f"riziv:{IBW1[:8]}", "proef-aanvraag", PERSONS["sofie"])]
    voor = len(gevraagd(w))
    dry_run(w.running, "facturatie", posted_zending(w.running, schrijf_zending(_van_velen(w)), "PROEF"))
    assert sorted(i for _, _, i in gevraagd(w)[voor:]) == sorted(PERSONS[n] for n in ("els", "sofie", "griet"))


def _van_velen(w: Wereld) -> Zending:
    """A zending about a resident and two persons who never were."""
    nummer = str(next(r.dossiernummer for r in _eigen(w) if r.dossiernummer))
    zending = per_day(w.running, "els", nummer, 3, month_of(w.running)[1:2])
    een = zending.facturen[0]
    vreemd = [replace(een, factuurnummer=f"9{n}", insz=PERSONS[p]) for n, p in enumerate(("sofie", "griet"))]
    return replace(zending, facturen=(een, *vreemd), totaal=3 * zending.totaal)


def test_a_try_of_a_zending_tells_nothing_of_persons_who_have_no_dossier_here(w: Wereld, monkeypatch: pytest.MonkeyPatch) -> None:
    velen = _van_velen(w)
    # Whoever insures them, whether they live: the answer is the same.
    for zorgkas in (velen.zorgkas, "580"):
        uitslag = doe(w, schrijf_zending(replace(velen, zorgkas=zorgkas)))
        assert {o.factuurnummer for o in uitslag.opmerkingen} <= {velen.facturen[0].factuurnummer, None}
        assert "personen zonder dossier bij uw voorziening" in uitslag.niet_gedaan
    uitslag = doe(w, schrijf_zending(velen))
    assert (uitslag.uitkomst, uitslag.gevraagd, codes(uitslag)) == ("aanvaard", velen.totaal // 3, [])
    alleen = replace(velen, facturen=velen.facturen[1:], totaal=velen.totaal * 2 // 3)
    uitslag = doe(w, schrijf_zending(alleen))
    assert (uitslag.uitkomst, uitslag.opmerkingen, uitslag.gevraagd) == ("schema", (), None)
    monkeypatch.setattr(proef_inzage, "MAX_PERSONEN", 2)
    assert codes(doe(w, schrijf_zending(velen))) == ["VSB-WIRE-003"]


def test_a_facility_may_try_about_so_many_persons_a_day(w: Wereld, monkeypatch: pytest.MonkeyPatch) -> None:
    for persoon in ("griet", "sofie"):
        doe(w, aanvraag(w, persoon))
    monkeypatch.setattr(proef_inzage, "MAX_PER_DAG", 2)
    with pytest.raises(Refusal) as nee:
        doe(w, aanvraag(w, "lena"))
    assert nee.value.code is Code.BUSY
    ondertekend = envelope(aanvraag(w, "lena"), sample_signer("facility-ibw-1"), w.running.now())
    assert "VSB_STATUS_002" in etree.tostring(dry_run(w.running, "aanvraag", ondertekend)).decode(), "who signs is not counted"


def test_only_ones_own_messages_are_judged_and_a_vendor_gets_the_schema_alone(w: Wereld) -> None:
    vreemd = doe(w, aanvraag(w, "griet", IBW2))
    assert (vreemd.uitkomst, codes(vreemd)) == ("geweigerd", ["VSB-TRUST-015"])
    (andermans,) = vreemd.opmerkingen
    assert "certificaat" not in f"{andermans.tekst} {andermans.remedie}"
    assert (andermans.verwacht, andermans.gevonden) == (f"RIZIV-nummer {IBW1[:8]}…", f"{IBW2[:8]}…")
    leverancier = doe(w, aanvraag(w, "lena"), ())
    assert (leverancier.uitkomst, codes(leverancier), leverancier.niet_gedaan) == ("schema", [], ("inhoud",))


def test_a_pasted_envelope_says_what_is_wrong_with_its_signature_and_with_its_content(w: Wereld) -> None:
    now = w.running.now()
    vers = doe(w, envelope(aanvraag(w, "lena"), sample_signer("facility-ibw-1"), now))
    oud = doe(w, envelope(aanvraag(w, "lena"), sample_signer("facility-ibw-1"), now - timedelta(days=2)))
    assert (vers.ondertekend, codes(vers)) == (True, ["VSB_STATUS_002"])
    assert codes(oud) == ["VSB-TRUST-013", "VSB_STATUS_002"]
    post = doe(w, posted_zending(w.running, b"920000", "PROEF"))
    assert (post.soort, post.uitkomst, post.ondertekend) == ("zending", "geweigerd", True)


def test_of_an_envelope_of_any_service_everything_that_can_be_checked_is_told(w: Wereld) -> None:
    now, signer = w.running.now(), sample_signer("facility-ibw-1")
    vraag = question(PERSONS["els"], w.vandaag, w.vandaag, head(IBW1, now))
    goed = envelope(vraag, signer, now)
    kapot = goed.replace(b"<c:Van>", b"<c:Van> ")
    assert kapot != goed
    uren = timedelta(hours=2)
    oud_en_kapot = envelope(vraag, signer, now - uren).replace(b"<c:Van>", b"<c:Van> ")
    vervallen = envelope(vraag, sample_signer("bad-expired"), now - uren)
    vreemd = envelope(vraag, sample_signer("facility-ibw-2"), now)
    for bericht, verwacht in (
        (goed, []),
        (kapot, ["VSB-TRUST-005"]),
        (oud_en_kapot, ["VSB-TRUST-013", "VSB-TRUST-005"]),
        (vervallen, ["VSB-TRUST-013", "VSB-TRUST-008"]),
        (vreemd, ["VSB-TRUST-015"]),
    ):
        uitslag = doe(w, bericht, ())
        assert (codes(uitslag), uitslag.ondertekend) == (verwacht, True)
        assert uitslag.uitkomst == ("geweigerd" if verwacht else "schema")
        assert "inhoud" in uitslag.niet_gedaan
    kaal = doe(w, serialise(write_envelope(etree.fromstring(vraag))))
    assert (codes(kaal), kaal.ondertekend) == (["VSB-TRUST-001"], False)
    assert {"envelop en handtekening", "certificaat"} <= set(kaal.niet_gedaan)


@pytest.mark.parametrize(
    ("octetten", "gevonden"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "een afbeelding (PNG)"),
        (b"PK\x03\x04xxxx", "een zip-bestand"),
        (b"\xff\xfe\xfd\xfc", "4 octetten die geen UTF-8 zijn"),
        (b"hallo daar", "tekst van 10 tekens"),
    ],
)
def test_what_is_neither_xml_nor_flat_is_told_what_it_is_not_and_what_is_taken(w: Wereld, octetten: bytes, gevonden: str) -> None:
    (opmerking,) = doe(w, octetten).opmerkingen
    assert (opmerking.tekst, opmerking.gevonden) == ("Dit is geen XML en geen vlak bestand.", gevonden)
    assert "zending" in str(opmerking.verwacht)


def test_an_uploaded_zending_flat_or_not_is_judged_to_the_cent(w: Wereld) -> None:
    dag = month_of(w.running)[1]
    nummer = str(next(r.dossiernummer for r in _eigen(w) if r.dossiernummer))
    goed = per_day(w.running, "els", nummer, 2, [dag])
    fout = with_lines(goed, [x._replace(bedrag=1) for x in goed.facturen[0].lijnen])
    for gegeven, uitkomst, verwacht in ((goed, "aanvaard", []), (fout, "geweigerd", ["301940"])):
        for inhoud in (schrijf_zending(gegeven), naar_plat(gegeven)):
            uitslag = doe(w, inhoud)
            assert (uitslag.soort, uitslag.uitkomst, codes(uitslag)) == ("zending", uitkomst, verwacht)
    uitslag = doe(w, naar_plat(fout))
    assert uitslag.plat is not None
    assert [o.regel for o in uitslag.opmerkingen] == [3]
    assert doe(w, schrijf_zending(replace(goed, derdebetalende=IBW2))).uitkomst == "geweigerd"


def _eigen(w: Wereld) -> list[object]:
    with w.gateway.store.reading() as conn:
        return list(berichten_van(conn, Eigen(voorzieningen=(IBW1[:8],)), Filter()).rijen)


@pytest.mark.parametrize(
    ("plaats", "regel", "verwacht"),
    [
        ("/a/b[2]", None, "/a/b[2]"),
        ("/a/b", None, "/a/b[1]"),
        ("/a/c/weg/nog", None, "/a/c"),
        ("/Envelope/Body/a/c", 1, "/a"),
        ("//d", None, "/a/c/d"),
        ("/a/@attribuut", None, "/a"),
        ("BinarySecurityToken", None, None),
        (None, 2, "/a/c"),
        (None, 99, None),
    ],
)
def test_a_remark_finds_its_element_or_the_nearest_one(plaats: str | None, regel: int | None, verwacht: str | None) -> None:
    root = etree.fromstring('<a xmlns="urn:x"><b>1</b><b at="2">2</b>\n<c><d>3</d></c></a>')
    assert plaats_in(root, plaats, regel) == verwacht


def test_a_facility_finds_what_it_sent_and_a_vendor_what_its_package_sent(w: Wereld) -> None:
    with w.gateway.store.reading() as conn:

        def van(eigen: Eigen, **keuze: str) -> list[str]:
            return [r.id for r in berichten_van(conn, eigen, Filter(**keuze)).rijen]

        ibw, ander = Eigen(voorzieningen=(IBW1[:8],)), Eigen(voorzieningen=(IBW2[:8],))
        van_ibw = berichten_van(conn, ibw, Filter()).rijen
        assert len(van_ibw) == 3
        assert van(Eigen(attesten=("VSB-2024-0001",))) == [r.id for r in van_ibw]
        assert van(ander) == van(Eigen()) == van(ander, referentie="EEN") == van(Eigen(), referentie="EEN") == []
        assert eigen_bericht(conn, Eigen(), van_ibw[0].id) is None
        (geweigerd,) = van(Eigen(voorzieningen=(IBW1,)), uitkomst="geweigerd")
        assert [r["code"] for r in redenen_van(conn, [geweigerd])[geweigerd]] == ["VSB_STATUS_002"]
        assert van(ibw, voor=van_ibw[0].id) == [r.id for r in van_ibw[1:]]
        assert eigen_bericht(conn, ander, geweigerd) is None
        assert van(ibw, referentie="EEN") == [r.id for r in van_ibw if r.soort == "Zending"]
        assert van(ibw, referentie=geweigerd) == [geweigerd]
        stand = toegang_van(conn, (IBW1[:8],), (), w.vandaag)
    assert [(e.wat, e.stand) for e in stand.erkenningen] == [("eibwfin", "geldt")]
    assert [(a.nummer, s) for a, s in stand.attesten] == [("VSB-2024-0001", "geldt")]
    assert stand.certificaten


def trek(w: Wereld, criteria: Criteria, zaad: str = "zaad-1", aantal: int = 2) -> str:
    persoon = "account:co (controleur)"
    return trek_steekproef(w.gateway, criteria, aantal=aantal, zaad=zaad, doel="Nazicht van de maand", persoon=persoon)


def test_a_sample_is_drawn_by_criteria_and_can_be_drawn_again(w: Wereld) -> None:
    alles = Criteria(van=w.vandaag, tot=w.vandaag)
    nummer = trek(w, alles)
    row, gekozen = steekproef_van(w.gateway, nummer)
    assert (row.populatie, len(gekozen)) == (3, 2)
    assert trek_opnieuw(w.gateway, row).gelijk
    andere = {tuple(steekproef_van(w.gateway, trek(w, alles, zaad=f"z{n}"))[0].berichten) for n in range(8)}
    assert len(andere) > 1, "another seed, another sample"

    def aantal(**keuze: object) -> int:
        return int(steekproef_van(w.gateway, trek(w, replace(alles, **keuze)))[0].populatie)  # type: ignore[arg-type]

    assert aantal(dienst="facturatie") == aantal(minstens=1) == aantal(code="VSB_STATUS_002") == 1
    assert aantal(uitkomst="aanvaard") == aantal(zorgkas="180") == 2
    assert aantal(pijler="eibwfin", voorziening=IBW1) == aantal(voorziening=IBW1[:8]) == 3
    assert aantal(hoogstens=0) == aantal(van=w.vandaag - timedelta(days=9), tot=w.vandaag - timedelta(days=8)) == 0
    assert aantal(code="VSB_STATUS_001") == 0, "a code is that code, not what begins with it"
    with pytest.raises(Ongeldig, match="code: Deze code bestaat niet"):
        trek(w, replace(alles, code="VSB_STATUS_0"))
    w.meld("griet")
    later = trek_opnieuw(w.gateway, row)
    assert later.trekking.populatie == 4
    assert later.trekking.populatie_sha256 != row.populatie_sha256
    for fout in (Criteria(van=w.vandaag, tot=w.vandaag - timedelta(days=1)), replace(alles, minstens=5, hoogstens=1)):
        with pytest.raises(Ongeldig):
            trek(w, fout)
    with pytest.raises(Ongeldig):
        trek(w, alles, aantal=0)
    with w.gateway.store.reading() as conn:
        laatste = keten.laatste_records(conn, 1)[0]
    assert (laatste.gebeurtenis, laatste.actor) == ("steekproef_getrokken", "account:co (controleur)")
    assert json.loads(laatste.gegevens)["doel"] == "Nazicht van de maand"


def test_a_case_file_holds_the_exact_bytes_and_can_be_checked_without_the_gateway(w: Wereld) -> None:
    with w.gateway.store.reading() as conn:
        ids = [r.id for r in berichten_van(conn, Eigen(voorzieningen=(IBW1[:8],)), Filter()).rijen]
        stored = {r.bericht_id: r.octetten for r in conn.execute(select(bericht_inhoud))}
    doel_bestand = io.BytesIO()
    doel = "<script>alert(1)</script> nazicht"
    uit = schrijf_zaakdossier(w.gateway, doel_bestand, ids, doel=doel, persoon="account:co (controleur)")
    with zipfile.ZipFile(doel_bestand) as archief:
        manifest = archief.read("manifest.json")
        assert hashlib.sha256(manifest).hexdigest() == uit.manifest_sha256
        genoemd = {b["bestand"]: b["sha256"] for b in json.loads(manifest)["bestanden"]}
        assert genoemd == {n: hashlib.sha256(archief.read(n)).hexdigest() for n in archief.namelist() if n not in UNNAMED}
        for bericht_id in ids:
            assert archief.read(f"berichten/{bericht_id}/bericht.xml") == stored[bericht_id]
        sealed = verify_sealed(archief.read("manifest.zegel.xml"), w.gateway.trust.accept, w.running.now())
        assert sealed.content[0].text == uit.manifest_sha256
        index = archief.read("index.html").decode()
        assert "<script" not in index
        assert "&lt;script&gt;" in index
        namen = archief.namelist()
    assert any("leveringen" in n and "HCPFAC" in n for n in namen)
    assert any(n.endswith("certificaat.der") for n in namen)
    assert "verzegeld" not in index, "the audit chain says nothing of these"
    assert "Beschut Wonen De Brug" in index
    assert "€ " in index
    with pytest.raises(NietGevonden):
        schrijf_zaakdossier(w.gateway, io.BytesIO(), ["weg"], doel=doel, persoon="x")
    noteer_uitvoer(w.gateway, ids, wat=ids[0], doel=doel, persoon="account:co", sha256=uit.manifest_sha256)
    with w.gateway.store.reading() as conn:
        assert keten.laatste_records(conn, 1)[0].gebeurtenis == "zaakdossier_uitgevoerd"
    later = io.BytesIO()
    schrijf_zaakdossier(w.gateway, later, ids[:1], doel=doel, persoon="account:co")
    with zipfile.ZipFile(later) as archief:
        index = archief.read("index.html").decode()
    assert f"De auditketen van {w.vandaag:%d-%m-%Y} is nog niet verzegeld." in index


def test_who_follows_the_steps_of_a_case_file_finds_every_change(w: Wereld, tmp_path: Path) -> None:
    """Steps 1 to 3 of HOE-NAKIJKEN.txt, by the programs that it names."""
    with w.gateway.store.reading() as conn:
        ids = [r.id for r in berichten_van(conn, Eigen(voorzieningen=(IBW1[:8],)), Filter()).rijen][:1]
    doel_bestand = io.BytesIO()
    schrijf_zaakdossier(w.gateway, doel_bestand, ids, doel="nazicht van een zaak", persoon="account:co (controleur)")
    stappen = re.findall(r"^   ((?:sha256sum|grep|xmlsec1) .*)$", HOE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [s.split()[0] for s in stappen] == ["sha256sum", "sha256sum", "grep", "xmlsec1", "sha256sum"]

    def klopt(verander: str | None = None, *, ook_sommen: bool = False) -> bool:
        map_ = tmp_path / f"{verander}{ook_sommen}".replace("/", "-")
        with zipfile.ZipFile(doel_bestand) as archief:
            archief.extractall(map_)
        if verander is not None:
            (map_ / verander).write_bytes((map_ / verander).read_bytes().replace(b"e", b"a", 1))
        if ook_sommen:
            nieuw = [
                f"{hashlib.sha256((map_ / naam).read_bytes()).hexdigest()}  {naam}"
                for naam in re.findall(r"^[0-9a-f]{64}  (.+)$", (map_ / "SHA256SUMS").read_text(), re.MULTILINE)
            ]
            (map_ / "SHA256SUMS").write_text("\n".join(nieuw) + "\n")
        doe = [subprocess.run(s, shell=True, cwd=map_, capture_output=True, text=True, check=False) for s in stappen]
        gezien = set(re.findall(r"\b[0-9a-f]{64}\b", doe[1].stdout))
        verzegeld = set(re.findall(r"\b[0-9a-f]{64}\b", doe[2].stdout))
        return doe[0].returncode == 0 and gezien == verzegeld and len(gezien) == 2 and doe[3].returncode == 0

    assert klopt()
    for bestand in ("manifest.json", "index.html", "SHA256SUMS", "manifest.zegel.xml", f"berichten/{ids[0]}/bericht.json"):
        assert not klopt(bestand), bestand
    assert not klopt("manifest.json", ook_sommen=True), "also when the sums were made anew"
    assert not klopt("index.html", ook_sommen=True)
