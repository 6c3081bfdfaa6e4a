"""Searching messages so that it never dies: one index leads, the rest is looked at in a bounded stretch, pages go by key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select

from gateway.reference.tables import zorgkas
from gateway.store.berichten import Stap
from gateway.store.identifiers import LAATSTE
from gateway.store.tables import bericht, certificaat, zending

PAGINA = 50
STUK = 8_000
"""Messages that one page looks at, at most."""
GEWEIGERD = "geweigerd"
"""Stands for both refusals."""
_KOLOMMEN = [k for k in bericht.c if k.name not in ("antwoord", "insz")]


@dataclass(frozen=True, kw_only=True)
class Zoekvraag:
    """What messages must be; None: anything."""

    id: str | None = None
    bedrijfs_id: str | None = None
    hash: str | None = None
    """SHA-256 of the HTTP body or of the content, hex."""
    insz: str | None = None
    dossiernummer: str | None = None
    voorziening: str | None = None
    """RIZIV number, 8 or 11 digits."""
    afzender: str | None = None
    """riziv:<8 digits> or zorgkas:<code>"""
    attest: str | None = None
    """Number of the software's attest."""
    certificaat: str | None = None
    """SHA-256 of the sender's certificate, hex; its holder leads, as it has no index of its own."""
    zendingnummer: str | None = None
    jaar: int | None = None
    zorgkas: str | None = None
    pijler: str | None = None
    stap: str | None = None
    """A Stap, or GEWEIGERD."""
    uitkomst: str | None = None
    dienst: str | None = None
    vanaf: str = ""
    """Smallest id."""
    voor: str = LAATSTE
    """Ids before this one: the key of the page."""

    @property
    def precies(self) -> bool:
        """Asks for something of which there are few, so that a window would only hide it."""
        return any((self.id, self.bedrijfs_id, self.hash, self.insz, self.dossiernummer, self.zendingnummer))


@dataclass(frozen=True, kw_only=True)
class Resultaat:
    """One page, newest first."""

    rijen: Sequence[Row[Any]]
    volgende: str | None
    """Key of the next page; None: this is all."""
    gezocht_tot: str | None = None
    """The page is not full because so many were looked at; the id of the last one."""


def zoek(conn: Connection, vraag: Zoekvraag, pijlers: Sequence[str]) -> Resultaat:
    """One page of messages.

    Args:
        pijlers: every pillar there is, and "" for what zorgkassen post.
    """
    if vraag.certificaat is not None and vraag.afzender is None:
        vraag = replace(vraag, afzender=_houder(conn, vraag.certificaat))
    return blader(conn, _leiders(vraag, pijlers), _rest(vraag), vanaf=vraag.vanaf, voor=vraag.voor)


def _houder(conn: Connection, sha256: str) -> str:
    """The sender that proves itself with a certificate; one that nobody is when it is not known."""
    identiteit = conn.execute(select(certificaat.c.identiteit).where(certificaat.c.sha256 == sha256)).scalar() or ""
    soort, _, nummer = identiteit.partition("=")
    if soort != "CBE":
        return f"riziv:{nummer[:8]}"
    code = conn.execute(select(zorgkas.c.code).where(zorgkas.c.kbo == nummer)).scalar()
    return f"zorgkas:{code}"


def blader(
    conn: Connection,
    leiders: Sequence[ColumnElement[bool]],
    rest: Sequence[ColumnElement[bool]],
    *,
    vanaf: str = "",
    voor: str = LAATSTE,
) -> Resultaat:
    """One page of the messages of which any leading condition holds, and all of the rest.

    Args:
        leiders: conditions that each an index answers in order of id; a database that joins them with OR reads all that is older.
        rest: what is looked at in each message that an index gave, in a stretch of each.
        vanaf: smallest id.
        voor: ids before this one.
    """
    gevonden: dict[str, Row[Any]] = {}
    tot: str | None = None
    for leider in leiders:
        rijen, einde = _stuk(conn, and_(leider, bericht.c.id >= vanaf, bericht.c.id < voor), rest)
        gevonden |= {str(r.id): r for r in rijen}
        tot = max(filter(None, (tot, einde)), default=None)
    # What lies beyond the stretch that was looked at comes on a later page.
    ids = [i for i in sorted(gevonden, reverse=True) if tot is None or i >= tot]
    pagina = [gevonden[i] for i in ids[:PAGINA]]
    if len(ids) > PAGINA:
        return Resultaat(rijen=pagina, volgende=ids[PAGINA - 1])
    return Resultaat(rijen=pagina, volgende=tot, gezocht_tot=tot)


