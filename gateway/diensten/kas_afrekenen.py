"""A person of a zorgkas refuses records by hand and settles: the same settlement as the zorgkas's software sends by message.

What is ticked is kept as a proposal until somebody confirms it, so that a session that ends loses nothing and colleagues see
what was ticked. Who confirms says which proposal was seen; when it changed meanwhile, nothing is settled.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from gateway.berichten.factuur import Factuur, Lijn, Zending
from gateway.berichten.zorgkas import Afrekening
from gateway.diensten.afrekenen import Geweigerd, afgerekend, gekoppeld, kaal_nummer, reken_af, weigerbaar
from gateway.diensten.invoer import Ongeldig, betaalreferentie, code, tekst
from gateway.diensten.inzage import NietGevonden
from gateway.diensten.kern import Gateway
from gateway.diensten.zending_lezen import lees
from gateway.observe.audit_events import Gebeurtenis
from gateway.refusal import Code, Refusal
from gateway.store import berichten, weigervoorstellen, werklijst, zendingen
from gateway.store.audit import noteer
from gateway.store.handelingen import AFREKENING, Handeling, bewaar_handeling, laatste_handeling
from gateway.store.slot import slot
from gateway.store.weigervoorstellen import Sleutel, Voorstel, Voorstellen

MOST = 10_000
"""Records that one proposal may refuse; more is a settlement for the zorgkas's software."""
_CACHED, _CACHED_LINES = 8, 50_000
"""Zendingen that are kept read, and how large one may be for it."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record of a zending, with how it stands."""

    factuur: Factuur
    lijn: Lijn
    stand: str
    """telt, geweigerd (by the gateway or before), or vast: a credit, or credited since; only the first can be refused."""
    voorstel: Voorstel | None
    gekoppeld: bool
    """Refused along with a ticked day, whose personal share it is."""

    @property
    def sleutel(self) -> Sleutel:
        return self.factuur.factuurnummer, self.lijn.volgnummer

    @property
    def kan_geweigerd(self) -> bool:
        """It still counts, and nothing refuses it yet."""
        return self.stand == "telt" and self.voorstel is None and not self.gekoppeld


@dataclass(frozen=True, kw_only=True)
class Zendingbeeld:
    """A zending on its way to a settlement."""

    row: Row[Any]
    records: tuple[Record, ...]
    voorstellen: Voorstellen

    @property
    def gevraagd(self) -> int:
        """Cents: what the gateway accepted."""
        return int(self.row.aanvaard)

    @property
    def geweigerd(self) -> int:
        return self.voorstellen.bedrag

    @property
    def te_betalen(self) -> int:
        return self.gevraagd - self.geweigerd


@dataclass(frozen=True, kw_only=True)
class Bevestiging:
    """What somebody confirms."""

    bericht_id: str
    zorgkas: str
    persoon: str
    betaalreferentie: str
    stand: str
    """Digest of the proposal that was on the screen (Voorstellen.stand)."""
    geweigerd: int
    """Cents, as they stood on the screen."""


class AlAfgerekend(Exception):
    """The zending was settled, or taken back, by somebody who was first."""

    def __init__(self, row: Row[Any], handeling: Handeling | None) -> None:
        super().__init__("settled already")
        self.row = row
        self.handeling = handeling


class VoorstelGewijzigd(Exception):
    """Somebody ticked or unticked since it was on the screen; nothing was settled."""


