"""The kinds of reference file, declared: their columns, their key, and what they refer to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table

from gateway.reference import adres
from gateway.reference import tables as t
from gateway.reference import waarden as w
from gateway.reference.controle import toonbaar
from gateway.reference.model import Levering, versie_getallen

Rijregel = Callable[[Mapping[str, Any]], tuple[str, str] | None]
"""A check across the fields of one row: the column to name and what was expected there, or None."""


@dataclass(frozen=True, kw_only=True)
class Kolom:
    """One column of a file."""

    naam: str
    lees: w.Lezer
    verwacht: str
    """What may stand there, in Dutch: for --help and for findings."""
    verplicht: bool = True
    toon: Callable[[str], str] = toonbaar
    """What a finding may show of a wrong value."""
    verzwegen: bool = False
    """Left out where the database's content is shown."""


@dataclass(frozen=True, kw_only=True)
class Soort:
    """One kind of file and the table it fills."""

    naam: str
    """Also what the file's name begins with."""
    wat: str
    tabel: Table
    kolommen: tuple[Kolom, ...]
    sleutel: tuple[str, ...]
    """Loading a row replaces the row with this key; with periods, it replaces every period of this key."""
    perioden: bool = False
    """Rows of one key are periods that may not overlap."""
    verwijst: Mapping[str, str] = field(default_factory=dict)
    """Column to the kind in which its value must be known."""
    uniek: tuple[str, ...] = ()
    """Columns beside the key that no two rows may share."""
    regels: tuple[Rijregel, ...] = ()


def _van_voor_tot(rij: Mapping[str, Any]) -> tuple[str, str] | None:
    return ("tot", f"leeg, of een dag vanaf {rij['van']}") if rij["tot"] is not None and rij["tot"] < rij["van"] else None


def _adres_past_bij_levering(rij: Mapping[str, Any]) -> tuple[str, str] | None:
    levering = Levering(rij["levering"])
    return None if adres.past(levering, rij["endpoint"]) else ("endpoint", adres.VERWACHT[levering])


def _licentie_volledig(rij: Mapping[str, Any]) -> tuple[str, str] | None:
    if (rij["licentie_gebruiker"] is None) == (rij["licentie_hash"] is None):
        return None
    leeg = "licentie_hash" if rij["licentie_hash"] is None else "licentie_gebruiker"
    return (leeg, "ingevuld: licentie_gebruiker en licentie_hash gaan samen")


def _laagste_versie_eerst(rij: Mapping[str, Any]) -> tuple[str, str] | None:
    laag, hoog = rij["versie_van"], rij["versie_tot"]
    return None if versie_getallen(laag) <= versie_getallen(hoog) else ("versie_tot", f"versie vanaf {laag}")


def _geboren_voor_overleden(rij: Mapping[str, Any]) -> tuple[str, str] | None:
    geboren, overleden = rij["geboortedatum"], rij["overlijdensdatum"]
    if geboren is None or overleden is None or geboren <= overleden:
        return None
    return ("overlijdensdatum", f"leeg, of een dag vanaf de geboortedatum {geboren}")


def _verberg(_waarde: str) -> str:
    return "(verborgen)"


def _zonder_wachtwoord(waarde: str) -> str:
    return toonbaar(re.sub(r"(?<=//)([^/@:]*):[^/]*@", r"\1:***@", waarde))


def _insz(waarde: str) -> str:
    return toonbaar(waarde, insz=True)


def _riziv(waarde: str) -> str:
    return toonbaar(waarde, riziv=True)


def _tekst(naam: str, langst: int, *, verplicht: bool = True) -> Kolom:
    return Kolom(
        naam=naam, lees=w.vrije_tekst(langst), verwacht=f"tekst van hoogstens {langst} leesbare tekens", verplicht=verplicht
    )


def _nummer(naam: str, *, verplicht: bool = True) -> Kolom:
    verwacht = "RIZIV-nummer van 11 cijfers met juist controlegetal"
    return Kolom(naam=naam, lees=w.riziv, verwacht=verwacht, verplicht=verplicht, toon=_riziv)


def _dag(naam: str, *, verplicht: bool = True, verzwegen: bool = False) -> Kolom:
    verwacht = "bestaande dag tussen 1850 en 2199 als jjjj-mm-dd; {jaar}, {jaar-1} … tellen vanaf het laadjaar"
    return Kolom(naam=naam, lees=w.datum, verwacht=verwacht, verplicht=verplicht, verzwegen=verzwegen)


def _ja_nee(naam: str) -> Kolom:
    return Kolom(naam=naam, lees=w.ja_nee, verwacht="ja of nee")


