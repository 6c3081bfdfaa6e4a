"""/soap/<service>/v1/proef: the same message, the same checks, the same answer; nothing is kept but whom it was about.

A vendor sends here what it would send to the service itself, as often as it likes. The answer carries Proef="true" and no
receipt, so that nobody can take it for the real one; of a zending it comes at once, not in the mailbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lxml.etree import _Element as Element

from gateway.berichten.antwoord import Antwoord, FacturatieAntwoord, facturatie_antwoord, schrijf_antwoord
from gateway.berichten.intrekking import Intrekking
from gateway.berichten.names import AANVRAAG
from gateway.central.aanvraag import beoordeel_aanvraag
from gateway.central.model import Uitkomst
from gateway.diensten import aanvraag, facturatie
from gateway.diensten.kern import Behandelaar, Bewezen, Dienst, Gateway
from gateway.diensten.proef_inzage import Proefvraag
from gateway.diensten.toelating import gegevens, toelaten
from gateway.diensten.zending_intrekken import LABEL as INGETROKKEN
from gateway.diensten.zending_intrekken import beoordeel
from gateway.diensten.zending_lezen import als_fouten, lees_als_intrekking, lees_of_fouten
from gateway.diensten.zending_oordeel import GEWEIGERD, Inhoudelijk, Inzending, oordeel
from gateway.refusal import Refusal
from gateway.wire.names import GENERIC_ASYNC, q


def _aanvraag(gateway: Gateway, bewezen: Bewezen) -> Element:
    ingediend, cookbook = aanvraag.lees_ingediend(gateway, bewezen)
    _vraag(bewezen).over_een(gateway.store, ingediend.insz, bewezen.now)
    with gateway.store.reading() as conn:
        register = gateway.register.nu(conn)
        context = gegevens(conn, register, bewezen.now, ingediend, cookbook)
        toelaten(conn, register, ingediend, context)
    beslissing = beoordeel_aanvraag(ingediend, context, cookbook)
    geweigerd = beslissing.uitkomst is Uitkomst.GEWEIGERD
    return schrijf_antwoord(
        Antwoord(
            message_id=bewezen.verzoek.ticket,
            bericht_id=ingediend.hoofding.bericht_id,
            ontvangen_op=bewezen.now,
            uitkomst=beslissing.uitkomst.value,
            zorgkas=None if geweigerd else aanvraag.zorgkas_voor(context, beslissing),
            dossiernummer=ingediend.kennisgeving.dossiernummer,
            aflevering=None,
            redenen=beslissing.redenen,
            ontvangstbewijs=None,
            proef=True,
        )
    )


def _zending(gateway: Gateway, bewezen: Bewezen) -> Element:
    post, _ = facturatie.lees_ingezonden(gateway, bewezen)
    voorziening = facturatie.voorziening_van(post.origin)
    antwoord = FacturatieAntwoord(
        label=GEWEIGERD,
        message_id=bewezen.verzoek.ticket,
        input_reference=post.input_reference,
        tijdstip=bewezen.now,
        proef=True,
    )
    if (intrekking := lees_als_intrekking(post.blob.content)) is not None:
        return facturatie_antwoord(_intrekking(gateway, intrekking, voorziening, antwoord))
    zending, fouten = lees_of_fouten(post.blob.content)
    if zending is None:
        return facturatie_antwoord(replace(antwoord, fouten=fouten))
    _vraag(bewezen).over_velen(gateway.store, {f.insz for f in zending.facturen}, bewezen.now)
    inzending = Inzending(zending=zending, origin=post.origin, voorziening=voorziening, ontvangen_op=bewezen.now)
    with gateway.store.reading() as conn:
        gevonden = oordeel(conn, gateway.cookbooks, inzending)
    antwoord = replace(
        antwoord, zendingnummer=zending.zendingnummer, maand=zending.maand, zorgkas=zending.zorgkas, gevraagd=zending.totaal
    )
    if not isinstance(gevonden, Inhoudelijk):
        return facturatie_antwoord(replace(antwoord, fouten=gevonden.fouten))
    resultaat = gevonden.resultaat
    return facturatie_antwoord(
        replace(
            antwoord,
            label=resultaat.label,
            gevraagd=resultaat.gevraagd,
            aanvaard=resultaat.aanvaard,
            geweigerd=resultaat.geweigerd,
            foutpercentage=resultaat.foutpercentage,
            fouten=resultaat.fouten,
        )
    )


def _vraag(bewezen: Bewezen) -> Proefvraag:
    return Proefvraag(afzender=f"riziv:{bewezen.identity.number}", nummer=bewezen.verzoek.ticket, ondertekend=True)


def _intrekking(gateway: Gateway, intrekking: Intrekking, voorziening: str, antwoord: FacturatieAntwoord) -> FacturatieAntwoord:
    try:
        with gateway.store.reading() as conn:
            terug = beoordeel(gateway, conn, intrekking, voorziening)
    except Refusal as refusal:
        return replace(antwoord, fouten=als_fouten(refusal))
    return replace(antwoord, label=INGETROKKEN, **terug.bedragen)


@dataclass(frozen=True)
class Proef:
    """A dry run, to be served as a service is."""

    DIENST: Dienst
    behandel: Behandelaar


def _alleen(dienst: Dienst, tag: str) -> Dienst:
    return replace(dienst, operaties={tag: dienst.operaties[tag]}, statusvragen=frozenset(), proef=True)


PROEVEN: Mapping[str, Proef] = {
    "aanvraag": Proef(_alleen(aanvraag.DIENST, q(AANVRAAG, "IndienenRequest")), _aanvraag),
    "facturatie": Proef(_alleen(facturatie.DIENST, q(GENERIC_ASYNC, "post")), _zending),
}
"""Name of a service to its dry run."""
