"""Is the audit chain whole: every record, every hash, every seal; and where it breaks."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, select

from gateway.clock import BRUSSELS
from gateway.refusal import Refusal
from gateway.store.audit import BEGIN, Record
from gateway.store.audit_tables import audit, audit_zegel
from gateway.store.audit_zegels import lees_zegel
from gateway.trust.identity import read_identity
from gateway.trust.sealed import AcceptCertificate, Sealed, verify_sealed

MAX_BREUKEN = 50
"""Breaks that a report names; who has more of them needs a backup, not a list."""

Voortgang = Callable[[int, int], None]
"""Called with how many records were looked at and how many there are."""


class Wat(StrEnum):
    """What differs, in Dutch, for the report."""

    GAT = "er ontbreken records"
    INHOUD = "de inhoud past niet bij de hash: het record is gewijzigd"
    KETEN = "het record verwijst niet naar het vorige: er is iets gewijzigd, weggenomen of tussengevoegd"
    ZEGEL_ONGELDIG = "het zegel is niet geldig"
    ZEGEL_ANDERS = "het zegel in de tabel zegt iets anders dan het ondertekende document"
    ZEGEL_ONDERTEKENAAR = "het zegel is door iemand anders ondertekend"
    ZEGEL_KETEN = "het zegel verwijst niet naar het vorige zegel"
    ZEGEL_ONTBREEKT = "het zegel ontbreekt"
    ZEGEL_RECORD = "het laatste record dat het zegel noemt, is weg"
    ZEGEL_HASH = "de keten is na het verzegelen herschreven"
    BEWAARD_ANDERS = "het zegel is niet gelijk aan het bewaarde exemplaar"


@dataclass(frozen=True, kw_only=True)
class Breuk:
    """One place where the chain does not hold."""

    wat: Wat
    volgnr: int | None = None
    """The first record concerned."""
    dag: date | None = None
    """The seal concerned."""
    verwacht: str | None = None
    gevonden: str | None = None


@dataclass(frozen=True, kw_only=True)
class Verslag:
    """What was looked at and what was found."""

    records: int
    zegels: int
    laatste_zegel: date | None
    onverzegeld: int
    """Records after the last seal: bound to each other, but whoever can write the table can still cut them off."""
    dagen_zonder_zegel: int
    """Finished days after the last seal (or since the first record); more than one means that nobody seals."""
    breuken: tuple[Breuk, ...]

    @property
    def klopt(self) -> bool:
        return not self.breuken


class _Rij(NamedTuple):
    """What the table says beside a seal's document."""

    dag: date
    laatste_volgnr: int
    hash: str


@dataclass(kw_only=True)
class _Wandeling:
    """Where the walk along the chain is."""

    records: int = 0
    volgnr: int = 0
    hash: str = BEGIN
    eerste: str | None = None
    breuken: list[Breuk] = field(default_factory=list)
    verzegeld: dict[int, str] = field(default_factory=dict)
    """Hash found at each number that a seal names."""


def verifieer(
    conn: Connection,
    accept_certificate: AcceptCertificate,
    now: datetime,
    *,
    ondertekenaar: str,
    bewaard: Mapping[date, bytes] | None = None,
    voortgang: Voortgang | None = None,
    per_keer: int = 2_000,
) -> Verslag:
    """Walk the whole chain and check every seal, in the caller's transaction.

    Args:
        accept_certificate: as for `verify_sealed`; each seal's certificate is judged at its own SigningTime.
        ondertekenaar: who may seal, as TYPE=number of the certificate: another holder under the same issuers may not.
        bewaard: seals kept elsewhere, by day. Only these show that the end of the chain was cut off with its seals.
        per_keer: records held in memory at once.
    """
    zegels, onleesbaar = _zegels(conn)
    wandeling = _Wandeling(verzegeld={z.laatste_volgnr: "" for z in zegels})
    _bekijk_records(conn, wandeling, per_keer, voortgang)
    breuken = [*onleesbaar, *wandeling.breuken, *_bekijk_zegels(conn, zegels, wandeling, accept_certificate, now, ondertekenaar)]
    breuken += _vergelijk_bewaarde(conn, bewaard or {})
    laatste = zegels[-1] if zegels else None
    return Verslag(
        records=wandeling.records,
        zegels=len(zegels),
        laatste_zegel=None if laatste is None else laatste.dag,
        onverzegeld=max(0, wandeling.volgnr - (0 if laatste is None else laatste.laatste_volgnr)),
        dagen_zonder_zegel=_dagen_zonder(None if laatste is None else laatste.dag, wandeling.eerste, now),
        breuken=tuple(breuken[:MAX_BREUKEN]),
    )