_INSZ = Kolom(naam="insz", lees=w.insz, verwacht="INSZ of BIS-nummer van 11 cijfers met juist controlegetal", toon=_insz)
_PIJLER = Kolom(naam="pijler", lees=w.patroon(w.PIJLER), verwacht="naam van een pijler, bijvoorbeeld eibwfin")
_CODE = r"[1-6]80"
_PERIODE = (_dag("van"), _dag("tot", verplicht=False))
_KBO = "KBO-nummer van 10 cijfers met juist controlegetal"

SOORTEN: tuple[Soort, ...] = (
    Soort(
        naam="zorgkassen",
        wat="The zorgkassen and how each gets its messages",
        tabel=t.zorgkas,
        kolommen=(
            Kolom(naam="code", lees=w.patroon(_CODE), verwacht="code van een zorgkas: 180, 280 … 680"),
            _tekst("naam", 128),
            Kolom(naam="kbo", lees=w.kbo, verwacht=_KBO),
            Kolom(naam="levering", lees=w.keuze(*Levering), verwacht="pull, soap, map, sftp of s3"),
            Kolom(
                naam="endpoint",
                lees=w.adres,
                verwacht="adres van hoogstens 512 tekens: leeg bij pull, http(s)://… bij soap, file:///map bij map, "
                "sftp://gebruiker@server:poort/map bij sftp, s3://bucket/prefix bij s3",
                verplicht=False,
                toon=_zonder_wachtwoord,
            ),
            _ja_nee("actief"),
        ),
        sleutel=("code",),
        uniek=("kbo",),
        regels=(_adres_past_bij_levering,),
    ),
    Soort(
        naam="personen",
        wat="Persons, also those without affiliation",
        tabel=t.persoon,
        kolommen=(
            _INSZ,
            _tekst("naam", 128),
            _tekst("voornaam", 128),
            # Beside a masked INSZ it would leave only a few numbers to guess from.
            _dag("geboortedatum", verplicht=False, verzwegen=True),
            Kolom(naam="geslacht", lees=w.keuze("M", "V", "X"), verwacht="leeg, M, V of X", verplicht=False),
            _tekst("adres", 256, verplicht=False),
            _dag("overlijdensdatum", verplicht=False),
            _ja_nee("aansluiting_mogelijk"),
        ),
        sleutel=("insz",),
        regels=(_geboren_voor_overleden,),
    ),
    Soort(
        naam="voorzieningen",
        wat="Facilities that may send",
        tabel=t.voorziening,
        kolommen=(
            _nummer("riziv"),
            _tekst("naam", 128),
            Kolom(
                naam="kwaliteit",
                lees=w.patroon(r"NIHII[A-Z0-9_-]{0,59}"),
                verwacht="eHealth-kwaliteit, bijvoorbeeld NIHII-PROT_ACC",
            ),
            Kolom(naam="kbo", lees=w.kbo, verwacht=f"leeg, of {_KBO}", verplicht=False),
            Kolom(
                naam="iban",
                lees=w.iban,
                verwacht="leeg, of een Belgisch IBAN zonder spaties, met juiste controlegetallen",
                verplicht=False,
            ),
        ),
        sleutel=("riziv",),
    ),
    Soort(
        naam="attesten",
        wat="Attested software packages; licentie_hash is the SHA-256 of the licence password, hex",
        tabel=t.attest,
        kolommen=(
            Kolom(
                naam="nummer",
                lees=w.patroon(r"[A-Za-z0-9._/-]{1,32}"),
                verwacht="nummer van 1 tot 32 letters, cijfers en . _ / -",
            ),
            _tekst("leverancier", 128),
            _tekst("product", 128),
            Kolom(naam="versie_van", lees=w.versie, verwacht="versie van getallen en punten, bijvoorbeeld 2.10"),
            Kolom(naam="versie_tot", lees=w.versie, verwacht="versie van getallen en punten, bijvoorbeeld 2.10"),
            Kolom(naam="pijlers", lees=w.pijlers, verwacht="pijlers gescheiden door komma's, bijvoorbeeld eibwfin,epvtfin"),
            *_PERIODE,
            _ja_nee("geschorst"),
            _tekst("licentie_gebruiker", 64, verplicht=False),
            Kolom(
                naam="licentie_hash",
                lees=w.patroon(r"[0-9a-f]{64}"),
                verwacht="leeg, of 64 hexadecimale cijfers (SHA-256, kleine letters)",
                verplicht=False,
                toon=_verberg,
                verzwegen=True,
            ),
        ),
        sleutel=("nummer",),
        uniek=("licentie_gebruiker",),
        regels=(_van_voor_tot, _laagste_versie_eerst, _licentie_volledig),
    ),
    Soort(
        naam="aansluitingen",
        wat="Which zorgkas insures whom, and when",
        tabel=t.aansluiting,
        kolommen=(
            _INSZ,
            Kolom(naam="zorgkas", lees=w.patroon(_CODE), verwacht="code van een zorgkas: 180, 280 … 680"),
            Kolom(naam="type", lees=w.keuze("officieel", "administratief"), verwacht="officieel of administratief"),
            *_PERIODE,
        ),
        sleutel=("insz",),
        perioden=True,
        verwijst={"insz": "personen", "zorgkas": "zorgkassen"},
        regels=(_van_voor_tot,),
    ),
    Soort(
        naam="erkenningen",
        wat="For which pillar a facility is recognised, and when",
        tabel=t.erkenning,
        kolommen=(_nummer("riziv"), _PIJLER, *_PERIODE),
        sleutel=("riziv", "pijler"),
        perioden=True,
        verwijst={"riziv": "voorzieningen"},
        regels=(_van_voor_tot,),
    ),
    Soort(
        naam="verklaringen",
        wat="Circle-of-trust declarations of facilities",
        tabel=t.verklaring,
        kolommen=(_nummer("riziv"), *_PERIODE),
        sleutel=("riziv",),
        perioden=True,
        verwijst={"riziv": "voorzieningen"},
        regels=(_van_voor_tot,),
    ),
    Soort(
        naam="mandaten",
        wat="Who may send for a facility",
        tabel=t.mandaat,
        kolommen=(_nummer("gemachtigde_riziv"), _nummer("voorziening_riziv"), _PIJLER, *_PERIODE),
        sleutel=("gemachtigde_riziv", "voorziening_riziv", "pijler"),
        perioden=True,
        verwijst={"voorziening_riziv": "voorzieningen"},
        regels=(_van_voor_tot,),
    ),
    Soort(
        naam="capaciteiten",
        wat="Recognised places of a facility for a pillar, a period a calendar year as a rule",
        tabel=t.capaciteit,
        kolommen=(
            _nummer("riziv"),
            _PIJLER,
            *_PERIODE,
            Kolom(naam="plaatsen", lees=w.bedrag, verwacht="aantal erkende plaatsen, een geheel getal"),
        ),
        sleutel=("riziv", "pijler"),
        perioden=True,
        verwijst={"riziv": "voorzieningen"},
        regels=(_van_voor_tot,),
    ),
    Soort(
        naam="prijzen",
        wat="Price of a performance code, in cents per unit; no riziv means every facility",
        tabel=t.prijs,
        kolommen=(
            Kolom(naam="prestatiecode", lees=w.patroon(r"[0-9]{6,7}"), verwacht="prestatiecode van 6 of 7 cijfers"),
            _nummer("riziv", verplicht=False),
            *_PERIODE,
            Kolom(naam="bedrag", lees=w.bedrag, verwacht="bedrag in hele eurocent, zonder punt of komma"),
            _tekst("bron", 256),
        ),
        sleutel=("prestatiecode", "riziv"),
        perioden=True,
        verwijst={"riziv": "voorzieningen"},
        regels=(_van_voor_tot,),
    ),
    Soort(
        naam="statuten",
        wat="When a person has verhoogde tegemoetkoming, so that no personal share is due",
        tabel=t.statuut,
        kolommen=(
            _INSZ,
            Kolom(naam="statuut", lees=w.keuze("verhoogde_tegemoetkoming"), verwacht="verhoogde_tegemoetkoming"),
            *_PERIODE,
        ),
        sleutel=("insz", "statuut"),
        perioden=True,
        verwijst={"insz": "personen"},
        regels=(_van_voor_tot,),
    ),
    Soort(
        naam="betrekkingen",
        wat="Which performance code asks for which other one beside it (betrekkelijke verstrekking)",
        tabel=t.betrekking,
        kolommen=(
            Kolom(naam="prestatiecode", lees=w.patroon(r"[0-9]{6,7}"), verwacht="prestatiecode van 6 of 7 cijfers"),
            Kolom(naam="betrekkelijk", lees=w.patroon(r"[0-9]{6,7}"), verwacht="prestatiecode van 6 of 7 cijfers"),
            *_PERIODE,
            _tekst("bron", 256),
        ),
        sleutel=("prestatiecode", "betrekkelijk"),
        perioden=True,
        regels=(_van_voor_tot,),
    ),
)
"""In the order of loading: what is referred to comes first."""


def soort_van_bestandsnaam(stam: str) -> Soort | None:
    """The kind that a file's name begins with: personen, personen-2026, personen_180."""
    begin = stam.lower().replace("_", "-").replace(".", "-").split("-")[0]
    return next((s for s in SOORTEN if s.naam == begin), None)


def soort_van_hoofding(kolommen: tuple[str, ...]) -> Soort | None:
    """The one kind whose columns these are."""
    gevonden = [s for s in SOORTEN if set(kolommen) == {k.naam for k in s.kolommen}]
    return gevonden[0] if len(gevonden) == 1 else None
