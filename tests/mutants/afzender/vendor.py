"""Puts one fault in the reference vendor's software: a class by the name of its mutant overrides one thing it does."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

import zeep
from zeep.transports import Transport

from conformance.examples.vendor_zeep import Line, Vendor
from conformance.sender.hook import HookResult
from conformance.zeep_wsse import Wsse

BROKEN: dict[str, str] = {}
"""Mutants that stumbled over themselves: whatever the suite then says of them proves nothing."""
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
            try:
                software = kind(step)
                status = software.run()
                done.append(HookResult(status=status, report={"codes": software.codes, **software.told}))
            except Exception as error:
                BROKEN[name] = f"{step['scenario']}: {type(error).__name__} {error}"

        # A fault may keep it busy for ever; a program would be killed.
        busy = threading.Thread(target=work, daemon=True)
        busy.start()
        busy.join(timeout=_SECONDS)
        return done[0] if done else HookResult(status=1, output="de software hield op of bleef bezig", timed_out=busy.is_alive())

    return handle


class Remembering(Vendor):
    """Knows in a later step what it did in an earlier one."""

    memory: dict[str, Any]


class Lines(Vendor):
    line: type[Line] = Line

    def service(self, name: str, message: Mapping[str, Any]) -> tuple[Line, Any]:
        line = self.line()
        transport = Transport(session=line.session, operation_timeout=60)
        wsse = Wsse(self.signer(message), self.clock, self.parts)
        client = zeep.Client(f"{self.step['services'][name]}?wsdl", transport=transport, wsse=wsse)
        return line, client.service

    parts: tuple[str, ...] = ("Body", "Timestamp", "BinarySecurityToken")
