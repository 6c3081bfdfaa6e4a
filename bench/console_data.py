"""Many stored messages, written straight into the database: two years of facilities, zorgkassen and pillars, with their lives."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Index, Table, func, insert, select

from gateway.reference.tables import voorziening
from gateway.store import tables as t
from gateway.store.berichten import Stap
from gateway.store.identifiers import eerste_id

KASSEN = ("180", "280", "380", "480", "580", "680")
PIJLERS = {
    "eibwfin": ("7209", 2_400_00, ("IBW_START_103", "IBW_START_101", "IBW_EINDE_203")),
    "epvtfin": ("7208", 4_100_00, ("PVT_START_103", "PVT_START_101")),
    "ewzcfin": ("7607", 9_800_00, ("WZC_START_103", "WZC_START_110", "WZC_CATEGORIE_326")),
    "erevazfin": ("7100", 6_300_00, ("REVAZ_START_103", "REVAZ_START_101")),
}
"""Pillar to the beginning of its facilities' numbers, a usual amount in cents, and reasons to refuse."""
_CHUNK = 20_000
_DAYS = 730


def fill(engine: Engine, count: int, facilities: int = 400, seed: int = 7, until: datetime | None = None) -> list[str]:
    """Store so many messages, the newest last; returns ids of some, spread over all.

    Args:
        until: the moment of the last one; now when left out.
    """
    chance = random.Random(seed)
    end = until or datetime.now(UTC)
    begin = end - timedelta(days=_DAYS)
    numbers = _facilities(engine, facilities)
    some: list[str] = []
    with _without_indexes(engine, (t.bericht, t.levensstap, t.levering)), engine.connect() as conn:
        if conn.dialect.name == "sqlite":
            conn.connection.cursor().execute("PRAGMA synchronous=OFF")
        for low in range(0, count, _CHUNK):
            high = min(low + _CHUNK, count)
            rows: dict[Table, list[dict[str, Any]]] = {}
            for n in range(low, high):
                moment = begin + (end - begin) * (n + 1) / count
                person = insz(chance.randrange(count // 10))
                _message(chance, n, moment, numbers[chance.randrange(len(numbers))], person, rows)
            some += [r["id"] for r in rows[t.bericht][:: max(1, len(rows[t.bericht]) // 40)]]
            _write(conn, rows)
        if conn.dialect.name == "sqlite":
            conn.connection.cursor().execute("PRAGMA synchronous=FULL")
    _analyze(engine)
    return some


def _message(
    chance: random.Random,
    n: int,
    moment: datetime,
    facility: tuple[str, str],
    person: str,
    rows: dict[Table, list[dict[str, Any]]],
) -> None:
    riziv, pijler = facility
    _, amount, reasons = PIJLERS[pijler]
    # Facilities lie in the provinces: most of a facility's people are with two zorgkassen.
    kas = KASSEN[(int(riziv[4:7]) + chance.choice((0, 0, 0, 1, 1, 2, 3))) % len(KASSEN)]
    ident = f"{eerste_id(moment)[:14]}7{n % 4096:03x}-8{n >> 12:03x}-{n:012x}"
    invoice = n % 17 == 0
    dice = chance.random()
    outcome = "geweigerd" if dice < 0.09 else "in_beraad" if dice < 0.1 and not invoice else "aanvaard"
    wait = timedelta(seconds=min(chance.lognormvariate(3.2, 1.6), 400_000))
    delivered = outcome != "geweigerd" and moment + wait < datetime.now(UTC)
    steps = [Stap.ONTVANGEN, Stap.TECHNISCH_AANVAARD]
    steps += [Stap.INHOUDELIJK_GEWEIGERD] if outcome == "geweigerd" else [Stap(outcome), Stap.GEROUTEERD]
    steps += [Stap.AFGELEVERD] if delivered else []
    digest = hashlib.sha256(ident.encode()).hexdigest()
    message = {
        "id": ident,
        "dienst": "facturatie" if invoice else "aanvraag",
        "afzender": f"riziv:{riziv[:8]}",
        "bedrijfs_id": f"B-{n:09d}",
        "pijler": pijler,
        "soort": "Zending" if invoice else ("StartVerblijf", "EindeVerblijf", "Afwezigheid")[n % 3],
        "test": False,
        "stap": steps[-1].value,
        "uitkomst": outcome,
        "ontvangen_op": moment,
        "octetten": 11_000,
        "sha256": digest,
        "inhoud_sha256": digest[::-1],
        "identiteit": f"NIHII={riziv}",
        "certificaat_sha256": hashlib.sha256(riziv.encode()).hexdigest(),
        "voorziening": riziv,
        "insz": None if invoice else person,
        "dossiernummer": None if invoice else f"D-{n % 200_000:08d}",
        "zorgkas": kas,
        "referentiedatum": moment.date(),
        "attest": "VSB-2024-0001" if int(riziv[4:8]) % 3 == 0 else None,
    }
    rows.setdefault(t.bericht, []).append(message)
    rows.setdefault(t.levensstap, []).extend(
        {"bericht_id": ident, "stap": s.value, "tijdstip": moment + k * wait / 5, "actor": "gateway", "toelichting": None}
        for k, s in enumerate(steps)
    )
    found = [{"code": chance.choices(reasons, range(len(reasons), 0, -1))[0], "effect": "geweigerd"}]
    rows.setdefault(t.beslissing, []).append(
        {
            "bericht_id": ident,
            "uitkomst": outcome,
            "door": "gateway",
            "op": moment,
            "redenen": [{**found[0], "tekst": "Meting.", "tekst_en": "Measured."}] if outcome == "geweigerd" else [],
            "gecontroleerd": [],
            "cookbook": f"{pijler} 1.0",
        }
    )
    if outcome != "geweigerd":
        rows.setdefault(t.levering, []).append(_delivery(ident, kas, moment, moment + wait if delivered else None))
    if outcome == "in_beraad":
        ends = moment.date() + timedelta(days=61)
        held = {"bericht_id": ident, "zorgkas": kas, "pijler": pijler, "sinds": moment, "vervalt_op": ends}
        rows.setdefault(t.beraad, []).append({**held, "gesloten_op": None if ends >= date.today() else moment})
    if invoice and outcome == "aanvaard":
        _invoice(chance, n, ident, riziv, kas, moment, amount, rows)


def _delivery(ident: str, kas: str, moment: datetime, delivered: datetime | None) -> dict[str, Any]:
    return {
        "id": f"{ident[:19]}9{ident[20:]}",
        "bericht_id": ident,
        "bestemming": f"zorgkas:{kas}",
        "transport": "pull",
        "soort": "bericht",
        "message_name": "VSB",
        "input_reference": ident[-12:],
        "hash": hashlib.sha256(ident.encode()).hexdigest(),
        "octetten": 11_000,
        "test": False,
        "volgorde": None,
        "toestand": "wachtend" if delivered is None else "bevestigd",
        "pogingen": 0 if delivered is None else 1,
        "volgende_poging": moment,
        "aangemaakt_op": moment,
        "afgeleverd_op": delivered,
        "bevestigd_op": delivered,
    }


def _invoice(
    chance: random.Random,
    n: int,
    ident: str,
    riziv: str,
    kas: str,
    moment: datetime,
    amount: int,
    rows: dict[Table, list[dict[str, Any]]],
) -> None:
    asked = int(amount * chance.uniform(0.5, 1.8))
    refused = int(asked * chance.choice((0, 0, 0, 0.01, 0.04)))
    month = (moment.date().replace(day=1) - timedelta(days=1)).replace(day=1)
    settled = datetime.now(UTC) - moment > timedelta(days=40)
    rows.setdefault(t.zending, []).append(
        {
            "bericht_id": ident,
            "derdebetalende": riziv,
            "jaar": 1_000 + n // 1_000,
            "nummer": f"{n % 1_000:03d}",
            "maand": month,
            "zorgkas": kas,
            "gevraagd": asked,
            "aanvaard": asked - refused,
            "geweigerd": refused,
            "afgerekend": asked - refused if settled else None,
            "afgerekend_op": moment + timedelta(days=30) if settled else None,
            "betaalreferentie": f"VSB{n:012d}" if settled else None,
        }
    )
    if refused:
        line = {"bericht_id": ident, "factuurnummer": "1", "volgnummer": 1, "prestatiecode": "763055", "bedrag": refused}
        rows.setdefault(t.geweigerde_lijn, []).append(
            {**line, "code": chance.choice(("300423", "300440", "300403")), "door": chance.choice(("gateway", f"zorgkas:{kas}"))}
        )


def insz(n: int) -> str:
    """A person's number that can be, by their rank: each has some ten messages."""
    nine = f"{date(1930, 1, 1) + timedelta(days=n % 10_000):%y%m%d}{1 + n // 10_000:03d}"
    return f"{nine}{97 - int(nine) % 97:02d}"


def _facilities(engine: Engine, count: int) -> list[tuple[str, str]]:
    """Facilities with their pillar, known in the reference data."""
    found = []
    for n in range(count):
        pijler = list(PIJLERS)[n % len(PIJLERS)]
        found.append((f"{PIJLERS[pijler][0]}{n:04d}000", pijler))
    names = ("De Linde", "Ter Beuken", "Sint-Jozef", "De Wilg", "Avondrust", "Het Anker", "Ten Hove", "De Brug")
    rows = [
        {"riziv": riziv, "naam": f"{names[n % len(names)]} {n + 1}", "kwaliteit": "NIHII-METING"}
        for n, (riziv, _) in enumerate(found)
    ]
    with engine.execution_options(vsb_write=True).begin() as conn:
        known = set(conn.execute(select(voorziening.c.riziv)).scalars())
        conn.execute(insert(voorziening), [r for r in rows if r["riziv"] not in known])
    return found


def _write(conn: Connection, rows: Mapping[Table, Sequence[dict[str, Any]]]) -> None:
    conn.execution_options(vsb_write=True)
    with conn.begin():
        for table in (t.bericht, t.levensstap, t.beslissing, t.beraad, t.zending, t.geweigerde_lijn, t.levering):
            if found := rows.get(table):
                conn.execute(insert(table), found)


@contextmanager
def _without_indexes(engine: Engine, tables: Sequence[Table]) -> Iterator[None]:
    # Making an index in the end takes minutes less than keeping it up meanwhile.
    with engine.connect() as conn:
        empty = not conn.execute(select(func.count()).select_from(t.bericht)).scalar()
    indexes: list[Index] = [i for table in tables for i in table.indexes] if empty else []
    writing = engine.execution_options(vsb_write=True)
    for index in indexes:
        with writing.begin() as conn:
            index.drop(conn)
    yield
    for index in indexes:
        with writing.begin() as conn:
            index.create(conn)


def _analyze(engine: Engine) -> None:
    with engine.execution_options(vsb_write=True).begin() as conn:
        conn.exec_driver_sql("ANALYZE")
