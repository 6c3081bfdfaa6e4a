"""What every post of GenericAsync shares: the blob's signature, the test flag, and the same answer to the same post."""

from __future__ import annotations

import hashlib

from lxml.etree import _Element as Element
from sqlalchemy import Connection, insert

from gateway.diensten.kern import Bewezen, Dienst, Gateway, policy_of
from gateway.refusal import Code, Refusal
from gateway.store import berichten
from gateway.store.berichten import Ontvangst
from gateway.store.tables import taak
from gateway.trust import replay
from gateway.trust.xades import verify_blob_signature
from gateway.wire.generic import Post, read_post, write_post_response


def lees_post(gateway: Gateway, dienst: Dienst, bewezen: Bewezen) -> Post:
    """Read a post whose blob is proven to be the sender's.

    Raises:
        Refusal: XADES when neither the Body nor the blob is signed by the header's holder; a BLOB code; ENVIRONMENT.
    """
    post = read_post(bewezen.payload, max_blob=gateway.settings.max_blob)
    gateway.check_environment(post.test, "/post/CommonInput/Request/IsTest")
    if post.xades:
        verify_blob_signature(post.xades, post.blob, bewezen.signed.certificate, policy_of(gateway.settings, dienst), bewezen.now)
    elif not bewezen.signed.body_is_signed:
        raise Refusal(
            Code.XADES, place="/post/Xades-t", expected="XAdES over de blob, of een ondertekende Body", found="geen van beide"
        )
    return post


def ontvangst_van(
    dienst: Dienst,
    bewezen: Bewezen,
    post: Post,
    *,
    afzender: str,
    soort: str,
    voorziening: str | None = None,
    attest: str | None = None,
) -> Ontvangst:
    """A post as it is stored; its pillar stands in the content, which is read later."""
    raw = bewezen.verzoek.raw
    return Ontvangst(
        id=bewezen.verzoek.ticket,
        dienst=dienst.naam,
        afzender=afzender,
        bedrijfs_id=post.input_reference,
        pijler="",
        soort=soort,
        test=post.test,
        ontvangen_op=bewezen.now,
        octetten=raw,
        content_type=bewezen.verzoek.content_type,
        sha256=hashlib.sha256(raw).digest(),
        inhoud_sha256=post.blob.hash,
        identiteit=bewezen.identity.label,
        certificaat_sha256=bewezen.signed.fingerprint,
        voorziening=voorziening,
        attest=attest,
    )


def bewaar_post(gateway: Gateway, dienst: Dienst, conn: Connection, bewezen: Bewezen, ontvangst: Ontvangst) -> bool:
    """Store a post once, inside the caller's transaction.

    Returns:
        False when the very same post was stored before.

    Raises:
        Refusal: ID_REUSED, or REPLAY of a header signature that binds no content.
    """
    eerder = berichten.eerder(conn, ontvangst.afzender, ontvangst.dienst, ontvangst.bedrijfs_id)
    if eerder is not None:
        if eerder.inhoud_sha256 != ontvangst.inhoud_sha256.hex():
            raise Refusal(
                Code.ID_REUSED,
                place="/post/CommonInput/InputReference",
                found=f"eerste ontvangst {eerder.ontvangen_op:%Y-%m-%dT%H:%M:%SZ}",
            )
        if not bewezen.signed.body_is_signed:
            replay.remember(conn, bewezen.signed, policy_of(gateway.settings, dienst), repeated=True)
        return False
    if not bewezen.signed.body_is_signed:
        replay.remember(conn, bewezen.signed, policy_of(gateway.settings, dienst))
    berichten.bewaar(conn, ontvangst)
    return True


def plan_verwerking(conn: Connection, ontvangst: Ontvangst) -> None:
    """Leave the work to the worker: the row commits together with the message."""
    conn.execute(insert(taak).values(bericht_id=ontvangst.id, pogingen=0, volgende_poging=ontvangst.ontvangen_op))


def tack(conn: Connection, ontvangst: Ontvangst, post: Post) -> Element:
    """The acknowledgement of a stored post; the same for the same post."""
    eerder = berichten.eerder(conn, ontvangst.afzender, ontvangst.dienst, ontvangst.bedrijfs_id)
    reference = ontvangst.id if eerder is None else eerder.id
    return write_post_response(request=post.blob.content, input_reference=post.input_reference, reference=reference)
