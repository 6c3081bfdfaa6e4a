"""Attests and mandates: who may send with what and for whom; suspended, resumed and ended here as `vsb-gateway register` does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select
from starlette.responses import Response

from gateway.console.operator.daden import Bevestiging, bevestig, reden_van
from gateway.console.rechten import Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.sessies import Melding
from gateway.console.vraag import NietGevonden, Onverwerkbaar, Vraag
from gateway.reference import tables as t
from gateway.reference.register import Door, Periodelijst, Registerfout, beeindig_periode
from gateway.reference.register_attesten import hervat_attest, schors_attest

schermen = Schermen()
PAGINA = 100


@schermen.get("/attesten", Recht.REGISTER_ZIEN, menu=Menu(titel="Attesten", volgorde=40, toets="a"))
def attesten(vraag: Vraag) -> Response:
    na = vraag.zoek.get("na", "")
    with vraag.gateway.store.reading() as conn:
        rijen = conn.execute(select(t.attest).where(t.attest.c.nummer > na).order_by(t.attest.c.nummer).limit(PAGINA + 1)).all()
    volgende = f"?na={rijen[PAGINA - 1].nummer}" if len(rijen) > PAGINA else None
    return vraag.toon("operator/attesten.html", rijen=rijen[:PAGINA], volgende=volgende)


def _attest(vraag: Vraag) -> Row[Any]:
    with vraag.gateway.store.reading() as conn:
        rij = conn.execute(select(t.attest).where(t.attest.c.nummer == vraag.pad["nummer"])).first()
    if rij is None:
        raise NietGevonden
    return rij


def _doe(vraag: Vraag, werk: Callable[[Connection, Door], object]) -> None:
    door = Door(actor=vraag.persoon.actor, tijdstip=vraag.nu, reden=reden_van(vraag))
    try:
        with vraag.gateway.store.writing() as conn:
            werk(conn, door)
    except Registerfout as fout:
        raise Onverwerkbaar(f"{vraag.t('Er is niets gedaan')}: {fout.fout.value} ({fout.veld} {fout.gevonden}).") from fout


@schermen.get("/attesten/{nummer}/schors", Recht.ATTEST_SCHORSEN)
def vraag_schors(vraag: Vraag) -> Response:
    rij = _attest(vraag)
    gevolgen = (
        vraag.t("Elk bericht van {product} wordt vanaf nu geweigerd, bij elke voorziening.", product=rij.product),
        vraag.t("Wat al aanvaard is, blijft aanvaard en wordt geleverd."),
        vraag.t("U kunt het attest op elk moment hervatten."),
    )
    titel = vraag.t("Attest {nummer} schorsen", nummer=rij.nummer)
    return bevestig(vraag, Bevestiging(titel=titel, gevolgen=gevolgen, knop=vraag.t("Schorsen"), terug="/console/attesten"))


@schermen.post("/attesten/{nummer}/schors", Recht.ATTEST_SCHORSEN)
def doe_schors(vraag: Vraag) -> Response:
    nummer = _attest(vraag).nummer
    _doe(vraag, lambda conn, door: schors_attest(conn, nummer, door))
    tekst = vraag.t("Attest {nummer} is geschorst.", nummer=nummer)
    return vraag.naar("/console/attesten", Melding(tekst=tekst, soort="let_op", ongedaan=f"/console/attesten/{nummer}/hervat"))


@schermen.get("/attesten/{nummer}/hervat", Recht.ATTEST_SCHORSEN)
def vraag_hervat(vraag: Vraag) -> Response:
    rij = _attest(vraag)
    gevolgen = (
        vraag.t("Berichten van {product} worden weer toegelaten, zolang het attest loopt.", product=rij.product),
        vraag.t("U kunt het attest daarna opnieuw schorsen."),
    )
    titel = vraag.t("Attest {nummer} hervatten", nummer=rij.nummer)
    return bevestig(vraag, Bevestiging(titel=titel, gevolgen=gevolgen, knop=vraag.t("Hervatten"), terug="/console/attesten"))


@schermen.post("/attesten/{nummer}/hervat", Recht.ATTEST_SCHORSEN)
def doe_hervat(vraag: Vraag) -> Response:
    nummer = _attest(vraag).nummer
    _doe(vraag, lambda conn, door: hervat_attest(conn, nummer, door))
    tekst = vraag.t("Attest {nummer} geldt weer.", nummer=nummer)
    return vraag.naar("/console/attesten", Melding(tekst=tekst, ongedaan=f"/console/attesten/{nummer}/schors"))


@schermen.get("/mandaten", Recht.REGISTER_ZIEN, menu=Menu(titel="Mandaten", volgorde=41, toets="m"))
def mandaten(vraag: Vraag) -> Response:
    na = int(n) if (n := vraag.zoek.get("na", "")).isdecimal() and len(n) < 19 else 0
    m = t.mandaat.c
    with vraag.gateway.store.reading() as conn:
        rijen = conn.execute(
            select(t.mandaat, t.voorziening.c.naam)
            .outerjoin(t.voorziening, t.voorziening.c.riziv == m.voorziening_riziv)
            .where(m.id > na)
            .order_by(m.id)
            .limit(PAGINA + 1)
        ).all()
    volgende = f"?na={rijen[PAGINA - 1].id}" if len(rijen) > PAGINA else None
    return vraag.toon("operator/mandaten.html", rijen=rijen[:PAGINA], volgende=volgende)


def _mandaat(vraag: Vraag) -> Row[Any]:
    with vraag.gateway.store.reading() as conn:
        rij = conn.execute(select(t.mandaat).where(t.mandaat.c.id == vraag.pad["nr"])).first()
    if rij is None:
        raise NietGevonden
    return rij


@schermen.get("/mandaten/{nr:int}/beeindig", Recht.MANDAAT_BEEINDIGEN)
def vraag_einde(vraag: Vraag) -> Response:
    rij = _mandaat(vraag)
    gevolgen = (
        vraag.t(
            "Na de laatste dag mag {gemachtigde} niet meer sturen voor {voorziening} in {pijler}.",
            gemachtigde=rij.gemachtigde_riziv,
            voorziening=rij.voorziening_riziv,
            pijler=rij.pijler,
        ),
        vraag.t("Terug kan alleen met een nieuw mandaat, door een beheerder."),
    )
    wat = Bevestiging(
        titel=vraag.t("Mandaat beëindigen"), gevolgen=gevolgen, knop=vraag.t("Beëindigen"), terug="/console/mandaten", gevaar=True
    )
    return bevestig(vraag, wat, laatste_dag=vraag.vandaag.isoformat())


@schermen.post("/mandaten/{nr:int}/beeindig", Recht.MANDAAT_BEEINDIGEN)
def doe_einde(vraag: Vraag) -> Response:
    rij = _mandaat(vraag)
    try:
        tot = date.fromisoformat(vraag.veld("tot"))
    except ValueError:
        raise Onverwerkbaar(vraag.t("Geef een laatste dag. Er is niets gedaan.")) from None
    sleutel = {n: getattr(rij, n) for n in ("gemachtigde_riziv", "voorziening_riziv", "pijler")}
    _doe(vraag, lambda conn, door: beeindig_periode(conn, Periodelijst.MANDAAT, sleutel, tot, door))
    return vraag.naar("/console/mandaten", Melding(tekst=vraag.t("Het mandaat heeft een laatste dag gekregen."), soort="let_op"))
