"""Faults in what is sent, and in how it is signed."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import zeep

from conformance.examples.vendor_zeep import GivenUp, Vendor, codes_of, zending_xml
from tests.mutants.afzender.vendor import Lines, Remembering, vendor


@vendor
class ClockAnHourOff(Vendor):
    def __init__(self, step: Mapping[str, Any]) -> None:
        super().__init__(step)
        right = self.clock
        self.clock = lambda: right() + timedelta(hours=1)


@vendor
class UnsignedTimestamp(Lines):
    parts = ("Body", "BinarySecurityToken")


@vendor
class UnsignedBody(Lines):
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
