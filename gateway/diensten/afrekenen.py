"""A zorgkas settles an accepted zending: what it pays, and which records it refuses by manual control (920900)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from gateway.berichten.antwoord import FacturatieAntwoord
from gateway.berichten.factuur import Factuur, Lijn
from gateway.berichten.zorgkas import Afrekening
from gateway.central.dagen import Sleutel, dagen, is_credit, sleutels
from gateway.central.model import Ernst, Factuurfout
from gateway.diensten.facturatie import ZENDING
from gateway.diensten.kern import Gateway
from gateway.diensten.zending_antwoord import leg_klaar
from gateway.diensten.zending_lezen import lees, plat_bestand
from gateway.refusal import Code, Finding, Refusal
from gateway.store import berichten, weigervoorstellen, zendingen
from gateway.store.berichten import Stap
from gateway.store.handelingen import AFREKENING, Handeling
from gateway.store.slot import slot

LABEL = "AFREKENING-920900"
_KOPPELING = "300419"
_REMEDIE = "Neem contact op met de zorgkas, of factureer de verbeterde lijn opnieuw."
MAX_FINDINGS = 100


class Geweigerd(NamedTuple):
    """A record that the zorgkas does not pay."""

    factuur: Factuur
    lijn: Lijn
    code: str
    motivering: str


def reken_af(gateway: Gateway, conn: Connection, row: Row[Any], afrekening: Afrekening, op: datetime) -> None:
    """Keep a settlement and tell the facility, in the caller's transaction; brought by message or made on a screen.

    Raises:
        Refusal: NOT_DECIDABLE, or AMOUNTS when anything does not agree to the cent; then nothing is kept.
    """
    zending = zendingen.zending_van(conn, row.id)
    if zending is not None:
        # A credit note for the same days is not judged meanwhile.
        slot(conn, f"facturen/{zending.derdebetalende[:8]}")
        zending = zendingen.zending_van(conn, row.id)
    if row.soort != ZENDING or zending is None or zending.afgerekend is not None or zending.ingetrokken_op is not None:
        raise Refusal(
            Code.NOT_DECIDABLE,
            place="/Afrekening/MessageId",
            expected="een aanvaarde zending zonder afrekening",
            found=str(row.stap),
        )
    if afrekening.gevraagd != zending.aanvaard or afrekening.aanvaard + afrekening.geweigerd != afrekening.gevraagd:
        raise Refusal(
            Code.AMOUNTS,
            place="/Afrekening/Gevraagd",
            expected=f"{zending.aanvaard} = aanvaard + geweigerd",
            found=f"{afrekening.gevraagd} en {afrekening.aanvaard} + {afrekening.geweigerd}",
        )
    fouten = _weiger_lijnen(gateway, conn, row, afrekening) if afrekening.geweigerde_lijnen or afrekening.geweigerd else []
    zendingen.reken_af(conn, row.id, afrekening.aanvaard, afrekening.betaalreferentie, op)
    weigervoorstellen.vergeet(conn, row.id)
    door = f"zorgkas:{afrekening.zorgkas}"
    berichten.stappen(conn, row.id, [(Stap.AFGEREKEND, afrekening.betaalreferentie)], op, actor=door)
    antwoord = FacturatieAntwoord(
        label=LABEL,
        message_id=row.id,
        input_reference=row.bedrijfs_id,
        tijdstip=op,
        zendingnummer=zending.nummer,
        maand=zending.maand,
        zorgkas=afrekening.zorgkas,
        gevraagd=afrekening.gevraagd,
        aanvaard=afrekening.aanvaard,
        geweigerd=afrekening.geweigerd,
        betaalreferentie=afrekening.betaalreferentie,
        fouten=fouten,
    )
    plat = plat_bestand(gateway, conn, row.id)
    leg_klaar(conn, row, antwoord, naam="HCPAFD", plat=plat, now=op)


def afgerekend(afrekening: Afrekening, op: datetime, persoon: str | None = None) -> Handeling:
    """What is kept of who settled.

    Args:
        persoon: who did it on a screen; None when it came by message.
    """
    return Handeling(
        bericht_id=afrekening.message_id,
        soort=AFREKENING,
        zorgkas=afrekening.zorgkas,
        persoon=persoon,
        op=op,
        uitkomst="afgerekend",
        motivering=afrekening.betaalreferentie,
    )


def _weiger_lijnen(gateway: Gateway, conn: Connection, row: Row[Any], afrekening: Afrekening) -> list[Factuurfout]:
    zending = lees(gateway, conn, row.id).zending
    if zending is None:
        raise LookupError(f"accepted zending {row.id} can not be read")
    al = frozenset((kaal_nummer(f), n) for f, n in zendingen.geweigerd_van(conn, row.id))
    dagen_nu = zendingen.dagen_van(conn, row.id)
    gevraagd = [(kaal_nummer(nummer), volgnummer) for nummer, volgnummer, _, _ in afrekening.geweigerde_lijnen]
    lijnen = {(kaal_nummer(f.factuurnummer), x.volgnummer): (f, x) for f in zending.facturen for x in f.lijnen}
    keren = Counter(gevraagd)
    vreemd = [
        n
        for n, sleutel in enumerate(gevraagd, 1)
        if sleutel not in lijnen or keren[sleutel] > 1 or not weigerbaar(*lijnen[sleutel], al, dagen_nu)
    ]
    if vreemd:
        raise _geen_lijn(vreemd)
    geweigerd = [
        Geweigerd(*lijnen[sleutel], code, motivering)
        for sleutel, (_, _, code, motivering) in zip(gevraagd, afrekening.geweigerde_lijnen, strict=True)
    ]
    som = sum(x.lijn.bedrag for x in geweigerd)
    if som != afrekening.geweigerd:
        raise Refusal(
            Code.AMOUNTS,
            place="/Afrekening/Geweigerd",
            expected=f"{som} cent, de som van de geweigerde lijnen",
            found=f"{afrekening.geweigerd} cent",
        )
    geweigerd += gekoppeld(geweigerd, set(gevraagd) | al, gateway.cookbooks[zending.pijler].aandelen)
    vrij = (s for x in geweigerd for s in sleutels(x.factuur, x.lijn))
    zendingen.geef_dagen_vrij(conn, zending.derdebetalende, vrij)
    rijen = (
        (x.factuur.factuurnummer, x.lijn.volgnummer, x.lijn.prestatiecode, x.lijn.bedrag, x.code, x.motivering or None)
        for x in geweigerd
    )
    zendingen.bewaar_geweigerd(conn, row.id, f"zorgkas:{afrekening.zorgkas}", rijen)
    return [
        Factuurfout(
            code=x.code,
            ernst=Ernst.RECORD,
            tekst=x.motivering,
            tekst_en="Refused by the zorgkas.",
            record="30",
            factuurnummer=x.factuur.factuurnummer,
            volgnummer=x.lijn.volgnummer,
            regel=x.lijn.regel,
            remedie=_REMEDIE,
        )
        for x in geweigerd
    ]


def gekoppeld(geweigerd: Sequence[Geweigerd], al: AbstractSet[tuple[str, int]], aandelen: Mapping[str, str]) -> list[Geweigerd]:
    """The records of the personal share beside a refused day: without it they would stand in the way of invoicing it again."""
    mee: dict[tuple[str, int], Geweigerd] = {}
    for x in geweigerd:
        dagen_ = set(dagen(x.lijn))
        for ander in x.factuur.lijnen if x.lijn.prestatiecode in aandelen.values() else ():
            sleutel = x.factuur.factuurnummer, ander.volgnummer
            if (
                aandelen.get(ander.prestatiecode) == x.lijn.prestatiecode
                and dagen_.issuperset(dagen(ander))
                and sleutel not in al
            ):
                mee[sleutel] = Geweigerd(x.factuur, ander, _KOPPELING, "De gekoppelde dag is geweigerd.")
    return list(mee.values())


def kaal_nummer(factuurnummer: str) -> str:
    """An invoice number without the zeros that a flat file fills it with."""
    return factuurnummer.lstrip("0") or "0"


def weigerbaar(factuur: Factuur, lijn: Lijn, al: frozenset[tuple[str, int]], dagen_nu: frozenset[Sleutel]) -> bool:
    """A credit gives money back, and what was credited since is given back already: neither can be refused."""
    if is_credit(factuur) or (kaal_nummer(factuur.factuurnummer), lijn.volgnummer) in al:
        return False
    return dagen_nu.issuperset(sleutels(factuur, lijn))


def _geen_lijn(vreemd: list[int]) -> Refusal:
    info = Code.AMOUNTS.info
    findings = tuple(
        Finding(
            code=info.code,
            nl="De lijn staat niet in de zending, is al geweigerd of gecrediteerd, is zelf een credit, of staat er twee keer.",
            en="The line is not in the zending, was refused or credited already, is a credit itself, or is named twice.",
            place=f"/Afrekening/GeweigerdeLijn[{n}]",
            expected="een lijn van deze zending die nog telt, één keer",
            found="een andere",
            remedy=info.remedy,
        )
        for n in vreemd[:MAX_FINDINGS]
    )
    return Refusal(Code.AMOUNTS, findings=findings, omitted=max(0, len(vreemd) - MAX_FINDINGS))
