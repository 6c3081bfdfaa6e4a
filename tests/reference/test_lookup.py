"""Questions to the reference data, asked of the sample."""

from datetime import date, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import Connection, Engine, event, insert

from gateway.reference import lookup
from gateway.reference import tables as t
from gateway.reference.model import Attestgebrek, Levering
from gateway.reference.voorbeeld import voorbeeldnamen
from gateway.routing.route import Status, deelperioden

from .conftest import VANDAAG

NAMEN = voorbeeldnamen()
P, V = NAMEN.personen, NAMEN.voorzieningen
NIEUWJAAR = date(VANDAAG.year, 1, 1)
OUDJAAR = NIEUWJAAR - timedelta(days=1)


def test_a_person_comes_with_affiliations_in_order_of_time(conn: Connection) -> None:
    bert = lookup.persoon(conn, P["bert"])
    assert bert is not None
    assert (bert.voornaam, bert.geslacht, bert.aansluiting_mogelijk) == ("Bert", "M", True)
    assert [(a.zorgkas, a.van, a.tot) for a in bert.aansluitingen] == [
        ("280", date(2019, 1, 1), OUDJAAR),
        ("580", NIEUWJAAR, None),
    ]


def test_a_person_nobody_knows_is_none(conn: Connection) -> None:
    assert lookup.persoon(conn, "99999999999") is None


@pytest.mark.parametrize(
    ("naam", "status", "zorgkas"),
    [
        ("els", Status.AANGESLOTEN, "180"),
        ("bert", Status.AANGESLOTEN, "580"),
        ("mia", Status.OVERLEDEN, None),
        ("omar", Status.AANGESLOTEN, "680"),
        ("lena", Status.NIET_AANGESLOTEN, None),
        ("tom", Status.GEEN_AANSLUITING_MOGELIJK, None),
        ("griet", Status.AANGESLOTEN, "380"),
        ("wout", Status.AANGESLOTEN, "480"),
        ("nele", Status.AANGESLOTEN, "580"),
        ("piet", Status.AANGESLOTEN, "280"),
        ("sofie", Status.AANGESLOTEN, "180"),
    ],
)
def test_each_named_sample_person_has_the_status_that_examples_count_on(
    conn: Connection, naam: str, status: Status, zorgkas: str | None
) -> None:
    (deel,) = deelperioden(lookup.persoon(conn, P[naam]), VANDAAG, VANDAAG)
    assert (deel.status, deel.zorgkas) == (status, zorgkas)
    assert deel.type == ({"omar": "administratief"}.get(naam, "officieel") if zorgkas else None)


def test_no_sample_person_can_be_a_real_one(conn: Connection) -> None:
    personen = lookup.personen(conn, [*P.values()])
    assert len(personen) == len(P)
    # Long dead, or the nine hundred and eightieth birth of one day: numbers that nobody was given.
    for persoon in personen.values():
        assert persoon.geboortedatum is not None
        assert 1902 <= persoon.geboortedatum.year <= 1919 or int(persoon.insz[6:9]) >= 980


def test_many_persons_cost_two_queries_per_five_hundred(geladen: Engine) -> None:
    inszen = [f"{n:011d}" for n in range(1201)]
    with geladen.begin() as conn:
        conn.execute(insert(t.persoon), [{"insz": i, "naam": "N", "voornaam": "V", "aansluiting_mogelijk": True} for i in inszen])
    vragen: list[str] = []
    event.listen(
        geladen, "before_cursor_execute", lambda _c, _cur, vraag, *_: vragen.append(vraag) if vraag.startswith("SELECT") else None
    )
    with geladen.connect() as conn:
        gevonden = lookup.personen(conn, [*inszen, *inszen, "niemand"])
    assert set(gevonden) == set(inszen)
    assert len(vragen) == 2 * 3


def test_a_facility_is_found_by_the_number_in_its_message_and_by_that_of_its_certificate(conn: Connection) -> None:
    brug = lookup.voorziening(conn, V["ibw1"])
    assert brug is not None
    assert (brug.naam, brug.kwaliteit) == ("Beschut Wonen De Brug", "NIHII-PROT_ACC")
    assert brug.kbo is not None
    assert brug.iban is not None
    assert lookup.voorziening(conn, V["ibw1"][:8]) == brug
    assert lookup.voorziening(conn, "72099902000") is None
    assert [v.riziv for v in lookup.voorzieningen(conn)] == sorted(V.values())


@pytest.mark.parametrize(
    ("wie", "pijler", "dag", "erkend"),
    [
        ("ibw1", "eibwfin", date(2024, 1, 1), True),
        ("ibw1", "eibwfin", date(2023, 12, 31), False),
        ("ibw1", "epvtfin", VANDAAG, False),
        ("ibw2", "eibwfin", VANDAAG, True),
        ("pvt1", "epvtfin", VANDAAG, True),
        ("wzc1", "ewzcfin", VANDAAG, True),
    ],
)
def test_recognition_is_per_pillar_and_per_day(conn: Connection, wie: str, pijler: str, dag: date, erkend: bool) -> None:
    assert lookup.erkend(conn, V[wie], pijler, dag) is erkend
    assert lookup.erkend(conn, V[wie][:8], pijler, dag) is erkend


