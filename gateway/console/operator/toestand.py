"""What the overview tells beside the stream: lines, queues, refusals, alarms and what is about to expire."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, func, select

from gateway.console.operator.stroom import ZONDER_PIJLER, van_pijler
from gateway.console.vensters import Telling, tel
from gateway.diensten.deur import ALLEEN_GETELD
from gateway.exchange import lijn
from gateway.exchange.lijn import Lijn
from gateway.exchange.toestand import PENDING, Toestand
from gateway.observe.alarm_wegen import adres
from gateway.observe.alarmen import Bewaking
from gateway.reference import lookup
from gateway.reference.model import Zorgkas
from gateway.refusal import info_of
from gateway.store import deur
from gateway.store.berichten import Stap
from gateway.store.tables import alarm, beraad, bericht, beslissing, certificaat, levering, taak
from gateway.trust.ocsp import OcspStore

MEEST = 10_000
_CN = re.compile(r"CN=((?:[^,\\]|\\.)+)")
_STEEKPROEF = 1_000
"""Newest refusals per pillar whose reasons are counted."""
_CERTIFICATEN = 20
_BINNENKORT = timedelta(days=60)


@dataclass(frozen=True, kw_only=True)
class Lijnstand:
    """One zorgkas's line: how it is, and what waits for it."""

    kas: Zorgkas
    lijn: Lijn
    wachtend: Telling
    oudste: datetime | None
    mislukt: Telling

    @property
    def woord(self) -> str:
        return self.lijn.woord


def lijnen(conn: Connection) -> list[Lijnstand]:
    """Every zorgkas's line."""
    return [lijnstand(conn, kas) for kas in lookup.zorgkassen(conn)]


def lijnstand(conn: Connection, kas: Zorgkas) -> Lijnstand:
    bestemming, c = f"zorgkas:{kas.code}", levering.c
    naar = select(c.id).where(c.bestemming == bestemming)
    wachtend = naar.where(c.toestand.in_([t.value for t in PENDING]))
    # By number, which rises with time: the index has it, so the oldest is the first of each state.
    eersten = [
        conn.execute(
            select(c.aangemaakt_op).where(c.bestemming == bestemming, c.toestand == t.value).order_by(c.nr).limit(1)
        ).scalar()
        for t in PENDING
    ]
    return Lijnstand(
        kas=kas,
        lijn=lijn.lees(conn, bestemming),
        wachtend=tel(conn, wachtend, MEEST),
        oudste=min((e for e in eersten if e is not None), default=None),
        mislukt=tel(conn, naar.where(c.toestand == Toestand.MISLUKT.value), MEEST),
    )


@dataclass(frozen=True, kw_only=True)
class Werk:
    """What waits for the gateway or for a person."""

    taken: Telling
    oudste_taak: datetime | None
    in_beraad: Telling
    eerste_verval: date | None


def werk(conn: Connection) -> Werk:
    openstaand = select(beraad.c.bericht_id).where(beraad.c.gesloten_op.is_(None))
    eerste = select(beraad.c.vervalt_op).where(beraad.c.gesloten_op.is_(None)).order_by(beraad.c.vervalt_op).limit(1)
    return Werk(
        taken=tel(conn, select(taak.c.bericht_id), MEEST),
        oudste_taak=conn.execute(select(func.min(taak.c.volgende_poging))).scalar(),
        in_beraad=tel(conn, openstaand, MEEST),
        eerste_verval=conn.execute(eerste).scalar(),
    )


@dataclass(frozen=True, kw_only=True)
class Weigering:
    """A reason for which messages were refused."""

    code: str
    tekst: str
    tekst_en: str
    aantal: int
    deel: int
    """Of a hundred, against the most frequent one."""


