"""What a facility and a vendor see of themselves: their own messages with the remedies, and whether they may send."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Query

from gateway.api.ingangen import Ingangen, Wie, zonder_nul
from gateway.api.modellen import Bericht, Bladzijde, Model
from gateway.api.problemen import Fout, Probleem, Soort
from gateway.api.proef import Opmerking
from gateway.api.toegang import Toegang
from gateway.console.eigen.zoeken import eigen_van, insz_in, keuze_van
from gateway.console.rechten import Recht, Rol
from gateway.diensten.eigen_zicht import Redenen, voor_leverancier, zonder_gevonden
from gateway.diensten.opmerkingen import van_bewaard
from gateway.diensten.toegang import Registerregel, toegang_van
from gateway.store.eigen import berichten_van, eigen_bericht, redenen_van

ingangen = Ingangen("voorziening en leverancier")
_NAAM = r"^[\x21-\x7e]{1,64}$"
Stand = Literal["geldt", "komt", "voorbij", "geschorst"]
_JAREN = {"ge": date(1980, 1, 1), "le": date(2200, 12, 31)}


class Eigenbericht(Bericht):
    """A message of one's own, with what was said against it."""

    redenen: list[Opmerking]
    """Every remark, with the remedy; the rule is at `/cookbooks/<pijler>.html#<code>`."""


class Registratie(Model):
    """A line of the register with its period."""

    wat: str
    """Pillar; empty of a declaration, which is for all."""
    voor: str
    """RIZIV number; of a mandate who sends for whom."""
    van: date
    tot: date | None
    """Last day; null: no end."""
    stand: Stand
    """geldt, komt (later), voorbij or geschorst."""


class Voorzieningregel(Model):
    """A facility as it is registered."""

    riziv: str
    naam: str
    kwaliteit: str
    """Type of its number in a certificate, such as NIHII-PROT_ACC."""


class Attestregel(Model):
    """An attest that one has, or of software that was used of late."""

    nummer: str
    leverancier: str
    product: str
    versie_van: str
    versie_tot: str
    pijlers: list[str]
    van: date
    tot: date | None
    """Last day; null: no end."""
    stand: Stand
    """geldt, komt (later), voorbij or geschorst."""


class Certificaatregel(Model):
    """A certificate that was seen here."""

    identiteit: str
    """TYPE=number of its holder."""
    sha256: str
    """Of the certificate (DER), hex."""
    eerst_gezien: datetime
    geldig_tot: datetime


class Toegangsbeeld(Model):
    """Whether one may send, and if not, why not."""

    voorzieningen: list[Voorzieningregel]
    erkenningen: list[Registratie]
    """Recognitions, a pillar each."""
    verklaringen: list[Registratie]
    """Circle-of-trust declarations."""
    mandaten: list[Registratie]
    attesten: list[Attestregel]
    certificaten: list[Certificaatregel]


