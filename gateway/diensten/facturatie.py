"""/soap/facturatie/v1: the federal GenericAsync contract for zendingen. A post is acknowledged once it is on disk."""

from __future__ import annotations

from lxml.etree import _Element as Element

from gateway.diensten import postbus
from gateway.diensten.kern import Bewezen, Dienst, Gateway, check_afzender
from gateway.diensten.posten import bewaar_post, lees_post, ontvangst_van, plan_verwerking, tack
from gateway.exchange import tacks
from gateway.reference import lookup
from gateway.reference.model import Attest
from gateway.refusal import Code, Refusal
from gateway.store.slot import slot
from gateway.trust.admission import check_licence
from gateway.wire.generic import Origin, Post, action, read_confirm, read_get
from gateway.wire.names import GENERIC_ASYNC, q

DIENST = Dienst(
    naam="facturatie",
    wsdl="genericasync.wsdl",
    generic_async=True,
    voor_voorzieningen=True,
    operaties={q(GENERIC_ASYNC, name): action(name, 0) for name in ("post", "get", "confirm")},
)
MESSAGE_NAME = "HCPFAC"
ZENDING = "Zending"


def behandel(gateway: Gateway, bewezen: Bewezen) -> Element:
    """Answer post, get or confirm.

    Raises:
        Refusal: a TRUST, BLOB or ID code.
    """
    eigen = f"riziv:{bewezen.identity.number}"
    match bewezen.payload.tag:
        case tag if tag == q(GENERIC_ASYNC, "post"):
            return _post(gateway, bewezen)
        case tag if tag == q(GENERIC_ASYNC, "get"):
            _check_origin(gateway, bewezen, read_get(bewezen.payload).origin, "/get/Origin")
            return postbus.get(gateway, DIENST, bewezen, eigen)
        case _:
            _check_origin(gateway, bewezen, read_confirm(bewezen.payload).origin, "/confirm/Origin")
            return postbus.confirm(gateway, DIENST, bewezen, eigen)


def _check_origin(gateway: Gateway, bewezen: Bewezen, origin: Origin, place: str) -> Attest:
    check_afzender(bewezen, origin.nihii or "", f"{place}/CareProvider/Nihii/Value")
    with gateway.store.reading() as conn:
        attest = check_licence(conn, origin.username, origin.password)
        if attest is None:
            raise Refusal(
                Code.NOT_ATTESTED,
                place=f"{place}/Package/License",
                expected="gebruiker en wachtwoord van een geattesteerd pakket",
                found="een andere licentie",
            )
        if not lookup.verklaring_op(conn, voorziening_van(origin), bewezen.vandaag):
            raise Refusal(Code.NO_DECLARATION, place=f"{place}/CareProvider/Nihii/Value", found=(origin.nihii or "")[:11])
        return attest


def voorziening_van(origin: Origin) -> str:
    """The facility's RIZIV number of 11 digits; clients pad 8 digits with zeros on the right (facts ehealth.md §3.5)."""
    return (origin.nihii or "").ljust(11, "0")[:11]


def lees_ingezonden(gateway: Gateway, bewezen: Bewezen) -> tuple[Post, Attest]:
    """A post of a zending by who may send one, and the attest of the package that its licence proves.

    Raises:
        Refusal: a TRUST or BLOB code.
    """
    post = lees_post(gateway, DIENST, bewezen)
    if post.blob.message_name != MESSAGE_NAME:
        raise Refusal(
            Code.BLOB_ENCODING, place="/post/Detail/@MessageName", expected=MESSAGE_NAME, found=post.blob.message_name[:40]
        )
    return post, _check_origin(gateway, bewezen, post.origin, "/post/CommonInput/Origin")


def _post(gateway: Gateway, bewezen: Bewezen) -> Element:
    post, attest = lees_ingezonden(gateway, bewezen)
    ontvangst = ontvangst_van(
        DIENST,
        bewezen,
        post,
        afzender=f"riziv:{bewezen.identity.number}",
        soort=ZENDING,
        voorziening=voorziening_van(post.origin),
        attest=attest.nummer,
    )
    with gateway.store.writing() as conn:
        slot(conn, f"{ontvangst.afzender}/{ontvangst.bedrijfs_id}")
        if bewaar_post(gateway, DIENST, conn, bewezen, ontvangst):
            plan_verwerking(conn, ontvangst)
            tacks.onthoud(conn, ontvangst.id, post.blob.content)
        return tack(conn, ontvangst, post)
