"""One fault each, put in the running gateway: a function by the name of its mutant changes what the gateway's modules call."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import Response
from lxml.etree import _Element as Element
from sqlalchemy import update

from conformance.walkthrough import sample_signer
from gateway import app, soap
from gateway.diensten import (
    aanvraag,
    facturatie,
    kern,
    postbus,
    posten,
    raadplegen,
    toelating,
    verzekerbaarheid,
    zending,
    zending_oordeel,
    zorgkas,
)
from gateway.exchange import mailbox
from gateway.exchange.toestand import Toestand
from gateway.reference import lookup
from gateway.refusal import Code, Refusal
from gateway.store import berichten
from gateway.store.tables import levering
from gateway.trust import chain, wssecurity
from gateway.trust.revocation import RevocationState
from gateway.wire import blob, generic
from gateway.wire import envelope as envelop
from gateway.wire.generic import write_post_response
from gateway.wire.instant import read_instant

INGREPEN: dict[str, Callable[[], None]] = {}
_FAR = timedelta(days=36_500)


def ingreep(work: Callable[[], None]) -> Callable[[], None]:
    INGREPEN[work.__name__.replace("_", "-")] = work
    return work


def put(module: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Put in the place of a function what is made of it."""
    setattr(module, name, make(getattr(module, name)))


def nothing(*_: Any, **__: Any) -> None:
    return None


def without_rule(name: str) -> None:
    def make(load: Any) -> Any:
        def wrapped(*arguments: Any) -> Mapping[str, Any]:
            books = load(*arguments)
            return {k: replace(b, regels=tuple(r for r in b.regels if r.id != name)) for k, b in books.items()}

        return wrapped

    put(app, "load_cookbooks", make)


def unless(*codes: Code) -> Callable[[Any], Any]:
    """A check that lets some refusals pass."""

    def make(check: Any) -> Any:
        def wrapped(*arguments: Any, **rest: Any) -> Any:
            try:
                return check(*arguments, **rest)
            except Refusal as refusal:
                if refusal.code not in codes:
                    raise
                return None

        return wrapped

    return make


# WS-Security.


def _timestamp(code: Code) -> None:
    def make(check: Any) -> Any:
        def wrapped(element: Element, policy: Any, now: Any) -> Any:
            try:
                return check(element, policy, now)
            except Refusal as refusal:
                if refusal.code is not code:
                    raise
                return tuple(read_instant(child.text) for child in element)

        return wrapped

    put(wssecurity, "check_timestamp", make)


@ingreep
def stale_timestamp() -> None:
    _timestamp(Code.STALE)


@ingreep
def future_timestamp() -> None:
    _timestamp(Code.FUTURE)


@ingreep
def no_clock_tolerance() -> None:
    put(wssecurity, "check_timestamp", lambda check: lambda e, p, now: check(e, replace(p, clock_skew=timedelta()), now))


@ingreep
def any_lifetime() -> None:
    put(wssecurity, "check_timestamp", lambda check: lambda e, p, now: check(e, replace(p, max_lifetime=_FAR), now))


@ingreep
def no_digest() -> None:
    put(wssecurity, "reference_fits", lambda _: lambda *_: True)


@ingreep
def no_signature_value() -> None:
    put(wssecurity, "verify_value", lambda _: nothing)


@ingreep
def unsigned_body() -> None:
    put(wssecurity, "_check_parts", lambda _: nothing)


@ingreep
def sha1() -> None:
    os.environ["VSB_ALLOW_SHA1"] = "true"


@ingreep
def rsa_only() -> None:
    def make(check: Any) -> Any:
        def wrapped(certificate: x509.Certificate, *rest: Any) -> None:
            if isinstance(certificate.public_key(), ec.EllipticCurvePublicKey):
                raise Refusal(Code.ALGORITHM, place="//SignatureMethod")
            check(certificate, *rest)

        return wrapped

    put(wssecurity, "verify_value", make)


# Certificates and admission.


def _revocation_is_good(self: Any, certificate: Any, issuer: Any, now: Any) -> Any:
    return RevocationState.GOOD, now + timedelta(hours=1)


@ingreep
def ignores_revocation() -> None:
    put(chain.TrustStore, "_revocation", lambda _: _revocation_is_good)


@ingreep
def any_issuer() -> None:
    put(chain.TrustStore, "_issuer_of", lambda find: lambda self, c: find(self, c) or self._issuers[0])
    put(chain.TrustStore, "_path_problem", lambda _: nothing)
    put(chain.TrustStore, "_revocation", lambda _: _revocation_is_good)