def weigeringen(conn: Connection, pijlers: Sequence[str], vanaf: str) -> tuple[list[Weigering], bool]:
    """Reasons of the newest refusals in a window, most frequent first, and whether there were more than were looked at."""
    ids: list[str] = []
    meer, b = False, bericht.c
    for pijler in (*pijlers, ZONDER_PIJLER):
        for stap in (Stap.INHOUDELIJK_GEWEIGERD, Stap.TECHNISCH_GEWEIGERD):
            vraag = select(b.id).where(van_pijler(pijler), b.stap == stap.value, b.id >= vanaf)
            gevonden = conn.execute(vraag.order_by(b.id.desc()).limit(_STEEKPROEF)).scalars().all()
            meer |= len(gevonden) == _STEEKPROEF
            ids.extend(gevonden)
    teller: Counter[str] = Counter()
    teksten: dict[str, tuple[str, str]] = {}
    for begin in range(0, len(ids), 500):
        rijen = conn.execute(select(beslissing.c.redenen).where(beslissing.c.bericht_id.in_(ids[begin : begin + 500])))
        for (redenen,) in rijen:
            for code in {r["code"] for r in redenen}:
                teller[code] += 1
            teksten |= {r["code"]: (r["tekst"], r.get("tekst_en") or r["tekst"]) for r in redenen}
    meest = max(teller.values(), default=1)
    gevonden = [(code, aantal, *teksten[code]) for code, aantal in teller.most_common(8)]
    return [Weigering(code=c, aantal=n, tekst=nl, tekst_en=en, deel=100 * n // meest) for c, n, nl, en in gevonden], meer


def aan_de_deur(conn: Connection, sinds: datetime | None) -> list[Weigering]:
    """Codes of what was answered with a fault since a moment, most frequent first; who only asks too often is no mistake."""
    vaak = {c.info.code for c in ALLEEN_GETELD}
    gevonden = [(code, n) for code, n in deur.per_code(conn, sinds, 8 + len(vaak)) if code not in vaak][:8]
    meest = max((n for _, n in gevonden), default=1)
    infos = [(code, n, info_of(code)) for code, n in gevonden]
    return [
        Weigering(code=code, aantal=n, tekst=info.nl if info else code, tekst_en=info.en if info else code, deel=100 * n // meest)
        for code, n, info in infos
    ]


@dataclass(frozen=True, kw_only=True)
class Alarmregel:
    """An open alarm, with the screen where one acts on it."""

    soort: str
    onderwerp: str
    ernst: str
    toelichting: str
    geopend_op: datetime
    adres: str | None
    """None: no screen helps."""


def alarmen(conn: Connection) -> list[Alarmregel]:
    """What is wrong now, newest first."""
    rijen = conn.execute(select(alarm).where(alarm.c.gesloten_op.is_(None)).order_by(alarm.c.geopend_op.desc()).limit(20))
    return [
        Alarmregel(
            soort=r.soort,
            onderwerp=r.onderwerp,
            ernst=r.ernst,
            toelichting=r.toelichting,
            geopend_op=r.geopend_op,
            adres=None if (weg := adres(r.soort, r.onderwerp)) is None else f"/console{weg}",
        )
        for r in rijen
    ]


@dataclass(frozen=True, kw_only=True)
class Einde:
    """Something that stops being good at a moment."""

    wat: str
    soort: str
    tot: datetime | None
    """None: there is nothing fresh now."""
    dagen: int | None


def eindes(conn: Connection, bewaking: Bewaking, ocsp: OcspStore | None, nu: datetime) -> list[Einde]:
    """Our own certificates and the revocation data, and senders' certificates that end within sixty days; soonest first."""
    eigen = [("eigen certificaat", naam, c.not_valid_after_utc) for naam, c in bewaking.eigen.items()]
    crls = [("intrekkingsgegevens", _naam(dn), tot) for dn, tot in bewaking.trust.revocation_ends().items()]
    if ocsp is not None and (eerste := ocsp.first_end()) is not None:
        crls.append(("intrekkingsgegevens", "OCSP", eerste))
    c = certificaat.c
    bijna = select(c.identiteit, c.geldig_tot).where(c.geldig_tot >= nu, c.geldig_tot < nu + _BINNENKORT)
    rijen = conn.execute(bijna.order_by(c.geldig_tot).limit(_CERTIFICATEN)).all()
    afzenders = [("certificaat van een afzender", r.identiteit, r.geldig_tot) for r in rijen]
    alles = [
        Einde(soort=s, wat=w, tot=tot, dagen=None if tot is None else (tot - nu).days)
        for s, w, tot in ((*e,) for e in (*eigen, *crls, *afzenders))
    ]
    return sorted(alles, key=lambda e: (e.tot is not None, e.tot))


def _naam(dn: str) -> str:
    """The common name in a distinguished name (RFC 4514), or all of it."""
    return gevonden[1] if (gevonden := _CN.search(dn)) else dn
