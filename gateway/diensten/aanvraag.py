"""/soap/aanvraag/v1: submit a notification and get its decision; ask what became of one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial

from lxml import etree
from lxml.etree import _Element as Element
from sqlalchemy import Connection

from gateway.berichten.aanvraag import Aanvraag, lees_aanvraag
from gateway.berichten.antwoord import Antwoord, merk_duplicaat, schrijf_antwoord
from gateway.berichten.names import AANVRAAG
from gateway.berichten.soorten import Werking
from gateway.berichten.zorgkas import Levering
from gateway.central import dossier as dossiervorming
from gateway.central.aanvraag import beoordeel_aanvraag
from gateway.central.cookbook import Cookbook
from gateway.central.kalender import maanden_na
from gateway.central.model import AanvraagContext, Beslissing, Uitkomst
from gateway.diensten.bewijzen import bewijs_van, ontvangstbewijs, validatieverslag
from gateway.diensten.dossier import raadpleeg_dossier
from gateway.diensten.kern import Bewezen, Dienst, Gateway, check_afzender
from gateway.diensten.leveren import gerouteerd, naar_zorgkas, transport_van
from gateway.diensten.raadplegen import raadplegen
from gateway.diensten.toelating import gegevens, toelaten
from gateway.exchange import lijn
from gateway.observe import logs, metrics
from gateway.reference.geheugen import Stand
from gateway.refusal import Code, Refusal
from gateway.routing.route import zorgkas_van_dienst
from gateway.store import beraad, berichten, dossiers
from gateway.store.berichten import Ontvangst, Stap
from gateway.store.slot import slot
from gateway.wire.c14n import exclusive
from gateway.wire.names import q

DIENST = Dienst(
    naam="aanvraag",
    wsdl="aanvraag.wsdl",
    generic_async=False,
    voor_voorzieningen=True,
    operaties={
        q(AANVRAAG, "IndienenRequest"): f"{AANVRAAG}:Indienen",
        q(AANVRAAG, "RaadplegenRequest"): f"{AANVRAAG}:Raadplegen",
        q(AANVRAAG, "RaadplegenDossierRequest"): f"{AANVRAAG}:RaadplegenDossier",
    },
    statusvragen=frozenset({q(AANVRAAG, "RaadplegenRequest")}),
)
_PLAATS = "/IndienenRequest/Aanvraag"
_STAP = {Uitkomst.AANVAARD: Stap.AANVAARD, Uitkomst.IN_BERAAD: Stap.IN_BERAAD, Uitkomst.GEWEIGERD: Stap.INHOUDELIJK_GEWEIGERD}


def behandel(gateway: Gateway, bewezen: Bewezen) -> Element:
    """Answer one request.

    Raises:
        Refusal: the sender may not send this, or its id was used for other content.
    """
    if bewezen.payload.tag == q(AANVRAAG, "RaadplegenRequest"):
        return raadplegen(gateway, bewezen)
    if bewezen.payload.tag == q(AANVRAAG, "RaadplegenDossierRequest"):
        return raadpleeg_dossier(gateway, bewezen)
    return _indienen(gateway, bewezen)


def lees_ingediend(gateway: Gateway, bewezen: Bewezen) -> tuple[Aanvraag, Cookbook]:
    """An aanvraag by its own sender, and the cookbook that it follows.

    Raises:
        Refusal: PILLAR, ENVIRONMENT, CROSSCHECK and its kin.
    """
    aanvraag = lees_aanvraag(bewezen.payload)
    logs.bind_person(aanvraag.insz)
    hoofding = aanvraag.hoofding
    cookbook = gateway.cookbook(hoofding.pijler, f"{_PLAATS}/Hoofding/Pijler")
    gateway.check_environment(hoofding.test, f"{_PLAATS}/Hoofding/Test")
    check_afzender(bewezen, hoofding.afzender.riziv, f"{_PLAATS}/Hoofding/Afzender/RizivNummer")
    return aanvraag, cookbook


def _indienen(gateway: Gateway, bewezen: Bewezen) -> Element:
    aanvraag, cookbook = lees_ingediend(gateway, bewezen)
    ontvangst = _ontvangst(bewezen, aanvraag)
    bewijs = ontvangstbewijs(ontvangst, gateway.signer)

    def beslis(conn: Connection) -> Element:
        slot(conn, f"{ontvangst.afzender}/{ontvangst.bedrijfs_id}", f"insz/{aanvraag.insz}")
        herhaald = _eerder_antwoord(conn, ontvangst)
        if herhaald is not None:
            return herhaald
        register = gateway.register.nu(conn)
        context = gegevens(conn, register, bewezen.now, aanvraag, cookbook)
        toelaten(conn, register, aanvraag, context)
        zaak = _Zaak(
            gateway=gateway,
            conn=conn,
            register=register,
            ontvangst=ontvangst,
            aanvraag=aanvraag,
            context=context,
            cookbook=cookbook,
        )
        return _verwerk(zaak, bewijs)

    return gateway.store.samen(beslis)


def _ontvangst(bewezen: Bewezen, aanvraag: Aanvraag) -> Ontvangst:
    raw = bewezen.verzoek.raw
    return Ontvangst(
        id=bewezen.verzoek.ticket,
        dienst=DIENST.naam,
        afzender=f"riziv:{bewezen.identity.number}",
        bedrijfs_id=aanvraag.hoofding.bericht_id,
        pijler=aanvraag.hoofding.pijler,
        soort=aanvraag.soort,
        test=aanvraag.hoofding.test,
        ontvangen_op=bewezen.now,
        octetten=raw,
        content_type=bewezen.verzoek.content_type,
        sha256=hashlib.sha256(raw).digest(),
        inhoud_sha256=hashlib.sha256(exclusive(bewezen.payload)).digest(),
        identiteit=bewezen.identity.label,
        certificaat_sha256=bewezen.signed.fingerprint,
        voorziening=aanvraag.voorziening,
        insz=aanvraag.insz,
        attest=aanvraag.hoofding.afzender.software.attest[:32],
    )


def _eerder_antwoord(conn: Connection, ontvangst: Ontvangst) -> Element | None:
    eerder = berichten.eerder(conn, ontvangst.afzender, ontvangst.dienst, ontvangst.bedrijfs_id)
    if eerder is None:
        return None
    if eerder.inhoud_sha256 != ontvangst.inhoud_sha256.hex() or eerder.antwoord is None:
        raise Refusal(
            Code.ID_REUSED,
            place=f"{_PLAATS}/Hoofding/BerichtId",
            found=f"eerste ontvangst {eerder.ontvangen_op:%Y-%m-%dT%H:%M:%SZ}",
        )
    return merk_duplicaat(etree.fromstring(eerder.antwoord))


@dataclass(frozen=True, kw_only=True)
class _Zaak:
    """One admitted aanvraag in its transaction, with all that was gathered to judge it."""

    gateway: Gateway
    conn: Connection
    register: Stand
    ontvangst: Ontvangst
    aanvraag: Aanvraag
    context: AanvraagContext
    cookbook: Cookbook


def _verwerk(zaak: _Zaak, bewijs: bytes) -> Element:
    ontvangst, beslissing = zaak.ontvangst, beoordeel_aanvraag(zaak.aanvraag, zaak.context, zaak.cookbook)
    stappen: list[tuple[Stap, str | None]] = [(Stap.TECHNISCH_AANVAARD, None)]
    stappen.append((_STAP[beslissing.uitkomst], ", ".join(r.code for r in beslissing.redenen) or None))
    zorgkas = transport = dossiernummer = aflevering = None
    if beslissing.uitkomst is not Uitkomst.GEWEIGERD:
        zorgkas, dossiernummer = zorgkas_voor(zaak.context, beslissing), _dossiernummer(ontvangst, zaak.aanvraag)
        transport = zaak.register.vraag(("transport", zorgkas), partial(transport_van, zaak.conn, zorgkas))
        aflevering = "onderweg" if lijn.lees(zaak.conn, f"zorgkas:{zorgkas}").bereikbaar else "uitgesteld"
        stappen.append(gerouteerd(zorgkas, transport))
    response = schrijf_antwoord(
        Antwoord(
            message_id=ontvangst.id,
            bericht_id=ontvangst.bedrijfs_id,
            ontvangen_op=ontvangst.ontvangen_op,
            uitkomst=beslissing.uitkomst.value,
            zorgkas=zorgkas,
            dossiernummer=dossiernummer,
            aflevering=aflevering,
            redenen=beslissing.redenen,
            ontvangstbewijs=bewijs,
        )
    )
    berichten.bewaar(
        zaak.conn,
        ontvangst,
        stappen,
        uitkomst=beslissing.uitkomst.value,
        zorgkas=zorgkas,
        dossiernummer=dossiernummer,
        referentiedatum=beslissing.referentiedatum,
        antwoord=etree.tostring(response),
    )
    dossiers.bewaar_beslissing(
        zaak.conn,
        ontvangst.id,
        uitkomst=beslissing.uitkomst.value,
        door=berichten.GATEWAY,
        op=ontvangst.ontvangen_op,
        redenen=beslissing.redenen,
        gecontroleerd=beslissing.gecontroleerd,
        cookbook=f"{zaak.cookbook.pijler} {zaak.cookbook.versie}",
    )
    metrics.DECIDED.labels(zaak.cookbook.pijler, DIENST.naam, beslissing.uitkomst.value, zorgkas or "").inc()
    if zorgkas is not None and transport is not None and dossiernummer is not None:
        _werk_dossier_bij(zaak, beslissing, dossiernummer)
        if beslissing.uitkomst is Uitkomst.IN_BERAAD:
            _wacht_op_zorgkas(zaak, zorgkas)
        naar_zorgkas(
            zaak.conn,
            _levering(zaak, beslissing, zorgkas, dossiernummer),
            ontvangst.ontvangen_op,
            transport=transport,
            volgorde=f"{zaak.aanvraag.voorziening}/{zaak.aanvraag.insz}",
        )
    return response


def _levering(zaak: _Zaak, beslissing: Beslissing, zorgkas: str, dossiernummer: str) -> Levering:
    ontvangst = zaak.ontvangst
    verslag = validatieverslag(
        bewijs_van(ontvangst),
        zaak.cookbook,
        zaak.gateway.signer,
        ontvangst.ontvangen_op,
        gecontroleerd=beslissing.gecontroleerd,
        uitkomst=beslissing.uitkomst.value,
        zorgkas=zorgkas,
        referentiedatum=beslissing.referentiedatum,
        redenen=beslissing.redenen,
    )
    return Levering(
        message_id=ontvangst.id,
        zorgkas=zorgkas,
        pijler=ontvangst.pijler,
        soort="aanvraag",
        test=ontvangst.test,
        uitkomst=beslissing.uitkomst.value,
        dossiernummer=dossiernummer,
        content_type=ontvangst.content_type,
        origineel=ontvangst.octetten,
        sha256=ontvangst.sha256,
        validatieverslag=verslag,
    )


def zorgkas_voor(context: AanvraagContext, beslissing: Beslissing) -> str:
    """The zorgkas that an accepted aanvraag goes to."""
    code = None if context.persoon is None else zorgkas_van_dienst(context.persoon, beslissing.referentiedatum)
    if code is None and context.persoon is not None and context.persoon.aansluitingen:
        # An end or annulment may fall after the last affiliation; the last zorgkas then still has the dossier.
        code = context.persoon.aansluitingen[-1].zorgkas
    if code is None:
        raise Refusal(Code.INTERNAL, found="aanvaard zonder zorgkas")
    return code


def _dossiernummer(ontvangst: Ontvangst, aanvraag: Aanvraag) -> str:
    genoemd = aanvraag.kennisgeving.dossiernummer
    if genoemd is not None:
        return genoemd
    digits = ontvangst.id.replace("-", "")
    return f"{ontvangst.pijler}-{digits[2:11]}{digits[-5:]}".upper()


def _werk_dossier_bij(zaak: _Zaak, beslissing: Beslissing, dossiernummer: str) -> None:
    conn, aanvraag = zaak.conn, zaak.aanvraag
    gebeurtenis = dossiervorming.gebeurtenis_van(
        aanvraag, zaak.ontvangst.id, beslissing.uitkomst.value, beslissing.referentiedatum
    )
    if aanvraag.kennisgeving.soort.werking is Werking.OPENT:
        dossiers.open_dossier(conn, dossiervorming.open_dossier(aanvraag, dossiernummer, gebeurtenis))
        return
    oud = next((v for v in zaak.context.verblijven if v.dossiernummer == dossiernummer), None)
    if oud is not None:
        dossiers.werk_bij(conn, oud, dossiervorming.voeg_toe(oud, gebeurtenis))


def _wacht_op_zorgkas(zaak: _Zaak, zorgkas: str) -> None:
    dag = zaak.context.vandaag
    beraad.open_beraad(
        zaak.conn,
        zaak.ontvangst.id,
        zorgkas=zorgkas,
        pijler=zaak.ontvangst.pijler,
        sinds=zaak.ontvangst.ontvangen_op,
        vervalt_op=maanden_na(dag, zaak.cookbook.beraad.maanden),
    )