@ingreep
def expired_certificate() -> None:
    put(chain.TrustStore, "accept", unless(Code.EXPIRED, Code.NOT_YET_VALID))


@ingreep
def pinned_certificate() -> None:
    known = sample_signer("facility-ibw-1")

    def make(accept: Any) -> Any:
        def wrapped(self: Any, der: bytes, certificate: x509.Certificate, now: Any) -> None:
            if certificate.subject == known.certificate.subject and der != known.der:
                raise Refusal(Code.UNTRUSTED, place="BinarySecurityToken")
            accept(self, der, certificate, now)

        return wrapped

    put(chain.TrustStore, "accept", make)


@ingreep
def any_sender() -> None:
    put(kern, "check_sender", lambda _: nothing)


@ingreep
def any_software() -> None:
    put(toelating, "check_software", lambda _: nothing)


@ingreep
def any_password() -> None:
    put(facturatie, "check_licence", lambda _: lambda conn, user, _: lookup.attest_van_licentie(conn, user))


# HTTP and SOAP.


@ingreep
def fault_on_200() -> None:
    def make(respond: Any) -> Any:
        def wrapped(*arguments: Any) -> Response:
            response: Response = respond(*arguments)
            response.status_code = 200
            return response

        return wrapped

    put(soap, "fault_response", make)


@ingreep
def html_fault() -> None:
    page = Response("<!DOCTYPE html><html><h1>500</h1></html>", status_code=500, media_type="text/html")
    put(soap, "fault_response", lambda _: lambda *_: page)


@ingreep
def fault_without_remedy() -> None:
    def make(fault: Any) -> Any:
        def wrapped(*arguments: Any, **rest: Any) -> Element:
            made: Element = fault(*arguments, **rest)
            for told in list(made.iter("{*}Remedie")):
                told.getparent().remove(told)  # type: ignore[union-attr]
            return made

        return wrapped

    put(soap, "fault", make)


@ingreep
def signed_header() -> None:
    os.environ["VSB_SIGN_RESPONSES"] = "true"


@ingreep
def doctype() -> None:
    put(kern, "read_message", lambda read: lambda raw, *rest: read(re.sub(rb"<!DOCTYPE[^>]*>", b"", raw), *rest))


@ingreep
def must_understand() -> None:
    put(envelop, "_check_header", lambda _: nothing)


@ingreep
def any_content_type() -> None:
    put(soap, "check_content_type", lambda _: nothing)


@ingreep
def any_soapaction() -> None:
    put(kern, "_check_action", lambda check: lambda dienst, envelope, _: check(dienst, envelope, ""))


@ingreep
def broken_wsdl() -> None:
    put(app, "wsdl", lambda _: lambda *_: b'<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"/>')


