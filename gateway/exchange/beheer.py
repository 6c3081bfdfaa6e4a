"""What an operator does with deliveries and lines: each act with its record in the audit chain, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from gateway.exchange import levensloop, lijn, outbox
from gateway.exchange.beleid import Beleid
from gateway.exchange.toestand import Toestand
from gateway.observe.audit_events import Gebeurtenis
from gateway.store.audit import noteer
from gateway.store.berichten import Stap
from gateway.store.tables import levering


class Onmogelijk(Exception):
    """An act that cannot be done now; says why, in Dutch."""


def bied_opnieuw_aan(
    conn: Connection, ids: Sequence[str], door: str, nu: datetime, beleid: Beleid, *, reden: str | None = None
) -> list[str]:
    """Send dead letters, and what got no receipt, again.

    Args:
        reden: why, for the audit chain; here and below None where nobody asked for one.

    Returns:
        Ids of the deliveries that will go out again; the others were not in a state for it.
    """
    gekozen = outbox.opnieuw(conn, ids, nu, beleid)
    for levering_id, bericht_id in _berichten(conn, gekozen):
        levensloop.stappen(conn, levering_id, bericht_id, [(Stap.GEROUTEERD, "opnieuw aangeboden")], nu, actor=door)
        _noteer(conn, Gebeurtenis.LEVERING_OPNIEUW, door, levering_id, nu, reden=reden)
    return gekozen


def geef_op(conn: Connection, levering_id: str, door: str, reden: str, nu: datetime) -> None:
    """Give a delivery up for good; what waits behind it goes on.

    Raises:
        Onmogelijk: there is no such delivery, or it is closed.
    """
    if not outbox.geef_op(conn, levering_id):
        raise Onmogelijk(f"Levering {levering_id} bestaat niet, of is al afgesloten.")
    for _, bericht_id in _berichten(conn, [levering_id]):
        gezet = [(Stap.AFLEVERING_MISLUKT, f"opgegeven: {reden}"[:200])]
        levensloop.stappen(conn, levering_id, bericht_id, gezet, nu, actor=door)
    _noteer(conn, Gebeurtenis.LEVERING_OPGEGEVEN, door, levering_id, nu, reden=reden)


def pauzeer(conn: Connection, bestemming: str, door: str, reden: str, nu: datetime) -> None:
    """Stop the deliveries to a receiver; what is under way still arrives."""
    lijn.pauzeer(conn, bestemming, door, reden, nu)
    _noteer(conn, Gebeurtenis.LIJN_GEPAUZEERD, door, bestemming, nu, reden=reden)


def hervat(conn: Connection, bestemming: str, door: str, nu: datetime, *, reden: str | None = None) -> None:
    """Let deliveries to a receiver go on at once, also when its breaker was open.

    Raises:
        Onmogelijk: nothing stopped them.
    """
    if not lijn.hervat(conn, bestemming):
        raise Onmogelijk(f"De lijn naar {bestemming} is niet gepauzeerd en niet open.")
    _noteer(conn, Gebeurtenis.LIJN_HERVAT, door, bestemming, nu, reden=reden)


@dataclass(frozen=True, kw_only=True)
class Omleiding:
    """How many deliveries a reroute concerns."""

    wachtend: int
    """Wait, and go by another transport from now on."""
    mislukt: int
    """Dead letters, that get new attempts; also when only the receiver's address changed."""

    @property
    def samen(self) -> int:
        return self.wachtend + self.mislukt


def tel_omleiding(conn: Connection, bestemming: str, transport: str) -> Omleiding:
    """What `leid_om` would do now."""
    wachtend, mislukt = (select(levering.c.nr).where(w) for w in _om_te_leiden(bestemming, transport))
    tel = [conn.execute(select(func.count()).select_from(v.subquery())).scalar_one() for v in (wachtend, mislukt)]
    return Omleiding(wachtend=tel[0], mislukt=tel[1])


def leid_om(
    conn: Connection, bestemming: str, transport: str, door: str, nu: datetime, beleid: Beleid, *, reden: str | None = None
) -> Omleiding:
    """Let what was not handed over yet go by the transport that the receiver now has, and give dead letters new attempts.

    What waits goes to the receiver's present address by itself.

    Raises:
        Onmogelijk: there is nothing to reroute.
    """
    naar = {"transport": transport, "volgende_poging": nu, "gepubliceerd_op": None}
    wachtend, mislukt = _om_te_leiden(bestemming, transport)
    dood = conn.execute(select(levering.c.id, levering.c.bericht_id).where(mislukt)).all()
    nieuw = {"toestand": Toestand.WACHTEND.value, "proberen_tot": nu + beleid.max_age}
    # The waiting ones first: the dead letters are waiting ones afterwards.
    anders = conn.execute(update(levering).where(wachtend).values(**naar, weigeringen=0)).rowcount
    conn.execute(update(levering).where(mislukt).values(**naar, **nieuw, weigeringen=0))
    gedaan = Omleiding(wachtend=anders, mislukt=len(dood))
    if not gedaan.samen:
        raise Onmogelijk(f"Er is niets om te leiden: wat voor {bestemming} wacht, gaat al langs {transport}.")
    for levering_id, bericht_id in dood:
        levensloop.stappen(conn, levering_id, bericht_id, [(Stap.GEROUTEERD, "omgeleid")], nu, actor=door)
    geteld = {"aantal": gedaan.samen, "mislukt": gedaan.mislukt}
    _noteer(conn, Gebeurtenis.LEVERINGEN_OMGELEID, door, bestemming, nu, transport=transport, **geteld, reden=reden)
    return gedaan


def _om_te_leiden(bestemming: str, transport: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Conditions of what waits with another transport, and of every dead letter."""
    le = levering.c
    van = and_(le.bestemming == bestemming, le.soort == "bericht")
    wachtend = and_(van, le.toestand == Toestand.WACHTEND.value, le.transport != transport)
    return wachtend, and_(van, le.toestand == Toestand.MISLUKT.value)


def _berichten(conn: Connection, ids: Sequence[str]) -> list[tuple[str, str]]:
    rows = conn.execute(select(levering.c.id, levering.c.bericht_id).where(levering.c.id.in_(ids)))
    return [(r[0], r[1]) for r in rows]


def _noteer(
    conn: Connection, gebeurtenis: Gebeurtenis, door: str, onderwerp: str, nu: datetime, **gegevens: str | int | None
) -> None:
    gezegd = {naam: waarde for naam, waarde in gegevens.items() if waarde is not None}
    noteer(conn, gebeurtenis, actor=door, onderwerp=onderwerp, gegevens=gezegd, tijdstip=nu)
