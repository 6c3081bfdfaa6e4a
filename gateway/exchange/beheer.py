"""What an operator does with deliveries and lines: each act with its record in the audit chain, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

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


def leid_om(conn: Connection, bestemming: str, transport: str, door: str, nu: datetime, *, reden: str | None = None) -> int:
    """Let what was not handed over yet go by the transport that the receiver now has.

    Returns:
        How many deliveries changed.
    """
    moved = conn.execute(
        update(levering)
        .where(
            levering.c.bestemming == bestemming,
            levering.c.transport != transport,
            levering.c.toestand.in_([Toestand.WACHTEND.value, Toestand.MISLUKT.value]),
            levering.c.soort == "bericht",
        )
        .values(transport=transport, toestand=Toestand.WACHTEND.value, weigeringen=0, volgende_poging=nu, gepubliceerd_op=None)
    ).rowcount
    if moved:
        _noteer(conn, Gebeurtenis.LEVERINGEN_OMGELEID, door, bestemming, nu, transport=transport, aantal=moved, reden=reden)
    return moved


def _berichten(conn: Connection, ids: Sequence[str]) -> list[tuple[str, str]]:
    rows = conn.execute(select(levering.c.id, levering.c.bericht_id).where(levering.c.id.in_(ids)))
    return [(r[0], r[1]) for r in rows]


def _noteer(
    conn: Connection, gebeurtenis: Gebeurtenis, door: str, onderwerp: str, nu: datetime, **gegevens: str | int | None
) -> None:
    gezegd = {naam: waarde for naam, waarde in gegevens.items() if waarde is not None}
    noteer(conn, gebeurtenis, actor=door, onderwerp=onderwerp, gegevens=gezegd, tijdstip=nu)