@ingreep
def drops_connection() -> None:
    async def call(self: Any, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._rest(scope, receive, send)
            return
        headers = [(b"content-type", b"text/xml; charset=utf-8"), (b"content-length", b"5000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"<?xml version='1.0'?><soap:Envelope"})

    put(soap.SoapServices, "__call__", lambda _: call)


# One message, one life.


@ingreep
def no_second_answer() -> None:
    put(aanvraag, "_eerder_antwoord", lambda _: nothing)


@ingreep
def unmarked_repeat() -> None:
    put(aanvraag, "merk_duplicaat", lambda _: lambda response: response)


@ingreep
def id_for_other_content() -> None:
    def make(find: Any) -> Any:
        def wrapped(conn: Any, ontvangst: Any) -> Any:
            earlier = berichten.eerder(conn, ontvangst.afzender, ontvangst.dienst, ontvangst.bedrijfs_id)
            digest = ontvangst.inhoud_sha256 if earlier is None else bytes.fromhex(earlier.inhoud_sha256)
            return find(conn, replace(ontvangst, inhoud_sha256=digest))

        return wrapped

    put(aanvraag, "_eerder_antwoord", make)


@ingreep
def no_receipt() -> None:
    put(aanvraag, "schrijf_antwoord", lambda write: lambda answer: write(replace(answer, ontvangstbewijs=None)))


@ingreep
def receipt_by_another() -> None:
    put(aanvraag, "ontvangstbewijs", lambda make: lambda received, _: make(received, sample_signer("zorgkas-180")))


@ingreep
def receipt_of_other_bytes() -> None:
    put(aanvraag, "ontvangstbewijs", lambda make: lambda received, signer: make(replace(received, sha256=b"\0" * 32), signer))


@ingreep
def others_messages() -> None:
    def find(conn: Any, _: str, *, message_id: str | None, bedrijfs_id: str | None, sha256: str | None) -> Any:
        return None if message_id is None else berichten.zoek(conn, message_id)

    put(berichten, "zoek_van", lambda _: find)


@ingreep
def no_history() -> None:
    put(raadplegen, "schrijf_levensloop", lambda write: lambda _: write(None))


# Rules.


@ingreep
def first_reason_only() -> None:
    def make(judge: Any) -> Any:
        def wrapped(*arguments: Any) -> Any:
            found = judge(*arguments)
            return replace(found, redenen=found.redenen[:1])

        return wrapped

    put(aanvraag, "beoordeel_aanvraag", make)


@ingreep
def late_is_fine() -> None:
    without_rule("IBW_START_103")


@ingreep
def two_stays() -> None:
    without_rule("IBW_START_105")


@ingreep
def dead_person() -> None:
    without_rule("VSB_STATUS_004")


@ingreep
def hundred_years() -> None:
    put(verzekerbaarheid, "MAX_PERIODE", lambda _: _FAR)


@ingreep
def no_mutation() -> None:
    put(verzekerbaarheid, "mutaties", lambda _: lambda *_: ())


@ingreep
def any_price() -> None:
    without_rule("301940")


@ingreep
def any_zorgkas() -> None:
    without_rule("201810")


@ingreep
def day_twice() -> None:
    without_rule("300423")


@ingreep
def number_twice() -> None:
    without_rule("100721")


def _result(change: Callable[[Any], Any]) -> None:
    put(zending_oordeel, "beoordeel_zending", lambda judge: lambda *arguments: change(judge(*arguments)))


@ingreep
def wrong_sums() -> None:
    _result(lambda result: replace(result, gevraagd=result.gevraagd + 100))


@ingreep
def first_error_only() -> None:
    _result(lambda result: replace(result, fouten=result.fouten[:1]))


# Posts and mailboxes.


@ingreep
def any_hash() -> None:
    put(blob, "hmac", lambda _: SimpleNamespace(compare_digest=lambda *_: True))


@ingreep
def any_xades() -> None:
    put(posten, "verify_blob_signature", lambda _: nothing)


@ingreep
def wrong_tack() -> None:
    put(generic, "tack_content", lambda _: lambda *_: b"\0" * 32)


@ingreep
def reference_for_other_blob() -> None:
    put(facturatie, "bewaar_post", unless(Code.ID_REUSED))


@ingreep
def replayed_get() -> None:
    put(postbus, "replay", lambda _: SimpleNamespace(remember=nothing))


@ingreep
def fetched_is_gone() -> None:
    def make(mark: Any) -> Any:
        def wrapped(conn: Any, ids: Any, now: Any) -> Any:
            found = mark(conn, ids, now)
            conn.execute(update(levering).where(levering.c.id.in_(ids)).values(toestand=Toestand.BEVESTIGD.value))
            return found

        return wrapped

    put(mailbox, "markeer_opgehaald", make)


@ingreep
def forgets_confirm() -> None:
    put(mailbox, "bevestig", lambda _: lambda *_: [])


@ingreep
def shared_mailbox() -> None:
    def make(get: Any) -> Any:
        def wrapped(gateway: Any, dienst: Any, bewezen: Any, bestemming: str) -> Any:
            return get(gateway, dienst, bewezen, "riziv:72090103" if bestemming.startswith("riziv:") else bestemming)

        return wrapped

    put(postbus, "get", make)


@ingreep
def never_delivers() -> None:
    for module in (aanvraag, zending):
        put(module, "naar_zorgkas", lambda _: nothing)


@ingreep
def wrong_zorgkas() -> None:
    put(aanvraag, "zorgkas_voor", lambda _: lambda *_: "380")


def _settles(code: Code) -> None:
    def make(post: Any) -> Any:
        def wrapped(gateway: Any, bewezen: Any) -> Any:
            try:
                return post(gateway, bewezen)
            except Refusal as refusal:
                if refusal.code is not code:
                    raise
            read = posten.lees_post(gateway, zorgkas.DIENST, bewezen)
            return write_post_response(
                request=read.blob.content, input_reference=read.input_reference, reference=bewezen.verzoek.ticket
            )

        return wrapped

    put(zorgkas, "_post", make)


@ingreep
def settles_for_anyone() -> None:
    _settles(Code.UNKNOWN_MESSAGE)


@ingreep
def settles_any_amount() -> None:
    _settles(Code.AMOUNTS)
