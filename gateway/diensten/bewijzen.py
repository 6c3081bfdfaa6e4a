"""Receipts and validation reports, sealed with the gateway's key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from gateway.berichten.antwoord import Bewijs, schrijf_ontvangstbewijs, schrijf_validatieverslag
from gateway.central.cookbook import Cookbook
from gateway.central.model import Factuurfout, Reden
from gateway.store.berichten import Ontvangst
from gateway.trust.signing import Signer, seal

TECHNISCHE_CONTROLES = (
    "envelop en grenzen",
    "handtekening WS-Security",
    "certificaatketen, geldigheid en intrekking",
    "afzender is houder van het certificaat",
    "erkenning, attest en circle of trust",
    "schema",
)


def bewijs_van(ontvangst: Ontvangst) -> Bewijs:
    return Bewijs(
        message_id=ontvangst.id,
        dienst=ontvangst.dienst,
        afzender=ontvangst.identiteit,
        certificaat_sha256=ontvangst.certificaat_sha256,
        bedrijfsreferentie=ontvangst.bedrijfs_id,
        ontvangen_op=ontvangst.ontvangen_op,
        octetten=len(ontvangst.octetten),
        sha256=ontvangst.sha256,
    )


def ontvangstbewijs(ontvangst: Ontvangst, signer: Signer) -> bytes:
    """The signed receipt: names the digest of what was received."""
    return seal(schrijf_ontvangstbewijs(bewijs_van(ontvangst)), signer, ontvangst.ontvangen_op)


def validatieverslag(
    bewijs: Bewijs,
    cookbook: Cookbook,
    signer: Signer,
    now: datetime,
    *,
    gecontroleerd: Sequence[str],
    uitkomst: str,
    zorgkas: str,
    referentiedatum: date,
    redenen: Sequence[Reden] = (),
    fouten: Sequence[Factuurfout] = (),
) -> bytes:
    """The signed report that travels with the sender's bytes to the zorgkas."""
    gevuurd = {r.code for r in redenen} | {f.code for f in fouten}
    controles = [(naam, "in orde") for naam in TECHNISCHE_CONTROLES]
    controles += [(regel, "opgemerkt" if regel in gevuurd else "in orde") for regel in gecontroleerd]
    verslag = schrijf_validatieverslag(
        bewijs,
        pijler=cookbook.pijler,
        cookbook=f"{cookbook.pijler} {cookbook.versie}",
        controles=controles,
        uitkomst=uitkomst,
        zorgkas=zorgkas,
        referentiedatum=referentiedatum,
        redenen=redenen,
        fouten=fouten,
    )
    return seal(verslag, signer, now)
