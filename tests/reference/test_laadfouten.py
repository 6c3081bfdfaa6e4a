"""What loading says about files that are wrong: one clear line a row, and nothing written."""

from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine, select

from gateway.reference import tables as t
from gateway.reference.laden import Laadverslag, laad
from gateway.reference.lezen import Laadfout
from gateway.reference.voorbeeld import voorbeeldbestanden, voorbeeldnamen

from .conftest import VANDAAG, Schrijver
from .test_laden import inhoud

NAMEN = voorbeeldnamen()
ELS, BERT = NAMEN.personen["els"], NAMEN.personen["bert"]
IBW1 = NAMEN.voorzieningen["ibw1"]
FOUTE_ELS = ELS[:-1] + str((int(ELS[-1]) + 1) % 10)
ONBEKEND = f"111111995{97 - 111111995 % 97:02d}"

PERSONEN = "insz;naam;voornaam;geboortedatum;geslacht;adres;overlijdensdatum;aansluiting_mogelijk"
AANSLUITINGEN = "insz;zorgkas;type;van;tot"
VOORZIENINGEN = "riziv;naam;kwaliteit;kbo;iban"
ATTESTEN = "nummer;leverancier;product;versie_van;versie_tot;pijlers;van;tot;geschorst;licentie_gebruiker;licentie_hash"
HASH = "0" * 64
RUIS = Random(2019).randbytes(4096)