def _stuk(
    conn: Connection, leider: ColumnElement[bool], rest: Sequence[ColumnElement[bool]]
) -> tuple[Sequence[Row[Any]], str | None]:
    b = bericht.c
    if not rest:
        return conn.execute(select(*_KOLOMMEN).where(leider).order_by(b.id.desc()).limit(PAGINA + 1)).all(), None
    binnen = select(b.id).where(leider).order_by(b.id.desc()).limit(STUK).subquery()
    query = select(*_KOLOMMEN).join(binnen, binnen.c.id == b.id).where(*rest).order_by(b.id.desc()).limit(PAGINA + 1)
    rijen = conn.execute(query).all()
    if len(rijen) > PAGINA:
        return rijen, None
    aantal, laatste = conn.execute(select(func.count(), func.min(binnen.c.id))).one()
    return rijen, str(laatste) if aantal == STUK else None


def _leiders(vraag: Zoekvraag, pijlers: Sequence[str]) -> list[ColumnElement[bool]]:
    """The conditions that an index answers in order of id; more than one when the index begins with the pillar."""
    b = bericht.c
    if vraag.id is not None:
        return [b.id == vraag.id]
    if vraag.bedrijfs_id is not None:
        return [b.bedrijfs_id == vraag.bedrijfs_id]
    if vraag.hash is not None:
        return [b.sha256 == vraag.hash, (b.inhoud_sha256 == vraag.hash) & (b.sha256 != vraag.hash)]
    if vraag.insz is not None:
        return [b.insz == vraag.insz]
    if vraag.dossiernummer is not None:
        return [b.dossiernummer == vraag.dossiernummer]
    if vraag.zendingnummer is not None:
        return [b.id.in_(_zendingen(vraag))]
    if vraag.voorziening is not None:
        return [_voorziening(vraag.voorziening)] if len(vraag.voorziening) == 11 else [b.afzender == f"riziv:{vraag.voorziening}"]
    if vraag.afzender is not None:
        return [b.afzender == vraag.afzender]
    if vraag.attest is not None:
        return [b.attest == vraag.attest]
    if vraag.stap is not None:
        kiezen = [vraag.pijler] if vraag.pijler is not None else list(pijlers)
        return [(b.pijler == p) & (b.stap == s) for p in kiezen for s in stappen(vraag.stap)]
    if vraag.zorgkas is not None:
        return [b.zorgkas == vraag.zorgkas]
    if vraag.pijler is not None:
        return [(b.pijler == vraag.pijler) & (b.stap == s.value) for s in Stap]
    return [b.id >= vraag.vanaf]


def _rest(vraag: Zoekvraag) -> list[ColumnElement[bool]]:
    """What is left to look at in each message that the index gave."""
    b, rest = bericht.c, []
    geleid = vraag.precies or any(w is not None for w in (vraag.voorziening, vraag.afzender, vraag.attest))
    if vraag.certificaat is not None:
        rest.append(b.certificaat_sha256 == vraag.certificaat)
    if vraag.attest is not None and (vraag.precies or vraag.voorziening is not None or vraag.afzender is not None):
        rest.append(b.attest == vraag.attest)
    if vraag.voorziening is not None and vraag.precies:
        rest.append(_voorziening(vraag.voorziening))
    if vraag.afzender is not None and (vraag.precies or vraag.voorziening is not None):
        rest.append(b.afzender == vraag.afzender)
    if vraag.stap is not None and geleid:
        rest.append(b.stap.in_(stappen(vraag.stap)))
    if vraag.zorgkas is not None and (geleid or vraag.stap is not None):
        rest.append(b.zorgkas == vraag.zorgkas)
    if vraag.pijler is not None and (geleid or (vraag.stap is None and vraag.zorgkas is not None)):
        rest.append(b.pijler == vraag.pijler)
    if vraag.uitkomst is not None:
        rest.append(b.uitkomst == vraag.uitkomst)
    if vraag.dienst is not None:
        rest.append(b.dienst == vraag.dienst)
    return rest


def stappen(stap: str) -> list[str]:
    """The last steps that a word of the search stands for."""
    return [Stap.INHOUDELIJK_GEWEIGERD.value, Stap.TECHNISCH_GEWEIGERD.value] if stap == GEWEIGERD else [stap]


def _voorziening(riziv: str) -> ColumnElement[bool]:
    kolom = bericht.c.voorziening
    return kolom == riziv if len(riziv) == 11 else kolom.between(f"{riziv}000", f"{riziv}999")


def _zendingen(vraag: Zoekvraag) -> Any:
    z = zending.c
    query = select(z.bericht_id).where(z.nummer == vraag.zendingnummer)
    if vraag.jaar is not None:
        query = query.where(z.jaar == vraag.jaar)
    if vraag.voorziening is not None and len(vraag.voorziening) == 11:
        query = query.where(z.derdebetalende == vraag.voorziening)
    query = query.where(z.bericht_id >= vraag.vanaf, z.bericht_id < vraag.voor)
    return query.order_by(z.bericht_id.desc()).limit(STUK)
