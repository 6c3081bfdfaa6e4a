"""/soap/zorgkas/v1: a zorgkas fetches what was routed to it, confirms it, and posts decisions and settlements."""

from __future__ import annotations

from typing import Any

from lxml.etree import _Element as Element
from sqlalchemy import Connection, Row

from gateway.berichten.names import ZORGKAS
from gateway.berichten.zorgkas import Afrekening, ZorgkasBeslissing, lees_afrekening, lees_beslissing
from gateway.central.model import Uitkomst
from gateway.diensten import postbus
from gateway.diensten.afrekenen import afgerekend, reken_af
from gateway.diensten.beslissen import neem_beslissing
from gateway.diensten.kern import Bewezen, Dienst, Gateway
from gateway.diensten.posten import bewaar_post, lees_post, ontvangst_van, tack
from gateway.observe.audit_events import Gebeurtenis
from gateway.refusal import Code, Refusal
from gateway.schema import registry
from gateway.store import berichten
from gateway.store.audit import noteer
from gateway.store.berichten import Ontvangst
from gateway.store.handelingen import BESLISSING, Handeling, bewaar_handeling
from gateway.store.slot import slot
from gateway.trust.admission import check_zorgkas
from gateway.wire.generic import action, read_confirm, read_get
from gateway.wire.names import GENERIC_ASYNC, q
from gateway.wire.parser import Bounds, parse

DIENST = Dienst(
    naam="zorgkas",
    wsdl="genericasync.wsdl",
    generic_async=True,
    voor_voorzieningen=False,
    operaties={q(GENERIC_ASYNC, name): action(name, 0) for name in ("post", "get", "confirm")},
)
_BOUNDS = Bounds(octets=64 * 1024 * 1024, markup=2_000_000)


def behandel(gateway: Gateway, bewezen: Bewezen) -> Element:
    """Answer post, get or confirm of a zorgkas.

    Raises:
        Refusal: a TRUST, BLOB or ID code.
    """
    match bewezen.payload.tag:
        case tag if tag == q(GENERIC_ASYNC, "post"):
            return _post(gateway, bewezen)
        case tag if tag == q(GENERIC_ASYNC, "get"):
            code = _zorgkas(gateway, bewezen, read_get(bewezen.payload).origin.cbe)
            return postbus.get(gateway, DIENST, bewezen, f"zorgkas:{code}")
        case _:
            code = _zorgkas(gateway, bewezen, read_confirm(bewezen.payload).origin.cbe)
            return postbus.confirm(gateway, DIENST, bewezen, f"zorgkas:{code}")


def _zorgkas(gateway: Gateway, bewezen: Bewezen, named: str | None) -> str:
    with gateway.store.reading() as conn:
        return check_zorgkas(conn, bewezen.identity, named)


def _post(gateway: Gateway, bewezen: Bewezen) -> Element:
    post = lees_post(gateway, DIENST, bewezen)
    code = _zorgkas(gateway, bewezen, post.origin.cbe)
    root = parse(post.blob.content.whole(), _BOUNDS)
    registry.check(root)
    inhoud = _lees(root)
    if inhoud.zorgkas != code:
        raise Refusal(Code.CROSSCHECK, place="//Zorgkas", expected=code, found=inhoud.zorgkas)
    ontvangst = ontvangst_van(DIENST, bewezen, post, afzender=f"zorgkas:{code}", soort=type(inhoud).__name__)
    with gateway.store.writing() as conn:
        slot(conn, f"{ontvangst.afzender}/{ontvangst.bedrijfs_id}", f"bericht/{inhoud.message_id}")
        if bewaar_post(gateway, DIENST, conn, bewezen, ontvangst):
            row = berichten.zoek(conn, inhoud.message_id)
            if row is None or row.zorgkas != code:
                raise Refusal(Code.UNKNOWN_MESSAGE, place="//MessageId", found=inhoud.message_id)
            if isinstance(inhoud, ZorgkasBeslissing):
                _beslis(conn, row, inhoud, ontvangst)
            else:
                reken_af(gateway, conn, row, inhoud, ontvangst.ontvangen_op)
                bewaar_handeling(conn, afgerekend(inhoud, ontvangst.ontvangen_op))
                gegevens = {"aanvaard": inhoud.aanvaard, "geweigerd": inhoud.geweigerd}
                _noteer(conn, Gebeurtenis.ZORGKAS_REKENDE_AF, row, ontvangst, **gegevens)
        return tack(conn, ontvangst, post)


def _lees(root: Element) -> ZorgkasBeslissing | Afrekening:
    if root.tag == q(ZORGKAS, "Beslissing"):
        return lees_beslissing(root)
    if root.tag == q(ZORGKAS, "Afrekening"):
        return lees_afrekening(root)
    raise Refusal(Code.SCHEMA, place="/", expected="Beslissing of Afrekening", found=str(root.tag)[:120])


def _beslis(conn: Connection, row: Row[Any], inhoud: ZorgkasBeslissing, ontvangst: Ontvangst) -> None:
    if row.uitkomst != Uitkomst.IN_BERAAD.value or row.dossiernummer is None:
        raise Refusal(
            Code.NOT_DECIDABLE, place="/Beslissing/MessageId", expected=Uitkomst.IN_BERAAD.value, found=str(row.uitkomst)
        )
    neem_beslissing(
        conn,
        row,
        uitkomst=inhoud.uitkomst,
        door=ontvangst.afzender,
        op=ontvangst.ontvangen_op,
        motivering=inhoud.motivering,
    )
    bewaar_handeling(
        conn,
        Handeling(
            bericht_id=row.id,
            soort=BESLISSING,
            zorgkas=inhoud.zorgkas,
            persoon=None,
            op=ontvangst.ontvangen_op,
            uitkomst=inhoud.uitkomst,
            motivering=inhoud.motivering,
        ),
    )
    _noteer(conn, Gebeurtenis.ZORGKAS_BESLISTE, row, ontvangst, uitkomst=inhoud.uitkomst)


def _noteer(conn: Connection, gebeurtenis: Gebeurtenis, row: Row[Any], ontvangst: Ontvangst, **gegevens: str | int) -> None:
    noteer(
        conn,
        gebeurtenis,
        actor=ontvangst.afzender,
        onderwerp=row.id,
        gegevens={"bericht": ontvangst.id, **gegevens},
        tijdstip=ontvangst.ontvangen_op,
    )