FOUTE_RIJEN = {
    "an INSZ with a wrong check digit": ("personen", PERSONEN, f"{FOUTE_ELS};N;V;;;;;ja", "insz", "controlegetal"),
    "an INSZ of ten digits": ("personen", PERSONEN, "1207179609;N;V;;;;;ja", "insz", "11 cijfers"),
    "an INSZ with points": ("personen", PERSONEN, "12.07.17-960.92;N;V;;;;;ja", "insz", "11 cijfers"),
    "no name": ("personen", PERSONEN, f"{ELS};;V;;;;;ja", "naam", "tekst"),
    "a name that is too long": ("personen", PERSONEN, f"{ELS};{'x' * 129};V;;;;;ja", "naam", "128"),
    "a tab in a name": ("personen", PERSONEN, f"{ELS};a\tb;V;;;;;ja", "naam", "leesbare"),
    "a day that does not exist": ("personen", PERSONEN, f"{ELS};N;V;1912-02-30;;;;ja", "geboortedatum", "jjjj-mm-dd"),
    "a day in Belgian order": ("personen", PERSONEN, f"{ELS};N;V;17/07/1912;;;;ja", "geboortedatum", "jjjj-mm-dd"),
    "a day without the dashes": ("personen", PERSONEN, f"{ELS};N;V;19120717;;;;ja", "geboortedatum", "jjjj-mm-dd"),
    "a year that no schema takes": ("personen", PERSONEN, f"{ELS};N;V;0912-07-17;;;;ja", "geboortedatum", "1850"),
    "an unknown placeholder": ("personen", PERSONEN, f"{ELS};N;V;{{year}}-01-01;;;;ja", "geboortedatum", "{jaar}"),
    "an unknown sex": ("personen", PERSONEN, f"{ELS};N;V;;F;;;ja", "geslacht", "M, V of X"),
    "yes for ja": ("personen", PERSONEN, f"{ELS};N;V;;;;;yes", "aansluiting_mogelijk", "ja of nee"),
    "death before birth": ("personen", PERSONEN, f"{ELS};N;V;1912-07-17;;;1911-01-01;ja", "overlijdensdatum", "1912-07-17"),
    "an unknown zorgkas code": ("aansluitingen", AANSLUITINGEN, f"{ELS};780;officieel;2020-01-01;", "zorgkas", "180"),
    "an unknown type of affiliation": ("aansluitingen", AANSLUITINGEN, f"{ELS};180;vrij;2020-01-01;", "type", "officieel of"),
    "no first day": ("aansluitingen", AANSLUITINGEN, f"{ELS};180;officieel;;", "van", "jjjj-mm-dd"),
    "an end before the start": (
        "aansluitingen",
        AANSLUITINGEN,
        f"{ELS};180;officieel;2020-01-02;2020-01-01",
        "tot",
        "2020-01-02",
    ),
    "a person nobody knows": ("aansluitingen", AANSLUITINGEN, f"{ONBEKEND};180;officieel;2020-01-01;", "insz", "personen"),
    "a facility nobody knows": (
        "erkenningen",
        "riziv;pijler;van;tot",
        "72099902000;eibwfin;2024-01-01;",
        "riziv",
        "voorzieningen",
    ),
    "a RIZIV number with a wrong check": ("voorzieningen", VOORZIENINGEN, "72090104000;N;NIHII-X;;", "riziv", "RIZIV"),
    "a RIZIV number of 8 digits": ("voorzieningen", VOORZIENINGEN, "72090103;N;NIHII-X;;", "riziv", "11 cijfers"),
    "a quality that is none": ("voorzieningen", VOORZIENINGEN, f"{IBW1};N;CBE;;", "kwaliteit", "NIHII"),
    "a KBO number with a wrong check": ("voorzieningen", VOORZIENINGEN, f"{IBW1};N;NIHII-X;0900177718;", "kbo", "KBO"),
    "a foreign IBAN": ("voorzieningen", VOORZIENINGEN, f"{IBW1};N;NIHII-X;;NL91ABNA0417164300", "iban", "Belgisch"),
    "an IBAN with a wrong check": ("voorzieningen", VOORZIENINGEN, f"{IBW1};N;NIHII-X;;BE15100900111131", "iban", "Belgisch"),
    "push without an address": (
        "zorgkassen",
        "code;naam;kbo;levering;endpoint;actief",
        "180;CM;0900118032;soap;;ja",
        "endpoint",
        "soap",
    ),
    "an address that is not on the web": (
        "zorgkassen",
        "code;naam;kbo;levering;endpoint;actief",
        "180;CM;0900118032;soap;file:///etc/passwd;ja",
        "endpoint",
        "http",
    ),
    **{
        f"an address that does not fit {levering}: {endpoint or 'none'}": (
            "zorgkassen",
            "code;naam;kbo;levering;endpoint;actief",
            f"180;CM;0900118032;{levering};{endpoint};ja",
            "endpoint",
            verwacht,
        )
        for levering, endpoint, verwacht in (
            ("pull", "file:///srv/kas", "haalt zelf op"),
            ("soap", "http://", "webadres"),
            ("map", "", "file:///"),
            ("map", "file://server/kas", "file:///"),
            ("map", "file:///srv/../etc", "file:///"),
            ("map", "file:///", "file:///"),
            ("map", "/srv/kas", "adres"),
            ("sftp", "", "sftp://"),
            ("sftp", "sftp://sftp.example/kas", "gebruiker"),
            ("sftp", "sftp://vsb@/kas", "server"),
            ("sftp", "sftp://vsb:geheim@sftp.example/kas", "zonder wachtwoord"),
            ("sftp", "sftp://vsb@sftp.example:0x1/kas", "sftp://"),
            ("sftp", "sftp://vsb@sftp.example", "map"),
            ("s3", "", "s3://"),
            ("s3", "s3://", "bucket"),
            ("s3", "s3://Hoofdletters/kas", "bucket"),
            ("s3", "s3://bucket/kas?versie=1", "bucket"),
        )
    },
    "a way of delivering that there is not": (
        "zorgkassen",
        "code;naam;kbo;levering;endpoint;actief",
        "180;CM;0900118032;ftp;ftp://kas.example/uit;ja",
        "levering",
        "pull, soap, map, sftp of s3",
    ),
    "a KBO number that another zorgkas has": (
        "zorgkassen",
        "code;naam;kbo;levering;endpoint;actief",
        "180;CM;0900128029;pull;;ja",
        "kbo",
        "280",
    ),
    "a version that is not of numbers": (
        "attesten",
        ATTESTEN,
        "X-1;L;P;1.0;2.x;eibwfin;2024-01-01;;nee;;",
        "versie_tot",
        "getallen",
    ),
    "versions the wrong way round": ("attesten", ATTESTEN, "X-1;L;P;1.10;1.9;eibwfin;2024-01-01;;nee;;", "versie_tot", "1.10"),
    "pillars separated by spaces": ("attesten", ATTESTEN, "X-1;L;P;1;2;eibwfin epvtfin;2024-01-01;;nee;;", "pijlers", "komma"),
    "a licence without its hash": ("attesten", ATTESTEN, "X-1;L;P;1;2;eibwfin;2024-01-01;;nee;u;", "licentie_hash", "samen"),
    "a licence that another attest has": (
        "attesten",
        ATTESTEN,
        f"X-1;L;P;1;2;eibwfin;2024-01-01;;nee;zorgsoft;{HASH}",
        "licentie_gebruiker",
        "VSB-2024-0001",
    ),
    "a price with a point": (
        "prijzen",
        "prestatiecode;riziv;van;tot;bedrag;bron",
        "763055;;2024-01-01;;45.12;demo",
        "bedrag",
        "eurocent",
    ),
    "a field too few": ("erkenningen", "riziv;pijler;van;tot", f"{IBW1};eibwfin;2024-01-01", None, "4 velden"),
}


