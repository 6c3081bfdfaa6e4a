"""What a facility's and a zorgkas's software does, over zeep: every operation of every service, from the WSDLs."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import requests
import zeep
from zeep.transports import Transport
from zeep.wsdl import Document

from conformance.zeep_wsse import GENERIC_ASYNC, Clock, Wsse, now
from gateway.trust.signing import Signer, sign_blob
from gateway.wire.blob import deflate, inflate

_PATIENCE = 60
"""Times that a get is asked again after `Not enough time`, a second apart."""


def soap_client(
    wsdl: str | Document, wsse: Wsse, *, verify: bool | str = True, timeout: float = 60, session: requests.Session | None = None
) -> zeep.Client:
    """A zeep client for one service, from its WSDL address or a WSDL that was read before."""
    session = session or requests.Session()
    session.verify = verify
    return zeep.Client(wsdl, transport=Transport(session=session, timeout=timeout, operation_timeout=timeout), wsse=wsse)


@dataclass(frozen=True, kw_only=True)
class Software:
    """The attested package that the client is."""

    naam: str = "ZorgSoft"
    versie: str = "3.2"
    attest: str = "VSB-2024-0001"
    licentie: str = "zorgsoft"
    wachtwoord: str = "zorgsoft-demo"


class WrongHash(ValueError):
    """A message of a mailbox is not what its HashValue was made of."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """What one get brought."""

    messages: list[tuple[str, bytes, bytes]]
    """Message name, inflated content, hash."""
    tacks: list[Any]
    """zeep's TAck objects."""
    counts: tuple[int, int]
    """MsgCount and TAckCount."""


class GenericAsyncClient:
    """post, get and confirm at one address, for a facility or a zorgkas."""

    def __init__(
        self,
        url: str,
        signer: Signer,
        origin: dict[str, Any],
        clock: Clock = now,
        parts: Sequence[str] | None = None,
        session: requests.Session | None = None,
        wsdl: Document | None = None,
    ) -> None:
        # The field signs less than the whole: Timestamp and token, with XAdES over the blob.
        self._signer, self._clock, self._origin = signer, clock, origin
        wsse = Wsse(signer, clock, parts or GENERIC_ASYNC)
        self._service = soap_client(wsdl or f"{url}?wsdl", wsse, session=session).service

    def post(self, content: bytes, reference: str, *, message_name: str = "HCPFAC", test: bool = False) -> Any:
        """Post a blob, XML or any other text, and return its TAck."""
        xml = content.lstrip()[:1] == b"<"
        detail = {
            "_value_1": deflate(content),
            "ContentType": "text/xml" if xml else "text/plain",
            "ContentEncoding": "deflate",
            "MessageName": message_name,
            "HashValue": hashlib.sha256(content).digest(),
            "Id": "blob",
        }
        return self._service.post(
            CommonInput={"Request": {"IsTest": test}, "Origin": self._origin, "InputReference": reference},
            Detail=detail,
            **{"Xades-t": sign_blob(content, self._signer, self._clock(), canonical=xml)},
        )

    def get(self, limit: int = 100, names: Sequence[str] = ()) -> list[tuple[str, bytes, bytes]]:
        """What waits: message name, inflated content, hash."""
        return self.fetch(limit, names).messages

    def fetch(self, limit: int = 100, names: Sequence[str] = (), *, messages: bool = True, tacks: bool = True) -> Mail:
        """Messages and TAcks that wait; asked again when the mailbox says that it was asked too soon."""
        answer = self._patiently(
            lambda: self._service.get(
                Origin=self._origin,
                MsgQuery={"Include": messages, "Max": limit, "MessageNames": list(names)},
                TAckQuery={"Include": tacks, "Max": limit},
            )
        )
        found = []
        for message in answer.MsgResponse:
            content = inflate(message.Detail._value_1, 256 * 1024 * 1024)
            if hashlib.sha256(content).digest() != message.Detail.HashValue:
                raise WrongHash("HashValue does not fit the content")
            found.append((message.Detail.MessageName, content, message.Detail.HashValue))
        return Mail(messages=found, tacks=[t.TAck for t in answer.TAckResponse], counts=(answer.MsgCount, answer.TAckCount))

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        for _ in range(_PATIENCE):
            try:
                return ask()
            except zeep.exceptions.Fault as error:
                if "Not enough time" not in str(error.message):
                    raise
                time.sleep(1)
        return ask()

    def confirm(
        self,
        hashes: Sequence[bytes] = (),
        *,
        references: Sequence[str] = (),
        tacks: Sequence[bytes] = (),
        tack_references: Sequence[str] = (),
    ) -> None:
        """Confirm messages by hash or reference, TAcks by content or reference."""
        lists = {
            "MsgHashValues": [base64.b64encode(h).decode() for h in hashes],
            "MsgRefValues": list(references),
            "TAckContents": [base64.b64encode(t).decode() for t in tacks],
            "TAckReferences": list(tack_references),
        }
        self._service.confirm(Origin=self._origin, **{name: values for name, values in lists.items() if values})


