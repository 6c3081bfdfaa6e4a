"""One fault each, in the reference vendor's software: a class by the name of its mutant overrides one thing it does."""

from __future__ import annotations

import copy
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import zeep
from lxml import etree
from zeep.transports import Transport

from conformance import client
from conformance.client import GenericAsyncClient
from conformance.examples import vendor_zeep
from conformance.examples.vendor_zeep import GivenUp, Line, Vendor, codes_of, for_zeep, may_retry, zending_xml
from conformance.sender.hook import HookResult
from conformance.zeep_wsse import Wsse

_SECONDS = 8
"""That the software may take for a step."""
VENDORS: dict[str, type[Vendor]] = {"echt": Vendor}


def vendor(kind: type[Vendor]) -> type[Vendor]:
    VENDORS[re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", kind.__name__).lower()] = kind
    return kind


def hook(name: str) -> Callable[[Mapping[str, Any]], HookResult]:
    """The software with the fault of a name, which lives as long as the hook does."""
    kind = type(name, (VENDORS[name],), {"memory": {}})

    def handle(step: Mapping[str, Any]) -> HookResult:
        done: list[HookResult] = []

        def work() -> None:
            software = kind(step)
            status = software.run()
            done.append(HookResult(status=status, report={"codes": software.codes, **software.told}))

        # A fault may keep it busy for ever; a program would be killed.
        busy = threading.Thread(target=work, daemon=True)
        busy.start()
        busy.join(timeout=_SECONDS)
        return done[0] if done else HookResult(status=1, output="de software hield op of bleef bezig", timed_out=busy.is_alive())

    return handle


class Remembering(Vendor):
    """Knows in a later step what it did in an earlier one."""

    memory: dict[str, Any]


# Once and only once.


@vendor
class NewNumberOnRetry(Vendor):
    def notify(self, message: Mapping[str, Any]) -> None:
        line, service = self.service("aanvraag", message)
        answer = line.until_answered(
            lambda: service.Indienen(Aanvraag={"Hoofding": self.head(message), **for_zeep(message["fields"])})
        )
        self.told |= {"status": answer.Uitkomst, "dossiernummer": answer.Dossiernummer}


@vendor
class NewReferenceOnRetry(Vendor):
    def invoice(self, message: Mapping[str, Any]) -> None:
        line, client = self.generic(message)
        content = zending_xml(message["fields"])
        tack = line.until_answered(lambda: client.post(content, uuid4().hex[:16]))
        self.told["status"] = tack.ResultMajor.rpartition(":")[2]


class _Tries(Vendor):
    tries = 1

    def run(self) -> int:
        before, vendor_zeep.TRIES = vendor_zeep.TRIES, self.tries
        try:
            return super().run()
        finally:
            vendor_zeep.TRIES = before


@vendor
class NeverRetries(_Tries):
    pass


class _Again(Remembering):
    """Sends its last messages again while it should be silent."""

    def run(self) -> int:
        if self.step["action"] == "wacht":
            for message, head in self.memory.get("sent", []):
                self._repeat(message, head)
            return 0
        return super().run()

    def head(self, message: Mapping[str, Any]) -> dict[str, Any]:
        head = super().head(message)
        self.memory.setdefault("sent", []).append((message, head))
        return head

    def _repeat(self, message: Mapping[str, Any], head: Mapping[str, Any]) -> None:
        _, service = self.service("aanvraag", message)
        service.Indienen(Aanvraag={"Hoofding": head, **for_zeep(message["fields"])})


@vendor
class SendsAcceptedAgain(_Again):
    pass


@vendor
class SendsRefusedAgain(_Again):
    pass


@vendor
class PostsAgain(Remembering):
    def run(self) -> int:
        if self.step["action"] == "wacht":
            for message in self.memory.get("posted", []):
                super().invoice(message)
            return 0
        return super().run()

    def invoice(self, message: Mapping[str, Any]) -> None:
        self.memory.setdefault("posted", []).append(message)
        super().invoice(message)


@vendor
class OneNumberForAll(Remembering):
    def head(self, message: Mapping[str, Any]) -> dict[str, Any]:
        return {**super().head(message), "BerichtId": self.memory.setdefault("id", str(uuid4()))}


@vendor
class NoOrder(Vendor):
    def run(self) -> int:
        if self.step["action"] != "zend":
            return super().run()
        at_once = [threading.Thread(target=self.send, args=(m,)) for m in self.step["messages"]]
        for one in at_once:
            one.start()
            time.sleep(0.005)
        for one in at_once:
            one.join()
        return 0


# The line.


class _Lines(Vendor):
    line: type[Line] = Line

    def service(self, name: str, message: Mapping[str, Any]) -> tuple[Line, Any]:
        line = self.line()
        transport = Transport(session=line.session, operation_timeout=60)
        wsse = Wsse(self.signer(message), self.clock, self.parts)
        client = zeep.Client(f"{self.step['services'][name]}?wsdl", transport=transport, wsse=wsse)
        return line, client.service

    parts: tuple[str, ...] = ("Body", "Timestamp", "BinarySecurityToken")


@vendor
class RetriesForEver(Vendor):
    def notify(self, message: Mapping[str, Any]) -> None:
        before, vendor_zeep.may_retry = may_retry, lambda _: True
        try:
            super().notify(message)
        finally:
            vendor_zeep.may_retry = before


@vendor
class IgnoresRetryAfter(_Lines):
    class line(Line):
        def _came_back(self, response: Any, **_: Any) -> None:
            return


@vendor
class DoesNotWait(_Lines):
    """Hears nothing for a moment, and sends the same a second time beside the first."""

    class line(Line):
        def until_answered(self, send: Callable[[], Any]) -> Any:
            second = threading.Timer(0.1, partial(self._quietly, send))
            second.start()
            try:
                return super().until_answered(send)
            finally:
                second.cancel()
                if second.is_alive():
                    second.join()

        @staticmethod
        def _quietly(send: Callable[[], Any]) -> None:
            try:
                send()
            except Exception:
                return


@vendor
class AnythingIsAnAnswer(Vendor):
    def notify(self, message: Mapping[str, Any]) -> None:
        _, service = self.service("aanvraag", message)
        try:
            answer = service.Indienen(Aanvraag={"Hoofding": self.head(message), **for_zeep(message["fields"])})
        except zeep.exceptions.Error:
            self.told["status"] = "aanvaard"
            return
        self.told["status"] = answer.Uitkomst


# What it signs, and when.


@vendor
class ClockAnHourOff(Vendor):
    def __init__(self, step: Mapping[str, Any]) -> None:
        super().__init__(step)
        right = self.clock
        self.clock = lambda: right() + timedelta(hours=1)


@vendor
class UnsignedTimestamp(_Lines):
    parts = ("Body", "BinarySecurityToken")


@vendor
class UnsignedBody(_Lines):
    parts = ("Timestamp", "BinarySecurityToken")


@vendor
class OldCertificate(Vendor):
    def signer(self, message: Mapping[str, Any]) -> Any:
        return super().signer({**message, "certificate": re.sub(r"[^/]+$", "bad-expired.p12", message["certificate"])})


@vendor
class OthersAttest(Vendor):
    def named(self) -> dict[str, str]:
        return {**super().named(), "Attest": "VSB-1999-9999"}


@vendor
class MadeTomorrow(Vendor):
    def head(self, message: Mapping[str, Any]) -> dict[str, Any]:
        return {**super().head(message), "Aanmaaktijdstip": self.clock() + timedelta(days=1)}


# What it sends.


class _Fields(Vendor):
    def send(self, message: Mapping[str, Any]) -> None:
        changed = copy.deepcopy(dict(message))
        self.change(changed["fields"])
        super().send(changed)

    def change(self, fields: dict[str, Any]) -> None:
        raise NotImplementedError


@vendor
class WrongPerson(_Fields):
    def change(self, fields: dict[str, Any]) -> None:
        fields["Gebruiker"]["Insz"] = "06100897746"


@vendor
class WrongDay(_Fields):
    def change(self, fields: dict[str, Any]) -> None:
        day = fields["StartVerblijf"]["Startdatum"]
        fields["StartVerblijf"]["Startdatum"] = f"{int(day[:4]) - 1}{day[4:]}"


@vendor
class WrongZorgkas(_Fields):
    def change(self, fields: dict[str, Any]) -> None:
        if "Zorgkas" in fields:
            fields["Zorgkas"] = "280" if fields["Zorgkas"] != "280" else "380"


@vendor
class WrongMonth(_Fields):
    def change(self, fields: dict[str, Any]) -> None:
        if "Maand" in fields:
            year, month = map(int, fields["Maand"].split("-"))
            fields["Maand"] = f"{year - 1}-{month:02d}"


@vendor
class NegativeOriginal(_Fields):
    def change(self, fields: dict[str, Any]) -> None:
        if "Factuur" in fields:
            bill = fields["Factuur"][0] if isinstance(fields["Factuur"], list) else fields["Factuur"]
            line = bill["Lijn"][0] if isinstance(bill["Lijn"], list) else bill["Lijn"]
            line["Bedrag"] = f"-{line['Bedrag']}"


@vendor
class NewZendingnummer(_Fields, Remembering):
    def change(self, fields: dict[str, Any]) -> None:
        if "Zendingnummer" in fields:
            times = self.memory["times"] = self.memory.get("times", -1) + 1
            fields["Zendingnummer"] = f"{int(fields['Zendingnummer']) + times:03d}"


@vendor
class SameReference(Remembering):
    def invoice(self, message: Mapping[str, Any]) -> None:
        _, client = self.generic(message)
        reference = self.memory.setdefault("reference", uuid4().hex[:16])
        try:
            tack = client.post(zending_xml(message["fields"]), reference)
        except zeep.exceptions.Fault as fault:
            raise GivenUp(codes_of(fault)) from fault
        self.told["status"] = tack.ResultMajor.rpartition(":")[2]


# What it believes and tells.


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
