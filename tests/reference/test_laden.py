"""What loading does with files that are right."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Engine, create_engine, func, select
from sqlalchemy.pool import StaticPool

from gateway.reference import tables as t
from gateway.reference.laden import controleer, laad
from gateway.reference.soorten import SOORTEN, Soort
from gateway.reference.voorbeeld import voorbeeldbestanden, voorbeeldnamen
from gateway.store.metadata import metadata

from .conftest import VANDAAG, Schrijver

ELS = voorbeeldnamen().personen["els"]
BERT = voorbeeldnamen().personen["bert"]
IBW1 = voorbeeldnamen().voorzieningen["ibw1"]


def inhoud(engine: Engine) -> dict[str, Sequence[Any]]:
    """Every row of every reference table, without the row numbers."""
    with engine.connect() as conn:
        return {
            s.naam: conn.execute(
                select(*(s.tabel.c[k.naam] for k in s.kolommen)).order_by(*(s.tabel.c[n] for n in s.sleutel), *_begin(s))
            ).all()
            for s in SOORTEN
        }


def _begin(soort: Soort) -> list[Column[Any]]:
    return [soort.tabel.c.van] if soort.perioden else []


def test_the_sample_fills_every_table(geladen: Engine) -> None:
    gevuld = inhoud(geladen)
    assert all(gevuld.values())
    assert len(gevuld["zorgkassen"]) == 6
    assert len(gevuld["personen"]) >= 50


@pytest.mark.parametrize("jaar", [2024, 2026, 2027, 2038])
def test_the_sample_loads_in_whatever_year(engine: Engine, jaar: int) -> None:
    assert laad(engine, voorbeeldbestanden(), date(jaar, 1, 1)).geschreven
    with engine.connect() as conn:
        kassen = conn.execute(
            select(t.aansluiting.c.zorgkas, t.aansluiting.c.van, t.aansluiting.c.tot)
            .where(t.aansluiting.c.insz == BERT)
            .order_by(t.aansluiting.c.van)
        ).all()
    assert [tuple(k) for k in kassen] == [
        ("280", date(2019, 1, 1), date(jaar - 1, 12, 31)),
        ("580", date(jaar, 1, 1), None),
    ]


def test_loading_the_same_files_again_changes_nothing(geladen: Engine) -> None:
    eerst = inhoud(geladen)
    assert laad(geladen, voorbeeldbestanden(), VANDAAG).geschreven
    assert inhoud(geladen) == eerst


def test_loading_the_sample_a_year_later_moves_its_dates_and_leaves_no_old_ones(geladen: Engine) -> None:
    laad(geladen, voorbeeldbestanden(), date(2027, 3, 15))
    vers = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(vers)
    laad(vers, voorbeeldbestanden(), date(2027, 3, 15))
    assert inhoud(geladen) == inhoud(vers)


def test_a_row_replaces_the_row_with_its_key_and_leaves_the_others(geladen: Engine, schrijf: Schrijver) -> None:
    bestand = schrijf("personen.csv", f"insz;naam;voornaam;aansluiting_mogelijk\n{ELS};Nieuw;Els;ja\n")
    voor = len(inhoud(geladen)["personen"])
    assert laad(geladen, [bestand], VANDAAG).geschreven
    with geladen.connect() as conn:
        assert conn.execute(select(t.persoon.c.naam).where(t.persoon.c.insz == ELS)).scalar_one() == "Nieuw"
    assert len(inhoud(geladen)["personen"]) == voor


def test_periods_replace_all_periods_of_the_same_person_and_of_nobody_else(geladen: Engine, schrijf: Schrijver) -> None:
    bestand = schrijf("aansluitingen.csv", f"insz;zorgkas;type;van;tot\n{BERT};680;officieel;2020-01-01;\n")
    voor = len(inhoud(geladen)["aansluitingen"])
    laad(geladen, [bestand], VANDAAG)
    with geladen.connect() as conn:
        assert conn.execute(select(t.aansluiting.c.zorgkas).where(t.aansluiting.c.insz == BERT)).scalars().all() == ["680"]
    assert len(inhoud(geladen)["aansluitingen"]) == voor - 1


def test_a_price_for_every_facility_replaces_only_that_and_not_a_facilitys_own(geladen: Engine, schrijf: Schrijver) -> None:
    kop = "prestatiecode;riziv;van;tot;bedrag;bron\n"
    eerst = schrijf("prijzen-1.csv", f"{kop}763055;;2024-01-01;;1000;demo\n")
    later = schrijf("prijzen-2.csv", f"{kop}763055;;2025-01-01;;1100;demo\n")
    eigen = select(func.count()).where(t.prijs.c.prestatiecode == "763055", t.prijs.c.riziv.is_not(None))
    algemeen = select(t.prijs.c.bedrag).where(t.prijs.c.riziv.is_(None))
    with geladen.connect() as conn:
        voor = conn.execute(eigen).scalar_one()
    laad(geladen, [eerst], VANDAAG)
    laad(geladen, [later], VANDAAG)
    with geladen.connect() as conn:
        assert conn.execute(algemeen).scalars().all() == [1100]
        assert conn.execute(eigen).scalar_one() == voor


def test_the_order_of_the_files_does_not_matter(engine: Engine) -> None:
    assert laad(engine, list(reversed(voorbeeldbestanden())), VANDAAG).geschreven


def test_a_file_given_twice_is_read_once(engine: Engine) -> None:
    assert laad(engine, [*voorbeeldbestanden(), *voorbeeldbestanden()], VANDAAG).geschreven


def test_the_kind_follows_from_the_columns_when_the_name_says_nothing(geladen: Engine, schrijf: Schrijver) -> None:
    bestand = schrijf("export42.csv", f"pijler;riziv;tot;van\neibwfin;{IBW1};;2024-01-01\n")
    assert laad(geladen, [bestand], VANDAAG).bestanden[0].soort == "erkenningen"


def test_a_byte_order_mark_windows_line_ends_and_empty_lines_do_not_matter(geladen: Engine, tmp_path: Path) -> None:
    bestand = tmp_path / "personen.csv"
    bestand.write_bytes(f"\ufeffinsz;naam;voornaam;aansluiting_mogelijk\r\n\r\n{ELS};Noëlla;Els;ja\r\n\r\n".encode())
    assert laad(geladen, [bestand], VANDAAG).bestanden[0].rijen == 1


def test_each_load_is_on_record_with_the_files_hash(geladen: Engine) -> None:
    moment = datetime(2026, 3, 15, 12, 30, tzinfo=UTC)
    verslag = laad(geladen, voorbeeldbestanden(), VANDAAG, op=moment)
    with geladen.connect() as conn:
        rijen = conn.execute(select(t.laadbeurt).where(t.laadbeurt.c.wanneer == moment)).all()
    assert {(r.bestand, r.sha256) for r in rijen} == {(g.bestand.name, g.sha256) for g in verslag.bestanden}
    assert len(rijen) == 12


def test_progress_ends_at_the_whole_file(engine: Engine) -> None:
    gemeld: dict[Path, tuple[int, int]] = {}
    laad(engine, voorbeeldbestanden(), VANDAAG, voortgang=lambda b, gelezen, grootte: gemeld.update({b: (gelezen, grootte)}))
    assert set(gemeld) == set(voorbeeldbestanden())
    assert all(gelezen == grootte for gelezen, grootte in gemeld.values())


def test_checking_finds_the_same_and_writes_nothing(engine: Engine) -> None:
    verslag = controleer(engine, voorbeeldbestanden(), VANDAAG)
    assert verslag.fouten == ()
    assert not verslag.geschreven
    assert not any(inhoud(engine).values())


def test_many_rows_go_in_batches_of_a_thousand(engine: Engine, tmp_path: Path) -> None:
    laad(engine, [b for b in voorbeeldbestanden() if b.stem == "zorgkassen"], VANDAAG)
    personen, aansluitingen = tmp_path / "personen.csv", tmp_path / "aansluitingen.csv"
    inszen = [_insz(i) for i in range(4500)]
    kop = "insz;naam;voornaam;aansluiting_mogelijk\n"
    personen.write_text(kop + "".join(f"{i};N;V;ja\n" for i in inszen))
    aansluitingen.write_text("insz;zorgkas;type;van;tot\n" + "".join(f"{i};180;officieel;2020-01-01;\n" for i in inszen))
    lengtes: list[int] = []
    verslag = laad(engine, [personen, aansluitingen], VANDAAG, voortgang=lambda _b, gelezen, _g: lengtes.append(gelezen))
    assert verslag.geschreven
    assert len(lengtes) == 2 * 5
    assert len(inhoud(engine)["aansluitingen"]) == 4500


def _insz(i: int) -> str:
    """The i-th of a row of valid national numbers, all different below 63,000."""
    negen = f"{10 + i % 9:02d}{1 + i % 12:02d}{1 + i % 28:02d}{i % 1000:03d}"
    return f"{negen}{97 - int(negen) % 97:02d}"
