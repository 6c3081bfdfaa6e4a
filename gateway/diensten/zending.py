"""What the worker does with a stored zending: read it, judge it, answer its sender, pass it on. One transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row

from gateway.berichten.antwoord import Bewijs, FacturatieAntwoord
from gateway.berichten.factuur import Zending
from gateway.berichten.intrekking import Intrekking
from gateway.berichten.zorgkas import Levering
from gateway.central.cookbook import Cookbook
from gateway.central.model import Ernst, Factuurfout, Uitkomst
from gateway.central.resultaat import Zendingresultaat
from gateway.diensten.bewijzen import validatieverslag
from gateway.diensten.kern import Gateway
from gateway.diensten.leveren import gerouteerd, naar_zorgkas, transport_van
from gateway.diensten.zending_antwoord import leg_klaar
from gateway.diensten.zending_intrekken import LABEL, beoordeel, trek_in
from gateway.diensten.zending_lezen import Gelezen, als_fouten, plat_bestand
from gateway.diensten.zending_oordeel import GEWEIGERD, ONTVANGEN, Inhoudelijk, Inzending, Technisch, oordeel
from gateway.diensten.zending_vooraf import Vooraf, geldt_nog
from gateway.exchange import lijn, tacks
from gateway.observe import metrics
from gateway.refusal import Refusal
from gateway.store import berichten, dossiers, zendingen
from gateway.store.berichten import Stap
from gateway.store.slot import slot
from gateway.wire.content import Content

_POSTBUSNAAM = {ONTVANGEN: "HCPFAC", GEWEIGERD: "HCPVWR", "INHOUD-920099": "HCPVWR"}


@dataclass(frozen=True, kw_only=True)
class _Werk:
    gateway: Gateway
    conn: Connection
    row: Row[Any]
    raw: bytes
    content_type: str
    plat: bool
    now: datetime

    @cached_property
    def plat_bestand(self) -> Content | None:
        """What was sent flat, looked up once for all answers."""
        return plat_bestand(self.gateway, self.conn, self.row.id) if self.plat else None

    def antwoord(self, label: str, **rest: Any) -> None:
        """Put a result in the sender's mailbox."""
        antwoord = FacturatieAntwoord(
            label=label, message_id=self.row.id, input_reference=self.row.bedrijfs_id, tijdstip=self.now, **rest
        )
        naam = _POSTBUSNAAM.get(label, "HCPFAC")
        leg_klaar(self.conn, self.row, antwoord, naam=naam, plat=self.plat_bestand, now=self.now)


def verwerk(gateway: Gateway, conn: Connection, gelezen: Gelezen, vooraf: Vooraf | None = None) -> None:
    """Judge one stored zending, in the caller's transaction.

    Args:
        vooraf: the judgement that was made before it, taken over when it still holds.
    """
    werk = _Werk(
        gateway=gateway,
        conn=conn,
        row=gelezen.row,
        raw=gelezen.raw,
        content_type=gelezen.content_type,
        plat=gelezen.plat,
        now=gateway.clock(),
    )
    zending = gelezen.zending
    if gelezen.intrekking is not None:
        _trek_in(werk, gelezen.intrekking)
        return
    if zending is None:
        _weiger_technisch(werk, gelezen.fouten, None)
        return
    slot(conn, f"facturen/{zending.derdebetalende[:8]}")
    inzending = Inzending.van(gelezen, zending)
    al = vooraf is not None and geldt_nog(conn, vooraf, inzending)
    match vooraf.gevonden if vooraf is not None and al else oordeel(conn, gateway.cookbooks, inzending):
        case Technisch(fouten=fouten, herkend=herkend):
            _weiger_technisch(werk, fouten, zending if herkend else None)
        case Inhoudelijk(cookbook=cookbook, resultaat=resultaat):
            _aanvaard_technisch(werk, zending)
            _beslis(werk, zending, cookbook, resultaat)


def _trek_in(werk: _Werk, intrekking: Intrekking) -> None:
    slot(werk.conn, f"facturen/{intrekking.derdebetalende[:8]}")
    try:
        terug = beoordeel(werk.gateway, werk.conn, intrekking, str(werk.row.voorziening))
    except Refusal as refusal:
        _weiger_technisch(werk, als_fouten(refusal), None)
        return
    trek_in(werk.conn, terug, intrekking.motivering, str(werk.row.afzender), werk.now)
    werk.antwoord(LABEL, **terug.bedragen)
    row = terug.row
    stappen = [(Stap.TECHNISCH_AANVAARD, LABEL), (Stap.AANVAARD, f"zending {row.nummer} van {row.maand:%Y-%m}")]
    berichten.stappen(werk.conn, werk.row.id, stappen, werk.now, uitkomst=Uitkomst.AANVAARD.value, zorgkas=row.zorgkas)


def _aantal(fouten: Sequence[Factuurfout]) -> str:
    return "1 fout" if len(fouten) == 1 else f"{len(fouten)} fouten"


def _weiger_technisch(werk: _Werk, fouten: Sequence[Factuurfout], zending: Zending | None) -> None:
    herkend = (
        {} if zending is None else {"zendingnummer": zending.zendingnummer, "maand": zending.maand, "zorgkas": zending.zorgkas}
    )
    werk.antwoord(GEWEIGERD, fouten=fouten, **herkend)
    berichten.stappen(
        werk.conn,
        werk.row.id,
        [(Stap.TECHNISCH_GEWEIGERD, f"{GEWEIGERD}: {_aantal(fouten)}")],
        werk.now,
        uitkomst=Uitkomst.GEWEIGERD.value,
        pijler="" if zending is None else zending.pijler,
    )
    dossiers.bewaar_beslissing(
        werk.conn,
        werk.row.id,
        uitkomst=Uitkomst.GEWEIGERD.value,
        door=berichten.GATEWAY,
        op=werk.now,
        redenen=fouten[:100],
        gecontroleerd=(),
        cookbook="",
    )


