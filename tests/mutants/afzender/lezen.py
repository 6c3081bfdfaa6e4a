"""Faults of who reads answers and mailboxes."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import zeep
from lxml import etree

from conformance import client
from conformance.client import GenericAsyncClient
from conformance.examples.vendor_zeep import Line, Vendor, zending_xml
from tests.mutants.afzender.vendor import vendor


@vendor
class BelievesAnySeal(Vendor):
    def believe(self, receipt: bytes | str | None, ours: list[str]) -> None:
        return


@vendor
class BelievesAnySealer(Vendor):
    """Looks for a whole seal, and takes the certificate that comes with it for the central application's."""

    def believe(self, receipt: bytes | str | None, ours: list[str]) -> None:
        from gateway.trust.sealed import verify_sealed

        if receipt:
            verify_sealed(receipt if isinstance(receipt, bytes) else receipt.encode(), lambda *_: None, self.clock())


@vendor
class BelievesAnyMessage(Vendor):
    """Looks at the seal, and not what it is about."""

    def believe(self, receipt: bytes | str | None, ours: list[str]) -> None:
        super().believe(receipt, _Everything())  # type: ignore[arg-type]


class _Everything:
    def __contains__(self, _: object) -> bool:
        return True


@vendor
class NoReceiptNeeded(Vendor):
    def believe(self, receipt: bytes | str | None, ours: list[str]) -> None:
        if receipt:
            super().believe(receipt, ours)


@vendor
class AnyTack(Vendor):
    def invoice(self, message: Mapping[str, Any]) -> None:
        line, client = self.generic(message)
        content, reference = zending_xml(message["fields"]), uuid4().hex[:16]
        tack = line.until_answered(lambda: client.post(content, reference))
        self.told["status"] = tack.ResultMajor.rpartition(":")[2]


@vendor
class ShowsNoReasons(Vendor):
    def run(self) -> int:
        status = super().run()
        self.codes = []
        return status


# The mailbox.


class _Mailbox(Vendor):
    def generic(self, message: Mapping[str, Any]) -> tuple[Line, GenericAsyncClient]:
        line, client = super().generic(message)
        self.meddle(client)
        return line, client

    def meddle(self, client: Any) -> None:
        raise NotImplementedError


@vendor
class NeverConfirms(_Mailbox):
    def meddle(self, client: Any) -> None:
        seen: set[bytes] = set()

        def fetch(given: Any = client.fetch) -> Any:
            mail = given()
            fresh = [m for m in mail.messages if m[2] not in seen]
            seen.update(m[2] for m in mail.messages)
            return SimpleNamespace(messages=fresh, tacks=[])

        client.fetch, client.confirm = fetch, lambda *_, **__: None


@vendor
class PollsWithoutPause(Vendor):
    def empty_mailbox(self) -> None:
        self.step = {**self.step, "poll_seconds": 0.01}
        _, box = self.generic(self.step)
        for _ in range(20):
            try:
                box._service.get(Origin=box._origin, MsgQuery={"Include": True, "Max": 0}, TAckQuery={"Include": True, "Max": 0})
            except zeep.exceptions.Fault:
                continue
        super().empty_mailbox()


@vendor
class BooksTwice(Vendor):
    def empty_mailbox(self) -> None:
        booked: list[bytes] = []
        read = self.read_mail

        def counted(content: bytes, ours: list[str]) -> None:
            booked.append(content)
            read(content, ours)

        self.read_mail = counted  # type: ignore[method-assign]
        super().empty_mailbox()
        self.told["verwerkt"] = len(booked)


@vendor
class AnyHash(Vendor):
    def empty_mailbox(self) -> None:
        before, client.hashlib = client.hashlib, SimpleNamespace(sha256=lambda _: SimpleNamespace(digest=_Fits))
        try:
            super().empty_mailbox()
        finally:
            client.hashlib = before


class _Fits:
    """A digest that differs from none."""

    def __ne__(self, _: object) -> bool:
        return False


@vendor
class OthersJudgement(Vendor):
    def read_mail(self, content: bytes, ours: list[str]) -> None:
        root = etree.fromstring(content)
        self.told["status"] = root.findtext("{*}Label") or root.findtext("{*}Uitkomst")


@vendor
class ConfirmsFirst(_Mailbox):
    """Confirms what it was given before it looked at it."""

    def meddle(self, client: Any) -> None:
        def fetch(given: Any = client.fetch, confirm: Any = client.confirm) -> Any:
            mail = given()
            confirm([h for _, _, h in mail.messages])
            return mail

        client.fetch = fetch