def enige_fout(verslag: Laadverslag) -> Laadfout:
    assert len(verslag.fouten) == 1, [f.tekst for f in verslag.fouten]
    return verslag.fouten[0]


@pytest.mark.parametrize("geval", FOUTE_RIJEN)
def test_one_line_says_where_what_and_what_was_expected_of(geladen: Engine, schrijf: Schrijver, geval: str) -> None:
    soort, kop, rij, kolom, verwacht = FOUTE_RIJEN[geval]
    voor = inhoud(geladen)
    bestand = schrijf(f"{soort}.csv", f"{kop}\n{rij}\n")
    fout = enige_fout(laad(geladen, [bestand], VANDAAG))
    assert (fout.bestand, fout.regel, fout.kolom) == (bestand, 2, kolom)
    assert verwacht in fout.verwacht
    assert fout.tekst.startswith(f"{bestand}, regel 2")
    assert inhoud(geladen) == voor


def test_one_bad_row_among_good_ones_in_another_file_keeps_everything_out(engine: Engine, schrijf: Schrijver) -> None:
    slecht = schrijf("prijzen-slecht.csv", "prestatiecode;riziv;van;tot;bedrag;bron\n763055;;2024-01-01;;x;demo\n")
    verslag = laad(engine, [*voorbeeldbestanden(), slecht], VANDAAG)
    assert not verslag.geschreven
    assert enige_fout(verslag).bestand == slecht
    assert not any(inhoud(engine).values())
    with engine.connect() as conn:
        assert conn.execute(select(t.laadbeurt)).all() == []


def test_every_fault_of_every_bad_row_is_told_in_the_order_of_the_file(geladen: Engine, schrijf: Schrijver) -> None:
    rijen = [f"{FOUTE_ELS};;;;;;;misschien", f"{ELS};N;V;;;;;ja", f"{BERT};N;V;;;;;"]
    fouten = laad(geladen, [schrijf("personen.csv", "\n".join([PERSONEN, *rijen]))], VANDAAG).fouten
    van_rij_2 = ["insz", "naam", "voornaam", "aansluiting_mogelijk"]
    assert [(f.regel, f.kolom) for f in fouten] == [*((2, kolom) for kolom in van_rij_2), (4, "aansluiting_mogelijk")]


def test_an_insz_is_never_shown_whole_not_even_in_a_column_where_it_does_not_belong(geladen: Engine, schrijf: Schrijver) -> None:
    met_punten = "12.07.17-960.92"
    rijen = [f"{FOUTE_ELS};N;V;;;;;ja", f"{ELS};N;V;{ELS};;;;ja", f"{BERT};N;V;;{met_punten};;;ja"]
    personen = schrijf("personen.csv", "\n".join([PERSONEN, *rijen]))
    voorziening = schrijf("voorzieningen.csv", f"{VOORZIENINGEN}\n{ELS};N;NIHII-X;;\n")
    aansluiting = schrijf("aansluitingen.csv", f"{AANSLUITINGEN}\n{ONBEKEND};180;officieel;2020-01-01;\n")
    fouten = laad(geladen, [personen, voorziening, aansluiting], VANDAAG).fouten
    assert len(fouten) == 5
    alles = "\n".join(f.tekst for f in fouten)
    assert not any(insz in alles for insz in (ELS, FOUTE_ELS, ONBEKEND, met_punten))
    assert fouten[0].gevonden == f"{ELS[:2]}*******{FOUTE_ELS[-2:]}"


