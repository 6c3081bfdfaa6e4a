"""Faults of who sends: once and only once, over a line that breaks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

import zeep

from conformance.examples import vendor_zeep
from conformance.examples.vendor_zeep import GivenUp, Line, Vendor, for_zeep, may_retry, zending_xml
from tests.mutants.afzender.vendor import Lines, Remembering, vendor


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
class NoOrder(_Tries):
    def run(self) -> int:
        if self.step["action"] != "zend":
            return super().run()
        before, vendor_zeep.TRIES = vendor_zeep.TRIES, 1
        self._heads: dict[str, dict[str, Any]] = {}
        waiting = list(self.step["messages"])
        try:
            for _ in range(before):
                waiting = [m for m in waiting if not self._sent(m)]
                time.sleep(1.1 if waiting else 0)
        finally:
            vendor_zeep.TRIES = before
        return 0

    def _sent(self, message: Mapping[str, Any]) -> bool:
        try:
            self.send(message)
        except GivenUp:
            return False
        return True

    def head(self, message: Mapping[str, Any]) -> dict[str, Any]:
        return self._heads.setdefault(message["name"], super().head(message))


# The line.


@vendor
class RetriesForEver(Vendor):
    def notify(self, message: Mapping[str, Any]) -> None:
        before, vendor_zeep.may_retry = may_retry, lambda _: True
        try:
            super().notify(message)
        finally:
            vendor_zeep.may_retry = before


@vendor
class IgnoresRetryAfter(Lines):
    class line(Line):
        def _came_back(self, response: Any, **_: Any) -> None:
            return


@vendor
class DoesNotWait(Lines):
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