def _aanvaard_technisch(werk: _Werk, zending: Zending) -> None:
    werk.antwoord(
        ONTVANGEN, zendingnummer=zending.zendingnummer, maand=zending.maand, zorgkas=zending.zorgkas, gevraagd=zending.totaal
    )
    berichten.stappen(
        werk.conn,
        werk.row.id,
        [(Stap.TECHNISCH_AANVAARD, ONTVANGEN)],
        werk.now,
        pijler=zending.pijler,
        referentiedatum=zending.maand,
    )


def _beslis(werk: _Werk, zending: Zending, cookbook: Cookbook, resultaat: Zendingresultaat) -> None:
    werk.antwoord(
        resultaat.label,
        zendingnummer=zending.zendingnummer,
        maand=zending.maand,
        zorgkas=zending.zorgkas,
        gevraagd=resultaat.gevraagd,
        aanvaard=resultaat.aanvaard,
        geweigerd=resultaat.geweigerd,
        foutpercentage=resultaat.foutpercentage,
        fouten=resultaat.fouten,
    )
    geweigerd = resultaat.uitkomst is Uitkomst.GEWEIGERD
    stappen: list[tuple[Stap, str | None]] = [
        (Stap.INHOUDELIJK_GEWEIGERD if geweigerd else Stap.AANVAARD, f"{resultaat.label}: {_aantal(resultaat.fouten)}")
    ]
    if not geweigerd:
        stappen += _aanvaard(werk, zending, cookbook, resultaat)
    dossiers.bewaar_beslissing(
        werk.conn,
        werk.row.id,
        uitkomst=resultaat.uitkomst.value,
        door=berichten.GATEWAY,
        op=werk.now,
        redenen=resultaat.fouten[:1000],
        gecontroleerd=resultaat.gecontroleerd,
        cookbook=f"{cookbook.pijler} {cookbook.versie}",
    )
    berichten.stappen(werk.conn, werk.row.id, stappen, werk.now, uitkomst=resultaat.uitkomst.value, zorgkas=zending.zorgkas)
    metrics.DECIDED.labels(cookbook.pijler, "facturatie", resultaat.uitkomst.value, zending.zorgkas).inc()


def _geweigerde_lijnen(resultaat: Zendingresultaat) -> Iterator[zendingen.Geweigerd]:
    """Every record that an accepted zending loses, with the first reason that refuses it."""
    redenen: dict[tuple[str | None, int | None], str] = {}
    for fout in resultaat.fouten:
        if fout.ernst in (Ernst.FACTUUR, Ernst.RECORD):
            redenen.setdefault((fout.factuurnummer, fout.volgnummer if fout.ernst is Ernst.RECORD else None), fout.code)
    for factuur, x in resultaat.geweigerd_per_lijn:
        nummer = factuur.factuurnummer
        code = redenen.get((nummer, x.volgnummer)) or redenen[nummer, None]
        yield nummer, x.volgnummer, x.prestatiecode, x.bedrag, code, None


def _aanvaard(werk: _Werk, zending: Zending, cookbook: Cookbook, resultaat: Zendingresultaat) -> list[tuple[Stap, str | None]]:
    row = werk.row
    zendingen.bewaar_zending(
        werk.conn,
        bericht_id=row.id,
        derdebetalende=zending.derdebetalende,
        jaar=zending.maand.year,
        nummer=zending.zendingnummer,
        maand=zending.maand,
        zorgkas=zending.zorgkas,
        gevraagd=resultaat.gevraagd,
        aanvaard=resultaat.aanvaard,
        geweigerd=resultaat.geweigerd,
    )
    zendingen.geef_dagen_vrij(werk.conn, zending.derdebetalende, resultaat.gecrediteerde_dagen)
    zendingen.claim_dagen(werk.conn, zending.derdebetalende, row.id, resultaat.aanvaarde_dagen)
    zendingen.bewaar_geweigerd(werk.conn, row.id, berichten.GATEWAY, _geweigerde_lijnen(resultaat))
    bewijs = Bewijs(
        message_id=row.id,
        dienst=row.dienst,
        afzender=row.identiteit,
        certificaat_sha256=bytes.fromhex(row.certificaat_sha256),
        bedrijfsreferentie=row.bedrijfs_id,
        ontvangen_op=row.ontvangen_op,
        octetten=row.octetten,
        sha256=bytes.fromhex(row.sha256),
    )
    verslag = validatieverslag(
        bewijs,
        cookbook,
        werk.gateway.signer,
        werk.now,
        gecontroleerd=resultaat.gecontroleerd,
        uitkomst=resultaat.uitkomst.value,
        zorgkas=zending.zorgkas,
        referentiedatum=zending.maand,
        fouten=resultaat.fouten,
    )
    levering = Levering(
        message_id=row.id,
        zorgkas=zending.zorgkas,
        pijler=zending.pijler,
        soort="factuur",
        test=row.test,
        uitkomst=resultaat.uitkomst.value,
        dossiernummer=None,
        content_type=werk.content_type,
        origineel=werk.raw,
        sha256=bytes.fromhex(row.sha256),
        validatieverslag=verslag,
    )
    transport = transport_van(werk.conn, zending.zorgkas)
    naar_zorgkas(werk.conn, levering, werk.now, transport=transport, volgorde=f"{zending.derdebetalende}/facturen")
    if not lijn.lees(werk.conn, f"zorgkas:{zending.zorgkas}").bereikbaar:
        tacks.onbereikbaar(werk.conn, row.id, werk.now)
    return [gerouteerd(zending.zorgkas, transport)]