@ingangen.get("/eigen", Recht.EIGEN_ZIEN, response_model=Bladzijde[Eigenbericht])
def own(
    wie: Wie,
    pijler: Annotated[str | None, Query(pattern=r"^[a-z0-9]{1,16}$", examples=["eibwfin"])] = None,
    uitkomst: Annotated[str | None, Query(pattern=r"^(aanvaard|geweigerd|in_beraad)$")] = None,
    soort: Annotated[
        str | None, Query(pattern=r"^[A-Za-z]{1,32}$", description="A kind such as StartVerblijf, or `aanvraag` or `facturatie`.")
    ] = None,
    referentie: Annotated[str | None, Query(pattern=_NAAM, description="BerichtId, InputReference or MessageId.")] = None,
    dossiernummer: Annotated[str | None, Query(pattern=_NAAM, description="Of a facility; a vendor sees none.")] = None,
    van: Annotated[date | None, Query(description="First day of receipt, in Belgium.", **_JAREN)] = None,
    tot: Annotated[date | None, Query(description="Last day of receipt, inside.", **_JAREN)] = None,
    na: Annotated[str | None, Query(pattern=r"^[0-9a-f-]{36}$", description="`volgende` of the page before.")] = None,
) -> Any:
    """One's own messages, the newest first, each with what was said against it and the remedy; what was found is told of one.

    At most 8,000 messages are looked at for one page, so a page may have fewer than fifty and still a `volgende`.
    """
    velden = {"referentie": referentie, "dossiernummer": dossiernummer, "pijler": pijler, "uitkomst": uitkomst, "soort": soort}
    gegeven = {n: w for n, w in velden.items() if w is not None}
    for naam in ("referentie", "dossiernummer"):
        if insz_in(gegeven.get(naam, "")):
            raise _nee(naam, "geen INSZ: dat hoort niet in een adres; zoek een persoon op het scherm")
    if dossiernummer is not None and not wie.persoon.mag(Recht.EIGEN_PERSOON_ZOEKEN):
        raise _nee("dossiernummer", "niets: een leverancier ziet geen dossiers")
    dagen = {n: d.isoformat() for n, d in (("van", van), ("tot", tot)) if d is not None}
    with wie.gateway.store.reading() as conn:
        gevonden = berichten_van(conn, eigen_van(wie.persoon), keuze_van({**gegeven, **dagen}, voor=na))
        redenen = redenen_van(conn, [r.id for r in gevonden.rijen])
    return {
        "items": [_bericht(wie, r, zonder_gevonden(redenen.get(r.id, []))) for r in gevonden.rijen],
        "volgende": gevonden.volgende,
    }


@ingangen.get("/eigen/{bericht_id}", Recht.EIGEN_ZIEN, Soort.NIET_GEVONDEN, Soort.DOEL, response_model=Eigenbericht)
def own_one(wie: Wie, bericht_id: str) -> Any:
    """One of one's own messages. What the checks found is about a person: it is given for a purpose, and null without one."""
    with wie.gateway.store.reading() as conn:
        rij = eigen_bericht(conn, eigen_van(wie.persoon), zonder_nul(bericht_id))
        redenen = {} if rij is None else redenen_van(conn, [rij.id])
    if rij is None:
        raise wie.vreemd(f"/eigen/{zonder_nul(bericht_id)}")
    gezegd = redenen.get(rij.id, [])
    if wie.persoon.rol is Rol.VOORZIENING:
        if wie.heeft_doel:
            wie.inzage(f"bericht:{rij.id}", "redenen")
        else:
            gezegd = zonder_gevonden(gezegd)
    return _bericht(wie, rij, gezegd)


@ingangen.get("/toegang", Recht.EIGEN_ZIEN, response_model=Toegangsbeeld)
def access(wie: Wie) -> Any:
    """Recognitions, declaration, mandates, attests and certificates, each with its state today."""
    with wie.gateway.store.reading() as conn:
        beeld = toegang_van(conn, wie.persoon.voorzieningen, wie.persoon.attesten, wie.vandaag)
    return {
        "voorzieningen": beeld.voorzieningen,
        "erkenningen": _regels(beeld.erkenningen),
        "verklaringen": _regels(beeld.verklaringen),
        "mandaten": _regels(beeld.mandaten),
        "attesten": [
            {**{n: getattr(a, n) for n in Attestregel.model_fields if n not in ("pijlers", "stand")},
             "pijlers": sorted(a.pijlers), "stand": stand}
            for a, stand in beeld.attesten
        ],
        "certificaten": beeld.certificaten,
    }  # fmt: skip


def _nee(veld: str, verwacht: str) -> Probleem:
    return Probleem(Soort.VORM, fouten=[Fout(plaats=f"query/{veld}", verwacht=verwacht)])


def _regels(regels: tuple[Registerregel, ...]) -> list[dict[str, Any]]:
    return [{n: getattr(r, n) for n in Registratie.model_fields} for r in regels]


def _bericht(wie: Toegang, rij: Any, redenen: Redenen) -> dict[str, Any]:
    velden = {n: getattr(rij, n) for n in Bericht.model_fields}
    if wie.persoon.rol is Rol.LEVERANCIER:
        # A vendor sees what its software did, and of nobody in particular.
        velden["dossiernummer"], redenen = None, voor_leverancier(wie.gateway.cookbooks, redenen)
    return {**velden, "redenen": van_bewaard(redenen)}
