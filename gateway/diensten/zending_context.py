"""All that the rules on a zending may look at, asked from the database in batches."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from gateway.berichten.factuur import Zending
from gateway.central.cookbook import Cookbook
from gateway.central.kalender import maanden_na
from gateway.central.model import ZendingContext
from gateway.clock import BRUSSELS
from gateway.reference import lookup
from gateway.store import dossiers, zendingen


def verzamel(conn: Connection, zending: Zending, cookbook: Cookbook, ontvangen_op: datetime, afzender: str) -> ZendingContext:
    """Args:
    afzender: RIZIV number that the sender proved.
    """
    inszen = {f.insz for f in zending.facturen}
    riziv = zending.derdebetalende
    # Whole months, because a rule may count the days of one.
    van = min(f.van for f in zending.facturen).replace(day=1)
    tot = maanden_na(max(f.tot for f in zending.facturen).replace(day=1), 1) - timedelta(days=1)
    voorziening = lookup.voorziening(conn, riziv)
    gefactureerd = zendingen.gefactureerde_dagen(conn, riziv, inszen, van, tot)
    return ZendingContext(
        ontvangen_op=ontvangen_op.astimezone(BRUSSELS),
        afzender=afzender,
        kbo=None if voorziening is None else voorziening.kbo,
        iban=None if voorziening is None else voorziening.iban,
        personen=lookup.personen(conn, inszen),
        verblijven=dossiers.verblijven(conn, inszen),
        prijzen=lookup.prijzen(conn, riziv),
        betrekkingen=lookup.betrekkingen(conn),
        erkenningen=lookup.erkend_in(conn, riziv, zending.pijler),
        verhoogd=lookup.verhoogd(conn, inszen) if cookbook.aandelen else {},
        gefactureerde_dagen=frozenset(gefactureerd),
        bij_andere_zorgkas={d: z for d, z in gefactureerd.items() if z != zending.zorgkas},
        elders=zendingen.elders(conn, riziv, inszen, van, tot) if cookbook.heeft("elders_gefactureerd") else {},
        eerdere_zendingen=zendingen.zendingen_van(conn, riziv),
        zendingnummer_gebruikt=zendingen.zendingnummer_gebruikt(conn, riziv, zending.maand.year, zending.zendingnummer),
    )