def test_a_recognition_holds_up_to_and_with_its_last_day(geladen: Engine) -> None:
    with geladen.begin() as conn:
        conn.execute(
            insert(t.erkenning), {"riziv": V["wzc1"], "pijler": "eibwfin", "van": date(2025, 1, 1), "tot": date(2025, 6, 30)}
        )
        assert lookup.erkend(conn, V["wzc1"], "eibwfin", date(2025, 6, 30))
        assert not lookup.erkend(conn, V["wzc1"], "eibwfin", date(2025, 7, 1))
        assert [(e.pijler, e.tot) for e in lookup.erkenningen(conn, V["wzc1"])] == [
            ("eibwfin", date(2025, 6, 30)),
            ("ewzcfin", None),
        ]


def test_a_declaration_counts_from_its_first_day(conn: Connection) -> None:
    assert lookup.verklaring_op(conn, V["ibw1"], date(2024, 1, 1))
    assert not lookup.verklaring_op(conn, V["ibw1"], date(2023, 12, 31))
    assert not lookup.verklaring_op(conn, "72099902000", VANDAAG)


def test_a_mandate_is_for_one_facility_and_one_pillar(conn: Connection) -> None:
    assert lookup.mandaat_op(conn, V["pvt1"], V["ibw2"], "eibwfin", VANDAAG)
    assert lookup.mandaat_op(conn, V["pvt1"][:8], V["ibw2"], "eibwfin", VANDAAG)
    assert not lookup.mandaat_op(conn, V["pvt1"], V["ibw2"], "epvtfin", VANDAAG)
    assert not lookup.mandaat_op(conn, V["pvt1"], V["ibw1"], "eibwfin", VANDAAG)
    assert not lookup.mandaat_op(conn, V["ibw2"], V["pvt1"], "eibwfin", VANDAAG)
    assert not lookup.mandaat_op(conn, V["pvt1"], V["ibw2"], "eibwfin", date(2023, 12, 31))


def test_a_facilitys_own_price_comes_before_that_of_every_facility(geladen: Engine) -> None:
    with geladen.begin() as conn:
        conn.execute(
            insert(t.prijs),
            {"prestatiecode": "763055", "riziv": None, "van": date(2020, 1, 1), "tot": None, "bedrag": 1, "bron": "demo"},
        )
        prijzen = lookup.prijzen(conn, V["ibw1"])
    assert {p.voorziening for p in prijzen} == {V["ibw1"], None}

    def bedrag(dag: date) -> int:
        return next(p.bedrag for p in prijzen if p.prestatiecode == "763055" and p.geldt(V["ibw1"], dag))

    assert (bedrag(OUDJAAR), bedrag(NIEUWJAAR), bedrag(date(2021, 1, 1))) == (4512, 4689, 1)


def test_a_facility_without_prices_has_none(conn: Connection) -> None:
    assert lookup.prijzen(conn, "99999999999") == ()


def test_the_six_zorgkassen_are_known_by_code_and_by_the_number_in_their_certificate(conn: Connection) -> None:
    kassen = lookup.zorgkassen(conn)
    assert [k.code for k in kassen] == ["180", "280", "380", "480", "580", "680"]
    for kas in kassen:
        assert lookup.zorgkas(conn, kas.code) == lookup.zorgkas_van_kbo(conn, kas.kbo) == kas
        assert kas.actief
        assert kas.levering == (Levering.SOAP if kas.code in ("280", "480", "680") else Levering.PULL)
        assert (kas.endpoint is None) == (kas.levering is Levering.PULL)
    assert lookup.zorgkas(conn, "780") is None
    assert lookup.zorgkas_van_kbo(conn, "0900100117") is None


def test_an_attest_is_found_by_its_number_and_by_its_licence(conn: Connection) -> None:
    attest = lookup.attest(conn, "VSB-2024-0001")
    assert attest is not None
    assert attest == lookup.attest_van_licentie(conn, "zorgsoft")
    assert attest.pijlers == ("eibwfin", "epvtfin")
    assert attest.licentie_hash == sha256(b"zorgsoft-demo").hexdigest()
    assert attest.licentie_klopt(NAMEN.licenties["zorgsoft"])
    assert not attest.licentie_klopt("zorgsoft")
    assert lookup.attest(conn, "VSB-1999-0001") is None
    assert lookup.attest_van_licentie(conn, "niemand") is None


@pytest.mark.parametrize(
    ("nummer", "pijler", "dag", "gebrek"),
    [
        ("VSB-2024-0001", "eibwfin", VANDAAG, None),
        ("VSB-2024-0001", "eibwfin", date(2023, 6, 1), None),
        ("VSB-2024-0001", "eibwfin", date(2023, 5, 31), Attestgebrek.NOG_NIET_GELDIG),
        ("VSB-2024-0001", "ewzcfin", VANDAAG, Attestgebrek.ANDERE_PIJLER),
        ("VSB-2024-0002", "eibwfin", VANDAAG, Attestgebrek.GESCHORST),
        ("VSB-2021-0003", "eibwfin", VANDAAG, Attestgebrek.VERLOPEN),
        ("VSB-2021-0003", "eibwfin", date(2024, 6, 30), None),
    ],
)
def test_an_attest_says_why_it_does_not_hold(
    conn: Connection, nummer: str, pijler: str, dag: date, gebrek: Attestgebrek | None
) -> None:
    attest = lookup.attest(conn, nummer)
    assert attest is not None
    assert attest.geldig(pijler, dag) is gebrek