def _zegels(conn: Connection) -> tuple[list[_Rij], list[Breuk]]:
    kolommen = select(audit_zegel.c.dag, audit_zegel.c.laatste_volgnr, audit_zegel.c.hash)
    try:
        zegels = [_Rij(*rij) for rij in conn.execute(kolommen.order_by(audit_zegel.c.dag))]
        # SQLite keeps any text in a column of dates or numbers.
        if all(type(z.laatste_volgnr) is int for z in zegels):
            return zegels, []
    except ValueError:
        pass
    return [], [Breuk(wat=Wat.ZEGEL_ANDERS, gevonden="een dag of een nummer dat niet te lezen is")]


def _bekijk_records(conn: Connection, wandeling: _Wandeling, per_keer: int, voortgang: Voortgang | None) -> None:
    totaal = conn.execute(select(func.count()).select_from(audit)).scalar_one()
    for rij in _rijen(conn, per_keer):
        wandeling.records += 1
        wandeling.eerste = wandeling.eerste or str(rij.tijdstip)
        for breuk in _breuken_van(rij, wandeling):
            if len(wandeling.breuken) < MAX_BREUKEN:
                wandeling.breuken.append(breuk)
        # From here on with what stands there, so that one changed record is one break and not all that follow.
        wandeling.volgnr, wandeling.hash = rij.volgnr, str(rij.hash)
        if rij.volgnr in wandeling.verzegeld:
            wandeling.verzegeld[rij.volgnr] = str(rij.hash)
        if voortgang is not None and (wandeling.records % per_keer == 0 or wandeling.records == totaal):
            voortgang(wandeling.records, totaal)


def _rijen(conn: Connection, per_keer: int) -> Iterator[Row[Any]]:
    groep = conn.execute(select(audit).order_by(audit.c.volgnr).limit(per_keer)).all()
    while groep:
        yield from groep
        groep = conn.execute(
            select(audit).where(audit.c.volgnr > groep[-1].volgnr).order_by(audit.c.volgnr).limit(per_keer)
        ).all()


def _breuken_van(rij: Row[Any], wandeling: _Wandeling) -> Iterator[Breuk]:
    verwacht = wandeling.volgnr + 1
    if rij.volgnr != verwacht:
        yield Breuk(wat=Wat.GAT, volgnr=verwacht, verwacht=f"record {verwacht}", gevonden=f"record {rij.volgnr}")
    elif rij.vorige_hash != wandeling.hash:
        yield Breuk(wat=Wat.KETEN, volgnr=rij.volgnr, verwacht=wandeling.hash, gevonden=str(rij.vorige_hash)[:64])
    inhoud = dict(rij._mapping)
    gevonden = str(inhoud.pop("hash"))
    try:
        bedoeld = Record(**inhoud).bedoelde_hash
    except (TypeError, ValueError):
        bedoeld = "een record dat te lezen is"
    if not hmac.compare_digest(bedoeld.encode(), gevonden.encode("utf-8", "replace")):
        yield Breuk(wat=Wat.INHOUD, volgnr=rij.volgnr, verwacht=bedoeld, gevonden=gevonden[:64])


