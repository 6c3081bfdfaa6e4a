"""Faults of who must refuse: senders, content, and how it says no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from fastapi import Response
from lxml.etree import _Element as Element

from conformance.walkthrough import sample_signer
from conformance.zorgkas import receiver as reference
from conformance.zorgkas.receiver import Receiver
from gateway.refusal import Code, Refusal
from gateway.trust import wssecurity
from gateway.trust.identity import read_identity
from gateway.wire import blob
from tests.mutants.server.ingreep import nothing, put
from tests.mutants.server.trust import any_issuer, expired_certificate, ignores_revocation
from tests.mutants.zorgkas.ingreep import ingreep


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