class FacilityClient:
    """What a facility's software does, against one gateway."""

    def __init__(
        self, base: str, signer: Signer, riziv: str, *, pijler: str, software: Software | None = None, clock: Clock = now
    ) -> None:
        self.software = software or Software()
        self.riziv, self.pijler, self._clock = riziv, pijler, clock
        self._base, self._signer = base.rstrip("/"), signer
        wsse = Wsse(signer, clock)
        self._verzekerbaarheid = soap_client(f"{self._base}/soap/verzekerbaarheid/v1?wsdl", wsse)
        self._aanvraag = soap_client(f"{self._base}/soap/aanvraag/v1?wsdl", wsse)
        origin = {
            "Package": {
                "Name": self.software.naam,
                "License": {"Username": self.software.licentie, "Password": self.software.wachtwoord},
            },
            "CareProvider": {"Nihii": {"Value": riziv}, "Organization": {"Nihii": {"Value": riziv}}},
        }
        self.facturatie = GenericAsyncClient(f"{self._base}/soap/facturatie/v1", signer, origin, clock)

    def hoofding(self, bericht_id: str) -> dict[str, Any]:
        return {
            "BerichtId": bericht_id,
            "Pijler": self.pijler,
            "Test": False,
            "Aanmaaktijdstip": self._clock(),
            "Afzender": self.afzender(),
        }

    def afzender(self) -> dict[str, Any]:
        software = self.software
        return {
            "RizivNummer": self.riziv,
            "Software": {"Naam": software.naam, "Versie": software.versie, "Attest": software.attest},
        }

    def verzekerbaarheid(self, bericht_id: str, insz: str, van: Any, tot: Any) -> Any:
        return self._verzekerbaarheid.service.Raadplegen(
            Hoofding=self.hoofding(bericht_id), Insz=insz, Periode={"Van": van, "Tot": tot}
        )

    def indienen(self, bericht_id: str, insz: str, **kennisgeving: Any) -> Any:
        """Submit one notification, for example `StartVerblijf={"Startdatum": …, "TypeVerblijf": …}`."""
        return self._aanvraag.service.Indienen(
            Aanvraag={
                "Hoofding": self.hoofding(bericht_id),
                "Voorziening": self.riziv,
                "Gebruiker": {"Insz": insz},
                **kennisgeving,
            }
        )

    def raadplegen(self, **vraag: Any) -> Any:
        """What became of a message: `BerichtId=…`, `MessageId=…` or `Sha256=…`."""
        return self._aanvraag.service.Raadplegen(Afzender=self.afzender(), **vraag)

    def dossiers(self, **vraag: str) -> list[Any]:
        """What the central application knows of a person (Insz) or a dossier (Dossiernummer) at the facility."""
        return list(self._aanvraag.service.RaadplegenDossier(Afzender=self.afzender(), Voorziening=self.riziv, **vraag) or ())


def zorgkas_client(base: str, signer: Signer, cbe: str, clock: Clock = now) -> GenericAsyncClient:
    """What a zorgkas's software does, against one gateway."""
    origin = {"Package": {"License": {"Username": "zorgkas", "Password": "zorgkas"}}, "Sender": {"Organization": {"Cbe": cbe}}}
    return GenericAsyncClient(f"{base.rstrip('/')}/soap/zorgkas/v1", signer, origin, clock)