def test_a_licence_password_put_where_its_hash_belongs_is_not_shown(geladen: Engine, schrijf: Schrijver) -> None:
    bestand = schrijf("attesten.csv", f"{ATTESTEN}\nX-1;L;P;1;2;eibwfin;2024-01-01;;nee;u;geheim-woord\n")
    assert "geheim-woord" not in enige_fout(laad(geladen, [bestand], VANDAAG)).tekst


def test_a_password_in_an_address_is_not_shown(geladen: Engine, schrijf: Schrijver) -> None:
    rij = "180;CM;0900118032;sftp;sftp://vsb:geheim-woord@kas.example/vsb;ja"
    bestand = schrijf("zorgkassen.csv", f"code;naam;kbo;levering;endpoint;actief\n{rij}\n")
    tekst = enige_fout(laad(geladen, [bestand], VANDAAG)).tekst
    assert "sftp://vsb:***@kas.example/vsb" in tekst
    assert "geheim-woord" not in tekst


def test_a_person_with_two_zorgkassen_on_one_day_is_refused(geladen: Engine, schrijf: Schrijver) -> None:
    rijen = [f"{ELS};280;officieel;2025-12-31;", f"{ELS};180;officieel;2020-01-01;2025-12-31"]
    fout = enige_fout(laad(geladen, [schrijf("aansluitingen.csv", "\n".join([AANSLUITINGEN, *rijen]))], VANDAAG))
    assert (fout.regel, fout.kolom) == (2, "van")
    assert "regel 3 (2020-01-01 tot 2025-12-31)" in fout.verwacht


def test_overlap_is_seen_across_files_and_past_a_short_period_inside_a_long_one(geladen: Engine, schrijf: Schrijver) -> None:
    lang_en_kort = schrijf(
        "aansluitingen-a.csv",
        f"{AANSLUITINGEN}\n{ELS};180;officieel;2020-01-01;2020-12-31\n{ELS};280;officieel;2020-02-01;2020-02-29\n",
    )
    later = schrijf("aansluitingen-b.csv", f"{AANSLUITINGEN}\n{ELS};380;officieel;2020-06-01;\n")
    fouten = laad(geladen, [lang_en_kort, later], VANDAAG).fouten
    assert [(f.bestand, f.regel) for f in fouten] == [(lang_en_kort, 3), (later, 2)]
    assert "regel 2 van aansluitingen-a.csv" in fouten[1].verwacht


def test_periods_that_touch_without_a_shared_day_are_fine(geladen: Engine, schrijf: Schrijver) -> None:
    rijen = [f"{ELS};280;officieel;2026-01-01;", f"{ELS};180;officieel;2020-01-01;2025-12-31"]
    assert laad(geladen, [schrijf("aansluitingen.csv", "\n".join([AANSLUITINGEN, *rijen]))], VANDAAG).geschreven


def test_two_prices_of_one_facility_on_one_day_are_refused_and_of_two_facilities_are_not(
    geladen: Engine, schrijf: Schrijver
) -> None:
    kop = "prestatiecode;riziv;van;tot;bedrag;bron"
    ibw2 = NAMEN.voorzieningen["ibw2"]
    goed = [f"763055;{IBW1};2024-01-01;;1;demo", f"763055;{ibw2};2024-01-01;;1;demo", "763055;;2024-01-01;;1;demo"]
    assert laad(geladen, [schrijf("prijzen.csv", "\n".join([kop, *goed]))], VANDAAG).geschreven
    slecht = [*goed, "763055;;2025-01-01;;2;demo"]
    assert enige_fout(laad(geladen, [schrijf("prijzen.csv", "\n".join([kop, *slecht]))], VANDAAG)).regel == 5


def test_a_key_that_stands_twice_is_refused_the_second_time(geladen: Engine, schrijf: Schrijver) -> None:
    bestand = schrijf("personen.csv", f"{PERSONEN}\n{ELS};N;V;;;;;ja\n{ELS};M;V;;;;;ja\n")
    fout = enige_fout(laad(geladen, [bestand], VANDAAG))
    assert (fout.regel, fout.kolom) == (3, "insz")
    assert "regel 2" in fout.verwacht