def _bekijk_zegels(
    conn: Connection,
    zegels: Sequence[_Rij],
    wandeling: _Wandeling,
    accept_certificate: AcceptCertificate,
    now: datetime,
    ondertekenaar: str,
) -> Iterator[Breuk]:
    vorig_zegel, vorige_dag, nummer = BEGIN, None, 0
    for rij in zegels:
        if vorige_dag is not None and rij.dag != vorige_dag + timedelta(days=1):
            yield Breuk(wat=Wat.ZEGEL_ONTBREEKT, dag=vorige_dag + timedelta(days=1))
        document = bytes(conn.execute(select(audit_zegel.c.document).where(audit_zegel.c.dag == rij.dag)).scalar_one())
        breuk = _zegelbreuk(rij, document, vorig_zegel, accept_certificate, now, ondertekenaar)
        yield from () if breuk is None else (breuk,)
        gevonden = wandeling.verzegeld[rij.laatste_volgnr]
        if not gevonden:
            yield Breuk(wat=Wat.ZEGEL_RECORD, dag=rij.dag, volgnr=rij.laatste_volgnr)
        elif gevonden != rij.hash:
            yield Breuk(wat=Wat.ZEGEL_HASH, dag=rij.dag, volgnr=nummer + 1, verwacht=rij.hash, gevonden=gevonden[:64])
        vorig_zegel, vorige_dag, nummer = hashlib.sha256(document).hexdigest(), rij.dag, rij.laatste_volgnr


def _zegelbreuk(
    rij: _Rij,
    document: bytes,
    vorig_zegel: str,
    accept_certificate: AcceptCertificate,
    now: datetime,
    ondertekenaar: str,
) -> Breuk | None:
    try:
        sealed = verify_sealed(document, accept_certificate, now)
        zegel = lees_zegel(sealed.content)
    except Refusal as refusal:
        eerste = refusal.findings[0]
        wat = f"{eerste.nl} {eerste.found or ''}".strip()
        return Breuk(wat=Wat.ZEGEL_ONGELDIG, dag=rij.dag, gevonden=wat)
    except ValueError:
        return Breuk(wat=Wat.ZEGEL_ONGELDIG, dag=rij.dag, gevonden="een ander document dan een Auditzegel")
    door = _ondertekenaar(sealed)
    if door != ondertekenaar:
        return Breuk(wat=Wat.ZEGEL_ONDERTEKENAAR, dag=rij.dag, verwacht=ondertekenaar, gevonden=door)
    gezegd = _kern(zegel.dag, zegel.laatste_volgnr, zegel.hash)
    in_tabel = _kern(rij.dag, rij.laatste_volgnr, rij.hash)
    if gezegd != in_tabel:
        return Breuk(wat=Wat.ZEGEL_ANDERS, dag=rij.dag, verwacht=gezegd, gevonden=in_tabel)
    if zegel.vorig_zegel != vorig_zegel:
        return Breuk(wat=Wat.ZEGEL_KETEN, dag=rij.dag, verwacht=zegel.vorig_zegel, gevonden=vorig_zegel)
    return None


def _ondertekenaar(sealed: Sealed) -> str:
    try:
        return read_identity(sealed.certificate).label
    except Refusal:
        return sealed.certificate.subject.rfc4514_string()[:120]


def _kern(dag: date, volgnr: int, hash_: str) -> str:
    return f"{dag}, record {volgnr}, {hash_}"


def _vergelijk_bewaarde(conn: Connection, bewaard: Mapping[date, bytes]) -> Iterator[Breuk]:
    for dag, document in sorted(bewaard.items()):
        gevonden = conn.execute(select(audit_zegel.c.document).where(audit_zegel.c.dag == dag)).scalar()
        if gevonden is None:
            yield Breuk(wat=Wat.ZEGEL_ONTBREEKT, dag=dag)
        elif not hmac.compare_digest(bytes(gevonden), document):
            yield Breuk(wat=Wat.BEWAARD_ANDERS, dag=dag)


def _dagen_zonder(laatste: date | None, eerste: str | None, now: datetime) -> int:
    gisteren = now.astimezone(BRUSSELS).date() - timedelta(days=1)
    if laatste is None:
        if eerste is None:
            return 0
        try:
            laatste = datetime.fromisoformat(eerste).astimezone(BRUSSELS).date() - timedelta(days=1)
        except (ValueError, OverflowError):
            return 0
    return max(0, (gisteren - laatste).days)