def beeld(gateway: Gateway, conn: Connection, zorgkas: str, bericht_id: str) -> Zendingbeeld:
    """A zending with its records and what is ticked.

    Raises:
        NietGevonden: no such zending, or not this zorgkas's.
        Refusal: ARCHIVED.
    """
    row = _eigen(conn, zorgkas, bericht_id)
    zending = gelezen_zending(gateway, conn, bericht_id)
    voorgesteld = weigervoorstellen.voorstellen(conn, bericht_id)
    al = frozenset((kaal_nummer(f), n) for f, n in zendingen.geweigerd_van(conn, bericht_id))
    dagen_nu = zendingen.dagen_van(conn, bericht_id)
    per_sleutel = {(x.factuurnummer, x.volgnummer): x for x in voorgesteld.lijnen}
    lijnen = [(f, x) for f in zending.facturen for x in f.lijnen]
    getikt = [Geweigerd(f, x, v.code, v.motivering) for f, x in lijnen if (v := per_sleutel.get(_sleutel(f, x))) is not None]
    aandelen = gateway.cookbooks[zending.pijler].aandelen if zending.pijler in gateway.cookbooks else {}
    mee = {(x.factuur.factuurnummer, x.lijn.volgnummer) for x in gekoppeld(getikt, set(per_sleutel) | al, aandelen)}
    records = []
    for f, x in lijnen:
        sleutel = _sleutel(f, x)
        stand = "geweigerd" if (kaal_nummer(f.factuurnummer), x.volgnummer) in al else "telt"
        if stand == "telt" and not weigerbaar(f, x, al, dagen_nu):
            stand = "vast"
        records.append(Record(factuur=f, lijn=x, stand=stand, voorstel=per_sleutel.get(sleutel), gekoppeld=sleutel in mee))
    return Zendingbeeld(row=row, records=tuple(records), voorstellen=voorgesteld)


def stel_voor(
    gateway: Gateway, zorgkas: str, bericht_id: str, sleutels: Sequence[Sleutel], *, reden: str, motivering: str, persoon: str
) -> int:
    """Tick records to refuse, with a code and the zorgkas's words; returns how many.

    Raises:
        NietGevonden, AlAfgerekend; Ongeldig: no record that still counts, or code or words can not be.
    """
    reden, motivering = code("code", reden), tekst("motivering", motivering, minstens=10, hoogstens=2000)
    now = gateway.clock()
    with gateway.store.writing() as conn:
        slot(conn, f"bericht/{bericht_id}")
        nu = beeld(gateway, conn, zorgkas, bericht_id)
        _nog_open(conn, nu.row)
        te_weigeren = {r.sleutel: r for r in nu.records if r.stand == "telt" and not r.gekoppeld}
        gekozen = [te_weigeren[s] for s in dict.fromkeys(sleutels) if s in te_weigeren]
        if not gekozen or len(gekozen) != len(set(sleutels)):
            raise Ongeldig("lijnen", "Kies een of meer lijnen die nog tellen.")
        if len(nu.voorstellen.lijnen) + len(gekozen) > MOST:
            raise Ongeldig("lijnen", "Hoogstens {n} lijnen; weiger meer met een bericht van uw software.", n=MOST)
        lijnen = [
            Voorstel(
                factuurnummer=r.factuur.factuurnummer,
                volgnummer=r.lijn.volgnummer,
                bedrag=r.lijn.bedrag,
                code=reden,
                motivering=motivering,
                persoon=persoon,
                op=now,
            )
            for r in gekozen
        ]
        weigervoorstellen.stel_voor(conn, bericht_id, lijnen)
        return len(lijnen)


def neem_terug(gateway: Gateway, zorgkas: str, bericht_id: str, sleutels: Sequence[Sleutel] | None) -> int:
    """Untick records; returns how many were ticked.

    Args:
        sleutels: None: all of them.

    Raises:
        NietGevonden, AlAfgerekend.
    """
    with gateway.store.writing() as conn:
        slot(conn, f"bericht/{bericht_id}")
        _nog_open(conn, _eigen(conn, zorgkas, bericht_id))
        if sleutels is None:
            return weigervoorstellen.vergeet(conn, bericht_id)
        return weigervoorstellen.neem_terug(conn, bericht_id, sleutels)


