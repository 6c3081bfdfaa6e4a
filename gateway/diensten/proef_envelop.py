"""Everything that can be said of the envelope of a message that is only tried: one objection does not hide the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509

from gateway.berichten.aanvraag import lees_hoofding
from gateway.berichten.lezen import kind
from gateway.berichten.names import VERZEKERBAARHEID
from gateway.diensten import aanvraag, facturatie, verzekerbaarheid, zorgkas
from gateway.diensten.kern import Bewezen, Dienst, Gateway, Verzoek, check_afzender, policy_of, prove
from gateway.refusal import Code, Finding, Refusal
from gateway.store.identifiers import message_id
from gateway.trust import wssecurity
from gateway.wire.envelope import Envelope
from gateway.wire.http import XML_CONTENT_TYPE
from gateway.wire.names import GENERIC_ASYNC, q

_DIENSTEN = tuple(m.DIENST for m in (aanvraag, facturatie, verzekerbaarheid, zorgkas))
_OLD = frozenset({Code.STALE, Code.FUTURE})
_SIGNED_WRONG = frozenset({Code.SIGNATURE, Code.DIGEST})
_ANY_TIME = timedelta(days=36_500)


@dataclass(frozen=True, kw_only=True)
class Envelopuitslag:
    """What the checks say of an envelope."""

    bevindingen: tuple[Finding, ...]
    nagekeken: bool
    """The signature and its certificate were checked; False when the envelope does not let them be."""


def dienst_van(envelope: Envelope) -> Dienst | None:
    """The service that takes such a request; of what facility and zorgkas both ask, the facility's."""
    return next((d for d in _DIENSTEN if envelope.payload.tag in d.operaties), None)


def kijk_na(gateway: Gateway, dienst: Dienst, envelope: Envelope, now: datetime) -> Envelopuitslag:
    """Check an envelope as its service does, past the first objection where the next does not rest on it."""
    verzoek = Verzoek(raw=envelope.raw, content_type=XML_CONTENT_TYPE, soap_action="", ticket=message_id(now))
    try:
        bewezen = prove(gateway, dienst, verzoek)
    except Refusal as refusal:
        more, nagekeken = _verder(gateway, dienst, envelope, now)
        alle = [refusal, *(r for r in more if r.code is not refusal.code)]
        return Envelopuitslag(bevindingen=tuple(f for r in alle for f in r.findings), nagekeken=nagekeken)
    try:
        if (lees := _AFZENDER.get(str(bewezen.payload.tag))) is not None:
            lees(gateway, bewezen)
    except Refusal as refusal:
        return Envelopuitslag(bevindingen=refusal.findings, nagekeken=True)
    return Envelopuitslag(bevindingen=(), nagekeken=True)


def _verder(gateway: Gateway, dienst: Dienst, envelope: Envelope, now: datetime) -> tuple[list[Refusal], bool]:
    """What is wrong with the signature besides an old Timestamp and a certificate that is not accepted."""
    found: dict[Code, Refusal] = {}
    policy = policy_of(gateway.settings, dienst)

    def accept(der: bytes, certificate: x509.Certificate, moment: datetime) -> None:
        try:
            gateway.trust.accept(der, certificate, moment)
        except Refusal as refusal:
            found.setdefault(refusal.code, refusal)

    sts = gateway.sts if dienst.voor_voorzieningen else None
    for lenient in (False, True):
        if lenient:
            policy = replace(policy, clock_skew=_ANY_TIME, max_lifetime=_ANY_TIME)
        try:
            wssecurity.verify(envelope, policy, now, accept, known=gateway.certificates, sts=sts)
        except Refusal as refusal:
            found.setdefault(refusal.code, refusal)
            if refusal.code in _OLD and not lenient:
                continue
            return list(found.values()), refusal.code in _SIGNED_WRONG
        break
    return list(found.values()), True


def _vraag(gateway: Gateway, bewezen: Bewezen) -> None:
    hoofding = lees_hoofding(kind(bewezen.payload, VERZEKERBAARHEID, "Hoofding"))
    gateway.cookbook(hoofding.pijler, "/RaadplegenRequest/Hoofding/Pijler")
    gateway.check_environment(hoofding.test, "/RaadplegenRequest/Hoofding/Test")
    check_afzender(bewezen, hoofding.afzender.riziv, "/RaadplegenRequest/Hoofding/Afzender/RizivNummer")


_AFZENDER: Mapping[str, Callable[[Gateway, Bewezen], object]] = {
    **dict.fromkeys((t for t in aanvraag.DIENST.operaties if t.endswith("}IndienenRequest")), aanvraag.lees_ingediend),
    q(GENERIC_ASYNC, "post"): facturatie.lees_ingezonden,
    q(VERZEKERBAARHEID, "RaadplegenRequest"): _vraag,
}
"""Tag to what checks that the certificate's holder is the sender named inside."""