def test_what_refers_to_a_refused_row_is_not_a_second_fault(geladen: Engine, schrijf: Schrijver) -> None:
    personen = schrijf("personen.csv", f"{PERSONEN}\n{ONBEKEND};;V;;;;;ja\n")
    aansluitingen = schrijf("aansluitingen.csv", f"{AANSLUITINGEN}\n{ONBEKEND};180;officieel;2020-01-01;\n")
    assert enige_fout(laad(geladen, [personen, aansluitingen], VANDAAG)).bestand == personen


def test_bytes_that_are_not_utf_8_cost_only_their_own_row(geladen: Engine, tmp_path: Path) -> None:
    bestand = tmp_path / "personen.csv"
    bestand.write_bytes(f"{PERSONEN}\n{ELS};No\xeblla;V;;;;;ja\n{BERT};N;V;;F;;;ja\n".encode("latin-1"))
    fouten = laad(geladen, [bestand], VANDAAG).fouten
    assert [(f.regel, f.kolom) for f in fouten] == [(2, "naam"), (3, "geslacht")]
    assert "UTF-8" in fouten[0].verwacht


def test_a_quote_that_is_never_closed_is_named_with_the_line_where_it_opened(geladen: Engine, schrijf: Schrijver) -> None:
    bestand = schrijf("personen.csv", f'{PERSONEN}\n{ELS};N;V;;;;;ja\n{BERT};"N;V;;;;;ja\n{ELS};N;V;;;;;ja\n')
    fout = enige_fout(laad(geladen, [bestand], VANDAAG))
    assert (fout.regel, fout.kolom) == (3, None)
    assert "aanhalingstekens" in fout.verwacht


def test_line_numbers_stay_right_after_a_field_over_two_lines(geladen: Engine, schrijf: Schrijver) -> None:
    bestand = schrijf("personen.csv", f'{PERSONEN}\n{ELS};"A\nB";V;;;;;ja\n{BERT};N;V;;F;;;ja\n')
    assert [f.regel for f in laad(geladen, [bestand], VANDAAG).fouten] == [2, 4]


@pytest.mark.parametrize(
    ("kop", "verwacht"),
    [
        ("insz;naam;aansluiting_mogelijk", "voornaam ontbreekt"),
        (f"{PERSONEN};schoenmaat", "alleen de kolommen"),
        (f"{PERSONEN};naam", "elke kolom één keer"),
        (PERSONEN.replace(";", ","), "ontbreekt"),
        ("", "een eerste regel"),
    ],
)
def test_a_wrong_first_row_is_one_fault_for_the_whole_file(geladen: Engine, schrijf: Schrijver, kop: str, verwacht: str) -> None:
    bestand = schrijf("personen.csv", f"{kop}\nrommel\nrommel\n" if kop else "")
    fout = enige_fout(laad(geladen, [bestand], VANDAAG))
    assert fout.regel == 1
    assert verwacht in fout.verwacht


@pytest.mark.parametrize("rommel", [b"", b"\x00\xff\x00\xff", RUIS, b"a;b;c\n1;2;3\n", b'"'])
def test_a_file_of_no_known_kind_is_refused_with_the_kinds_there_are(geladen: Engine, tmp_path: Path, rommel: bytes) -> None:
    bestand = tmp_path / "iets.bin"
    bestand.write_bytes(rommel)
    assert "personen" in enige_fout(laad(geladen, [bestand], VANDAAG)).verwacht


@pytest.mark.parametrize("rommel", [b"\x00\xff\x00\xff", RUIS, b"\xef\xbb\xbf", b'"', b"\r\r\r"])
def test_rubbish_under_a_known_name_gives_a_fault_and_no_traceback(geladen: Engine, tmp_path: Path, rommel: bytes) -> None:
    bestand = tmp_path / "personen.csv"
    bestand.write_bytes(rommel)
    assert laad(geladen, [bestand], VANDAAG).fouten


def test_a_file_that_is_not_there_is_the_callers_error(geladen: Engine, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        laad(geladen, [tmp_path / "personen.csv"], VANDAAG)