def bevestig(gateway: Gateway, bevestiging: Bevestiging) -> Afrekening:
    """Settle with what is ticked, and pay the rest.

    Raises:
        NietGevonden, AlAfgerekend, VoorstelGewijzigd, Ongeldig.
        Refusal: AMOUNTS when anything does not agree to the cent, as for a settlement by message; or UNAVAILABLE.
    """
    referentie = betaalreferentie("betaalreferentie", bevestiging.betaalreferentie)
    gateway.check_clock()
    now = gateway.clock()
    bericht_id, zorgkas = bevestiging.bericht_id, bevestiging.zorgkas
    with gateway.store.writing() as conn:
        slot(conn, f"bericht/{bericht_id}")
        row = _eigen(conn, zorgkas, bericht_id)
        _nog_open(conn, row)
        voorgesteld = weigervoorstellen.voorstellen(conn, bericht_id)
        if (voorgesteld.stand, voorgesteld.bedrag) != (bevestiging.stand, bevestiging.geweigerd):
            raise VoorstelGewijzigd
        afrekening = Afrekening(
            message_id=bericht_id,
            zorgkas=zorgkas,
            gevraagd=row.aanvaard,
            aanvaard=row.aanvaard - voorgesteld.bedrag,
            geweigerd=voorgesteld.bedrag,
            betaalreferentie=referentie,
            geweigerde_lijnen=tuple((x.factuurnummer, x.volgnummer, x.code, x.motivering) for x in voorgesteld.lijnen),
        )
        bericht = berichten.zoek(conn, bericht_id)
        if bericht is None:
            raise NietGevonden
        try:
            reken_af(gateway, conn, bericht, afrekening, now)
        except Refusal as refusal:
            if refusal.code is not Code.NOT_DECIDABLE:
                raise
            raise AlAfgerekend(row, laatste_handeling(conn, bericht_id, AFREKENING)) from refusal
        bewaar_handeling(conn, afgerekend(afrekening, now, bevestiging.persoon))
        bedragen = {"aanvaard": afrekening.aanvaard, "geweigerd": afrekening.geweigerd}
        noteer(
            conn,
            Gebeurtenis.ZORGKAS_REKENDE_AF,
            actor=bevestiging.persoon,
            onderwerp=bericht_id,
            gegevens={"zorgkas": zorgkas, "langs": "scherm", "lijnen": len(voorgesteld.lijnen), **bedragen},
            tijdstip=now,
        )
        return afrekening


def afgerekend_op(conn: Connection, zorgkas: str, bericht_id: str) -> tuple[Row[Any], Handeling | None]:
    """A zending of a zorgkas and who settled it.

    Raises:
        NietGevonden: no such zending, or not this zorgkas's.
    """
    return _eigen(conn, zorgkas, bericht_id), laatste_handeling(conn, bericht_id, AFREKENING)


def _eigen(conn: Connection, zorgkas: str, bericht_id: str) -> Row[Any]:
    row = werklijst.zending_van_kas(conn, zorgkas, bericht_id)
    if row is None:
        raise NietGevonden
    return row


def _nog_open(conn: Connection, row: Row[Any]) -> None:
    if row.afgerekend is not None or row.ingetrokken_op is not None:
        raise AlAfgerekend(row, laatste_handeling(conn, row.bericht_id, AFREKENING))


def _sleutel(factuur: Factuur, lijn: Lijn) -> Sleutel:
    return factuur.factuurnummer, lijn.volgnummer


# What was sent never changes, and reading it takes a second for 100,000 lines: the last few that were looked at are kept.
_GELEZEN: OrderedDict[str, Zending] = OrderedDict()
_GELEZEN_SLOT = threading.Lock()


def gelezen_zending(gateway: Gateway, conn: Connection, bericht_id: str) -> Zending:
    """An accepted zending, read.

    Raises:
        Refusal: ARCHIVED.
        LookupError: it can not be read.
    """
    with _GELEZEN_SLOT:
        if (bekend := _GELEZEN.get(bericht_id)) is not None:
            _GELEZEN.move_to_end(bericht_id)
            return bekend
    zending = lees(gateway, conn, bericht_id).zending
    if zending is None:
        raise LookupError(f"accepted zending {bericht_id} can not be read")
    if sum(len(f.lijnen) for f in zending.facturen) <= _CACHED_LINES:
        with _GELEZEN_SLOT:
            _GELEZEN[bericht_id] = zending
            while len(_GELEZEN) > _CACHED:
                _GELEZEN.popitem(last=False)
    return zending
