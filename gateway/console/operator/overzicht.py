"""The operator's first screen: what goes on now. It refreshes itself until somebody stops it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from starlette.responses import Response

from gateway.console.operator import stroom, toestand
from gateway.console.rechten import Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.vensters import NUL, Venster, venster_van
from gateway.console.vraag import Vraag
from gateway.observe.alarmen import Bewaking
from gateway.observe.gezondheid import bewaking_van
from gateway.store.berichten import Stap
from gateway.store.engine import Store

schermen = Schermen()
VENSTERS = (Venster.UUR, Venster.DAG, Venster.WEEK)
_VERS = timedelta(seconds=4)
"""Operators who look at the same time share one look at the database."""


@dataclass(kw_only=True)
class _Geheugen:
    slot: threading.Lock
    bewaking: Bewaking | None = None
    beelden: dict[str, tuple[datetime, dict[str, Any]]]


_PER_STORE: WeakKeyDictionary[Store, _Geheugen] = WeakKeyDictionary()


@schermen.get("/overzicht", Recht.OVERZICHT_ZIEN, menu=Menu(titel="Overzicht", volgorde=10, toets="o"))
def overzicht(vraag: Vraag) -> Response:
    venster = venster_van(vraag.zoek.get("venster"))
    sjabloon = "operator/overzicht_deel.html" if vraag.deel else "operator/overzicht.html"
    return vraag.toon(sjabloon, venster=venster, vensters=VENSTERS, **_beeld(vraag, venster))


def _beeld(vraag: Vraag, venster: Venster) -> dict[str, Any]:
    geheugen = _PER_STORE.setdefault(vraag.gateway.store, _Geheugen(slot=threading.Lock(), beelden={}))
    with geheugen.slot:
        gemaakt = geheugen.beelden.get(venster.sleutel)
        if gemaakt is not None and timedelta(0) <= vraag.nu - gemaakt[0] < _VERS:
            return gemaakt[1]
        if geheugen.bewaking is None:
            geheugen.bewaking = bewaking_van(vraag.gateway)
        beeld = _kijk(vraag, venster, geheugen.bewaking)
        geheugen.beelden[venster.sleutel] = (vraag.nu, beeld)
        return beeld


def _kijk(vraag: Vraag, venster: Venster, bewaking: Bewaking) -> dict[str, Any]:
    pijlers, vanaf = sorted(vraag.gateway.cookbooks), venster.eerste_id(vraag.nu)
    with vraag.gateway.store.reading() as conn:
        standen = stroom.tel_standen(conn, [stroom.ZORGKAS, stroom.ZONDER_PIJLER, *pijlers], vanaf)
        redenen, meer = toestand.weigeringen(conn, pijlers, vanaf)
        lijnen = toestand.lijnen(conn)
        gevonden = {
            "lijnen": lijnen,
            "werk": toestand.werk(conn),
            "redenen": redenen,
            "meer_redenen": meer,
            "aan_de_deur": toestand.aan_de_deur(conn, venster.begin(vraag.nu)),
            "alarmen": toestand.alarmen(conn),
            "eindes": toestand.eindes(conn, bewaking, vraag.gateway.ocsp, vraag.nu)[:8],
        }
    return gevonden | {
        "gezien_op": vraag.nu,
        "vakken": stroom.teken(standen),
        "maat": (stroom.BREED, stroom.HOOG),
        "per_pijler": [(p, vraag.gateway.cookbooks[p].naam, _rij(standen, p)) for p in pijlers if _heeft(standen, p)],
        "zonder_pijler": _rij(standen, stroom.ZONDER_PIJLER) if _heeft(standen, stroom.ZONDER_PIJLER) else None,
        "van_zorgkassen": stroom.som(standen, frozenset(Stap), stroom.ZORGKAS),
        "lijnen_stil": sum(s.woord != "loopt" for s in lijnen),
        "wachtend": sum((s.wachtend for s in lijnen), NUL),
        "mislukt": sum((s.mislukt for s in lijnen), NUL),
        "oudste": min((s.oudste for s in lijnen if s.oudste is not None), default=None),
    }


KOLOMMEN: tuple[tuple[str, tuple[Stap, ...]], ...] = (
    ("wacht op beoordeling", (Stap.ONTVANGEN, Stap.TECHNISCH_AANVAARD)),
    ("geweigerd", (Stap.TECHNISCH_GEWEIGERD, Stap.INHOUDELIJK_GEWEIGERD)),
    ("onderweg", (Stap.AANVAARD, Stap.IN_BERAAD, Stap.BESLIST, Stap.GEROUTEERD, Stap.AFGELEVERD)),
    ("mislukt of opgegeven", (Stap.AFLEVERING_MISLUKT,)),
    ("bevestigd", (Stap.BEVESTIGD, Stap.AFGEREKEND, Stap.INGETROKKEN)),
)
"""Columns of the table by pillar: where messages are now."""


def _rij(standen: stroom.Standen, pijler: str) -> list[Any]:
    return [stroom.som(standen, frozenset(stappen), pijler) for _, stappen in KOLOMMEN]


def _heeft(standen: stroom.Standen, pijler: str) -> bool:
    return any(p == pijler for p, _ in standen)
