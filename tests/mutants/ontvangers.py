"""One fault each, put in the reference receiver of a zorgkas: a function by the name of its mutant."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import uvicorn
from fastapi import Response
from lxml.etree import _Element as Element

from conformance import receiver as reference
from conformance.receiver import Receiver, receiver_app
from conformance.walkthrough import sample_signer
from gateway.paths import data_dir
from gateway.refusal import Code, Refusal
from gateway.trust import wssecurity
from gateway.trust.chain import load_trust_store
from gateway.trust.identity import read_identity
from gateway.trust.revocation import RevocationMode
from gateway.trust.signing import Signer, sign_envelope
from gateway.wire import blob
from gateway.wire.blob import deflate
from gateway.wire.generic import read_post
from gateway.wire.names import GENERIC_ASYNC, q
from gateway.wire.parser import Bounds, parse
from tests.mutants.ingrepen import any_issuer, expired_certificate, ignores_revocation, nothing, put

INGREPEN: dict[str, Callable[[], None]] = {}


def ingreep(work: Callable[[], None]) -> Callable[[], None]:
    INGREPEN[work.__name__.replace("_", "-")] = work
    return work


def serve(name: str, folder: Path, port: int) -> None:
    """The reference receiver with the fault of a name in it; `echt` has none."""
    certs = data_dir("certs-sample")
    trust = load_trust_store(certs / "ca-bundle.pem", [certs / "crl/issuing-ca.crl"], RevocationMode.GRACE)
    sender = read_identity(sample_signer("gateway").certificate).label
    app = receiver_app(Receiver(folder=folder, trust=trust, sender=sender, signer_of=lambda code: SIGNERS[0](code)))
    INGREPEN.get(name, lambda: None)()
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False)


def own_signer(code: str) -> Signer | None:
    return sample_signer(f"zorgkas-{code}")


SIGNERS: list[Callable[[str], Signer | None]] = [own_signer]
"""Who signs the receipts; an intervention puts another in the place of the first."""

# Receipts.


@ingreep
def unsigned_receipt() -> None:
    SIGNERS[0] = nothing


@ingreep
def receipt_by_another() -> None:
    SIGNERS[0] = lambda code: own_signer("380" if code != "380" else "280")


@ingreep
def timestamp_only() -> None:
    def signed(envelope: Element, signer: Signer, now: Any) -> Element:
        sign_envelope(envelope, signer, now, parts=("Timestamp", "BinarySecurityToken"))
        return envelope

    put(reference, "_signed", lambda _: signed)


def _answer(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    put(reference, "write_post_response", lambda write: lambda **given: write(**change(given)))


@ingreep
def tack_over_packed() -> None:
    _answer(lambda given: {**given, "request": type(given["request"]).plain(deflate(given["request"].whole()))})


@ingreep
def wrong_applies_to() -> None:
    _answer(lambda given: {**given, "input_reference": "0"})


@ingreep
def one_reference() -> None:
    _answer(lambda given: {**given, "reference": "ONTVANGEN"})


# Who sends, and what is proven.


@ingreep
def any_signer() -> None:
    _identity(lambda _: True)


@ingreep
def any_organisation() -> None:
    _identity(lambda label: label.startswith("CBE="))


def _identity(trusted: Callable[[str], bool]) -> None:
    sender = read_identity(sample_signer("gateway").certificate)
    put(reference, "read_identity", lambda read: lambda c: sender if trusted(read(c).label) else read(c))


@ingreep
def unsigned_message() -> None:
    ours = SimpleNamespace(certificate=sample_signer("gateway").certificate)

    def make(verify: Any) -> Any:
        def wrapped(*arguments: Any) -> Any:
            try:
                return verify(*arguments)
            except Refusal as refusal:
                if refusal.code is not Code.NO_SECURITY:
                    raise
                return ours

        return wrapped

    put(reference, "verify", make)


@ingreep
def no_digest() -> None:
    put(wssecurity, "reference_fits", lambda _: lambda *_: True)


def _skew(skew: timedelta) -> None:
    put(wssecurity, "check_timestamp", lambda check: lambda e, p, now: check(e, replace(p, clock_skew=skew), now))


@ingreep
def stale_timestamp() -> None:
    _skew(timedelta(days=1))


@ingreep
def ten_minutes() -> None:
    _skew(timedelta(minutes=10))


@ingreep
def no_clock_tolerance() -> None:
    _skew(timedelta())


for shared in (ignores_revocation, any_issuer, expired_certificate):
    ingreep(shared)


@ingreep
def any_hash() -> None:
    put(blob, "hmac", lambda _: SimpleNamespace(compare_digest=lambda *_: True))


@ingreep
def any_xades() -> None:
    put(reference, "verify_blob_signature", lambda _: nothing)


# Once and only once.


def _keep(work: Callable[[Path, str, bytes], None]) -> None:
    def keep(self: Receiver, code: str, message_id: str, content: bytes) -> None:
        folder = self.folder / code
        folder.mkdir(parents=True, exist_ok=True)
        work(folder, message_id, content)

    put(Receiver, "_keep", lambda _: keep)


@ingreep
def keeps_nothing() -> None:
    put(Receiver, "_keep", lambda _: nothing)


@ingreep
def keeps_each() -> None:
    _keep(lambda folder, message_id, content: _new(folder, message_id, content))
    _answer(lambda given: {**given, "reference": uuid4().hex})


def _new(folder: Path, message_id: str, content: bytes) -> None:
    place = folder / uuid4().hex
    place.mkdir()
    (place / f"{message_id}.xml").write_bytes(content)


@ingreep
def repeat_is_an_error() -> None:
    def keep(folder: Path, message_id: str, content: bytes) -> None:
        if (target := folder / f"{message_id}.xml").exists():
            raise Refusal(Code.ID_REUSED, place="MessageId")
        target.write_bytes(content)

    _keep(keep)


@ingreep
def race() -> None:
    def keep(folder: Path, message_id: str, content: bytes) -> None:
        if not list(folder.rglob(f"{message_id}.xml")):
            time.sleep(0.3)
            _new(folder, message_id, content)

    _keep(keep)


@ingreep
def overwrites() -> None:
    _keep(lambda folder, message_id, content: _write(folder / f"{message_id}.xml", content))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


@ingreep
def keeps_what_it_refuses() -> None:
    def make(receive: Any) -> Any:
        def wrapped(self: Receiver, code: str, raw: bytes) -> bytes:
            root = parse(raw, Bounds(octets=1 << 26, markup=5_000_000))
            post = read_post(next(root.iter(q(GENERIC_ASYNC, "post"))), max_blob=1 << 26)
            content = post.blob.content.whole()
            self._keep(code, self._address(content)[0], content)
            return bytes(receive(self, code, raw))

        return wrapped

    put(Receiver, "receive", make)


# What is delivered.


@ingreep
def any_zorgkas() -> None:
    put(reference, "lees_adres", lambda read: lambda root: (read(root)[0], _Any(read(root)[1])))


class _Any(str):
    """A zorgkas that is every zorgkas."""

    def __ne__(self, _: object) -> bool:
        return False

    __hash__ = str.__hash__


@ingreep
def no_schema() -> None:
    put(reference, "registry", lambda _: SimpleNamespace(check=nothing))


def _refuses(told: bytes) -> None:
    def make(address: Any) -> Any:
        def wrapped(self: Receiver, content: bytes) -> Any:
            if told in content:
                raise Refusal(Code.SCHEMA, place="/", found="onbekend")
            return address(self, content)

        return wrapped

    put(Receiver, "_address", make)


@ingreep
def no_invoices() -> None:
    _refuses(b"<z:Soort>factuur")


@ingreep
def no_announcements() -> None:
    _refuses(b"Mededeling")


@ingreep
def no_held() -> None:
    _refuses(b"<z:Uitkomst>in_beraad")


@ingreep
def small() -> None:
    put(reference, "_LIMIT", lambda _: 1 << 20)


@ingreep
def impatient() -> None:
    put(reference, "read_body", lambda read: lambda stream, **rest: read(stream, **{**rest, "timeout": 1}))


@ingreep
def stuck() -> None:
    seen: list[Refusal] = []

    def make(receive: Any) -> Any:
        def wrapped(self: Receiver, code: str, raw: bytes) -> bytes:
            if seen:
                raise Refusal(Code.UNAVAILABLE)
            try:
                return bytes(receive(self, code, raw))
            except Refusal as refusal:
                seen.append(refusal)
                raise

        return wrapped

    put(Receiver, "receive", make)


# Faults.


@ingreep
def fault_on_200() -> None:
    put(reference, "Response", lambda make: lambda *given, **rest: make(*given, **{**rest, "status_code": 200}))


@ingreep
def blames_itself() -> None:
    def make(fault: Any) -> Any:
        def wrapped(*given: Any, **rest: Any) -> Element:
            made: Element = fault(*given, **rest)
            next(made.iter("faultcode")).text = "soap:Server"
            return made

        return wrapped

    put(reference, "fault", make)


@ingreep
def html_fault() -> None:
    def response(body: bytes, status_code: int = 200, media_type: str = "") -> Response:
        if status_code == 200:
            return Response(body, media_type=media_type)
        return Response("<!DOCTYPE html><html>Fout</html>", media_type="text/html")

    put(reference, "Response", lambda _: response)
